/** Writes records, events and windows of measurements as fast as it can and says each one after it was acknowledged, until it is killed. */
import { writeSync } from 'node:fs'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { openEmbeddedDatabase } from '@vamp/server/base/sql/embedded-database'
import { openPostgresDatabase } from '@vamp/server/base/sql/postgres-database'
import { openSqlEventLog } from '@vamp/server/event/sql/sql-event-log'
import { openSqlStore } from '@vamp/server/store/sql/sql-store'
import { openSqlSeries } from '@vamp/server/traffic/sql/sql-series'

/** A file, or the address of a PostgreSQL database. */
const [where = '', run = ''] = process.argv.slice(2)
const database = where.startsWith('postgres:') ? await openPostgresDatabase({ url: where, clock: systemClock, log: silent }) : openEmbeddedDatabase({ file: where })
const log = await openSqlEventLog({ database, clock: systemClock })
const store = await openSqlStore(database, log)
const series = await openSqlSeries({ database, clock: systemClock })

const say = (...words: readonly (string | number)[]) => writeSync(1, `${words.join(' ')}\n`)

async function put(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const name = `${run}/${writer}/${count}`
    const { revision } = await store.put('settings', name, { name }, 'absent')
    say('record', name, revision)
    if (count % 10 === 9) {
      const gone = `${run}/${writer}/${count - 5}`
      await store.delete('settings', gone)
      say('deleted', gone)
    }
  }
}

async function append(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const events = await log.append(Array.from({ length: 1 + count % 3 }, (_, index) => ({ tags: [`run:${run}`, `writer:${writer}`], value: `${run}/${writer}/${count}/${index}` })))
    for (const { id, value } of events) say('event', String(value), id)
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** Records and what is told of them, in one transaction. */
async function tell(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const name = `told-${run}/${writer}/${count}`
    const [stored] = await store.transaction([{ do: 'put', kind: 'settings', name, value: { name }, expected: 'absent' }], [{ tags: [`run:${run}`, `told:${run}`], value: name }])
    if (stored) say('told', name, stored.revision)
  }
}

/** Windows of one request each, of minutes that are over, and what becomes of them; every third one comes twice. */
async function measure(writer: number): Promise<never> {
  const begin = Math.floor(Date.now() / 1000) - 3000
  for (let count = 0; ; count++) {
    const route = `${run}/${writer}/${count}`
    const cell = { gateway: 'kill', route, instance: 'i', by: 'weight', part: 0, requests: 1, errors: 0, statuses: [0, 0, 1, 0, 0, 0], bytes: 1, latency: [[1, 1]] } as const
    const window = { agent: `${run}/${writer}`, sequence: count, second: begin + count, dropped: 0, cells: [cell] }
    await series.add(window)
    say('window', route, '1')
    if (count % 3 === 0) await series.add(window)
    if (count % 7 === 0) await series.maintain()
  }
}

await Promise.all([put(0), put(1), tell(0), tell(1), append(0), append(1), append(2), measure(0), measure(1)])

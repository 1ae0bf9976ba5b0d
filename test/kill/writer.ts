/** Writes records and events as fast as it can and says each one after it was acknowledged, until it is killed. */
import { writeSync } from 'node:fs'
import { systemClock } from '@vamp/agent/base/clock'
import { openEmbeddedDatabase } from '@vamp/server/base/sql/embedded-database'
import { openSqlEventLog } from '@vamp/server/event/sql/sql-event-log'
import { openSqlStore } from '@vamp/server/store/sql/sql-store'

const [file = '', run = ''] = process.argv.slice(2)
const database = openEmbeddedDatabase({ file })
const log = await openSqlEventLog({ database, clock: systemClock })
const store = await openSqlStore(database, log)

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

await Promise.all([put(0), put(1), tell(0), tell(1), append(0), append(1), append(2)])

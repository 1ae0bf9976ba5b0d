import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import type { Event } from '@vamp/model/event'
import { openEmbeddedDatabase } from '@vamp/server/base/sql/embedded-database'
import { openPostgresDatabase } from '@vamp/server/base/sql/postgres-database'
import type { EventLog } from '@vamp/server/event/event-log'
import { openSqlEventLog } from '@vamp/server/event/sql/sql-event-log'
import { openSqlStore } from '@vamp/server/store/sql/sql-store'
import type { Store } from '@vamp/server/store/store'
import type { Series } from '@vamp/server/traffic/series'
import { openSqlSeries } from '@vamp/server/traffic/sql/sql-series'
import { describe, expect, test } from 'vitest'
import { postgresBinaries, startPostgres } from '../../bench/evidence/postgres-cluster.ts'

/** `KILLS=100 npx vitest run --project live test/kill` for the long one. */
const KILLS = Number(process.env['KILLS'] ?? 8)
const KILL_AFTER_MAX_MS = 150
const WRITER = new URL('writer.ts', import.meta.url).pathname

interface Acknowledged { readonly records: Map<string, number>; readonly events: Map<string, string>; readonly told: Map<string, number>; readonly windows: Set<string> }

const PROMISE = `nothing acknowledged is lost and nothing is there twice, killed ${KILLS} times in the middle of writing`
const TIMEOUT_MS = 30_000 + KILLS * 5000

test(PROMISE, { timeout: TIMEOUT_MS }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-kill-'))
  try {
    await killOften(join(directory, 'vamp.db'))
  } finally {
    rmSync(directory, { recursive: true })
  }
})

describe.skipIf(!postgresBinaries())('with PostgreSQL', () => {
  test(PROMISE, { timeout: TIMEOUT_MS }, async () => {
    await using cluster = await startPostgres()
    await killOften(cluster.create())
  })
})

async function killOften(where: string): Promise<void> {
  for (let run = 0; run < KILLS; run++) {
    const acknowledged = await writeUntilKilled(where, String(run), (run * 37) % KILL_AFTER_MAX_MS)
    await opened(where, async (store, log, series) => {
      await check(store, log, String(run), acknowledged)
      await checkWindows(series, String(run), acknowledged)
    })
  }
  await opened(where, async (store, log) => {
    const { items, total } = await store.list('settings')
    expect((await store.list('settings', { limit: 1 })).total).toBe(total)
    expect(Math.max(...items.map(({ revision }) => revision))).toBeLessThanOrEqual(await store.revision())
    const count = await log.aggregate({}, { type: 'count' })
    const runs = await Promise.all(Array.from({ length: KILLS }, (_, run) => log.aggregate({ tags: [`run:${run}`] }, { type: 'count' })))
    expect(runs.reduce<number>((sum, of) => sum + (of ?? 0), 0)).toBe(count)
  })
}

/** Every window once, whatever it has become. */
async function checkWindows(series: Series, run: string, { windows }: Acknowledged): Promise<void> {
  const now = Math.floor(Date.now() / 1000)
  for (const maintained of [false, true]) {
    if (maintained) await series.maintain()
    const points = await series.read({ from: now - 3600, to: now + 3600, resolution: 60, step: 7200, wants: ({ route }) => route.startsWith(`${run}/`) })
    const counted = new Map(points.flatMap(({ cells }) => cells.map(({ route, requests }) => [route, requests] as const)))
    expect([...windows].filter(route => counted.get(route) !== 1)).toEqual([])
    expect([...counted].filter(([, requests]) => requests !== 1)).toEqual([])
  }
}

async function writeUntilKilled(where: string, run: string, afterMs: number): Promise<Acknowledged> {
  const child = spawn(process.execPath, [WRITER, where, run], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [said, errors] = ['', '']
  child.stderr.on('data', data => { errors += String(data) })
  child.stdout.on('data', data => {
    const writing = said.includes('event')
    said += String(data)
    if (!writing && said.includes('event')) setTimeout(() => child.kill('SIGKILL'), afterMs)
  })
  await once(child, 'close')
  expect(child.signalCode, errors).toBe('SIGKILL')

  const acknowledged: Acknowledged = { records: new Map(), events: new Map(), told: new Map(), windows: new Set() }
  // What comes after the last line end was being said when the kill came.
  for (const line of said.split('\n').slice(0, -1)) {
    const [what = '', name = '', id = ''] = line.split(' ')
    if (what === 'record') acknowledged.records.set(name, Number(id))
    if (what === 'told') acknowledged.told.set(name, Number(id))
    if (what === 'window') acknowledged.windows.add(name)
    if (what === 'deleted') acknowledged.records.delete(name)
    if (what === 'event') acknowledged.events.set(name, id)
  }
  expect(acknowledged.events.size).toBeGreaterThan(0)
  return acknowledged
}

async function check(store: Store, log: EventLog, run: string, { records, events, told }: Acknowledged): Promise<void> {
  const { items } = await store.list('settings', { prefix: `${run}/` })
  const there = new Map(items.map(({ name, value, revision }) => [name, { value, revision }]))
  // Its deletion may have been committed, and not yet said.
  const lost = [...records].filter(([name, revision]) => there.get(name)?.revision !== revision)
  expect(lost.length).toBeLessThanOrEqual(2)
  expect(lost.filter(([name]) => !/[4]$/.test(name))).toEqual([])

  const found = await all(log, run)
  expect([...events].filter(([value, id]) => found.get(value) !== id)).toEqual([])

  const revisions = new Map((await store.list('settings', { prefix: `told-${run}/` })).items.map(({ name, revision }) => [name, revision]))
  expect([...told].filter(([name, revision]) => revisions.get(name) !== revision)).toEqual([])
  expect([...found.keys()].filter(value => value.startsWith('told-')).toSorted()).toEqual([...revisions.keys()].toSorted())
}

/** Value → id; fails when a value or an id is there twice. */
async function all(log: EventLog, run: string): Promise<Map<string, string>> {
  const events: Event[] = []
  for (let page = await log.query({ tags: [`run:${run}`] }); events.push(...page.events) < page.total;) page = await log.query({ tags: [`run:${run}`] }, { offset: events.length })
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  const found = new Map(events.map(({ value, id }) => [String(value), id]))
  expect(found.size).toBe(events.length)
  return found
}

async function opened(where: string, use: (store: Store, log: EventLog, series: Series) => Promise<void>): Promise<void> {
  await using database = where.startsWith('postgres:') ? await openPostgresDatabase({ url: where, clock: systemClock, log: silent }) : openEmbeddedDatabase({ file: where })
  const log = await openSqlEventLog({ database, clock: systemClock })
  await use(await openSqlStore(database, log), log, await openSqlSeries({ database, clock: systemClock }))
}

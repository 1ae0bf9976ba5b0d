/** The same promises as everywhere, with a real PostgreSQL; and what happens when it goes away. */
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import type { Database } from '@vamp/server/base/sql/database'
import { migrate } from '@vamp/server/base/sql/migrate'
import { openPostgresDatabase } from '@vamp/server/base/sql/postgres-database'
import { eventContract } from '@vamp/server/event/contract'
import { openSqlEventLog } from '@vamp/server/event/sql/sql-event-log'
import { leaseContract } from '@vamp/server/leader/contract'
import { fenced, openSqlLease } from '@vamp/server/leader/sql-lease'
import { storeContract } from '@vamp/server/store/contract'
import { openSqlStore } from '@vamp/server/store/sql/sql-store'
import { seriesContract } from '@vamp/server/traffic/contract'
import { openSqlSeries } from '@vamp/server/traffic/sql/sql-series'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type PostgresCluster, postgresBinaries, startPostgres } from '../../bench/evidence/postgres-cluster.ts'

const opened: Database[] = []
let cluster: PostgresCluster

async function open(url: string): Promise<Database> {
  const database = await openPostgresDatabase({ url, clock: systemClock, log: silent })
  opened.push(database)
  return database
}

async function close(): Promise<void> {
  for (const database of opened.splice(0)) await database[Symbol.asyncDispose]()
}

describe.skipIf(!postgresBinaries())('with PostgreSQL', () => {
  beforeAll(async () => { cluster = await startPostgres() })
  afterAll(async () => { await close(); await cluster[Symbol.asyncDispose]() })

  storeContract('PostgreSQL', async () => {
    const url = cluster.create()
    const log = await openSqlEventLog({ database: await open(url), clock: systemClock })
    return {
      store: await openSqlStore(await open(url), log), log,
      async reopen() { await close(); return await openSqlStore(await open(url)) },
      async another() { return await openSqlStore(await open(url)) },
      close,
    }
  })

  eventContract('PostgreSQL', async clock => {
    const url = cluster.create()
    const log = async () => await openSqlEventLog({ database: await open(url), clock })
    return { log: await log(), async reopen() { await close(); return await log() }, another: log, close }
  })

  seriesContract('PostgreSQL', async clock => {
    const url = cluster.create()
    const series = async () => await openSqlSeries({ database: await open(url), clock })
    return { series: await series(), async reopen() { await close(); return await series() }, another: series, close }
  }, { runs: 8 })

  leaseContract('PostgreSQL', async () => {
    const database = await open(cluster.create())
    const lease = await openSqlLease(database)
    return { lease, async expire() { await sql`update leader_lease set until = to_timestamp(0)`.execute(database.kysely) } }
  })

  test('a leader that was replaced writes nothing any more, and its place is not taken in the middle of a write', async () => {
    const url = cluster.create()
    const [here, there] = [await open(url), await open(url)]
    const [store, lease] = [await openSqlStore(here), await openSqlLease(here)]
    const other = await openSqlLease(there)
    const log = await openSqlEventLog({ database: here, clock: systemClock })
    await lease.take({ holder: 'a', url: '' })
    let fence: number | undefined = 1
    here.guard(fenced(() => fence))
    await store.put('settings', 'x', { n: 1 })

    let end = () => {}
    let begun = () => {}
    const started = new Promise<void>(resolve => { begun = resolve })
    const writing = here.write('power', async () => { begun(); await new Promise<void>(resolve => { end = resolve }) })
    await started
    await sql`select set_config('lock_timeout', '0', false)`.execute(there.kysely)
    const order: string[] = []
    const ending = sql`update leader_lease set until = to_timestamp(0)`.execute(there.kysely).then(() => other.take({ holder: 'b', url: '' })).then(({ is }) => order.push(`b: ${is}`))
    await new Promise(resolve => setTimeout(resolve, 100))
    order.push('a ends its write')
    end()
    await Promise.all([writing, ending])

    expect(order).toEqual(['a ends its write', 'b: taken'])
    for (const write of [() => store.put('settings', 'x', { n: 2 }), () => log.append([{ tags: ['t'] }])]) await expect(write()).rejects.toMatchObject({ code: 'not_leader' })
    fence = undefined
    await expect(store.put('settings', 'x', { n: 3 })).rejects.toMatchObject({ code: 'not_leader' })
    expect((await store.get('settings', 'x'))?.value).toEqual({ n: 1 })
    await close()
  })

  test('a database from a newer version is refused', async () => {
    const database = await open(cluster.create())
    await migrate(database, 'store', Array.from({ length: 9 }, () => () => []))

    await expect(openSqlStore(database)).rejects.toThrow('newer version')
    await close()
  })

  test('servers that start together on an empty database all come up', async () => {
    const url = cluster.create()

    const stores = await Promise.all(Array.from({ length: 4 }, async () => await openSqlStore(await open(url))))
    await Promise.all(stores.map((store, index) => store.put('settings', `s${index}`, { index })))

    expect((await stores[0]?.list('settings'))?.total).toBe(4)
    await close()
  })

  test('what is not there is a fault that can be tried again', async () => {
    await expect(openPostgresDatabase({ url: 'postgres://vamp@127.0.0.1:1/none', clock: systemClock, log: silent })).rejects.toSatisfy((error: unknown) => error instanceof Fault && error.code === 'store_unavailable' && !error.terminal)
    await expect(openPostgresDatabase({ url: cluster.create().replace(/test_\d+/, 'nothing'), clock: systemClock, log: silent })).rejects.toThrow('no such database')
  })

  test('after it went away and came back, everything acknowledged is there and everybody hears of what they missed', async () => {
    const url = cluster.create()
    const [here, there] = [await open(url), await open(url)]
    const [store, other] = [await openSqlStore(here), await openSqlStore(there)]
    const [log, otherLog] = [await openSqlEventLog({ database: here, clock: systemClock }), await openSqlEventLog({ database: there, clock: systemClock })]
    const changes: string[] = []
    const values: unknown[] = []
    store.watch(({ name, deleted }) => changes.push(`${deleted ? '-' : '+'}${name}`))
    log.subscribe({}, ({ value }) => values.push(value))
    await other.put('settings', 'before', {})
    await otherLog.append([{ tags: ['t'], value: 1 }])
    await vi.waitFor(() => expect([changes, values]).toEqual([['+before'], [1]]))

    await cluster.crash()
    // The first word on a connection that is gone is refused; writing before the listener is back is what it must not miss.
    await vi.waitFor(async () => { await other.delete('settings', 'before'); await otherLog.append([{ tags: ['t'], value: 2 }]) }, { timeout: 10_000 })
    await other.put('settings', 'after', {})

    await vi.waitFor(() => expect(changes).toEqual(['+before', '-before', '+after']), { timeout: 15_000 })
    await vi.waitFor(() => expect(values).toEqual([1, 2]), { timeout: 15_000 })
    expect((await store.get('settings', 'after'))?.name).toBe('after')
    await close()
  })
})

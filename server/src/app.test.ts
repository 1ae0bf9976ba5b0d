/** What no reconciler does: clean up, tell others, start without a proxy. */
import { silent } from '@vamp/agent/base/log'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { Event } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { expect, test } from 'vitest'
import { startApp } from './app.ts'
import type { Database, Durability } from './base/sql/database.ts'
import { openEmbeddedDatabase } from './base/sql/embedded-database.ts'
import { type Config, configOf } from './config.ts'
import { openMemoryDriver } from './container/memory/memory-driver.ts'
import { memoryMachine } from './container/memory/memory-machine.ts'
import { deploymentOf } from './deployment/testdata/world.ts'
import { openMemoryEventLog } from './event/memory/memory-event-log.ts'
import type { Sink } from './event/sink.ts'
import { openSqlEventLog } from './event/sql/sql-event-log.ts'
import { openMemoryStore } from './store/memory/memory-store.ts'
import { openSqlStore } from './store/sql/sql-store.ts'

function installation() {
  const clock = virtualClock()
  const events = openMemoryEventLog({ clock })
  const store = openMemoryStore(events)
  const start = (changes: Partial<Config>, sinks: ReadonlyMap<string, Sink> = new Map()) => startApp(configOf({ port: 0, gateway: 'none', containers: 'memory', ...changes }), {
    clock, log: silent, random: () => 0.5, store, events, sinks: () => sinks, portFree: async () => true, containers: openMemoryDriver(memoryMachine({ clock })),
  })
  const days = (count: number) => new Date(clock.now() - count * 86_400_000).toISOString()
  return { clock, events, store, start, days }
}

test('events go when they are as old as was said, what people did later, and nothing if nothing is to go', async () => {
  const { clock, events, start, days } = installation()
  await events.append([{ type: 'bite', tags: ['old'], timestamp: days(3) }, { type: 'bite', tags: ['new'], timestamp: days(1) }, { type: 'archive', tags: ['old'], timestamp: days(400) }])
  const kept = async () => (await events.query({})).events.map(({ type, tags }) => `${type} ${tags[0]}`).toSorted()

  const forEver = await start({ eventsKeep: 0 })
  await clock.advance(11 * 60_000)
  await forEver.close()
  expect(await kept()).toEqual(['archive old', 'bite new', 'bite old'])

  const app = await start({ eventsKeep: 2 })
  await clock.advance(11 * 60_000)
  expect(await kept()).toEqual(['archive old', 'bite new'])
  await app.close()
})

test('a sink gets what happens from its first start on, in order, also what happened while it or the server was away', async () => {
  const { clock, events, start } = installation()
  const told: string[] = []
  let away = false
  const sink: Sink = { query: {}, async deliver(bunch: readonly Event[]) { if (away) throw new Fault('sink_unreachable', 'away'); told.push(...bunch.map(({ tags }) => tags[0] ?? '')) } }
  const tell = (tag: string) => events.append([{ type: 'bite', tags: [tag] }])
  await tell('before')

  const first = await start({}, new Map([['hook', sink]]))
  await clock.advance(1000)
  await tell('a')
  await clock.advance(1000)
  away = true
  await tell('b')
  await clock.advance(1000)
  await first.close()
  await tell('c')
  away = false
  const second = await start({}, new Map([['hook', sink]]))
  await clock.advance(1000)
  await second.close()

  expect(told).toEqual(['a', 'b', 'c'])
})

test('a server without a proxy of its own is ready without one', async () => {
  const { start } = installation()
  const app = await start({})

  expect((await fetch(`${app.url}/api/v1/health/ready`)).status).toBe(200)
  await app.close()
})

test('from a change of a deployment to the service of its instance the disk is flushed once, for the change', async () => {
  const clock = virtualClock()
  const written: Durability[] = []
  const embedded = openEmbeddedDatabase({ file: ':memory:' })
  const database: Database = { ...embedded, write: (durability, work) => { written.push(durability); return embedded.write(durability, work) } }
  const events = await openSqlEventLog({ database, clock })
  const store = await openSqlStore(database, events)
  const machine = memoryMachine({ clock, behaviour: () => ({ startUpMs: 10 }) })
  const app = await startApp(configOf({ port: 0, gateway: 'none', containers: 'memory' }), { clock, log: silent, random: () => 0.5, store, events, portFree: async () => true, containers: openMemoryDriver(machine) })
  await clock.advance(1000)
  written.length = 0

  const value = deploymentOf('shop', [{ cluster: 'web', breed: 'web:1', instances: 1 }])
  await store.transaction([{ do: 'put', kind: 'deployments', name: 'shop', value, expected: 'absent' }], [{ type: 'archive', tags: ['deployments:shop'] }])
  await clock.advance(1000)

  expect((await store.get('deployment-statuses', 'shop'))?.value.instances).toMatchObject([{ state: 'ready' }])
  expect(written.filter(durability => durability === 'power')).toHaveLength(1)
  await app.close()
  await embedded[Symbol.asyncDispose]()
})

/** What it costs to start many: looks, writes. On few cores all of it is taken from the instances. */
import { silent } from '@vamp/agent/base/log'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import { openKeyedQueue } from '../base/keyed-queue.ts'
import { withHealth } from '../container/health.ts'
import { openMemoryDriver } from '../container/memory/memory-driver.ts'
import { memoryMachine } from '../container/memory/memory-machine.ts'
import { openMemoryEventLog } from '../event/memory/memory-event-log.ts'
import { openFleet } from '../fleet/live-fleet.ts'
import { openMemoryStore } from '../store/memory/memory-store.ts'
import { deploymentReconciler } from './reconciler.ts'
import { deploymentOf } from './testdata/world.ts'

const LOOK_MS = 20

/** So many instances, each of which takes a little longer than the one before; a look takes its time. */
async function start(instances: number, restShare: number) {
  const clock = virtualClock()
  let started = 0
  const machine = memoryMachine({ clock, behaviour: () => ({ startUpMs: 200 + 7 * started++ }) })
  const store = openMemoryStore()
  const driver = withHealth(openMemoryDriver(machine), { clock, probe: () => undefined })
  const reconciler = deploymentReconciler({ store, events: openMemoryEventLog({ clock }), fleet: openFleet({ clock }), driver, clock, log: silent })
  let looks = 0
  const slow = { reconcile: async (name: string, signal: AbortSignal) => { looks++; await clock.sleep(LOOK_MS); return reconciler.reconcile(name, signal) } }
  const queue = openKeyedQueue({ name: 'deployments', reconciler: slow, clock, log: silent, random: () => 0.5, restShare })
  reconciler.watch(name => queue.wake(name))
  await store.put('deployments', 'shop', deploymentOf('shop', [{ cluster: 'web', breed: 'web:1', instances }]))
  const before = await store.revision()
  const ready = async () => (await store.get('deployment-statuses', 'shop'))?.value.instances.filter(({ state }) => state === 'ready').length === instances
  let ms = 0
  for (; !await ready(); ms++) await clock.advance(1)
  await clock.advance(1000)
  const told = { ms, looks, writes: await store.revision() - before }
  await queue[Symbol.asyncDispose]()
  await reconciler[Symbol.asyncDispose]()
  await driver[Symbol.asyncDispose]()
  return told
}

test('fifty instances that become ready one by one are looked at and written down together, in a quarter of the time', async () => {
  const busy = await start(50, 0)
  const calm = await start(50, 4)

  const allowed = (ms: number) => ms / (4 * LOOK_MS) + (300 / (4 * LOOK_MS) + 1)
  expect(calm.looks).toBeLessThanOrEqual(allowed(calm.ms))
  expect(busy.looks).toBeGreaterThan(allowed(busy.ms))
  expect(calm.writes).toBeLessThanOrEqual(calm.looks)
  expect(calm.ms).toBeLessThan(1.15 * busy.ms)
})

test('one instance is looked at when there is something to see, and not later', async () => {
  const [busy, calm] = [await start(1, 0), await start(1, 4)]

  expect(calm.looks).toBeLessThanOrEqual(4)
  expect(calm.ms).toBeLessThanOrEqual(busy.ms)
})

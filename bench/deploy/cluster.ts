/** A simulated cluster: the reconciler itself on a machine that costs nothing, alone and among a thousand other deployments. */
import { systemClock as clock } from '../../agent/src/base/clock.ts'
import { silent } from '../../agent/src/base/log.ts'
import { openKeyedQueue } from '../../server/src/base/keyed-queue.ts'
import { withHealth } from '../../server/src/container/health.ts'
import { openMemoryDriver } from '../../server/src/container/memory/memory-driver.ts'
import { memoryMachine } from '../../server/src/container/memory/memory-machine.ts'
import { deploymentReconciler } from '../../server/src/deployment/reconciler.ts'
import { deploymentOf } from '../../server/src/deployment/testdata/world.ts'
import { openMemoryEventLog } from '../../server/src/event/memory/memory-event-log.ts'
import { openFleet } from '../../server/src/fleet/live-fleet.ts'
import { openMemoryStore } from '../../server/src/store/memory/memory-store.ts'

const INSTANCES = 10
const CHANGES = 40
/** Before the first one that counts, so that the code is as fast as it gets. */
const WARM_UP = 20

export interface ClusterFigures {
  /** From the write of a deployment that wants one more or one less until it is so. */
  readonly changeMs: number
  /** Everything is looked at again. */
  readonly resyncSeconds: number
}

export async function simulate(deployments: number): Promise<ClusterFigures> {
  const machine = memoryMachine({ clock, behaviour: () => ({ startUpMs: 0, stopMs: 0 }) })
  const store = openMemoryStore()
  const events = openMemoryEventLog({ clock })
  const fleet = openFleet({ clock })
  const driver = withHealth(openMemoryDriver(machine), { clock, probe: () => undefined })
  const reconciler = deploymentReconciler({ store, events, fleet, driver, clock, log: silent, settings: { settleMs: 0, drainMs: 0, stopAnywayMs: 0 } })
  let reconciled = 0
  const counting = { reconcile: async (name: string, signal: AbortSignal) => { const outcome = await reconciler.reconcile(name, signal); reconciled++; return outcome } }
  const queue = openKeyedQueue({ name: 'deployments', reconciler: counting, clock, log: silent, random: () => 0.5 })
  const unwatch = reconciler.watch(name => queue.wake(name))
  const put = (name: string, instances: number) => store.put('deployments', name, deploymentOf(name, [{ cluster: 'web', breed: `${name}:1`, instances }]))
  const ready = async (name: string, instances: number) => {
    const status = (await store.get('deployment-statuses', name))?.value
    return status?.services[0]?.phase === 'Done' && status.instances.length === instances
  }
  const until = async (condition: () => Promise<boolean> | boolean) => { while (!await condition()) await new Promise(setImmediate) }
  const change = async (instances: number) => {
    const before = clock.monotonic()
    await put('d0', instances)
    await until(() => ready('d0', instances))
    return clock.monotonic() - before
  }
  try {
    for (let number = 0; number < deployments; number++) await put(`d${number}`, INSTANCES)
    for (let number = 0; number < deployments; number++) await until(() => ready(`d${number}`, INSTANCES))
    await until(() => queue.size === 0)
    const times: number[] = []
    for (let round = 0; round < WARM_UP + CHANGES; round++) {
      const time = await change(INSTANCES + 1 - round % 2)
      if (round >= WARM_UP) times.push(time)
    }
    const before = clock.monotonic()
    const already = reconciled
    for (const name of await reconciler.names()) queue.wake(name)
    await until(() => queue.size === 0)
    if (reconciled - already < deployments) throw new Error(`only ${reconciled - already} of ${deployments} were looked at`)
    return { changeMs: times.toSorted((a, b) => a - b)[CHANGES / 2] ?? Number.NaN, resyncSeconds: (clock.monotonic() - before) / 1000 }
  } finally {
    unwatch()
    await queue[Symbol.asyncDispose]()
    await reconciler[Symbol.asyncDispose]()
    await driver[Symbol.asyncDispose]()
  }
}

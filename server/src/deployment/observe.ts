/** Everything that the next step of a deployment depends on, read at one time. */
import type { Clock } from '@vamp/agent/base/clock'
import type { DeploymentStatus } from '@vamp/model/deployment'
import type { ContainerDriver, Observed } from '../container/container-driver.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Store, Stored } from '../store/store.ts'
import type { Operations, Refusal } from './operations.ts'

/** How much of what a failed instance printed is told. */
const LAST_LINES = 20
const LINE_LENGTH_MAX = 400

export interface ObservedDeployment {
  readonly name: string
  readonly nowMs: number
  /** Since when this server hears its agents. */
  readonly listeningSinceMs: number
  readonly deployment: Stored<'deployments'> | undefined
  readonly status: Stored<'deployment-statuses'> | undefined
  /** Internal gateways, `deployment/cluster/port`. */
  readonly gateways: readonly Stored<'gateways'>[]
  readonly containers: ReadonlyMap<string, Observed>
  /** Of every instance; one that is not here is carried by no agent. */
  readonly endpoints: ReadonlyMap<string, { readonly state: 'ready' | 'draining' | 'absent'; readonly connections: number }>
  /** At least one agent has confirmed a table. */
  readonly carried: boolean
  /** Instances with a start or stop under way. */
  readonly busy: ReadonlySet<string>
  readonly refusals: ReadonlyMap<string, Refusal>
  /** What instances printed last that are about to be called failed. */
  readonly lastLines: ReadonlyMap<string, readonly string[]>
}

export interface ObserveOptions {
  readonly store: Store
  readonly driver: ContainerDriver
  readonly fleet: Fleet
  readonly operations: Operations
  readonly clock: Clock
  readonly listeningSinceMs: number
}

export async function observeDeployment(name: string, { store, driver, fleet, operations, clock, listeningSinceMs }: ObserveOptions, signal: AbortSignal): Promise<ObservedDeployment> {
  // What is under way is read before the containers: an operation that ends in between is seen as still under way, not as undone.
  const busy = operations.busy(name)
  const refusals = operations.refusals(name)
  const [deployment, status, gateways] = await Promise.all([
    store.get('deployments', name), store.get('deployment-statuses', name), store.list('gateways', { prefix: `${name}/` }),
  ])
  const containers = new Map((await driver.observe(name)).map(container => [container.id, container]))
  const instances = status?.value.instances ?? []
  const ids = new Set([...containers.keys(), ...instances.map(({ id }) => id)])
  return {
    name, nowMs: clock.now(), listeningSinceMs, deployment, status, containers, busy, refusals,
    gateways: gateways.items.filter(gateway => gateway.name.split('/').length === 3),
    endpoints: new Map([...ids].map(id => [id, fleet.endpoint(id)])),
    carried: fleet.acknowledged() > 0,
    lastLines: await readLastLines(status?.value, containers, driver, signal),
  }
}

async function readLastLines(status: DeploymentStatus | undefined, containers: ReadonlyMap<string, Observed>, driver: ContainerDriver, signal: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>> {
  const failing = (status?.instances ?? []).filter(({ id, state }) => {
    const container = containers.get(id)
    return (state === 'starting' || state === 'ready') && (container?.state === 'exited' || container?.health === 'unhealthy')
  })
  return new Map(await Promise.all(failing.map(async ({ id }) => {
    // Where they cannot be read, its failure is told without them.
    const lines = await Array.fromAsync(driver.logs(id, { tail: LAST_LINES }, signal)).catch(() => [])
    return [id, lines.map(({ line }) => line.slice(0, LINE_LENGTH_MAX))] as const
  })))
}

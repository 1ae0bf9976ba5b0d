/**
 * What should run, runs. Woken by the name of a deployment, reads the world, writes the deployment's status and acts on
 * containers; how its instances get their traffic is the gateway's side, which reads that status.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import { again, done, type Outcome, type Reconciler } from '../base/reconciler.ts'
import type { ContainerDriver } from '../container/container-driver.ts'
import type { EventLog } from '../event/event-log.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Store } from '../store/store.ts'
import { applyPlan } from './apply.ts'
import { type ObservedDeployment, observeDeployment } from './observe.ts'
import { openOperations } from './operations.ts'
import { type DeploymentPlan, planSteps } from './plan.ts'
import { DEFAULT_SETTINGS, type DeploymentSettings } from './settings.ts'

/** While something leaves, its agents are looked at so often even if they say nothing. */
const LEAVING_POLL_MS = 1000

export interface DeploymentReconciler extends Reconciler, AsyncDisposable {
  /** Calls `wake` whenever something may have changed for a deployment; at once for all there are is `names`. Returns what ends it. */
  watch(wake: (deployment: string) => void): () => void
  /** Every deployment that is wanted, remembered or still has something running. */
  names(): Promise<readonly string[]>
}

export interface DeploymentReconcilerOptions {
  readonly store: Store
  readonly events: EventLog
  readonly fleet: Fleet
  /** With health, see `withHealth`. */
  readonly driver: ContainerDriver
  readonly clock: Clock
  readonly log: Logger
  readonly settings?: Partial<DeploymentSettings>
}

export function deploymentReconciler(options: DeploymentReconcilerOptions): DeploymentReconciler {
  const { store, events, fleet, driver, clock, log } = options
  const settings = { ...DEFAULT_SETTINGS, ...options.settings }
  const wakers = new Set<(deployment: string) => void>()
  const wake = (deployment: string) => { for (const waker of wakers) waker(deployment) }
  const operations = openOperations({ driver, clock, log, ended: wake })
  /** Whose instance is it? Learnt from what was observed. */
  const owners = new Map<string, string>()
  const leaving = new Set<string>()
  const listeningSinceMs = clock.now()

  return {
    async reconcile(name, signal): Promise<Outcome> {
      const observed = await observeDeployment(name, { store, driver, fleet, operations, clock, listeningSinceMs }, signal)
      const plan = planSteps(observed, { driver: driver.driver, deployables: driver.deployables, pauses: driver.pauses, settings })
      try {
        await applyPlan(plan, observed, { store, events, operations })
      } catch (error) {
        if (error instanceof Fault && error.code === 'revision_mismatch') return again(0)
        throw error
      }
      remember(name, observed, plan)
      if (plan.changed) log.debug('deployment status changed', { deployment: name, operations: plan.operations.map(operation => operation.do) })
      return outcome(plan, leaving.has(name), clock.now())
    },
    watch(waker) {
      wakers.add(waker)
      const ends = [
        store.watch(({ kind, name }) => {
          // A person may have led an instance out: its service starts another.
          if (kind === 'deployments' || kind === 'deployment-statuses') waker(name)
          if (kind === 'gateways' && name.split('/').length === 3) waker(name.slice(0, name.indexOf('/')))
        }),
        driver.watch(id => { const owner = owners.get(id); if (owner !== undefined) waker(owner) }),
        fleet.onReport(() => { for (const name of leaving) waker(name) }),
      ]
      return () => { wakers.delete(waker); for (const end of ends) end() }
    },
    async names() {
      const [wanted, remembered, running] = await Promise.all([store.list('deployments'), store.list('deployment-statuses'), driver.observe()])
      return [...new Set([...wanted.items.map(({ name }) => name), ...remembered.items.map(({ name }) => name), ...running.map(({ deployment }) => deployment).filter(isDeployment)])]
    },
    [Symbol.asyncDispose]: () => operations[Symbol.asyncDispose](),
  }

  function remember(name: string, observed: ObservedDeployment, plan: DeploymentPlan): void {
    const instances = plan.status?.instances ?? []
    for (const { id } of observed.status?.value.instances ?? []) owners.delete(id)
    for (const { id } of instances) owners.set(id, name)
    if (instances.some(({ state }) => state === 'draining' || state === 'stopping')) leaving.add(name)
    else leaving.delete(name)
  }
}

/** The driver's other users put a slash into the name, which no deployment has. */
const isDeployment = (name: string) => !name.includes('/')

/** A change of the status may be what another service waits for. */
function outcome(plan: DeploymentPlan, leaves: boolean, nowMs: number): Outcome {
  if (plan.changed) return again(0)
  const waits = [...(plan.nextMs === undefined ? [] : [plan.nextMs - nowMs]), ...(leaves ? [LEAVING_POLL_MS] : [])]
  return waits.length === 0 ? done : again(Math.max(0, Math.min(...waits)))
}

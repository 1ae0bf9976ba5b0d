/** Carries a plan out, in the order that survives a death at any point: told, then done. */
import type { Deployment } from '@vamp/model/deployment'
import type { EventLog } from '../event/event-log.ts'
import type { Store, Write } from '../store/store.ts'
import type { ObservedDeployment } from './observe.ts'
import type { Operations } from './operations.ts'
import type { DeploymentPlan } from './plan.ts'

export interface ApplyOptions {
  readonly store: Store
  readonly events: EventLog
  readonly operations: Operations
}

/** Throws `Fault('revision_mismatch')` if somebody changed the deployment in the meantime; then nothing was done. */
export async function applyPlan(plan: DeploymentPlan, observed: ObservedDeployment, { store, events, operations }: ApplyOptions): Promise<void> {
  const writes = writesOf(plan, observed)
  if (writes.length > 0) await store.transaction(writes)
  operations.forget(observed.name, observed.refusals.keys())
  for (const operation of plan.operations) operations.begin(observed.name, operation)
  if (plan.events.length > 0) await events.append(plan.events)
}

function writesOf({ status, changed, gone }: DeploymentPlan, { name, deployment, status: before, gateways }: ObservedDeployment): readonly Write[] {
  const writes: Write[] = []
  if (changed && status) writes.push({ do: 'put', kind: 'deployment-statuses', name, value: status, expected: before?.revision ?? 'absent' })
  if (changed && !status && before) writes.push({ do: 'delete', kind: 'deployment-statuses', name, expected: before.revision })
  if (gone.length === 0 || !deployment) return writes
  const left = without(deployment.value, gone)
  if (left.clusters.length > 0) return [...writes, { do: 'put', kind: 'deployments', name, value: left, expected: deployment.revision }]
  return [
    ...writes,
    { do: 'delete', kind: 'deployments', name, expected: deployment.revision },
    ...gateways.map((gateway): Write => ({ do: 'delete', kind: 'gateways', name: gateway.name, expected: 'any' })),
  ]
}

/** The deployment without these services, and without the clusters that are empty then. */
function without(deployment: Deployment, gone: DeploymentPlan['gone']): Deployment {
  const stays = (cluster: string, service: string) => !gone.some(entry => entry.cluster === cluster && entry.service === service)
  const clusters = deployment.clusters
    .map(cluster => ({ ...cluster, services: cluster.services.filter(({ breed }) => stays(cluster.name, breed.name)) }))
    .filter(({ services }) => services.length > 0)
  const names = new Set(clusters.map(({ name }) => name))
  const ofClusters = <T>(entries: Readonly<Record<string, T>>) => Object.fromEntries(Object.entries(entries).filter(([key]) => names.has(key.split('.')[0] ?? '')))
  return {
    ...deployment, clusters, ports: ofClusters(deployment.ports), hosts: ofClusters(deployment.hosts),
    environment_variables: deployment.environment_variables.filter(({ name }) => names.has(name.split('.')[0] ?? '')),
  }
}

/** Pure: which promises are broken or cheap to keep, and what the escalations that were asked for make of the deployment. */
import type { Deployment } from '@vamp/model/deployment'
import type { Event, NewEvent } from '@vamp/model/event'
import type { ClusterSla, SlaStatus } from '@vamp/model/sla-status'
import type { Write } from '../store/store.ts'
import { type Direction, escalate } from './escalate.ts'
import { scalingEvents } from './scaling-event.ts'
import type { ObservedPromise, ObservedSla } from './sla-observe.ts'

export interface SlaPlan {
  /** Together or not at all; before the events. */
  readonly writes: readonly Write[]
  readonly events: readonly NewEvent[]
}

export function planSla(observed: ObservedSla): SlaPlan {
  const handled = handle(observed)
  const told = judge(observed)
  const name = observed.deployment.name
  const status: SlaStatus = { name, handled: handled.eventful || !observed.status ? observed.next : observed.status.value.handled, clusters: { ...handled.clusters, ...told.clusters } }
  const changed = JSON.stringify(status) !== JSON.stringify(observed.status?.value)
  return {
    writes: [
      ...(changed ? [{ do: 'put' as const, kind: 'sla-statuses' as const, name, value: status, expected: observed.status?.revision ?? 'absent' as const }] : []),
      ...(handled.deployment === observed.deployment.value ? [] : [{ do: 'put' as const, kind: 'deployments' as const, name, value: handled.deployment, expected: observed.deployment.revision }]),
    ],
    events: [...handled.events, ...told.events],
  }
}

interface Handled { readonly deployment: Deployment; readonly clusters: SlaStatus['clusters']; readonly events: readonly NewEvent[]; readonly eventful: boolean }

/** Every event once, in order, each by the promise that its cluster has now. */
function handle({ deployment: { value }, clusters, escalations, pending, status, nowMs }: ObservedSla): Handled {
  const of = new Map(clusters.map(promise => [promise.cluster.name, promise.sla]))
  let deployment = value
  const told: Record<string, ClusterSla> = Object.fromEntries(Object.entries(status?.value.clusters ?? {}).filter(([name]) => of.has(name)))
  const events: NewEvent[] = []
  for (const event of pending) {
    const direction = directionOf(event)
    const cluster = event.tags.find(tag => tag.startsWith('cluster:'))?.slice('cluster:'.length) ?? ''
    if (!direction || !of.has(cluster)) continue
    const sla = of.get(cluster)
    if (!sla) { told[cluster] = { ...told[cluster], sentence: 'The SLA that the cluster refers to is not stored.' }; continue }
    const done = escalate({ deployment, cluster, direction, sla, escalations })
    const sentence = done.acted ? `${direction === 'escalate' ? 'Escalated' : 'De-escalated'}: ${done.did.join('; ')}.` : `Asked to ${direction}, but nothing could act: ${done.couldNot.join('; ') || 'there are no escalations'}.`
    told[cluster] = { since: new Date(nowMs).toISOString(), direction, sentence }
    events.push(...scalingEvents(deployment, done.deployment, { by: 'sla', sentence }))
    for (const { name, url, message } of done.notify) events.push({
      type: 'notification', tags: [`deployments:${deployment.name}`, `clusters:${cluster}`, `escalations:${name}`, `notification:${direction}`],
      value: { message: message ?? `${deployment.name}/${cluster}: ${direction === 'escalate' ? 'the SLA is not kept' : 'the SLA is kept with room to spare'}`, direction, ...(url === undefined ? {} : { url }) },
    })
    deployment = done.deployment
  }
  return { deployment, clusters: told, events, eventful: pending.length > 0 }
}

function directionOf({ tags }: Event): Direction | undefined {
  return tags.includes('sla:escalate') ? 'escalate' : tags.includes('sla:deescalate') ? 'deescalate' : undefined
}

function judge({ deployment: { value: deployment }, deploymentStatus, clusters, pending }: ObservedSla): { readonly clusters: SlaStatus['clusters']; readonly events: readonly NewEvent[] } {
  const events = clusters.flatMap((promise): NewEvent[] => {
    const direction = pending.length === 0 && settled(deployment, deploymentStatus, promise) ? verdict(promise) : undefined
    return direction ? [{ tags: ['sla', `sla:${direction}`, `deployment:${deployment.name}`, `cluster:${promise.cluster.name}`], value: { response_ms: promise.responseMs } }] : []
  })
  const missing = clusters.filter(({ sla }) => !sla).map(({ cluster }) => [cluster.name, { sentence: 'The SLA that the cluster refers to is not stored.' }] as const)
  return { clusters: Object.fromEntries(missing), events }
}

/** A cluster that is still changing is not judged. */
function settled(deployment: Deployment, status: ObservedSla['deploymentStatus'], { cluster }: ObservedPromise): boolean {
  const services = deployment.clusters.find(({ name }) => name === cluster.name)?.services ?? []
  return services.every(({ breed }) => status?.services.find(service => service.cluster === cluster.name && service.service === breed.name)?.phase === 'Done')
}

/** Without an answer measured nothing is cheap and nothing is broken. */
function verdict({ sla, responseMs, lastEventMsAgo }: ObservedPromise): Direction | undefined {
  if (sla?.type !== 'response_time_sliding_window' || responseMs === null || lastEventMsAgo !== undefined) return undefined
  return responseMs > sla.threshold.upper ? 'escalate' : responseMs < sla.threshold.lower ? 'deescalate' : undefined
}

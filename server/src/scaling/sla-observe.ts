/** What the promises of a deployment are judged on: what visitors waited, what was told before, and what the promises refer to. */
import type { DeploymentCluster, DeploymentStatus } from '@vamp/model/deployment'
import type { Escalation } from '@vamp/model/escalation'
import type { Event } from '@vamp/model/event'
import type { Reference } from '@vamp/model/reference'
import type { Sla } from '@vamp/model/sla'
import { millisecondsOf } from '@vamp/stats/sketch'
import type { EventLog } from '../event/event-log.ts'
import { newestId } from '../event/sink.ts'
import type { Store, Stored } from '../store/store.ts'
import { resolutionFor } from '../traffic/report.ts'
import type { Traffic } from '../traffic/traffic.ts'

export interface ObservedSla {
  readonly deployment: Stored<'deployments'>
  readonly deploymentStatus?: DeploymentStatus
  readonly status?: Stored<'sla-statuses'>
  readonly clusters: readonly ObservedPromise[]
  /** Stored escalations that are referred to, directly or through others. */
  readonly escalations: ReadonlyMap<string, Escalation>
  /** Events about promises that were not handled yet, oldest first. */
  readonly pending: readonly Event[]
  /** After these and all that was passed over. */
  readonly next: string
  readonly atEnd: boolean
  readonly nowMs: number
}

export interface ObservedPromise {
  readonly cluster: DeploymentCluster
  /** Absent: it refers to one that is not there. */
  readonly sla: Sla | undefined
  /** Milliseconds, the largest average of its ports over the interval; null where nobody came. */
  readonly responseMs: number | null
  /** An SLA event of the cluster within interval and cooldown, milliseconds ago; absent without. */
  readonly lastEventMsAgo?: number
}

/** Events looked at in one go. */
const EVENTS_AT_ONCE = 2000

export interface ObserveSlaOptions { readonly store: Store; readonly events: EventLog; readonly traffic: Traffic; readonly nowMs: number; readonly after: string | undefined }

/** Nothing if there is no such deployment or it promises nothing. */
export async function observeSla(name: string, { store, events, traffic, nowMs, after }: ObserveSlaOptions): Promise<ObservedSla | undefined> {
  const deployment = await store.get('deployments', name)
  const promising = deployment?.value.clusters.filter(({ sla }) => sla !== undefined) ?? []
  if (!deployment || promising.length === 0) return undefined
  const [status, deploymentStatus] = await Promise.all([store.get('sla-statuses', name), store.get('deployment-statuses', name)])
  const clusters = await Promise.all(promising.map(cluster => observePromise(name, cluster, { store, events, traffic, nowMs })))
  const step = status ? await events.following(after ?? status.value.handled, { tags: ['sla', `deployment:${name}`] }, EVENTS_AT_ONCE) : undefined
  return {
    deployment, clusters, nowMs, ...(status ? { status } : {}), ...(deploymentStatus ? { deploymentStatus: deploymentStatus.value } : {}),
    escalations: await storedEscalations(store, clusters.flatMap(({ sla }) => sla?.escalations ?? [])),
    pending: step?.events ?? [], next: step?.next ?? await newestId(events), atEnd: step?.atEnd ?? true,
  }
}

async function observePromise(deployment: string, cluster: DeploymentCluster, { store, events, traffic, nowMs }: Omit<ObserveSlaOptions, 'after'>): Promise<ObservedPromise> {
  const given = cluster.sla
  const sla = given?.is === 'inline' ? given.value : given && (await store.get('slas', given.reference))?.value
  if (sla?.type !== 'response_time_sliding_window') return { cluster, sla, responseMs: null }
  const { interval, cooldown } = sla.window
  const ports = (await store.list('gateways', { prefix: `${deployment}/${cluster.name}/` })).items
  const averages = await Promise.all(ports.map(({ name }) => averageOf(name, interval, { events, traffic, nowMs })))
  const known = averages.filter(average => average !== null)
  const told = await events.query({ tags: [`deployment:${deployment}`, `cluster:${cluster.name}`, 'sla'], time: { gt: nowMs - (interval + cooldown) * 1000 } }, { limit: 1 })
  const last = told.events[0]
  return { cluster, sla, responseMs: known.length > 0 ? Math.max(...known) : null, ...(last ? { lastEventMsAgo: nowMs - Date.parse(last.timestamp) } : {}) }
}

/** As the proxies measured it; where they measured nobody, as events say that somebody else posted. */
async function averageOf(gateway: string, interval: number, { events, traffic, nowMs }: Pick<ObserveSlaOptions, 'events' | 'traffic' | 'nowMs'>): Promise<number | null> {
  const to = Math.floor(nowMs / 1000)
  const from = to - interval
  const resolution = resolutionFor({ from, to }, traffic)
  let [count, sum] = [0, 0]
  for (const { cells } of await traffic.read({ from: Math.floor(from / resolution) * resolution, to, resolution, wants: key => key.gateway === gateway }))
    for (const { latency } of cells) for (const [bucket, requests] of latency) {
      count += requests
      sum += requests * millisecondsOf(bucket)
    }
  return count > 0 ? sum / count : events.aggregate({ type: 'metrics', tags: [`gateways:${gateway}`, 'metrics:responseTime'], time: { gte: nowMs - interval * 1000 } }, { type: 'average' })
}

async function storedEscalations(store: Store, from: readonly Reference<Escalation>[]): Promise<ReadonlyMap<string, Escalation>> {
  const found = new Map<string, Escalation>()
  const missing = new Set<string>()
  for (const left = [...from]; left.length > 0;) {
    const next = left.pop()
    if (next?.is === 'reference' && !found.has(next.reference) && !missing.has(next.reference)) {
      const stored = (await store.get('escalations', next.reference))?.value
      if (!stored) { missing.add(next.reference); continue }
      found.set(next.reference, stored)
      left.push(...childrenOf(stored))
    }
    if (next?.is === 'inline') left.push(...childrenOf(next.value))
  }
  return found
}

const childrenOf = (escalation: Escalation) => 'escalations' in escalation ? escalation.escalations : []

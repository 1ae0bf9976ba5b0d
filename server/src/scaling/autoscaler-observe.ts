/** What every autoscaler decides on, read at one time: the wishes, what runs, what the proxies saw, and what others told. */
import type { Autoscaler } from '@vamp/model/autoscaler'
import type { DeploymentCluster, InstanceStatus } from '@vamp/model/deployment'
import type { Cell } from '@vamp/model/metric'
import type { ReleaseStatus } from '@vamp/model/release-status'
import { leafName, leavesOf, parseSignal, type SignalLeaf } from '@vamp/model/scaling-signal'
import type { Usage, UsageMeter } from '../container/usage.ts'
import type { EventLog } from '../event/event-log.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Store, Stored } from '../store/store.ts'
import { mergeSketches } from '../traffic/cells.ts'
import type { Traffic } from '../traffic/traffic.ts'
import type { LoadSecond, Sudden } from './load.ts'

export interface ObservedScaling {
  readonly autoscalers: readonly Stored<'autoscalers'>[]
  readonly statuses: ReadonlyMap<string, Stored<'autoscaler-statuses'>>
  readonly deployments: ReadonlyMap<string, Stored<'deployments'>>
  readonly instances: ReadonlyMap<string, readonly InstanceStatus[]>
  /** Under way, by `deployment/cluster`. */
  readonly releases: ReadonlyMap<string, ReleaseStatus>
  /** Complete seconds since `seenUntil`, by `deployment/cluster/service`; an empty list of keys is a quiet second. */
  readonly seconds: readonly { readonly second: number; readonly services: ReadonlyMap<string, LoadSecond> }[]
  readonly completeUntil: number
  readonly lagSeconds: number
  /** By instance; absent where no agent speaks. */
  readonly inFlight: ReadonlyMap<string, number> | undefined
  /** Requests that wait at the gateways for a first instance, by `deployment/cluster/service`. */
  readonly held: ReadonlyMap<string, number>
  /** What came in the last quarter of a second of services that are suddenly asked for more, by `deployment/cluster/service`. */
  readonly sudden: ReadonlyMap<string, Sudden>
  /** By name as written. */
  readonly events: ReadonlyMap<string, number>
  readonly usage: ReadonlyMap<string, Usage>
  readonly nowMs: number
}

export interface ObserveScalingOptions { readonly store: Store; readonly events: EventLog; readonly fleet: Fleet; readonly traffic: Traffic; readonly usage: UsageMeter }

/** Seconds that are taken in at once after a pause. */
const SECONDS_AT_ONCE = 120
/** An event's value that is older says nothing any more. */
const EVENT_STALE_MS = 600_000
const COUNT_SECONDS = 30

const OVER = new Set(['promoted', 'rolled_back', 'aborted', 'failed', 'waiting'])

export async function observeScaling({ store, events, fleet, traffic, usage }: ObserveScalingOptions, nowMs: number, seenUntil: number): Promise<ObservedScaling | undefined> {
  const [autoscalers, statuses] = [(await store.list('autoscalers')).items, (await store.list('autoscaler-statuses')).items]
  if (autoscalers.length === 0 && statuses.length === 0) return undefined
  const names = [...new Set(autoscalers.map(({ value }) => value.deployment))]
  const [deployments, deploymentStatuses, releases] = await Promise.all([
    Promise.all(names.map(name => store.get('deployments', name))), Promise.all(names.map(name => store.get('deployment-statuses', name))), store.list('release-statuses'),
  ])
  const leaves = leavesIn(autoscalers.map(({ value }) => value))
  const completeUntil = traffic.completeUntil()
  return {
    autoscalers, nowMs, completeUntil,
    statuses: new Map(statuses.map(stored => [stored.name, stored])),
    deployments: new Map(deployments.flatMap(stored => stored ? [[stored.name, stored] as const] : [])),
    instances: new Map(deploymentStatuses.flatMap(stored => stored ? [[stored.name, stored.value.instances] as const] : [])),
    releases: new Map(releases.items.filter(({ value }) => !OVER.has(value.phase)).map(({ value }) => [`${value.deployment}/${value.cluster}`, value])),
    seconds: secondsSince(traffic, Math.max(seenUntil, completeUntil - SECONDS_AT_ONCE), completeUntil),
    lagSeconds: completeUntil > 0 ? Math.max(0, nowMs / 1000 - completeUntil) : Number.POSITIVE_INFINITY,
    inFlight: inFlightOf(fleet),
    held: heldBy(fleet),
    sudden: suddenBy(fleet),
    events: await eventValues(events, leaves, nowMs),
    usage: leaves.some(({ is }) => is === 'cpu' || is === 'memory') ? await usage.read() : new Map(),
  }
}

function leavesIn(autoscalers: readonly Autoscaler[]): readonly SignalLeaf[] {
  return autoscalers.flatMap(({ signals }) => signals.flatMap(({ metric }) => { const parsed = parseSignal(metric); return parsed.is === 'ok' ? leavesOf(parsed.value) : [] }))
}

function secondsSince(traffic: Traffic, from: number, to: number): ObservedScaling['seconds'] {
  return Array.from({ length: to > 0 ? Math.max(0, to - from) : 0 }, (_, offset) => ({ second: from + offset, services: byService(from + offset, traffic.cells(from + offset)) }))
}

/** A route tells the version: `deployment/cluster/service/port`, so that what no instance took counts for it too. */
function byService(second: number, cells: readonly Cell[]): ReadonlyMap<string, LoadSecond> {
  const services = new Map<string, LoadSecond>()
  for (const { route, requests, errors, latency } of cells) {
    const names = route.split('/')
    if (names.length !== 4) continue
    const key = names.slice(0, 3).join('/')
    const known = services.get(key) ?? { second, requests: 0, errors: 0, latency: [] }
    services.set(key, { second, requests: known.requests + requests, errors: known.errors + errors, latency: mergeSketches([known.latency, latency]) })
  }
  return services
}

function inFlightOf(fleet: Fleet): ReadonlyMap<string, number> | undefined {
  const reports = fleet.reports()
  if (reports.length === 0) return undefined
  const counts = new Map<string, number>()
  for (const { endpoints } of reports) for (const { id, connections } of endpoints) counts.set(id, (counts.get(id) ?? 0) + connections)
  return counts
}

function heldBy(fleet: Fleet): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { waiting = [] } of fleet.reports()) for (const { route, requests } of waiting) {
    const service = route.split('/').slice(0, 3).join('/')
    counts.set(service, (counts.get(service) ?? 0) + requests)
  }
  return counts
}

/** Of all agents together, as if each had looked as long as the one that looked longest. */
function suddenBy(fleet: Fleet): ReadonlyMap<string, Sudden> {
  const found = new Map<string, Sudden>()
  for (const { surges = [] } of fleet.reports()) for (const { route, requests, ms } of surges) {
    const names = route.split('/')
    if (names.length !== 4) continue
    const service = names.slice(0, 3).join('/')
    const known = found.get(service)
    found.set(service, { requests: (known?.requests ?? 0) + requests, seconds: Math.max(known?.seconds ?? 0, ms / 1000) })
  }
  return found
}

async function eventValues(events: EventLog, leaves: readonly SignalLeaf[], nowMs: number): Promise<ReadonlyMap<string, number>> {
  const values = new Map<string, number>()
  for (const leaf of new Map(leaves.map(each => [leafName(each), each])).values()) {
    if (leaf.is === 'event') {
      const [newest] = (await events.query({ type: leaf.type, time: { gt: nowMs - EVENT_STALE_MS } }, { limit: 1 })).events
      if (typeof newest?.value === 'number') values.set(leafName(leaf), newest.value)
    } else if (leaf.is === 'count') {
      values.set(leafName(leaf), (await events.aggregate({ type: leaf.type, time: { gt: nowMs - COUNT_SECONDS * 1000 } }, { type: 'count' }) ?? 0) / COUNT_SECONDS)
    }
  }
  return values
}

/** The cluster that an autoscaler keeps, if there is one. */
export function clusterOf({ deployments }: Pick<ObservedScaling, 'deployments'>, { deployment, cluster }: Autoscaler): DeploymentCluster | undefined {
  return deployments.get(deployment)?.value.clusters.find(({ name }) => name === cluster)
}

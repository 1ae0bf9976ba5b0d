/** What a release is decided on: the wish, where it stands, what runs, what the proxies carry and what they saw. */
import type { ArtifactOf } from '@vamp/model/artifact'
import type { DeploymentStatus } from '@vamp/model/deployment'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import type { Cell } from '@vamp/model/metric'
import type { Store, Stored } from '../store/store.ts'
import type { Traffic } from '../traffic/traffic.ts'

export interface ObservedRelease {
  readonly release: Stored<'releases'>
  readonly status?: Stored<'release-statuses'>
  readonly order?: Stored<'release-orders'>
  readonly deployment?: Stored<'deployments'>
  readonly deploymentStatus?: DeploymentStatus
  /** Every gateway of the deployment. */
  readonly deploymentGateways: readonly Stored<'gateways'>[]
  /** Of them the cluster's own, one per port: where its weights are. */
  readonly gateways: readonly Stored<'gateways'>[]
  readonly gatewayStatuses: readonly GatewayStatus[]
  /** Other releases of the same cluster that are under way. */
  readonly before: readonly string[]
  readonly breeds: ReadonlyMap<string, ArtifactOf['breeds']>
  readonly scales: ReadonlyMap<string, ArtifactOf['scales']>
  /** Complete seconds not judged yet, oldest first, with their cells. */
  readonly seconds: readonly { readonly second: number; readonly cells: readonly Cell[] }[]
  /** Seconds since the newest complete one; how far behind the measurements are. */
  readonly lagSeconds: number
  readonly nowMs: number
}

/** After a pause of the server no more than this is judged at once; older evidence is let go. */
const SECONDS_AT_ONCE = 120

const OVER = new Set(['promoted', 'rolled_back', 'aborted', 'failed'])
/** In these phases a release does not stand in the way of another. */
const ASIDE = new Set([...OVER, 'keeping', 'waiting'])

export async function observeRelease(store: Store, traffic: Traffic, nowMs: number, name: string): Promise<ObservedRelease | undefined> {
  const release = await store.get('releases', name)
  if (!release) return undefined
  const { deployment, cluster } = release.value
  const [status, order, stored, deploymentStatus, gateways] = await Promise.all([
    store.get('release-statuses', name), store.get('release-orders', name), store.get('deployments', deployment),
    store.get('deployment-statuses', deployment), store.list('gateways', { prefix: `${deployment}/` }),
  ])
  const own = gateways.items.filter(gateway => gateway.name.startsWith(`${deployment}/${cluster}/`))
  const gatewayStatuses = await Promise.all(own.map(gateway => store.get('gateway-statuses', gateway.name)))
  const named = <K extends 'breeds' | 'scales'>(kind: K, names: readonly string[]) => lookups(store, kind, names)
  return {
    release, ...(status ? { status } : {}), ...(order ? { order } : {}), ...(stored ? { deployment: stored } : {}),
    ...(deploymentStatus ? { deploymentStatus: deploymentStatus.value } : {}),
    deploymentGateways: gateways.items,
    gateways: own,
    gatewayStatuses: gatewayStatuses.flatMap(found => found ? [found.value] : []),
    before: !status || status.value.phase === 'waiting' ? await releasesBefore(store, release) : [],
    breeds: await named('breeds', release.value.to),
    scales: await named('scales', release.value.scale?.is === 'reference' ? [release.value.scale.reference] : []),
    ...newSeconds(traffic, status?.value.judged_until ?? 0, nowMs),
    nowMs,
  }
}

async function lookups<K extends 'breeds' | 'scales'>(store: Store, kind: K, names: readonly string[]): Promise<Map<string, ArtifactOf[K]>> {
  const found = await Promise.all(names.map(name => store.get(kind, name)))
  return new Map(found.flatMap(stored => stored ? [[stored.name, stored.value as ArtifactOf[K]] as const] : []))
}

async function releasesBefore(store: Store, release: Stored<'releases'>): Promise<string[]> {
  const { deployment, cluster } = release.value
  const others = (await store.list('release-statuses')).items.map(({ value }) => value)
  return others.filter(other => other.name !== release.name && other.deployment === deployment && other.cluster === cluster && !ASIDE.has(other.phase))
    .map(other => other.name)
}

function newSeconds(traffic: Traffic, judgedUntil: number, nowMs: number): Pick<ObservedRelease, 'seconds' | 'lagSeconds'> {
  const complete = traffic.completeUntil()
  const now = Math.floor(nowMs / 1000)
  const from = Math.max(judgedUntil, complete - SECONDS_AT_ONCE)
  const seconds = Array.from({ length: Math.max(0, complete - from) }, (_, offset) => ({ second: from + offset, cells: traffic.cells(from + offset) }))
  return { seconds: complete > 0 ? seconds : [], lagSeconds: complete > 0 ? Math.max(0, now - complete) : 0 }
}

export function isOver(phase: string): boolean {
  return OVER.has(phase)
}

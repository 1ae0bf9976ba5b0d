/** What a release is decided on: the wish, where it stands, what runs, what the proxies carry and what they saw. */
import type { ArtifactOf } from '@vamp/model/artifact'
import type { DeploymentStatus } from '@vamp/model/deployment'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import type { Cell } from '@vamp/model/metric'
import type { Release } from '@vamp/model/release'
import type { PostMortem, ReleaseStatus } from '@vamp/model/release-status'
import type { Store, Stored } from '../store/store.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { audienceGateway } from './audience.ts'
import type { GateAnswer } from './gates.ts'
import { currentStatus, sessionsFrom } from './judge-state.ts'
import type { Matured, SessionOutcomes } from './sessions.ts'
import { eventMetrics } from './settings.ts'

export interface ObservedRelease {
  readonly release: Stored<'releases'>
  readonly status?: Stored<'release-statuses'>
  readonly order?: Stored<'release-orders'>
  readonly deployment?: Stored<'deployments'>
  readonly deploymentStatus?: DeploymentStatus
  /** Every gateway of the deployment. */
  readonly deploymentGateways: readonly Stored<'gateways'>[]
  /** Of them the cluster's own, one per port. */
  readonly own: readonly Stored<'gateways'>[]
  readonly ownStatuses: readonly GatewayStatus[]
  /** Those of the release's audience, if it has one. */
  readonly audience: readonly Stored<'gateways'>[]
  /** Where the release's weights are: the audience's, or the cluster's own. */
  readonly gateways: readonly Stored<'gateways'>[]
  readonly gatewayStatuses: readonly GatewayStatus[]
  /** Other releases of the same cluster that are under way. */
  readonly before: readonly string[]
  /** Of the releases that this one names, in its train or at a gate: those that are stored, and where they are. */
  readonly stored: ReadonlySet<string>
  readonly others: ReadonlyMap<string, ReleaseStatus>
  /** What the receivers of its gates' webhooks said last, by the gate's place. */
  readonly answers: ReadonlyMap<number, GateAnswer>
  /** Agents that have delivered no measurements for a while. */
  readonly silentAgents: readonly string[]
  readonly breeds: ReadonlyMap<string, ArtifactOf['breeds']>
  readonly scales: ReadonlyMap<string, ArtifactOf['scales']>
  /** Complete seconds not judged yet, oldest first, with their cells. */
  readonly seconds: readonly { readonly second: number; readonly cells: readonly Cell[] }[]
  /** What sessions led to, where an objective asks for it. */
  readonly matured?: Matured
  /** Read when its versions are about to be taken away. */
  readonly postMortem?: PostMortem
  /** Seconds since the newest complete one; how far behind the measurements are. */
  readonly lagSeconds: number
  readonly nowMs: number
}

/** After a pause of the server no more than this is judged at once; older evidence is let go. */
const SECONDS_AT_ONCE = 120

const OVER = new Set(['promoted', 'rolled_back', 'aborted', 'failed'])
/** In these phases a release does not stand in the way of another. */
const ASIDE = new Set([...OVER, 'keeping', 'waiting'])

/** An agent that is silent for longer is taken for gone: what it would tell is not waited for any more. */
const AGENT_LOST_SECONDS = 120

export interface Sources { readonly store: Store; readonly traffic: Traffic; readonly sessions: SessionOutcomes; readonly answers: ReadonlyMap<number, GateAnswer> }

export async function observeRelease({ store, traffic, sessions, answers }: Sources, nowMs: number, name: string): Promise<ObservedRelease | undefined> {
  const release = await store.get('releases', name)
  if (!release) return undefined
  const { deployment, cluster } = release.value
  const [found, order, stored, deploymentStatus, gateways] = await Promise.all([
    store.get('release-statuses', name), store.get('release-orders', name), store.get('deployments', deployment),
    store.get('deployment-statuses', deployment), store.list('gateways', { prefix: `${deployment}/` }),
  ])
  const status = found && { ...found, value: currentStatus(found.value) }
  const own = gateways.items.filter(gateway => gateway.name.startsWith(`${deployment}/${cluster}/`))
  const led = new Set(own.map(({ name }) => audienceGateway(name)))
  const audience = release.value.audience === undefined ? [] : gateways.items.filter(gateway => led.has(gateway.name) && gateway.value.metadata['release'] === name)
  const statusesOf = async (of: readonly Stored<'gateways'>[]) => (await Promise.all(of.map(gateway => store.get('gateway-statuses', gateway.name)))).flatMap(found => found ? [found.value] : [])
  const ownStatuses = await statusesOf(own)
  const named = <K extends 'breeds' | 'scales'>(kind: K, names: readonly string[]) => lookups(store, kind, names)
  return {
    release, ...(status ? { status } : {}), ...(order ? { order } : {}), ...(stored ? { deployment: stored } : {}),
    ...(deploymentStatus ? { deploymentStatus: deploymentStatus.value } : {}),
    deploymentGateways: gateways.items,
    own, ownStatuses, audience,
    gateways: release.value.audience === undefined ? own : audience,
    gatewayStatuses: release.value.audience === undefined ? ownStatuses : await statusesOf(audience),
    ...await namedReleases(store, release),
    answers,
    silentAgents: traffic.silent(AGENT_LOST_SECONDS),
    before: !status || status.value.phase === 'waiting' ? await releasesBefore(store, release) : [],
    breeds: await named('breeds', release.value.to),
    scales: await named('scales', release.value.scale?.is === 'reference' ? [release.value.scale.reference] : []),
    ...await maturedOf(sessions, release.value, status?.value, nowMs),
    ...newSeconds(traffic, status?.value.judged_until ?? 0, nowMs),
    nowMs,
  }
}

async function lookups<K extends 'breeds' | 'scales'>(store: Store, kind: K, names: readonly string[]): Promise<Map<string, ArtifactOf[K]>> {
  const found = await Promise.all(names.map(name => store.get(kind, name)))
  return new Map(found.flatMap(stored => stored ? [[stored.name, stored.value as ArtifactOf[K]] as const] : []))
}

/** Those of its train, and those that its gates wait for. */
async function namedReleases(store: Store, { value }: Stored<'releases'>): Promise<Pick<ObservedRelease, 'stored' | 'others'>> {
  const names = [...new Set([...value.train, ...value.gates.flatMap(gate => gate.is === 'release' ? [gate.release] : [])])].filter(name => name !== value.name)
  const [stored, statuses] = await Promise.all([Promise.all(names.map(name => store.get('releases', name))), Promise.all(names.map(name => store.get('release-statuses', name)))])
  return {
    stored: new Set(stored.flatMap(found => found ? [found.name] : [])),
    others: new Map(statuses.flatMap(found => found ? [[found.name, found.value] as const] : [])),
  }
}

async function releasesBefore(store: Store, release: Stored<'releases'>): Promise<string[]> {
  const { deployment, cluster } = release.value
  const others = (await store.list('release-statuses')).items.map(({ value }) => value)
  return others.filter(other => other.name !== release.name && other.deployment === deployment && other.cluster === cluster && !ASIDE.has(other.phase))
    .map(other => other.name)
}

async function maturedOf(sessions: SessionOutcomes, { name, deployment, cluster, to, objectives }: Release, status: ReleaseStatus | undefined, nowMs: number): Promise<Pick<ObservedRelease, 'matured'>> {
  const events = eventMetrics(objectives)
  const from = status && sessionsFrom(status)
  if (events.length === 0 || !status || from === undefined) return {}
  return { matured: await sessions.read({ release: name, deployment, cluster, versions: [status.from, ...to], events, from }, nowMs) }
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

/** What every autoscaler decides now: the ticks of its versions, the pool they share, and the writes that follow. */
import { isDeepStrictEqual } from 'node:util'
import type { Autoscaler } from '@vamp/model/autoscaler'
import type { AutoscalerStatus, ServiceScaling } from '@vamp/model/autoscaler-status'
import { changeScale } from '@vamp/model/deploy/scale-change'
import type { Deployment, DeploymentService, InstanceStatus } from '@vamp/model/deployment'
import type { NewEvent } from '@vamp/model/event'
import { leafName, type SignalLeaf } from '@vamp/model/scaling-signal'
import type { Write } from '../store/store.ts'
import { clusterOf, type ObservedScaling } from './autoscaler-observe.ts'
import type { LoadSecond } from './load.ts'
import { type Claim, type Holding, orderable, share } from './pool.ts'
import { boundsAt, scheduleProblem } from './schedule.ts'
import { scalingEvents } from './scaling-event.ts'
import type { ScalerTick, ServiceScaler } from './service-scaler.ts'

/** One version of one autoscaler, decided. */
export interface Decided {
  readonly autoscaler: Autoscaler
  readonly service: string
  readonly scaling: ServiceScaling
  readonly holds: Omit<Holding, 'name'>
}

export interface Memory {
  scalerOf(autoscaler: Autoscaler, service: string): ServiceScaler
  /** Measured seconds from order to ready. */
  startUpOf(deployment: string, service: string): number | undefined
}

export interface ScalingPlan {
  readonly writes: readonly Write[]
  readonly events: readonly NewEvent[]
  readonly decided: readonly Decided[]
  /** Of now, whether they are worth writing or not. */
  readonly statuses: readonly AutoscalerStatus[]
  /** Autoscalers that are gone. */
  readonly gone: readonly string[]
}

/** A status is written again at most so often if only its numbers changed. */
const STATUS_MS = 10_000

/** `slots`: of the fixed pool; absent: there is none. */
export function planScaling(observed: ObservedScaling, memory: Memory, slots: number | undefined): ScalingPlan {
  const problems = new Map(observed.autoscalers.map(({ value }) => [value.name, problemOf(value, observed)]))
  const asked = observed.autoscalers.filter(({ name }) => problems.get(name) === undefined).flatMap(({ value }) => decide(value, observed, memory))
  const decided = slots === undefined ? asked : withinPool(asked, slots)
  const { writes, events } = resize(decided, observed)
  const at = new Date(observed.nowMs).toISOString()
  const statuses = observed.autoscalers.map(({ value: { name, deployment, cluster, mode } }): AutoscalerStatus => {
    const before = observed.statuses.get(name)
    const problem = problems.get(name)
    return { name, deployment, cluster, mode, at, services: decided.filter(({ autoscaler }) => autoscaler.name === name).map(({ scaling, service }) => withChange(scaling, before?.value.services.find(each => each.service === service), at)), ...(problem === undefined ? {} : { problem }) }
  })
  const told = statuses.flatMap((status): Write[] => {
    const before = observed.statuses.get(status.name)
    return worthWriting(before?.value, status, observed.nowMs) ? [{ do: 'put', kind: 'autoscaler-statuses', name: status.name, value: status, expected: before?.revision ?? 'absent' }] : []
  })
  const gone = [...observed.statuses.keys()].filter(name => !observed.autoscalers.some(each => each.name === name))
  return { writes: [...writes, ...told, ...gone.map((name): Write => ({ do: 'delete', kind: 'autoscaler-statuses', name, expected: 'any' }))], events, decided, statuses, gone }
}

function problemOf(autoscaler: Autoscaler, observed: ObservedScaling): string | undefined {
  const { name, deployment, cluster, service } = autoscaler
  const found = clusterOf(observed, autoscaler)
  if (!found) return `There is no cluster ${deployment}/${cluster}.`
  if (service !== undefined && !found.services.some(({ breed }) => breed.name === service)) return `There is no service ${service} in ${deployment}/${cluster}.`
  const other = observed.autoscalers.find(({ value }) => value.name < name && value.deployment === deployment && value.cluster === cluster && value.mode === autoscaler.mode && (value.service === undefined || service === undefined || value.service === service))
  if (other) return `${deployment}/${cluster} is kept by ${other.name} already.`
  return scheduleProblem(autoscaler)
}

function decide(autoscaler: Autoscaler, observed: ObservedScaling, memory: Memory): Decided[] {
  const services = clusterOf(observed, autoscaler)?.services.filter(({ breed, intention }) => intention === 'Deployment' && (autoscaler.service === undefined || breed.name === autoscaler.service)) ?? []
  return services.map(service => {
    const instances = (observed.instances.get(autoscaler.deployment) ?? []).filter(each => each.cluster === autoscaler.cluster && each.service === service.breed.name)
    const sized = memory.scalerOf(autoscaler, service.breed.name).step(tickOf(autoscaler, service, instances, observed, memory))
    return { autoscaler, service: service.breed.name, scaling: { service: service.breed.name, ...sized }, holds: holdingOf(instances) }
  })
}

/** A spare one is paused and does nothing; one that is told to stop has finished what it had begun, and only has to end. */
function holdingOf(instances: readonly InstanceStatus[]): Omit<Holding, 'name'> {
  const counted = instances.filter(({ state, spare }) => spare !== true && state !== 'warm' && state !== 'stopping')
  const draining = counted.filter(({ state }) => state === 'draining').length
  return { serving: counted.length - draining, draining }
}

function tickOf(autoscaler: Autoscaler, service: DeploymentService, instances: readonly InstanceStatus[], observed: ObservedScaling, memory: Memory): ScalerTick {
  const { deployment, cluster } = autoscaler
  const wanted = service.scale.instances
  const alive = instances.filter(({ state }) => state === 'ready' || state === 'starting' || state === 'failed')
  const ready = alive.filter(({ state }) => state === 'ready').length
  const startUp = memory.startUpOf(deployment, service.breed.name)
  const release = observed.releases.get(`${deployment}/${cluster}`)
  const mine = (services: ReadonlyMap<string, LoadSecond>, name: string) => services.get(`${deployment}/${cluster}/${name}`)
  const seconds = observed.seconds.map(({ second, services }): LoadSecond => mine(services, service.breed.name) ?? { second, requests: 0, errors: 0, latency: [] })
  const inFlight = observed.inFlight && instances.reduce((sum, { id }) => sum + (observed.inFlight?.get(id) ?? 0), 0)
  const sudden = observed.sudden.get(`${deployment}/${cluster}/${service.breed.name}`)
  const sibling = release && siblingSize(observed, deployment, cluster, release.from)
  return {
    nowMs: observed.nowMs, seconds, held: observed.held.get(`${deployment}/${cluster}/${service.breed.name}`) ?? 0, instances: wanted, ready, starting: Math.max(0, Math.max(wanted, alive.length) - ready),
    leaving: instances.length - alive.length + Math.max(0, alive.length - wanted), lagSeconds: observed.lagSeconds, bounds: boundsAt(autoscaler, observed.nowMs),
    gauge: leaf => gaugeOf(leaf, service, instances, observed),
    ...(inFlight === undefined ? {} : { inFlight }),
    ...(sudden === undefined ? {} : { sudden }),
    ...(startUp === undefined ? {} : { startUpSeconds: startUp }),
    // The old version stays able to take everything back; the new one is ready for twice what it has before it gets it.
    ...(release?.from === service.breed.name ? { demand: observed.seconds.map(({ second, services }) => together(second, mine(services, release.from), mine(services, release.to))), floor: wanted } : {}),
    ...(release?.to === service.breed.name && sibling !== undefined ? { floor: Math.max(1, Math.ceil(sibling * Math.min(1, 2 * release.weight / 100))) } : {}),
  }
}

function siblingSize({ deployments }: ObservedScaling, deployment: string, cluster: string, service: string): number | undefined {
  return deployments.get(deployment)?.value.clusters.find(({ name }) => name === cluster)?.services.find(({ breed }) => breed.name === service)?.scale.instances
}

function together(second: number, one: LoadSecond | undefined, other: LoadSecond | undefined): LoadSecond {
  return { second, requests: (one?.requests ?? 0) + (other?.requests ?? 0), errors: (one?.errors ?? 0) + (other?.errors ?? 0), latency: one?.latency ?? other?.latency ?? [] }
}

function gaugeOf(leaf: SignalLeaf, { scale }: DeploymentService, instances: readonly InstanceStatus[], { events, usage }: ObservedScaling): number | undefined {
  if (leaf.is === 'event' || leaf.is === 'count') return events.get(leafName(leaf))
  if (leaf.is !== 'cpu' && leaf.is !== 'memory') return undefined
  const used = instances.filter(({ state }) => state === 'ready').flatMap(({ id }) => {
    const found = usage.get(id)
    const [part, whole] = found ? leaf.is === 'cpu' ? [found.cpu, scale.cpu] : [found.memoryBytes / 1e6, scale.memory] : [0, 0]
    return found && whole > 0 ? [100 * part / whole] : []
  })
  return used.length > 0 ? used.reduce((sum, each) => sum + each, 0) / used.length : undefined
}

/** On a fixed pool of slots the important get theirs first, and nobody gets one that is still in use. */
function withinPool(decided: readonly Decided[], slots: number): readonly Decided[] {
  const acting = decided.filter(({ autoscaler }) => autoscaler.mode === 'act')
  const nameOf = ({ autoscaler, service }: Decided) => `${autoscaler.name}\n${service}`
  const claims = acting.map((each): Claim => ({ name: nameOf(each), priority: each.autoscaler.priority, minimum: Math.min(each.scaling.minimum, each.scaling.granted), wanted: each.scaling.granted }))
  const granted = share(claims, slots)
  const inOrder = acting.toSorted((a, b) => b.autoscaler.priority - a.autoscaler.priority || (nameOf(a) < nameOf(b) ? -1 : 1)).map(nameOf)
  const orders = orderable(granted, acting.map(each => ({ name: nameOf(each), ...each.holds })), slots, inOrder)
  return decided.map(each => {
    const order = orders.get(nameOf(each))
    if (order === undefined || order === each.scaling.granted) return each
    const share = granted.get(nameOf(each)) ?? 0
    const limits = [...each.scaling.limits, { is: 'pool' as const, value: share }]
    const sentence = `${order} ${order === 1 ? 'instance' : 'instances'}: the pool of ${slots} slots has ${share} for it${order < share ? `, of which ${share - order} are not free yet` : ''}. ${each.scaling.sentence}`
    return { ...each, scaling: { ...each.scaling, granted: order, limits, sentence } }
  })
}

/** All sizes of a deployment in one write. */
function resize(decided: readonly Decided[], { deployments }: ObservedScaling): { readonly writes: readonly Write[]; readonly events: readonly NewEvent[] } {
  const writes: Write[] = []
  const events: NewEvent[] = []
  const changes = decided.filter(({ autoscaler, scaling }) => autoscaler.mode === 'act' && scaling.granted !== scaling.instances)
  for (const [name, of] of Map.groupBy(changes, ({ autoscaler }) => autoscaler.deployment)) {
    const stored = deployments.get(name)
    if (!stored) continue
    let deployment: Deployment = stored.value
    for (const { autoscaler, service, scaling } of of) {
      const before = deployment
      const scale = before.clusters.find(cluster => cluster.name === autoscaler.cluster)?.services.find(({ breed }) => breed.name === service)?.scale
      const changed = scale && changeScale(before, { cluster: autoscaler.cluster, service, scale: { ...scale, instances: scaling.granted } })
      if (changed?.is !== 'ok') continue
      deployment = changed.value
      events.push(...scalingEvents(before, deployment, { by: `autoscaler:${autoscaler.name}`, sentence: scaling.sentence, evidence: { wanted: scaling.wanted, signals: scaling.signals, limits: scaling.limits } }))
    }
    if (deployment !== stored.value) writes.push({ do: 'put', kind: 'deployments', name, value: deployment, expected: stored.revision })
  }
  return { writes, events }
}

function withChange(scaling: ServiceScaling, before: ServiceScaling | undefined, at: string): ServiceScaling {
  const changed = scaling.granted === scaling.instances ? before?.changed : at
  return changed === undefined ? scaling : { ...scaling, changed }
}

/** Numbers move every second; what a person acts on does not. */
function worthWriting(before: AutoscalerStatus | undefined, after: AutoscalerStatus, nowMs: number): boolean {
  if (!before) return true
  const gist = ({ services, problem, mode }: AutoscalerStatus) => ({ problem, mode, services: services.map(({ service, instances, ready, wanted, granted, minimum, maximum, frozen }) => ({ service, instances, ready, wanted, granted, minimum, maximum, frozen: frozen?.replaceAll(/\d+/g, '') })) })
  if (!isDeepStrictEqual(gist(before), gist(after))) return true
  return nowMs - Date.parse(before.at) >= STATUS_MS && !isDeepStrictEqual({ ...before, at: '' }, { ...after, at: '' })
}

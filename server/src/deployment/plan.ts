/**
 * Pure: what is wanted and what is seen in; the next status, and what to start and stop, out.
 *
 * Whatever is done was written into the status before: an instance is there as `starting` before it is started, and as
 * `stopping` before it is stopped. So a server that dies between the two does not start a second one or lose the first.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Deployment, DeploymentCluster, DeploymentService, DeploymentStatus, InstanceStatus, ServiceStatus } from '@vamp/model/deployment'
import type { NewEvent } from '@vamp/model/event'
import { synchronizationEvent } from './events.ts'
import { follow, retryAt, toldFrom, waitsSince } from './follow.ts'
import { idPrefix } from './instance-id.ts'
import type { ObservedDeployment } from './observe.ts'
import type { Operation } from './operations.ts'
import type { DeploymentSettings } from './settings.ts'
import { isAlive, isCurrent, isOld, leave, size } from './size.ts'
import { serviceStatus } from './status.ts'
import { type Resolved, resolveWorkload } from './workload.ts'

export interface DeploymentPlan {
  /** Absent: nothing is left to tell; the record goes. */
  readonly status?: DeploymentStatus
  readonly changed: boolean
  /** Services that are gone and leave the deployment's record. */
  readonly gone: readonly { readonly cluster: string; readonly service: string }[]
  /** Only after the status is written. */
  readonly operations: readonly Operation[]
  readonly events: readonly NewEvent[]
  /** When time alone changes something, Unix milliseconds. */
  readonly nextMs?: number
}

export interface PlanContext {
  readonly driver: string
  readonly deployables: readonly string[]
  /** Whether the driver can, and so whether spare instances are kept. */
  readonly pauses: boolean
  readonly settings: DeploymentSettings
}

interface ServicePlan {
  readonly status: ServiceStatus
  readonly instances: readonly InstanceStatus[]
  readonly resolved: Resolved
}

export function planSteps(observed: ObservedDeployment, context: PlanContext): DeploymentPlan {
  const followed = followAll(observed, context)
  const deployment = observed.deployment?.value
  const services = deployment?.clusters.flatMap(cluster => cluster.services.map(service => ({ cluster, service }))) ?? []
  const isOf = (cluster: string, service: string) => (instance: InstanceStatus) => instance.cluster === cluster && instance.service === service
  let startsAllowed = context.settings.startingMax - followed.filter(({ state }) => state === 'starting').length
  const plans: ServicePlan[] = []
  for (const { cluster, service } of services) {
    if (!deployment) break
    const own = followed.filter(isOf(cluster.name, service.breed.name))
    const plan = planService({ observed, context, deployment, cluster, service, own, all: followed, startsAllowed })
    startsAllowed -= countStarting(plan.instances) - countStarting(own)
    plans.push(plan)
  }
  const strays = followed.filter(instance => !services.some(({ cluster, service }) => isOf(cluster.name, service.breed.name)(instance)))
  const gone = plans.filter(({ status, instances }) => status.intention === 'Undeployment' && instances.length === 0).map(({ status }) => status)
  const instances = [...plans.flatMap(plan => plan.instances), ...strays.map(instance => leave(instance, observed.nowMs))]
  const status: DeploymentStatus = { name: observed.name, services: plans.map(plan => plan.status).filter(entry => !gone.includes(entry)), instances }
  const over = status.services.length === 0 && instances.length === 0 && (!deployment || gone.length > 0)
  const nextMs = nextTime(instances, observed, context.settings)
  return {
    ...(over ? {} : { status }),
    changed: over ? observed.status !== undefined : !isDeepStrictEqual(status, observed.status?.value),
    gone: gone.map(({ cluster, service }) => ({ cluster, service })),
    operations: operationsOf(instances, plans, observed, context.settings),
    events: [...eventsOf(observed, plans, gone)],
    ...(nextMs === undefined ? {} : { nextMs }),
  }
}

const countStarting = (instances: readonly InstanceStatus[]) => instances.filter(({ state }) => state === 'starting').length

/** Every instance after what was seen of it; containers that the status does not know are taken in, to be kept or to leave. */
function followAll(observed: ObservedDeployment, { settings }: PlanContext): readonly InstanceStatus[] {
  const { containers, endpoints, nowMs, listeningSinceMs } = observed
  const known = observed.status?.value.instances ?? []
  const ids = new Set(known.map(({ id }) => id))
  const unknown = [...containers.values()].filter(({ id }) => !ids.has(id)).map((container): InstanceStatus => ({
    id: container.id, cluster: container.cluster, service: container.service, host: container.host, ports: container.ports,
    state: 'starting', since: new Date(nowMs).toISOString(), digest: container.digest,
  }))
  const answers = ({ id }: InstanceStatus) => containers.get(id)?.state === 'running' && containers.get(id)?.health !== 'unhealthy'
  const serviceOf = ({ cluster, service }: InstanceStatus) => `${cluster}\n${service}`
  const takers = Map.groupBy(known.filter(instance => instance.state === 'ready' && answers(instance)), serviceOf)
  return [...known, ...unknown].flatMap(instance => {
    const next = follow(instance, {
      nowMs, listeningSinceMs, container: containers.get(instance.id), carried: observed.carried, busy: observed.busy.has(instance.id),
      endpoint: endpoints.get(instance.id) ?? { state: 'absent', connections: 0 },
      refusal: observed.refusals.get(instance.id),
      spared: takers.get(serviceOf(instance))?.some(({ id }) => id !== instance.id) ?? false,
      recalled: !takers.has(serviceOf(instance)) && answers(instance) && !containers.get(instance.id)?.displaced && isWanted(instance, observed),
      lastLines: observed.lastLines.get(instance.id) ?? [],
    }, settings)
    return next ? [next] : []
  })
}

function isWanted(instance: InstanceStatus, { deployment }: ObservedDeployment): boolean {
  const service = deployment?.value.clusters.find(({ name }) => name === instance.cluster)?.services.find(({ breed }) => breed.name === instance.service)
  return service?.intention === 'Deployment' && service.scale.instances > 0
}

interface ServiceInput {
  readonly observed: ObservedDeployment
  readonly context: PlanContext
  readonly deployment: Deployment
  readonly cluster: DeploymentCluster
  readonly service: DeploymentService
  readonly own: readonly InstanceStatus[]
  readonly all: readonly InstanceStatus[]
  readonly startsAllowed: number
}

function planService(input: ServiceInput): ServicePlan {
  const { observed, context, deployment, cluster, service, own } = input
  const { nowMs, containers } = observed
  const name = service.breed.name
  const resolved = resolveWorkload(deployment, cluster, service, { driver: context.driver, deployables: context.deployables, ports: portsOf(observed, deployment) })
  const digest = resolved.is === 'template' ? resolved.template.digest : undefined
  const leaves = service.intention === 'Undeployment'
  const waits = leaves ? dependentsLeft(input) : own.some(isAlive) ? undefined : dependencyMissing(input)
  const instances = leaves
    ? waits === undefined ? own.map(instance => leave(instance, nowMs)) : own
    : size(own, containers, {
      cluster: cluster.name, service: name, prefix: prefixOf(deployment, cluster, service), instances: service.scale.instances, nowMs,
      digest: waits === undefined ? digest : undefined, startsAllowed: input.startsAllowed, warm: context.pauses ? service.scale.warm ?? 0 : 0,
    }, context.settings)
  const before = observed.status?.value.services.find(status => status.cluster === cluster.name && status.service === name)
  const status = serviceStatus(before, {
    cluster: cluster.name, service: name, intention: service.intention, nowMs, wanted: service.scale.instances, instances,
    isCurrent: instance => isCurrent(instance, containers, digest), waits,
    warmRefused: !leaves && !context.pauses && (service.scale.warm ?? 0) > 0 ? `no warm instances are kept: the ${context.driver} driver pauses nothing` : undefined,
    refused: resolved.is === 'refused' && portMissing(input) === undefined ? resolved.why : undefined,
  }, context.settings)
  return { status, instances, resolved }
}

/** A service is looked at many times between two changes of it, and stays the same object. */
const prefixes = new WeakMap<DeploymentService, { readonly deployment: string; readonly cluster: string; readonly prefix: string }>()

function prefixOf({ name: deployment }: Deployment, { name: cluster }: DeploymentCluster, service: DeploymentService): string {
  const before = prefixes.get(service)
  if (before?.deployment === deployment && before.cluster === cluster) return before.prefix
  const prefix = idPrefix(deployment, cluster, service.breed.name)
  prefixes.set(service, { deployment, cluster, prefix })
  return prefix
}

/** Numbers of the internal gateways, as assigned by now. */
function portsOf({ gateways }: ObservedDeployment, { name, ports }: Deployment): Readonly<Record<string, string>> {
  const assigned = gateways.filter(({ value }) => value.port.number > 0)
    .map(gateway => [gateway.name.slice(name.length + 1).replace('/', '.'), String(gateway.value.port.number)] as const)
  return { ...ports, ...Object.fromEntries(assigned) }
}

function dependencyMissing(input: ServiceInput): string | undefined {
  const { observed, deployment, service } = input
  for (const name of new Set(Object.values(service.dependencies))) {
    const cluster = deployment.clusters.find(cluster => cluster.name === name)
    const unready = cluster?.services.find(({ breed, intention }) => intention === 'Deployment' &&
      observed.status?.value.services.find(status => status.cluster === name && status.service === breed.name)?.phase !== 'Done')
    if (unready) return `waits for ${name}: ${unready.breed.name} is not ready`
  }
  return portMissing(input)
}

function portMissing({ observed, service }: ServiceInput): string | undefined {
  const portless = observed.gateways.find(({ value }) => value.port.number === 0)
  return portless && speaksOfPorts(service) ? `waits for gateway ${portless.name} to get its port` : undefined
}

/** Its environment and its own ports would be others as soon as the gateways have theirs. */
function speaksOfPorts({ breed, environment_variables }: DeploymentService): boolean {
  const values = [...[...breed.environment_variables, ...environment_variables].map(({ value }) => value), ...breed.ports.map(({ expression }) => expression)]
  return values.some(value => value?.includes('.ports.'))
}

/** What depends on a cluster leaves before it. */
function dependentsLeft({ deployment, cluster, all }: ServiceInput): string | undefined {
  const dependent = deployment.clusters.flatMap(({ name, services }) => services.map(service => ({ name, service }))).find(({ name, service }) =>
    name !== cluster.name && service.intention === 'Undeployment' && Object.values(service.dependencies).includes(cluster.name) &&
    all.some(instance => instance.cluster === name && instance.service === service.breed.name))
  return dependent && `waits for ${dependent.name}: ${dependent.service.breed.name} is still being removed`
}

/** Follows from the next status alone, so that doing it twice does it once. */
function operationsOf(instances: readonly InstanceStatus[], plans: readonly ServicePlan[], observed: ObservedDeployment, { graceMs, stopAnywayMs }: DeploymentSettings): readonly Operation[] {
  return instances.flatMap((instance): Operation[] => {
    const container = observed.containers.get(instance.id)
    if (observed.busy.has(instance.id)) return []
    if (instance.state === 'starting' && !container) {
      const plan = plans.find(({ status }) => status.cluster === instance.cluster && status.service === instance.service)
      return plan?.resolved.is === 'template' ? [{ do: 'start', workload: { id: instance.id, ...plan.resolved.template } }] : []
    }
    if (!container) return []
    if (instance.state === 'starting' && container.paused) return [{ do: 'resume', id: instance.id }]
    if (instance.state === 'warm') return container.state === 'running' && !container.paused ? [{ do: 'pause', id: instance.id }] : []
    const stop: Operation = { do: 'stop', id: instance.id, graceMs }
    if (instance.state === 'failed') return [stop]
    if (instance.state !== 'stopping') return []
    const absent = observed.carried && (observed.endpoints.get(instance.id)?.state ?? 'absent') === 'absent'
    return absent || container.state === 'exited' || observed.nowMs - waitsSince(instance, observed) >= stopAnywayMs ? [stop] : []
  })
}

function eventsOf({ name, status, containers }: ObservedDeployment, plans: readonly ServicePlan[], gone: readonly ServiceStatus[]): readonly NewEvent[] {
  return plans.flatMap(({ status: after, instances, resolved }): NewEvent[] => {
    const event = (...rest: Parameters<typeof synchronizationEvent> extends [string, string, string, ...infer Rest] ? Rest : never) =>
      [synchronizationEvent(name, after.cluster, after.service, ...rest)]
    if (gone.includes(after)) return event('undeployed')
    const before = status?.value.services.find(({ cluster, service }) => cluster === after.cluster && service === after.service)
    if (before?.phase === after.phase) return []
    if (after.phase === 'Done') return event('deployed')
    if (after.phase === 'Failed') return event('failed', { notification: after.notification })
    const digest = resolved.is === 'template' ? resolved.template.digest : undefined
    return before?.phase === 'Done' && instances.some(instance => isAlive(instance) && isOld(instance, containers, digest)) ? event('redeploy') : []
  })
}

function nextTime(instances: readonly InstanceStatus[], observed: ObservedDeployment, settings: DeploymentSettings): number | undefined {
  const times = instances.flatMap(instance => {
    const since = waitsSince(instance, observed)
    if (instance.state === 'failed') return [retryAt(instance, settings)]
    if (instance.state === 'draining') return [since + settings.settleMs, since + settings.drainMs]
    if (instance.state === 'stopping') return [since + settings.stopAnywayMs]
    return instance.state === 'starting' ? [toldFrom(instance), Date.parse(instance.since) + settings.readyMs] : []
  }).filter(time => time > observed.nowMs)
  return times.length === 0 ? undefined : Math.min(...times)
}

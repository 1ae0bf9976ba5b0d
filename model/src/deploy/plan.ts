/** What becomes of a deployment and its gateways when a blueprint is merged into it, sliced out of it, or all of it goes. Pure. */
import type { Blueprint } from '../blueprint.ts'
import type { Deployment, DeploymentCluster } from '../deployment.ts'
import type { Gateway } from '../gateway.ts'
import { type Parsed, type Problem, ok } from '../problem.ts'
import type { Scale } from '../scale.ts'
import { checkDeployment, staying } from './check.ts'
import { connectDependencies, dependencyCycles } from './dependencies.ts'
import { externalGateways } from './external-gateways.ts'
import { internalGateways, nameAnonymous } from './internal-gateways.ts'
import type { Lookup } from './lookup.ts'
import { emptyDeployment, mergeBlueprint } from './merge.ts'
import { checkPortReferences } from './port-references.ts'
import { type ResolvedBlueprint, resolveBlueprint } from './resolve.ts'
import { checkRemaining, sliceBlueprint, withoutLeaving } from './slice.ts'

export interface DeploymentChange {
  readonly deployment: Deployment
  /** Only what differs from what is stored. */
  readonly gateways: { readonly put: readonly Gateway[]; readonly remove: readonly string[] }
}

export interface PlanDeploymentInput {
  /** Absent: it is new. */
  readonly current?: Deployment | undefined
  readonly incoming: Blueprint
  /** Of a new deployment; the blueprint's where absent. */
  readonly name?: string | undefined
  readonly lookup: Lookup
  /** The stored gateways: the deployment's own, and those that hold ports. */
  readonly gateways: readonly Gateway[]
  readonly defaultScale?: Scale | undefined
  /** Where the proxies are reached. */
  readonly host?: string | undefined
}

export function planDeployment(input: PlanDeploymentInput): Parsed<DeploymentChange> {
  const resolved = resolveBlueprint(input)
  if (resolved.is === 'refused') return resolved
  const current = input.current ?? emptyDeployment(input.name ?? input.incoming.name)
  const stored = new Map(input.gateways.map(gateway => [gateway.name, gateway]))
  const { incoming, problems } = withPortNames(current, resolved.value)
  const connected = connectDependencies(mergeBlueprint(current, incoming, input.host ?? LOCALHOST))
  const { deployment } = connected
  const named = new Map(incoming.clusters.map(cluster => [cluster.name, cluster.gateways]))
  const internal = deployment.clusters.filter(({ name }) => named.has(name)).map(cluster => internalGateways(deployment, cluster, named.get(cluster.name) ?? [], stored))
  const external = externalGateways(deployment, incoming.gateways, stored)
  problems.push(...checkDeployment(deployment), ...connected.problems, ...dependencyCycles(deployment), ...checkPortReferences(deployment), ...internal.flatMap(({ problems }) => problems), ...external.problems)
  if (problems.length > 0) return { is: 'refused', problems }
  return ok(changeOf(deployment, new Set(named.keys()), [...internal.flatMap(({ gateways }) => gateways), ...external.gateways], stored))
}

const LOCALHOST = '127.0.0.1'

export interface PlanSliceInput {
  readonly current: Deployment
  /** Names the services that leave. */
  readonly outgoing: Blueprint
  readonly gateways: readonly Gateway[]
}

export function planSlice({ current, outgoing, gateways }: PlanSliceInput): Parsed<DeploymentChange> {
  const stored = new Map(gateways.map(gateway => [gateway.name, gateway]))
  const connected = connectDependencies(sliceBlueprint(current, outgoing))
  const problems = [...connected.problems]
  const kept = ownInternal(current, gateways).flatMap(({ gateway, cluster }) => {
    const after = withoutLeaving(gateway, connected.deployment.clusters.find(({ name }) => name === cluster.name) ?? cluster)
    problems.push(...checkRemaining(gateway, after))
    return after ? [after] : []
  })
  return problems.length > 0 ? { is: 'refused', problems } : ok(changeOf(connected.deployment, clusterNames(current), kept, stored))
}

export interface PlanDeleteInput {
  readonly current: Deployment
  readonly gateways: readonly Gateway[]
  /** Also the gateways `deployment/9050`, which otherwise stay and keep their ports. */
  readonly external?: boolean | undefined
}

export function planDelete({ current, gateways, external = false }: PlanDeleteInput): DeploymentChange {
  const leave = (cluster: DeploymentCluster) => ({ ...cluster, services: cluster.services.map(service => ({ ...service, intention: 'Undeployment' as const })) })
  const deployment = { ...current, clusters: current.clusters.map(leave) }
  const change = changeOf(deployment, clusterNames(current), [], new Map(gateways.map(gateway => [gateway.name, gateway])))
  const outer = external ? gateways.filter(({ name }) => isExternalOf(current.name, name)).map(({ name }) => name) : []
  return { ...change, gateways: { put: [], remove: [...change.gateways.remove, ...outer] } }
}

export function isExternalOf(deployment: string, gateway: string): boolean {
  const segments = gateway.split('/')
  return segments.length === 2 && segments[0] === deployment
}

export function isInternalOf(deployment: string, gateway: string): boolean {
  const segments = gateway.split('/')
  return segments.length === 3 && segments[0] === deployment
}

/** Anonymous gateway settings get the name of the only port, which the merged cluster tells. */
function withPortNames(current: Deployment, incoming: ResolvedBlueprint): { readonly incoming: ResolvedBlueprint; readonly problems: Problem[] } {
  const problems: Problem[] = []
  const unnamed = mergeBlueprint(current, incoming, LOCALHOST)
  const clusters = incoming.clusters.map(cluster => {
    const merged = unnamed.clusters.find(({ name }) => name === cluster.name)
    const named = nameAnonymous(merged ?? cluster, cluster.gateways)
    problems.push(...named.problems)
    return { ...cluster, gateways: named.settings }
  })
  return { incoming: { ...incoming, clusters }, problems }
}

/** `wanted` holds every internal gateway that the clusters shall have; what is stored of these clusters beyond them goes. */
function changeOf(deployment: Deployment, clusters: ReadonlySet<string>, wanted: readonly Gateway[], stored: ReadonlyMap<string, Gateway>): DeploymentChange {
  const names = new Set(wanted.map(({ name }) => name))
  const all = new Map([...stored, ...wanted.map(gateway => [gateway.name, gateway] as const)])
  return {
    deployment: { ...deployment, ports: portsOf(deployment, all) },
    gateways: {
      put: wanted.filter(gateway => JSON.stringify(stored.get(gateway.name)) !== JSON.stringify(gateway)),
      remove: [...stored.keys()].filter(name => isInternalOf(deployment.name, name) && !names.has(name) && clusters.has(name.split('/')[1] ?? '')),
    },
  }
}

const clusterNames = ({ clusters }: Deployment): ReadonlySet<string> => new Set(clusters.map(({ name }) => name))

/** `cluster.port` → number, as far as assigned. */
function portsOf(deployment: Deployment, gateways: ReadonlyMap<string, Gateway>): Readonly<Record<string, string>> {
  return Object.fromEntries(deployment.clusters.flatMap(cluster => [...new Set(staying(cluster).flatMap(({ breed }) => breed.ports.map(({ name }) => name)))].flatMap(port => {
    const number = gateways.get(`${deployment.name}/${cluster.name}/${port}`)?.port.number ?? 0
    const known = number > 0 ? String(number) : deployment.ports[`${cluster.name}.${port}`]
    return known === undefined ? [] : [[`${cluster.name}.${port}`, known]]
  })))
}

function ownInternal(deployment: Deployment, gateways: readonly Gateway[]): readonly { readonly gateway: Gateway; readonly cluster: DeploymentCluster }[] {
  return gateways.flatMap(gateway => {
    const cluster = isInternalOf(deployment.name, gateway.name) ? deployment.clusters.find(({ name }) => name === gateway.name.split('/')[1]) : undefined
    return cluster ? [{ gateway, cluster }] : []
  })
}

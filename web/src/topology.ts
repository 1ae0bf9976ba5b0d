/** How requests flow: gateways → clusters → versions → instances, as a picture draws it. Which things there are is apart from how much passes. */
import type { DeploymentView, InstanceView, ServiceView } from '@vamp/model/api/deployments'
import type { GatewayView } from '@vamp/model/api/gateways'
import type { TrafficGroup } from '@vamp/model/api/traffic'
import { path } from './path.ts'
import { serviceName } from './troubles.ts'
import type { Tone } from './words.ts'

export interface TopologyNode {
  readonly id: string
  readonly kind: 'gateway' | 'cluster' | 'version' | 'instance' | 'instances'
  readonly name: string
  readonly note: string
  readonly tone: Tone
  readonly to?: string
}

export interface TopologyEdge {
  readonly id: string
  readonly from: string
  readonly to: string
  /** Requests per second, and which part of them failed; nothing where that is not measured. */
  readonly rate?: number
  readonly errorRate?: number
  /** Percent that is ordered, where weights decide. */
  readonly share?: number
}

export interface Topology { readonly nodes: readonly TopologyNode[]; readonly edges: readonly TopologyEdge[] }

export interface Measured { readonly routes: readonly TrafficGroup[]; readonly instances: readonly TrafficGroup[] }

/** More instances of a version are drawn as one. */
export const INSTANCES_DRAWN_MAX = 6
/** More gateways are drawn as one for each place that they lead to. */
export const GATEWAYS_DRAWN_MAX = 12

interface Drawing { readonly nodes: TopologyNode[]; readonly edges: TopologyEdge[]; readonly traffic: Measured }

export function topologyOf(deployments: readonly DeploymentView[], gateways: readonly GatewayView[], traffic: Measured): Topology {
  const drawing: Drawing = { nodes: [], edges: [], traffic }
  const clusters = new Set(deployments.flatMap(({ name, clusters: all }) => Object.keys(all).map(cluster => `${name}/${cluster}`)))
  for (const deployment of deployments) addDeployment(drawing, deployment, gateways, clusters.size)
  const leading = gateways.filter(({ internal }) => !internal).map(gateway => ({ gateway, ways: waysOf(gateway, clusters) })).filter(({ ways }) => ways.length > 0)
  if (leading.length > GATEWAYS_DRAWN_MAX) addGatewaysTogether(drawing, leading)
  else for (const { gateway, ways } of leading) addGateway(drawing, gateway, ways)
  return { nodes: drawing.nodes, edges: drawing.edges }
}

function addDeployment({ nodes, edges, traffic }: Drawing, { name: deployment, clusters }: DeploymentView, gateways: readonly GatewayView[], clusterCount: number): void {
  for (const [cluster, { services, gateways: ports }] of Object.entries(clusters)) {
    const id = `${deployment}/${cluster}`
    const inside = Object.keys(ports).map(port => `${id}/${port}`)
    const state = gateways.find(({ name }) => name === inside[0])?.state
    nodes.push({ id, kind: 'cluster', name: cluster, note: inside.length === 0 ? 'no port' : `port ${Object.keys(ports).join(', ')}`, tone: 'calm', to: path.cluster({ deployment, cluster }) })
    for (const service of services) {
      const version = serviceName(service)
      const route = (path: string) => path.split('/')[2] === version
      const versionId = `${id}/${version}`
      const groups = traffic.routes.filter(({ gateway = '', route: way = '' }) => inside.includes(gateway) && route(way))
      const share = Object.entries(state?.desired ?? {}).find(([way]) => route(way))?.[1]
      nodes.push({ id: versionId, kind: 'version', name: version, note: readyText(service), tone: toneOf(service), to: path.service({ deployment, cluster, service: version }) })
      edges.push({ id: `${id} → ${versionId}`, from: id, to: versionId, ...flow(groups), ...(share === undefined ? {} : { share }) })
      addInstances({ nodes, edges, traffic }, { deployment, cluster, service: version }, service.instances, clusterCount)
    }
  }
}

function addInstances({ nodes, edges, traffic }: Drawing, place: { readonly deployment: string; readonly cluster: string; readonly service: string }, instances: readonly InstanceView[], clusterCount: number): void {
  const versionId = `${place.deployment}/${place.cluster}/${place.service}`
  const measuredOf = (id: string) => traffic.instances.filter(({ instance }) => instance === id)
  if (instances.length > INSTANCES_DRAWN_MAX || clusterCount > 8) {
    if (instances.length === 0) return
    const failed = instances.filter(({ state }) => state === 'failed').length
    const id = `${versionId}/*`
    const names = new Set(instances.map(({ name }) => name))
    nodes.push({ id, kind: 'instances', name: `${instances.length} instances`, note: failed > 0 ? `${failed} failed` : `${instances.filter(({ state }) => state === 'ready').length} ready`, tone: failed > 0 ? 'bad' : 'good', to: path.service(place) })
    edges.push({ id: `${versionId} → ${id}`, from: versionId, to: id, ...flow(traffic.instances.filter(({ instance }) => instance !== undefined && names.has(instance))) })
    return
  }
  for (const { name, state, host, ports } of instances) {
    const id = `${versionId}/${name}`
    const tone: Tone = state === 'ready' ? 'good' : state === 'failed' ? 'bad' : state === 'starting' ? 'busy' : 'calm'
    nodes.push({ id, kind: 'instance', name: shortName(name), note: state === 'ready' ? Object.values(ports).map(port => `${host}:${port}`).join(', ') : state, tone, to: path.instance({ ...place, instance: name }) })
    edges.push({ id: `${versionId} → ${id}`, from: versionId, to: id, ...flow(measuredOf(name)) })
  }
}

interface Way { readonly route: string; readonly share: number; readonly to: string }

/** Only what leads into what is drawn. */
function waysOf({ state }: GatewayView, clusters: ReadonlySet<string>): readonly Way[] {
  return Object.entries(state.desired).flatMap(([route, share]) => {
    const cluster = route.split('/').slice(0, 2).join('/')
    return clusters.has(cluster) ? [{ route, share, to: route.split('/').length === 4 ? route.split('/').slice(0, 3).join('/') : cluster }] : []
  })
}

const gatewayTone = ({ state, deployed }: GatewayView): Tone => state.problem !== undefined ? 'bad' : deployed ? 'good' : 'busy'

function addGateway({ nodes, edges, traffic }: Drawing, gateway: GatewayView, ways: readonly Way[]): void {
  const { name, port, state } = gateway
  nodes.push({ id: `gateway ${name}`, kind: 'gateway', name, note: state.problem ?? `port ${port.split('/')[0]}`, tone: gatewayTone(gateway), to: path.gateway(name) })
  for (const { route, share, to } of ways)
    edges.push({ id: `gateway ${name} → ${route}`, from: `gateway ${name}`, to, ...flow(traffic.routes.filter(group => group.gateway === name && group.route === route)), ...(ways.length > 1 ? { share } : {}) })
}

function addGatewaysTogether({ nodes, edges, traffic }: Drawing, leading: readonly { readonly gateway: GatewayView; readonly ways: readonly Way[] }[]): void {
  for (const to of new Set(leading.flatMap(({ ways }) => ways.map(way => way.to)))) {
    const own = leading.filter(({ ways }) => ways.some(way => way.to === to)).map(({ gateway }) => gateway)
    const wrong = own.filter(gateway => gatewayTone(gateway) === 'bad').length
    const names = new Set(own.map(({ name }) => name))
    nodes.push({ id: `gateways → ${to}`, kind: 'gateway', name: `${own.length} gateways`, note: wrong > 0 ? `${wrong} not in force` : 'in force', tone: wrong > 0 ? 'bad' : 'good', to: path.gateways() })
    edges.push({ id: `gateways → ${to}`, from: `gateways → ${to}`, to, ...flow(traffic.routes.filter(({ gateway = '', route = '' }) => names.has(gateway) && route.startsWith(to))) })
  }
}

function flow(groups: readonly TrafficGroup[]): { readonly rate?: number; readonly errorRate?: number } {
  if (groups.length === 0) return {}
  const [requests, errors] = [groups.reduce((sum, group) => sum + group.requests, 0), groups.reduce((sum, group) => sum + group.errors, 0)]
  return { rate: groups.reduce((sum, group) => sum + group.rate, 0), errorRate: requests === 0 ? 0 : errors / requests }
}

export function readyText({ instances, scale }: ServiceView): string {
  return `${instances.filter(({ state }) => state === 'ready').length} of ${scale.instances} ready`
}

function toneOf({ status: { intention, phase }, instances }: ServiceView): Tone {
  if (phase.name === 'Failed' || instances.some(({ state }) => state === 'failed')) return 'bad'
  return intention === 'Undeployment' ? 'calm' : phase.name === 'Done' ? 'good' : 'busy'
}

const SHORT_MAX = 18

/** The end of a name, which tells one instance from the next: `…4-0-226be2-2`, cut where a part of it begins. */
export function shortName(instance: string): string {
  if (instance.length <= SHORT_MAX) return instance
  const end = instance.slice(-(SHORT_MAX - 1))
  return `…${end.slice(instance.at(-SHORT_MAX) === '-' ? 0 : Math.max(0, end.indexOf('-') + 1))}`
}

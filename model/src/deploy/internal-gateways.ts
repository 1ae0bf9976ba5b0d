/**
 * One gateway for each port that a cluster's services have: `deployment/cluster/port`, with a route
 * `deployment/cluster/breed/port` to each of them. The stored gateway is what people and releases change; a blueprint that
 * says nothing about it leaves it as it is.
 */
import type { Deployment, DeploymentCluster } from '../deployment.ts'
import type { Gateway, Route, RouteSettings } from '../gateway.ts'
import type { Port } from '../port.ts'
import type { Problem } from '../problem.ts'
import { inline } from '../reference.ts'
import { assignWeights, percent, weightProblem } from '../weights.ts'
import { staying } from './check.ts'

export interface InternalGateways {
  readonly gateways: readonly Gateway[]
  readonly problems: readonly Problem[]
}

/** `settings` are the incoming blueprint's for this cluster, `stored` all gateways there are. */
export function internalGateways(deployment: Deployment, cluster: DeploymentCluster, settings: readonly Gateway[], stored: ReadonlyMap<string, Gateway>): InternalGateways {
  const path = `clusters/${cluster.name}/gateways`
  const ports = portsOf(cluster)
  const problems = [...checkPorts(settings, ports, cluster.name), ...checkServices(cluster, settings, path)]
  const gateways = [...ports.values()].map(port => {
    const name = `${deployment.name}/${cluster.name}/${port.name}`
    const given = settings.find(gateway => gateway.name === port.name)
    const base = withSettings(stored.get(name) ?? blank(name, port), given, port)
    const services = staying(cluster).filter(({ breed }) => breed.ports.some(({ name }) => name === port.name))
    const routes = routesOf(name, services.map(({ breed }) => breed.name), base, given)
    if (routes.refused) problems.push({ code: 'RouteWeightError', message: `Total route weight cannot exceed 100 or be a negative value. Check cluster: '${cluster.name}'.`, path: `${path}/${port.name}/routes` })
    problems.push(...checkTcp({ ...base, routes: routes.routes }, port, `${path}/${port.name}`))
    return { ...base, routes: routes.routes }
  })
  return { gateways, problems }
}

/** The anonymous form means the only port; the result carries its name. */
export function nameAnonymous(cluster: DeploymentCluster, settings: readonly Gateway[]): { readonly settings: readonly Gateway[]; readonly problems: readonly Problem[] } {
  const [only, ...more] = portsOf(cluster).keys()
  if (!settings.some(({ name }) => name === '')) return { settings, problems: [] }
  if (only === undefined || more.length > 0) return {
    settings,
    problems: [{
      code: 'IllegalAnonymousRoutingPortMappingError',
      message: `Illegal anonymous routing port mapping - ${only === undefined ? 'no' : 'more than 1'} port defined for '${cluster.name}'.`,
      path: `clusters/${cluster.name}/gateways`,
      hint: 'give the settings under the name of a port',
    }],
  }
  return { settings: settings.map(gateway => gateway.name === '' ? { ...gateway, name: only } : gateway), problems: [] }
}

/** By name, of the services that stay; where versions disagree about the type, the first counts. */
function portsOf(cluster: DeploymentCluster): ReadonlyMap<string, Port> {
  const ports = new Map<string, Port>()
  for (const { breed } of staying(cluster)) for (const port of breed.ports) if (!ports.has(port.name)) ports.set(port.name, port)
  return ports
}

function blank(name: string, { type }: Port): Gateway {
  return { kind: 'gateways', name, metadata: {}, port: { name: '', number: 0, type }, sticky: 'none', virtual_hosts: [], routes: [] }
}

function withSettings(base: Gateway, given: Gateway | undefined, { type }: Port): Gateway {
  const gateway = { ...base, port: { ...base.port, type } }
  if (!given) return gateway
  const { split, smooth, selector, policy } = given
  return {
    ...gateway,
    metadata: { ...base.metadata, ...given.metadata }, sticky: given.sticky, virtual_hosts: given.virtual_hosts,
    ...(split ? { split } : {}), ...(smooth ? { smooth } : {}), ...(selector === undefined ? {} : { selector }), ...(policy ? { policy } : {}),
  }
}

interface Routes { readonly routes: readonly Route[]; readonly refused: boolean }

function routesOf(gateway: string, breeds: readonly string[], base: Gateway, given: Gateway | undefined): Routes {
  const [deployment, cluster, port] = gateway.split('/')
  const routes = breeds.map(breed => {
    const path = `${deployment}/${cluster}/${breed}/${port}`
    const existing = settingsOf(base.routes, path)
    const wanted = settingsOf(given?.routes ?? [], breed)
    return { path, existing, wanted, settings: { ...DEFAULT, ...existing, ...wanted } }
  })
  const ordered = inGivenOrder(routes, given, base)
  const weights = internalWeights(ordered.map(({ wanted, existing }) => ({ given: wanted?.weight, existing: existing?.weight })))
  return { routes: ordered.map(({ path, settings }, index) => ({ path, settings: inline({ ...settings, weight: weights[index] ?? 0 }) })), refused: weights.length !== ordered.length }
}

/** Conditions are asked in the order of the routes: as the blueprint has it, else as it was. */
function inGivenOrder<R extends { readonly path: string }>(routes: readonly R[], given: Gateway | undefined, base: Gateway): readonly R[] {
  const place = (order: readonly Route[], matches: (path: string, route: R) => boolean, route: R) => {
    const found = order.findIndex(({ path }) => matches(path, route))
    return found === -1 ? order.length : found
  }
  const key = (route: R) => given && given.routes.length > 0
    ? place(given.routes, (path, { path: full }) => full.split('/')[2] === path, route)
    : place(base.routes, (path, { path: full }) => full === path, route)
  return [...routes].sort((a, b) => key(a) - key(b))
}

/** Nothing if the weights cannot be. */
function internalWeights(routes: readonly { readonly given: number | undefined; readonly existing: number | undefined }[]): readonly number[] {
  if (!routes.some(({ given }) => given !== undefined)) return assignWeights(routes.map(({ existing }) => existing))
  const wanted = routes.map(({ given }) => given)
  if (weightProblem(wanted)) return []
  const held = routes.filter(({ given }) => given === undefined).reduce((sum, { existing = 0 }) => sum + existing, 0)
  if (held === 0) return assignWeights(wanted)
  const left = 100 - wanted.reduce<number>((sum, weight) => sum + (weight ?? 0), 0)
  const scaled = routes.map(({ given, existing = 0 }) => given ?? percent(existing / held * left))
  return evenOut(scaled, routes.map(({ given, existing = 0 }) => given === undefined && existing > 0))
}

/** Rounding is made up for by the last of the routes that were scaled. */
function evenOut(weights: readonly number[], scaled: readonly boolean[]): readonly number[] {
  const last = scaled.lastIndexOf(true)
  const others = weights.reduce((sum, weight, index) => index === last ? sum : sum + weight, 0)
  return weights.map((weight, index) => index === last ? percent(100 - others) : weight)
}

const DEFAULT: RouteSettings = { metadata: {}, rewrites: [] }

function settingsOf(routes: readonly Route[], path: string): RouteSettings | undefined {
  const settings = routes.find(route => route.path === path)?.settings
  return settings?.is === 'inline' ? settings.value : undefined
}

function checkPorts(settings: readonly Gateway[], ports: ReadonlyMap<string, Port>, cluster: string): Problem[] {
  return settings.filter(({ name }) => name !== '' && !ports.has(name)).map(({ name }) => ({
    code: 'UnresolvedGatewayPortError', message: unresolvedPort(`${cluster}.${name}`, name), path: `clusters/${cluster}/gateways/${name}`,
    hint: ports.size > 0 ? `the services have ${[...ports.keys()].join(', ')}` : 'the services have no port',
  }))
}

export function unresolvedPort(port: string, gateway: string): string {
  return `Gateway port '${port} -> ${gateway}' cannot be resolved. Check if referenced cluster exists and if it has any breed with referenced port name.`
}

function checkServices(cluster: DeploymentCluster, settings: readonly Gateway[], path: string): Problem[] {
  const known = new Set(cluster.services.map(({ breed }) => breed.name))
  return settings.flatMap(gateway => gateway.routes.filter(route => !known.has(route.path)).map(route => ({
    code: 'UnresolvedServiceRouteError', message: `Unresolved service route for '${cluster.name}' and '${route.path}'.`, path: `${path}/${gateway.name}/routes/${route.path}`,
  })))
}

function checkTcp(gateway: Gateway, port: Port, path: string): Problem[] {
  if (gateway.port.type === 'http') return []
  const conditional = gateway.routes.some(({ settings }) => settings.is === 'inline' && settings.value.condition)
  return [
    ...(gateway.sticky === 'none' ? [] : [{ code: 'StickyPortTypeError', message: `Sticky sessions are not allowed for TCP port: '${port.name}'.`, path }]),
    ...(conditional ? [{ code: 'ConditionPortTypeError', message: `HTTP conditions are not allowed for TCP port: '${port.name}'.`, path }] : []),
  ]
}

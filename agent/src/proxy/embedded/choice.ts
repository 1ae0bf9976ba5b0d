/** Where a request or connection goes: the language's decision, with the route's own balancing over its instances. */
import { type Decision, decide } from '@vamp/model/routing/decide'
import type { Endpoint, GatewayTable, RouteTable, RoutingTable } from '@vamp/model/routing/table'
import { sessionPart, type StickyCookies, stickyCookies, userKeyOf } from '../sticky-cookie.ts'
import type { Upstreams } from './upstreams.ts'

/** Other instances that are asked when one cannot be connected to. */
const REDISPATCHES_MAX = 3

export interface Visitor {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly ip: string
  readonly port: number
}

export interface Choice {
  readonly gateway: string
  /** '' if nothing may take the request. */
  readonly route: string
  readonly by: Decision['by']
  readonly part: number
  /** The instance that takes it, then those that are asked if it cannot be connected to. */
  readonly candidates: readonly Endpoint[]
  /** `Set-Cookie` values for an answer of the instance. */
  cookies(instance: string): string[]
}

export interface PreparedGateway {
  readonly table: GatewayTable
  choose(visitor: Visitor): Choice
}

interface PreparedRoute { readonly endpoints: readonly Endpoint[]; readonly ready: readonly Endpoint[]; readonly balance: string; turn: number }

export interface ChoiceOptions { readonly random: () => number; readonly upstreams: Pick<Upstreams, 'inProgress'> }

export function prepareGateway(gateway: GatewayTable, table: RoutingTable, { random, upstreams }: ChoiceOptions): PreparedGateway {
  const cookies: StickyCookies = stickyCookies(gateway)
  const routes = new Map(gateway.routes.map(route => [route.path, prepareRoute(gateway, route, table, random)]))
  return {
    table: gateway,
    choose(visitor) {
      const user = userKeyOf(gateway, visitor.headers)
      const bond = cookies.read(visitor.headers['cookie'])
      const decision = decide(gateway, visitor, { strength: random(), weight: random(), instance: 0 }, bond, user)
      const route = decision.route && routes.get(decision.route.path)
      const bound = decision.route?.path === bond.route ? route?.endpoints.find(({ id }) => id === bond.instance) : undefined
      return {
        gateway: gateway.name, route: decision.route?.path ?? '', by: decision.by, part: sessionPart(user, visitor.port),
        candidates: route ? candidatesOf(route, bound, random, upstreams) : [],
        cookies: instance => cookies.write(bond, decision, instance),
      }
    },
  }
}

function prepareRoute(gateway: GatewayTable, route: RouteTable, table: RoutingTable, random: () => number): PreparedRoute {
  const endpoints = endpointsOf(route, table)
  const asked = route.balance === undefined || route.balance === 'default' ? undefined : route.balance
  return {
    endpoints, ready: endpoints.filter(({ state }) => state === 'ready'),
    balance: asked ?? (gateway.mode === 'tcp' ? 'leastconn' : 'roundrobin'), turn: Math.floor(random() * endpoints.length),
  }
}

/** Another gateway is an instance: its listener on this host. */
export function endpointsOf(route: RouteTable, table: RoutingTable): readonly Endpoint[] {
  const { target } = route
  if (target.is === 'endpoints') return target.endpoints
  const gateway = table.gateways.find(({ name }) => name === target.gateway)
  return gateway ? [{ id: gateway.name, host: reachable(gateway.address), port: gateway.port, state: 'ready' }] : []
}

function reachable(address: string): string {
  if (address === '' || address === '*' || address === '0.0.0.0') return '127.0.0.1'
  return address === '::' ? '::1' : address
}

/** Balance algorithms that this driver has; all others are refused. */
export const BALANCES: ReadonlySet<string> = new Set(['default', 'roundrobin', 'static-rr', 'leastconn', 'random', 'first'])

function candidatesOf(route: PreparedRoute, bound: Endpoint | undefined, random: () => number, upstreams: ChoiceOptions['upstreams']): readonly Endpoint[] {
  const { ready } = route
  if (ready.length <= 1 && !bound) return ready
  const first = bound ?? ready[firstIndex(route, random, upstreams)]
  if (!first) return []
  const at = ready.indexOf(first)
  return [first, ...ready.slice(at + 1), ...ready.slice(0, Math.max(0, at))].slice(0, 1 + REDISPATCHES_MAX)
}

function firstIndex(route: PreparedRoute, random: () => number, upstreams: ChoiceOptions['upstreams']): number {
  const { ready, balance } = route
  if (balance === 'first') return 0
  if (balance === 'random') return Math.floor(random() * ready.length)
  route.turn = (route.turn + 1) % ready.length
  if (balance !== 'leastconn') return route.turn
  // Among equals it goes round.
  const turns = ready.map((_, index) => (route.turn + index) % ready.length)
  const load = (index: number) => { const endpoint = ready[index]; return endpoint ? upstreams.inProgress(endpoint) : 0 }
  return turns.reduce((least, index) => load(index) < load(least) ? index : least)
}

/** Where a request or connection goes: the language's decision, with the route's own balancing over its instances. */
import { type Decision, decide } from '@vamp/model/routing/decide'
import type { PolicySettings } from '@vamp/model/policy'
import type { Endpoint, GatewayTable, MirrorTarget, RouteTable, RouteTarget, RoutingTable } from '@vamp/model/routing/table'
import { needsCountry } from '../haproxy/condition-pattern.ts'
import { nextTurn } from '../turns.ts'
import { sessionPart, type StickyCookies, stickyCookies, userKeyOf } from '../sticky-cookie.ts'
import { type OwnAnswers, ownAnswers } from './own-answer.ts'
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
  /** What holds for the route. */
  readonly policy: PolicySettings
  /** Of the gateway, then of the route. */
  readonly changes: readonly (PolicySettings['headers'])[]
  readonly own: OwnAnswers
  readonly mirror?: { readonly route: string; readonly by: 'mirror' | 'other'; readonly endpoint: () => Endpoint | undefined }
}

export interface PreparedGateway {
  readonly table: GatewayTable
  /** Is there any policy at all? Where there is none, requests need not ask. */
  readonly policed: boolean
  readonly own: OwnAnswers
  choose(visitor: Visitor): Choice
}

interface PreparedRoute { readonly policy: PolicySettings; readonly own: OwnAnswers; readonly changes: Choice['changes']; readonly endpoints: readonly Endpoint[]; readonly ready: readonly Endpoint[]; readonly balance: string; turn: number }

export interface ChoiceOptions {
  readonly random: () => number
  /** Of gateways whose requests take turns; survives the table. */
  readonly turns: Map<string, number>
  readonly upstreams: Pick<Upstreams, 'inProgress'>
  /** '' where nobody knows. */
  readonly countryOf: (address: string) => string
}

export function prepareGateway(gateway: GatewayTable, table: RoutingTable, { random, upstreams, turns, countryOf }: ChoiceOptions): PreparedGateway {
  const draw = () => gateway.smooth ? nextTurn(turns, gateway.name) : random()
  const cookies: StickyCookies = stickyCookies(gateway)
  const asksCountry = gateway.routes.some(({ condition }) => condition && needsCountry(condition))
  const routes = new Map(gateway.routes.map(route => [route.path, prepareRoute(gateway, route, table, random)]))
  const mirrors = new Map(gateway.routes.flatMap(({ path, mirror }) => mirror ? [[path, prepareMirror(mirror, routes, table, random, upstreams)] as const] : []))
  return {
    table: gateway, policed: gateway.policy !== undefined || gateway.routes.some(({ policy }) => policy !== undefined), own: ownAnswers(gateway.policy),
    choose(visitor) {
      const user = userKeyOf(gateway, visitor.headers)
      const bond = cookies.read(visitor.headers['cookie'])
      const decision = decide(gateway, asksCountry ? { ...visitor, country: countryOf(visitor.ip) } : visitor, { strength: random(), weight: draw(), instance: 0 }, bond, user)
      const route = decision.route && routes.get(decision.route.path)
      const bound = decision.route?.path === bond.route ? route?.endpoints.find(({ id }) => id === bond.instance) : undefined
      return {
        gateway: gateway.name, route: decision.route?.path ?? '', by: decision.by, part: sessionPart(user, visitor.port),
        candidates: route ? candidatesOf(route, bound, random, upstreams) : [],
        cookies: instance => cookies.write(bond, decision, instance),
        policy: route?.policy ?? NO_POLICY, own: route?.own ?? ownAnswers(undefined), changes: route?.changes ?? NO_CHANGES,
        ...(decision.route && mirrors.has(decision.route.path) ? { mirror: mirrors.get(decision.route.path) } : {}),
      } as Choice
    },
  }
}

function prepareRoute(gateway: GatewayTable, route: RouteTable, table: RoutingTable, random: () => number): PreparedRoute {
  const endpoints = endpointsOf(route.target, table)
  const asked = route.balance === undefined || route.balance === 'default' ? undefined : route.balance
  const { policy = NO_POLICY } = route
  const changes = [gateway.policy?.headers, policy.headers]
  return {
    policy, own: ownAnswers(policy), changes: changes.some(Boolean) ? changes : NO_CHANGES, endpoints, ready: endpoints.filter(({ state }) => state === 'ready'),
    balance: asked ?? (gateway.mode === 'tcp' ? 'leastconn' : 'roundrobin'), turn: Math.floor(random() * endpoints.length),
  }
}

const NO_POLICY: PolicySettings = {}
const NO_CHANGES: Choice['changes'] = []

function prepareMirror(target: MirrorTarget, routes: ReadonlyMap<string, PreparedRoute>, table: RoutingTable, random: () => number, upstreams: ChoiceOptions['upstreams']): NonNullable<Choice['mirror']> {
  if (target.is === 'route') {
    const route = routes.get(target.route)
    return { route: target.route, by: 'mirror', endpoint: () => route && candidatesOf(route, undefined, random, upstreams)[0] }
  }
  const endpoints = endpointsOf(target, table).filter(({ state }) => state === 'ready')
  return { route: '', by: 'other', endpoint: () => endpoints[Math.floor(random() * endpoints.length)] }
}

/** Another gateway is an instance: its listener on this host. */
export function endpointsOf(target: RouteTarget, table: RoutingTable): readonly Endpoint[] {
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

/**
 * Which way would this request take, and why? Pure: what a proxy draws at random is handed in.
 *
 * 1. Routes are examined in order; the first whose condition matches may take the request, with its strength as probability.
 * 2. A visitor who is bound to a route stays there, as long as the route has an instance for it. A condition is asked before
 *    the bond, so a newly matching visitor can be moved; the strength is drawn once: who was turned away stays away.
 * 3. Otherwise the weights decide, over all routes, conditional ones too: by lot, or by the user's place on the scale of
 *    shares where the gateway splits by user. Routes lie on that scale in their order, each as wide as its weight. So when
 *    a share moves between neighbours, no user moves but from the one to the other; with two routes that is every change.
 *    (With three or more, a share that moves past a route shifts the ones between: there is no split without memory that
 *    never does.)
 * 4. Within the route a ready instance takes it, by lot, or the one that the visitor is bound to, draining or not.
 */
import { type MatchedRequest, matches, type Truth } from '../condition/matches.ts'
import type { Endpoint, GatewayTable, RouteTable } from './table.ts'
import { FULL_SHARE } from './table.ts'
import { userSlot } from './user-slot.ts'

/** Uniform numbers in [0, 1). */
export interface Draws { readonly strength: number; readonly weight: number; readonly instance: number }

/** What binds a visitor, as its cookies tell. */
export interface Bond {
  /** Route path. */
  readonly route?: string
  /** Endpoint id. */
  readonly instance?: string
  /** Path of the route whose condition matched and whose strength sent the visitor away. */
  readonly turnedAway?: string
}

export interface Decision {
  /** Absent: nothing may take the request. */
  readonly route?: RouteTable
  readonly by: 'condition' | 'weight'
  /** Absent: the route leads to another gateway, or has no instance for the request. */
  readonly endpoint?: Endpoint
  readonly turnedAway?: string
  /** In the order in which they counted. */
  readonly reasons: readonly Reason[]
}

/** Shares and places on their scale in 1/10 000. */
export type Reason =
  | { readonly is: 'condition'; readonly route: string; /** `unknown`: only the proxy can tell. */ readonly matches: Truth }
  | { readonly is: 'strength'; readonly route: string; readonly strength: number; readonly drawn: number; readonly taken: boolean }
  | { readonly is: 'turned away before'; readonly route: string }
  | { readonly is: 'bound'; readonly route: string; readonly kept: boolean }
  | { readonly is: 'user'; readonly key: string; readonly slot: number; readonly route: string | null }
  | { readonly is: 'weight'; readonly slot: number; readonly route: string | null }
  | { readonly is: 'gateway'; readonly gateway: string }
  | { readonly is: 'instance'; readonly instance: string; readonly bound: boolean; readonly of: number }
  | { readonly is: 'no instance'; readonly route: string }

/** `bond`: what the visitor's cookies say; `userKey`: what the gateway splits its users by. */
export function decide(gateway: GatewayTable, request: MatchedRequest, draws: Draws, bond: Bond = {}, userKey?: string): Decision {
  const reasons: Reason[] = []
  const http = gateway.mode === 'http'
  const matched = http ? firstMatch(gateway, request, reasons) : undefined
  const bound = http && gateway.sticky !== 'none' ? boundRoute(gateway, bond) : undefined
  const taken = matched ? byCondition(matched, bound, draws, bond, reasons) : undefined
  const turnedAway = matched && taken !== matched ? matched.path : bond.turnedAway
  const route = taken ?? byBond(bound, bond, reasons) ?? byShare(gateway, draws, userKey, reasons)
  const endpoint = route ? chooseEndpoint(gateway, route, draws, route === bound ? bond.instance : undefined, reasons) : undefined
  return {
    ...(route ? { route } : {}), by: route && taken === matched && matched ? 'condition' : 'weight',
    ...(endpoint ? { endpoint } : {}), ...(turnedAway === undefined ? {} : { turnedAway }), reasons,
  }
}

function firstMatch(gateway: GatewayTable, request: MatchedRequest, reasons: Reason[]): RouteTable | undefined {
  for (const route of gateway.routes) {
    if (!route.condition) continue
    const result = matches(route.condition, request)
    reasons.push({ is: 'condition', route: route.path, matches: result })
    if (result === true) return route
  }
  return undefined
}

/** The route that keeps the visitor: it exists and has a ready instance, or the very one that the visitor is bound to. */
function boundRoute(gateway: GatewayTable, bond: Bond): RouteTable | undefined {
  const route = gateway.routes.find(({ path }) => path === bond.route)
  if (!route || route.target.is === 'gateway') return route
  const keeps = ({ id, state }: Endpoint) => state === 'ready' || (gateway.sticky === 'instance' && id === bond.instance)
  return route.target.endpoints.some(keeps) ? route : undefined
}

function byCondition(matched: RouteTable, bound: RouteTable | undefined, draws: Draws, bond: Bond, reasons: Reason[]): RouteTable | undefined {
  if (bound === matched) {
    reasons.push({ is: 'bound', route: bound.path, kept: true })
    return bound
  }
  if (bound && bond.turnedAway === matched.path) {
    reasons.push({ is: 'turned away before', route: matched.path })
    return undefined
  }
  const drawn = slotOf(draws.strength)
  const taken = drawn < matched.strength
  reasons.push({ is: 'strength', route: matched.path, strength: matched.strength, drawn, taken })
  return taken ? matched : undefined
}

function byBond(bound: RouteTable | undefined, bond: Bond, reasons: Reason[]): RouteTable | undefined {
  if (bond.route !== undefined) reasons.push({ is: 'bound', route: bond.route, kept: bound !== undefined })
  return bound
}

function byShare(gateway: GatewayTable, draws: Draws, userKey: string | undefined, reasons: Reason[]): RouteTable | undefined {
  if (gateway.mode === 'http' && gateway.split && userKey !== undefined) {
    const slot = userSlot(userKey, gateway.lookup_name)
    const route = routeAt(gateway, slot)
    reasons.push({ is: 'user', key: userKey, slot, route: route?.path ?? null })
    return route
  }
  const slot = slotOf(draws.weight)
  const route = routeAt(gateway, slot)
  reasons.push({ is: 'weight', slot, route: route?.path ?? null })
  return route
}

function routeAt(gateway: GatewayTable, slot: number): RouteTable | undefined {
  let end = 0
  for (const route of gateway.routes) {
    end += route.weight
    if (slot < end) return route
  }
  return undefined
}

function chooseEndpoint(gateway: GatewayTable, route: RouteTable, draws: Draws, bound: string | undefined, reasons: Reason[]): Endpoint | undefined {
  if (route.target.is === 'gateway') {
    reasons.push({ is: 'gateway', gateway: route.target.gateway })
    return undefined
  }
  const { endpoints } = route.target
  const kept = gateway.sticky === 'instance' ? endpoints.find(({ id }) => id === bound) : undefined
  const ready = endpoints.filter(({ state }) => state === 'ready')
  const endpoint = kept ?? ready[Math.floor(draws.instance * ready.length)]
  reasons.push(endpoint
    ? { is: 'instance', instance: endpoint.id, bound: kept !== undefined, of: ready.length }
    : { is: 'no instance', route: route.path })
  return endpoint
}

const slotOf = (draw: number) => Math.floor(draw * FULL_SHARE)

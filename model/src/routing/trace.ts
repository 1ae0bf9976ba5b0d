/**
 * Every way that a request may take, each with its share: `decide`, asked once for every outcome of what a proxy draws. The shares
 * of all ways total 1. What decides is the routing table alone; what a policy does to the request on the way is not told.
 */
import type { MatchedRequest } from '../condition/matches.ts'
import { type Bond, decide, type Decision, type Draws, type Reason } from './decide.ts'
import { FULL_SHARE, type GatewayTable, type RoutingTable } from './table.ts'

export interface TraceStep {
  readonly gateway: GatewayTable
  readonly by: Decision['by']
  /** Absent: nothing may take the request. */
  readonly route?: string
  readonly reasons: readonly Reason[]
}

export interface Way {
  /** 0 to 1. */
  readonly share: number
  /** One for each gateway that the request passes. */
  readonly steps: readonly TraceStep[]
  /** Each as likely; none: the answer is 503. */
  readonly instances: readonly string[]
}

/** What a visitor's cookies and headers mean to a gateway. */
export type VisitorOf = (gateway: GatewayTable) => { readonly bond: Bond; readonly userKey?: string }

/** A chain of more gateways is taken to go in a circle. */
const GATEWAYS_MAX = 16

/** The likeliest first. */
export function waysOf(table: RoutingTable, gateway: GatewayTable, request: MatchedRequest, visitorOf: VisitorOf): readonly Way[] {
  return through(table, gateway, request, visitorOf, 1).toSorted((a, b) => b.share - a.share)
}

function through(table: RoutingTable, gateway: GatewayTable, request: MatchedRequest, visitorOf: VisitorOf, depth: number): readonly Way[] {
  return outcomes(gateway, request, visitorOf(gateway)).flatMap(({ share, decision }): readonly Way[] => {
    const { route, by, reasons } = decision
    const step: TraceStep = { gateway, by, reasons, ...(route ? { route: route.path } : {}) }
    if (route?.target.is === 'gateway') {
      const { gateway: name } = route.target
      const next = depth < GATEWAYS_MAX ? table.gateways.find(other => other.name === name) : undefined
      if (next) return through(table, next, request, visitorOf, depth + 1).map(way => ({ ...way, share: share * way.share, steps: [step, ...way.steps] }))
    }
    return [{ share, steps: [step], instances: instancesOf(decision) }]
  })
}

interface Outcome { readonly share: number; readonly decision: Decision }

/** What a gateway may decide, by the lots that it draws: first whether a condition takes the request, then which weight does. */
function outcomes(gateway: GatewayTable, request: MatchedRequest, { bond, userKey }: ReturnType<VisitorOf>): readonly Outcome[] {
  const ask = (draws: Partial<Draws>) => decide(gateway, request, { strength: 0, weight: 0, instance: 0, ...draws }, bond, userKey)
  return lotsOf(ask({}), 'strength', gateway).flatMap(strength =>
    lotsOf(ask({ strength: strength.draw }), 'weight', gateway).map(weight => ({ share: strength.share * weight.share, decision: ask({ strength: strength.draw, weight: weight.draw }) })))
}

interface Lot { readonly draw: number; readonly share: number }

const CERTAIN: readonly Lot[] = [{ draw: 0, share: 1 }]

/** One draw for each thing that it may lead to, with how likely that is; a lot that is not drawn leads to one thing. */
function lotsOf({ reasons }: Decision, of: 'strength' | 'weight', gateway: GatewayTable): readonly Lot[] {
  const reason = reasons.find(({ is }) => is === of)
  const parts = reason?.is === 'strength' ? [reason.strength, FULL_SHARE - reason.strength] : reason?.is === 'weight' ? weights(gateway) : undefined
  if (!parts) return CERTAIN
  let start = 0
  return parts.flatMap(part => {
    const draw = (start + 0.5) / FULL_SHARE
    start += part
    return part > 0 ? [{ draw, share: part / FULL_SHARE }] : []
  })
}

/** Of the routes on their scale, and of what nobody takes. */
function weights({ routes }: GatewayTable): readonly number[] {
  const all = routes.map(({ weight }) => weight)
  return [...all, FULL_SHARE - all.reduce((sum, weight) => sum + weight, 0)]
}

function instancesOf({ route, endpoint, reasons }: Decision): readonly string[] {
  if (route?.target.is !== 'endpoints' || !endpoint) return []
  const bound = reasons.some(reason => reason.is === 'instance' && reason.bound)
  return bound ? [endpoint.id] : route.target.endpoints.filter(({ state }) => state === 'ready').map(({ id }) => id)
}

/**
 * What the data plane must do, driver-neutral and complete: an agent that has only this table serves the traffic.
 * Everything is resolved: no references, no names to look up, no instance that should not get traffic.
 */
import type { ConditionNode } from '../condition.ts'
import type { SplitBy, Sticky } from '../gateway.ts'
import type { PolicySettings } from '../policy.ts'

export interface RoutingTable {
  /** Grows with every change; an agent acknowledges by it. */
  readonly revision: number
  readonly gateways: readonly GatewayTable[]
  /** The shared listener for virtual hosts; absent = none. */
  readonly virtual_hosts?: { readonly address: string; readonly port: number }
}

export interface GatewayTable {
  readonly name: string
  readonly lookup_name: string
  /** Where it listens. */
  readonly address: string
  readonly port: number
  readonly mode: 'http' | 'tcp'
  readonly virtual_hosts: readonly string[]
  readonly sticky: Sticky
  readonly split?: SplitBy
  /** Places on the scale of shares follow `smoothDraw` instead of being drawn. */
  readonly smooth?: boolean
  /** In the order in which their conditions are examined. Weights count over all of them. */
  readonly routes: readonly RouteTable[]
  readonly policy?: PolicySettings
}

export interface RouteTable {
  /** The route's path in the gateway. */
  readonly path: string
  readonly lookup_name: string
  /** Share of the traffic that no condition took, in 1/10 000; the routes of a gateway total 10 000, or 0 if nothing may pass. */
  readonly weight: number
  readonly condition?: ConditionNode
  /** Share of the matching traffic that takes this route at once, in 1/10 000. */
  readonly strength: number
  readonly target: RouteTarget
  readonly balance?: string
  readonly rewrites: readonly { readonly path: string; readonly condition: string }[]
  /** What holds for the route: its own policy, and the gateway's where it has none of its own (see `effectivePolicy`). */
  readonly policy?: PolicySettings
  /** Where `policy.failover` leads, in its order. */
  readonly failover?: readonly RouteTarget[]
  /** Where `policy.mirror` leads. */
  readonly mirror?: MirrorTarget
}

/** `route`: a route of the same gateway, whose instances are measured like those of any other. */
export type MirrorTarget = RouteTarget | { readonly is: 'route'; readonly route: string }

export type RouteTarget =
  | { readonly is: 'endpoints'; readonly endpoints: readonly Endpoint[] }
  | { readonly is: 'gateway'; readonly gateway: string }

export interface Endpoint {
  /** Instance id, or `host:port` of an external address. */
  readonly id: string
  readonly host: string
  readonly port: number
  /** `draining`: finish what it has begun (and sticky sessions), nothing new. */
  readonly state: 'ready' | 'draining'
}

/** The full share: weights and strengths are counted in ten-thousandths, so a step is 0.01 %. */
export const FULL_SHARE = 10_000

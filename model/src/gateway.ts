/** A stable endpoint and the weighted, conditional ways out of it. */
import type { Condition } from './condition.ts'
import type { Metadata } from './metadata.ts'
import type { Port } from './port.ts'
import type { Reference } from './reference.ts'
import type { PolicySettings } from './policy.ts'

export type Sticky = 'none' | 'route' | 'instance'

/** Who sees which version is decided by the user, not by the request: the same user stays, and raising a weight only adds users. */
export interface SplitBy {
  readonly by: 'cookie' | 'header'
  readonly name: string
}

export interface Gateway {
  readonly kind: 'gateways'
  /** 1–4 segments: `shop`, `shop/9050` external; `shop/web/http` internal (deployment/cluster/port). */
  readonly name: string
  readonly metadata: Metadata
  readonly port: Port
  readonly service?: { readonly host: string; readonly port: Port }
  readonly sticky: Sticky
  readonly split?: SplitBy
  /** Weights take turns instead of drawing lots: every few requests are divided as the weights say. */
  readonly smooth?: boolean
  readonly virtual_hosts: readonly string[]
  readonly selector?: string
  /** Document order is kept; the first route whose condition matches takes the request. */
  readonly routes: readonly Route[]
  readonly policy?: Reference<PolicySettings>
}

export interface Rewrite {
  readonly kind: 'rewrites'
  readonly name: string
  readonly metadata: Metadata
  /** `NEW_PATH if CONDITION` */
  readonly path: string
}

/** Settings of a route without its path: what a stored route, or one in a gateway, says. */
export interface RouteSettings {
  readonly metadata: Metadata
  /** Percent, 0–100, decimals allowed; absent = a share of what the others leave. */
  readonly weight?: number
  readonly condition?: Reference<Condition>
  /** Percent, 0–100; absent = 100 with an inline condition, else 0. */
  readonly condition_strength?: number
  readonly rewrites: readonly Reference<Rewrite>[]
  /** HAProxy algorithm; absent = `default`. */
  readonly balance?: string
  readonly selector?: string
  readonly policy?: Reference<PolicySettings>
}

export interface Route {
  /** `shop/web/web:1.0/http`, `shop/web/http`, `shop/9050`, `other`, `[10.0.0.1:80]`; inside a cluster's gateway the breed name alone. */
  readonly path: string
  readonly settings: Reference<RouteSettings>
}

/** A stored route (`kind: routes`). */
export interface RouteArtifact extends RouteSettings {
  readonly kind: 'routes'
  readonly name: string
}

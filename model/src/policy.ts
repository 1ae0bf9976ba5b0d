/** Resilience of a gateway or a route. Times in seconds, percentages 0–100. */
import type { Metadata } from './metadata.ts'

export interface PolicySettings {
  readonly timeouts?: { readonly connect?: number; readonly request?: number; readonly idle?: number; readonly tunnel?: number }
  /** Idempotent methods only unless the methods are `any`. */
  readonly retries?: { readonly attempts: number; readonly on: readonly string[]; readonly methods: 'idempotent' | 'any' }
  readonly circuit_breaker?: { readonly consecutive_errors: number; readonly eject: number; readonly max_ejected: number }
  readonly rate_limit?: { readonly requests: number; readonly per: number; readonly by: 'gateway' | 'ip' | 'header'; readonly header?: string }
  readonly connection_limit?: { readonly maximum: number; readonly queue?: number; readonly queue_timeout?: number }
  readonly fault?: { readonly delay?: { readonly time: number; readonly share: number }; readonly abort?: { readonly status: number; readonly share: number } }
  /** A copy, sent when the original has been answered; the copy's answer is thrown away. */
  readonly mirror?: { readonly to: string; readonly share: number; readonly methods: 'GET' | 'any' }
  /** Routes of the gateway, or whatever a route may lead to: the first with an instance takes over from a route that has none. */
  readonly failover?: readonly string[]
  /** Where a route has no instance, requests wait for one, at most `maximum` at a time and none longer than `time`: a service may have been scaled to zero. */
  readonly hold?: { readonly time: number; readonly maximum: number }
  /** Seconds in which an instance that has just come into rotation gets a growing part of its requests. */
  readonly slow_start?: number
  readonly headers?: { readonly request?: HeaderChanges; readonly response?: HeaderChanges }
  readonly redirect?: { readonly to: string; readonly status: number; readonly condition?: string }
  readonly tls?: { readonly certificate: string; readonly key?: string; readonly redirect_http?: boolean }
  readonly maintenance?: { readonly status: number; readonly body: string; readonly retry_after?: number }
}

export interface HeaderChanges {
  readonly set?: Readonly<Record<string, string>>
  readonly add?: Readonly<Record<string, string>>
  readonly remove?: readonly string[]
}

export interface Policy extends PolicySettings {
  readonly kind: 'policies'
  readonly name: string
  readonly metadata: Metadata
}

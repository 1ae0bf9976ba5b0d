/** Where an agent's table comes from and its measurements go: in-process now; http, etcd, ZooKeeper, Consul beside it later. */
import type { RoutingTable } from '@vamp/model/routing/table'
import type { Window } from '@vamp/model/metric'

/** A route that clearly more was asked of than before, in the last so many milliseconds. */
export interface Surge { readonly route: string; readonly requests: number; readonly ms: number }

/** By route path: the share of each that is in force, in 1/10 000. */
export interface CarriedShares { readonly name: string; readonly routes: Readonly<Record<string, number>> }

/** What an agent says about itself after every `apply`, every second, and when a route is suddenly asked for more. */
export interface AgentReport {
  readonly agent: string
  /** When it was made, Unix milliseconds by the agent's clock, so that the server notices when that is off. */
  readonly time?: number
  readonly driver: 'memory' | 'haproxy' | 'embedded'
  /** The last table that the proxy confirmed; 0 = none yet. */
  readonly acknowledged: number
  /** Endpoints of the confirmed table. */
  readonly endpoints: readonly { readonly id: string; readonly state: 'ready' | 'draining'; readonly connections: number }[]
  /** Those that it has no more and that have not finished what they began; absent = none. */
  readonly finishing?: readonly { readonly id: string; readonly connections: number }[]
  /** Of each gateway of the confirmed table. What did not change is the same object as in the report before. */
  readonly shares: readonly CarriedShares[]
  /** Why the newest table is not in force, if it is not; by gateway where it is known. */
  readonly refusal?: { readonly revision: number; readonly code: string; readonly reason: string; readonly gateway?: string }
  /** Requests that wait for a first instance; absent = none. */
  readonly waiting?: readonly { readonly gateway: string; readonly route: string; readonly requests: number }[]
  /** Only in what is told at the moment; absent = none. */
  readonly surges?: readonly Surge[]
  /** Instances that a circuit breaker keeps out; absent = none. */
  readonly ejected?: readonly string[]
  readonly reloads: number
  /** The newest reload and what forced it, in words. */
  readonly lastReload?: { readonly revision: number; readonly reasons: readonly string[] }
}

export interface Link {
  /** Called with every new table; the newest wins. Returns what ends the subscription. */
  onTable(listener: (table: RoutingTable) => void): () => void
  report(report: AgentReport): void
  /** Takes a window; the agent keeps it (bounded) and sends it again until this resolves. */
  deliver(window: Window): Promise<void>
}

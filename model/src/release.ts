/** A new version on its way to all the traffic, or back. */
import type { Metadata } from './metadata.ts'
import type { Reference } from './reference.ts'
import type { Scale } from './scale.ts'

export type Strategy = 'canary' | 'blue-green' | 'rolling' | 'shadow' | 'experiment'

/** `auto`: the exposure budget decides; a ladder: shares in percent, each held for `hold` seconds and until its evidence is in. */
export type Ramp =
  | { readonly is: 'auto' }
  | { readonly is: 'ladder'; readonly steps: readonly number[]; readonly hold: number }

export interface Objective {
  /** `error_rate`, `latency_p50` … `latency_p999`, `event:<type>`. */
  readonly metric: string
  /** Tolerated harm: absolute share (0.002 = 0.2 %) for `error_rate`, relative (0.1 = 10 %) for latencies and events; absent = the judge's default. */
  readonly margin?: number
  /** Of an event: seconds after a session began within which it counts for it (default 1800). */
  readonly within?: number
  readonly goal: 'not-worse' | 'better'
}

export type Gate =
  | { readonly is: 'approve'; readonly who: string; readonly before: number }
  | { readonly is: 'webhook'; readonly url: string; readonly before: number }
  | { readonly is: 'window'; readonly window: string; readonly before: number }
  | { readonly is: 'release'; readonly release: string; readonly before: number }

/** Clock minimums, seconds. They bound how soon a verdict of health may come; evidence is never bought with them. */
export interface ReleaseClock {
  /** Not promoted earlier than this after the first request (default 300). */
  readonly minimum: number
  /** Undecided after this: hold and ask (default 1800). */
  readonly maximum: number
  /** Latency of the first seconds of a cold instance does not count (default 30). */
  readonly warm_up: number
  /** Time at half of the traffic before promotion (default 120). */
  readonly load_check: number
  /** Old version keeps `1 − hold_back_share` … of the traffic after promotion is decided (default 900). */
  readonly hold_back: number
}

/** Requests that Vamp itself sends to the cluster while the release is judged: `rate` per second, GET, to `path`. */
export interface Visitors {
  readonly rate: number
  readonly path: string
}

export interface Release {
  readonly kind: 'releases'
  readonly name: string
  readonly metadata: Metadata
  readonly deployment: string
  readonly cluster: string
  /** A breed; for experiments several. */
  readonly to: readonly string[]
  /** Absent: what holds the traffic when the release starts. */
  readonly from?: string
  /** What the new version starts with; absent: as the version it replaces. */
  readonly scale?: Reference<Scale>
  /** `scale: {instances: 2}` alone: so many instances of the size of the version it replaces; never beside `scale`. */
  readonly instances?: number
  /** A condition expression: only these visitors take part. */
  readonly audience?: string
  readonly strategy: Strategy
  readonly ramp: Ramp
  readonly objectives: readonly Objective[]
  /** Percent: 99 = at most 1 % of healthy releases are ever rolled back by chance. */
  readonly confidence: number
  readonly exposure: { readonly bad_requests: number }
  readonly gates: readonly Gate[]
  /** Names of the releases that go with it: together to all the traffic, or together back. It may name itself. */
  readonly train: readonly string[]
  /** What becomes of a release of the same cluster that is under way: it is waited for, or aborted and replaced. */
  readonly in_flight: 'wait' | 'replace'
  /** Share of the whole service's requests that may fail for ten seconds before the release is suspected of harming both versions; absent: five times what is usual, at least 5 %. */
  readonly guard?: number
  readonly visitors?: Visitors
  /** Seconds that the old version stays warm after promotion (default 1800). */
  readonly keep: number
  readonly clock: ReleaseClock
}

/** Every knob of the judge. Clock minimums may be shortened freely; they never buy evidence. */

import type { EventMetric } from './outcomes.ts'

/** A quantity in which harm is looked for. Shares of the weight must sum to 1: they divide one false-alarm budget. */
export type HarmMetric =
  /** `odds`: failing odds of the new version up to this multiple of the old one's are tolerated. */
  | { readonly is: 'errors'; readonly metric: string; readonly weight: number; readonly odds: number }
  /** `margin`: a slowdown at this quantile up to this fraction is tolerated (0.04 = 4 %). */
  | { readonly is: 'latency'; readonly metric: string; readonly weight: number; readonly quantile: number; readonly margin: number }

/** What must be shown before all the traffic moves. */
export interface SafetySettings {
  /** Errors are safe when the new version's failing odds are shown to be below this multiple of the old one's … */
  readonly errorOdds: number
  /** … or its error rate to exceed the old one's by at most this (0.0025 = 0.25 points). */
  readonly errorExcess: number
  /** Each quantile must be shown not to be slower by the margin; the quantile must be one of the harm metrics'. */
  readonly latency: readonly { readonly quantile: number; readonly margin: number }[]
  /** Evidence (odds) that each of these needs; 20 = at most 5 % of unsafe versions pass by chance. */
  readonly evidence: number
}

/** `auto`: the exposure budget decides. Ladder: shares in [0, 1], each held for `hold` seconds and until the next is within the budget. */
export type RampSettings =
  | { readonly is: 'auto' }
  | { readonly is: 'ladder'; readonly steps: readonly number[]; readonly hold: number }

/** Seconds. */
export interface ClockSettings {
  /** No promotion earlier than this after the first request: leaks need time, not traffic. */
  readonly minimum: number
  /** Undecided after this: hold and ask. */
  readonly maximum: number
  /** Latency of the first seconds of cold instances is not counted. */
  readonly warmUp: number
  /** Time at half of the traffic before a promotion. */
  readonly loadCheck: number
  /** After a promotion the old version keeps a little for this long, while rollback stays armed. */
  readonly holdBack: number
}

export interface JudgeSettings {
  /** 0.99 = at most 1 in 100 releases that are no worse than the margins is ever rolled back by chance. */
  readonly confidence: number
  /** Latencies in ascending order of their quantiles. */
  readonly metrics: readonly HarmMetric[]
  /** What sessions lead to; their weights and those of `metrics` sum to 1. */
  readonly events?: readonly EventMetric[]
  readonly safety: SafetySettings
  readonly ramp: RampSettings
  /** At most about `badRequests` bad requests may be served in any `seconds`, were the new version as bad as cannot be excluded yet. */
  readonly exposure: { readonly badRequests: number; readonly seconds: number }
  /** The first share gives the new version this many requests per second, within [least, most]. */
  readonly start: { readonly requestsPerSecond: number; readonly least: number; readonly most: number }
  /** Largest growth of the share per second. */
  readonly growth: number
  /** Largest shares while cold, while testing, for the load check, and while held back. */
  readonly shares: { readonly warmUp: number; readonly test: number; readonly loadCheck: number; readonly holdBack: number }
  readonly clock: ClockSettings
  /** Whether the share that the new version gets is checked against the ordered one. Not where sessions stick: they follow an order late. */
  readonly sampleRatio: boolean
  /** Evidence of harm (odds) at which the ramp stops, and at which a person is warned. */
  readonly freezeAt: number
  readonly warnAt: number
}

/** The whole budget of bad requests of a release is twenty times what one reaction window may cost. */
export const WINDOWS_PER_RELEASE = 20

export const DEFAULT_SETTINGS: JudgeSettings = {
  confidence: 0.99,
  metrics: [
    { is: 'errors', metric: 'error_rate', weight: 1 / 2, odds: 1.05 },
    { is: 'latency', metric: 'latency_p50', weight: 1 / 12, quantile: 0.5, margin: 0.04 },
    { is: 'latency', metric: 'latency_p75', weight: 1 / 12, quantile: 0.75, margin: 0.04 },
    { is: 'latency', metric: 'latency_p90', weight: 1 / 12, quantile: 0.9, margin: 0.04 },
    { is: 'latency', metric: 'latency_p95', weight: 1 / 12, quantile: 0.95, margin: 0.04 },
    { is: 'latency', metric: 'latency_p99', weight: 1 / 12, quantile: 0.99, margin: 0.04 },
    { is: 'latency', metric: 'latency_p999', weight: 1 / 12, quantile: 0.999, margin: 0.04 },
  ],
  safety: { errorOdds: 1.5, errorExcess: 0.0025, latency: [{ quantile: 0.5, margin: 0.1 }, { quantile: 0.99, margin: 0.25 }], evidence: 20 },
  ramp: { is: 'auto' },
  exposure: { badRequests: 10, seconds: 5 },
  start: { requestsPerSecond: 2, least: 0.002, most: 0.2 },
  growth: 1.25,
  shares: { warmUp: 0.05, test: 0.25, loadCheck: 0.5, holdBack: 0.9 },
  clock: { minimum: 300, maximum: 1800, warmUp: 30, loadCheck: 120, holdBack: 900 },
  sampleRatio: true,
  freezeAt: 3,
  warnAt: 20,
}

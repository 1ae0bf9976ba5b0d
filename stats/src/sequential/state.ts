/** What the judge remembers: plain data of finite numbers, so that it survives JSON bit for bit. Bounded: less than 20 kB. */
import type { ClumpState } from './clumps.ts'
import type { DispersionState } from './dispersion.ts'
import type { CapitalState } from './harm.ts'
import type { Histogram } from './histogram.ts'
import type { IntervalState } from './interval.ts'
import type { OutcomeState } from './outcomes.ts'
import type { SampleRatioState } from './sample-ratio.ts'
import type { JudgeSettings } from './settings.ts'
import type { SpreadState } from './spread.ts'
import type { StratumCounts } from './stratum.ts'
import type { ThresholdState } from './thresholds.ts'

export interface JudgeState {
  readonly settings: JudgeSettings
  /** The last second taken in. */
  second: number | null
  /** The last share that was in force for a whole second, and since when; 0 before the first. */
  share: number
  shareSince: number | null
  /** The share to begin with, fixed by the traffic when the first second was judged, and the second the new version's traffic began. */
  start: number | null
  runningSince: number | null
  /** Requests per second of both versions, a mean over half a minute; null before any second was seen. */
  rate: number | null
  /** How many seconds that mean is of, up to half a minute; absent in what older servers stored. */
  rateSeconds?: number
  /** Seconds since the last request of either version; absent in what older servers stored. */
  silent?: number
  readonly thresholds: ThresholdState
  readonly dispersion: DispersionState
  /** Of the units that errors are counted in, and of failed requests; `old`: the old version's alone. */
  readonly clumps: { readonly old: readonly [ClumpState, ClumpState]; readonly both: readonly [ClumpState, ClumpState] }
  /** Of latency, by version. */
  readonly spread: { readonly old: SpreadState; readonly fresh: SpreadState }
  /** Seconds not yet judged: too few requests so far. */
  stratum: StratumCounts
  readonly capital: CapitalState
  /** ln M per harm metric and alternative. */
  readonly harm: number[][]
  /** One per event of the settings. */
  readonly outcomes: OutcomeState[]
  /** Log evidence per alternative: [0] for the errors, then one row per latency of `settings.safety`. */
  readonly safety: number[][]
  /** One per harm metric whose ratio is shown. */
  readonly intervals: IntervalState[]
  readonly sampleRatio: SampleRatioState
  readonly totals: Totals
}

/** Sums over all judged seconds. Concurrent: the old version's rate in each second, weighted by the new one's requests. */
export interface Totals {
  baselineRequests: number
  baselineErrors: number
  canaryRequests: number
  canaryErrors: number
  /** Per harm metric, and last of failed requests: the new version's units and events in strata that the old one took part in, and the events expected at the old one's rate. */
  units: number[]
  events: number[]
  expected: number[]
  readonly canaryLatency: Histogram
  /** In thousandths of a request. */
  readonly concurrentLatency: Histogram
}

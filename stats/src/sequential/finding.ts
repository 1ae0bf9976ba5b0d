/** What is known about each metric by itself. */
import { millisecondsOf } from '../sketch.ts'
import { type Histogram, quantileBuckets } from './histogram.ts'
import { oddsInterval } from './interval.ts'
import { harmNoise } from './noise.ts'
import { type OutcomeState, outcomeOdds } from './outcomes.ts'
import { safetyEvidence } from './safety.ts'
import * as say from './sentence.ts'
import type { JudgeState } from './state.ts'

export type Finding = 'better' | 'not worse' | 'worse' | 'undecided'

export interface MetricVerdict {
  readonly metric: string
  readonly finding: Finding
  /** Evidence of harm in this metric alone, as odds. */
  readonly harm: number
  /** Evidence of safety, as odds; 1 where no safety is asked for. */
  readonly safety: number
  /** How many times more than independent requests this metric varies, 1 or more: evidence is divided by it. */
  readonly noise: number
  /** Rate of failures, milliseconds at the quantile, or share of the sessions, in the same seconds; null: nothing measured. */
  readonly baseline: number | null
  readonly canary: number | null
  /** Odds ratio of the event (failing; slower than the old version's quantile), at 95 %, at all times; only where it is kept. */
  readonly odds?: { readonly low: number | null; readonly high: number | null }
  readonly sentence: string
}

const SHOWN_CONFIDENCE = 0.95

/** `closed`: the evidence against each metric that holds whatever is true of the others; `errorsShown`: to be safe, in whichever way. */
export function findings(state: JudgeState, evidence: readonly number[], closed: readonly number[], errorsShown: boolean): MetricVerdict[] {
  const { settings, totals, safety, intervals } = state
  const quantiles = settings.metrics.flatMap(metric => metric.is === 'latency' ? [metric.quantile] : [])
  const levels = (latency: Histogram) => quantileBuckets(latency, quantiles).map(bucket => bucket === null ? null : millisecondsOf(bucket))
  const [old, fresh] = [levels(totals.concurrentLatency), levels(totals.canaryLatency)]
  return settings.metrics.map((metric, at) => {
    const kept = intervals.find(interval => interval.metric === at)
    const odds = kept && oddsInterval(kept, SHOWN_CONFIDENCE)
    const row = metric.is === 'errors' ? 0 : settings.safety.latency.findIndex(({ quantile }) => quantile === metric.quantile) + 1
    const asked = metric.is === 'errors' || row > 0
    const safe = asked ? safetyEvidence(safety[row] ?? []) : 1
    const worse = (closed[at] ?? 0) >= 1 / (1 - settings.confidence)
    const finding: Finding = worse ? 'worse' : odds?.high && odds.high < 1 ? 'better' : safe >= settings.safety.evidence || (metric.is === 'errors' && errorsShown) ? 'not worse' : 'undecided'
    const common = { metric: metric.metric, finding, harm: evidence[at] ?? 1, safety: safe, noise: harmNoise(state, at), ...(odds ? { odds } : {}) }
    if (metric.is === 'errors') {
      const failed = settings.metrics.length
      const units = totals.units[failed] ?? 0
      const events = totals.events[failed] ?? 0
      const expected = totals.expected[failed] ?? 0
      return { ...common, baseline: units ? expected / units : null, canary: units ? events / units : null, sentence: say.errors(events, units, expected) }
    }
    const place = quantiles.indexOf(metric.quantile)
    const [baseline = null, canary = null] = [old[place], fresh[place]]
    return { ...common, baseline, canary, sentence: say.latency(metric.quantile, canary, baseline) }
  })
}

/** What sessions led to. Here more is better, and so are odds above 1. */
export function eventFindings({ settings, outcomes }: JudgeState, evidence: readonly number[], closed: readonly number[]): MetricVerdict[] {
  const first = settings.metrics.length
  return (settings.events ?? []).flatMap(({ metric }, at): MetricVerdict[] => {
    const outcome = outcomes[at]
    if (!outcome) return []
    const { freshSessions, freshReached, expected } = outcome
    const safe = safetyEvidence(outcome.safety)
    const worse = (closed[first + at] ?? 0) >= 1 / (1 - settings.confidence)
    const finding: Finding = worse ? 'worse' : isBetter(outcome) ? 'better' : safe >= settings.safety.evidence ? 'not worse' : 'undecided'
    return [{
      metric, finding, harm: evidence[first + at] ?? 1, safety: safe, noise: 1, odds: outcomeOdds(outcome, SHOWN_CONFIDENCE),
      baseline: freshSessions > 0 ? expected / freshSessions : null, canary: freshSessions > 0 ? freshReached / freshSessions : null,
      sentence: say.sessions(metric, freshReached, freshSessions, expected),
    }]
  })
}

export function isBetter(outcome: OutcomeState): boolean {
  return (outcomeOdds(outcome, SHOWN_CONFIDENCE).low ?? 0) > 1
}

/**
 * The ratio of the odds of both versions, as an interval that holds at every time at once: the ratios that the whole
 * likelihood, averaged over a broad prior, does not outbid a hundred (or twenty) to one. Robbins' method of mixtures.
 */
import { logMoment } from './hypergeometric.ts'
import { logSum } from './log-sum.ts'
import { tells } from './harm.ts'
import type { Counts } from './stratum.ts'

/** Log odds ratios from −4 to 4: close together around equality, a tenth apart, twice as far at the ends. */
const POINTS = 41
const REACH = 4
const BEND = 2.2
/** The prior's scale: ratios within ×2 are expected. */
const SCALE = 0.7

export interface IntervalState {
  /** Which harm metric. */
  readonly metric: number
  /** Log likelihood at each log odds ratio. */
  readonly profile: number[]
}

export interface OddsInterval { readonly low: number | null; readonly high: number | null }

export function newInterval(metric: number): IntervalState {
  return { metric, profile: Array.from({ length: POINTS }, () => 0) }
}

export function narrow(state: IntervalState, counts: Counts, noise: number): void {
  if (!tells(counts)) return
  const events = counts.oldEvents + counts.freshEvents
  for (let at = 0; at < POINTS; at++) {
    const theta = point(at)
    state.profile[at] = (state.profile[at] ?? 0) + (theta * counts.freshEvents - logMoment(counts.oldUnits, counts.freshUnits, events, theta)) / noise
  }
}

/** Odds ratios that are not excluded at `confidence`; null: no bound within e^±4. */
export function oddsInterval(state: IntervalState, confidence: number): OddsInterval {
  const mixture = logSum(state.profile.map((log, at) => log + (LOG_PRIOR[at] ?? 0)))
  const kept = state.profile.map((log, at) => mixture - log < -Math.log1p(-confidence) ? at : -1).filter(at => at >= 0)
  const first = kept[0] ?? 0
  const last = kept.at(-1) ?? POINTS - 1
  // Between two grid points the bound is the outer one: never tighter than proven.
  return { low: first === 0 ? null : Math.exp(point(first - 1)), high: last === POINTS - 1 ? null : Math.exp(point(last + 1)) }
}

function point(at: number): number {
  return GRID[at] ?? REACH
}

const GRID = Array.from({ length: POINTS }, (_, at) => REACH * Math.sinh(BEND * (2 * at / (POINTS - 1) - 1)) / Math.sinh(BEND))
const LOG_PRIOR = logPrior()

function logPrior(): number[] {
  const step = (at: number) => (GRID[Math.min(POINTS - 1, at + 1)] ?? 0) - (GRID[Math.max(0, at - 1)] ?? 0)
  const weights = GRID.map((theta, at) => Math.log(step(at)) - Math.log1p((theta / SCALE) ** 2))
  const all = logSum(weights)
  return weights.map(weight => weight - all)
}

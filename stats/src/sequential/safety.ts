/** Evidence that the new version is not worse than a wider margin: what a promotion has to show. */
import { logMoment } from './hypergeometric.ts'
import { expBounded, logSum } from './log-sum.ts'
import { tells, tempered } from './harm.ts'
import type { Counts } from './stratum.ts'

/** Log odds ratios below the margin that are bet on, besides the one that is expected. */
const REVERSED: readonly number[] = [0.1, 0.2, 0.4, 0.8, 1.6]
/** Half of the capital expects the new version to be as good as the old one; the rest is spread. */
const LOG_WEIGHTS: readonly number[] = [Math.log(0.5), ...REVERSED.map(() => Math.log(0.5 / REVERSED.length))]

export function newSafety(): number[] {
  return LOG_WEIGHTS.map(() => 0)
}

/**
 * The bets against "the odds are at least e^margin times the old version's". `expected`: how far below the margin the log odds
 * are if both versions are alike, as far as the past tells; it may change from stratum to stratum.
 */
export function betOnSafety(logs: number[], counts: Counts, margin: number, noise: number, expected: number): void {
  if (!tells(counts)) return
  const { oldUnits, freshUnits, freshEvents } = counts
  const events = counts.oldEvents + freshEvents
  const atMargin = logMoment(oldUnits, freshUnits, events, margin)
  for (let at = 0; at < LOG_WEIGHTS.length; at++) {
    const delta = at === 0 ? expected : REVERSED[at - 1] ?? 0
    logs[at] = (logs[at] ?? 0) + tempered(-delta * freshEvents - logMoment(oldUnits, freshUnits, events, margin - delta) + atMargin, noise)
  }
}

export function safetyEvidence(logs: readonly number[]): number {
  return expBounded(logSafety(logs))
}

export function logSafety(logs: readonly number[]): number {
  return logSum(logs.map((log, at) => log + (LOG_WEIGHTS[at] ?? 0)))
}

/**
 * Shares of the bound at which the true rate may lie, and how much of the capital bets on each; 0 is a version that never fails. Most bets on half
 * of the bound: there lies what is safe and had bad luck, which needs every failure's worth of evidence.
 */
const FRACTIONS: readonly (readonly [fraction: number, logWeight: number])[] = [
  [0, Math.log(0.18)], [0.1, Math.log(0.1)], [0.25, Math.log(0.1)], [0.5, Math.log(0.58)], [0.75, Math.log(0.02)], [0.9, Math.log(0.02)],
]
const HALVINGS = 40
const PRECISION = 1e-4

/**
 * The largest rate that so many events among so many units do not exclude, at every time: the smallest u for which capital
 * that bets on rates f·u reaches `evidence` (Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting").
 */
export function rateBound(units: number, events: number, evidence: number): number {
  if (units <= 0) return 1
  const wanted = Math.log(evidence)
  let low = Math.min(1, events / units)
  let high = 1
  for (let step = 0; step < HALVINGS && high - low > PRECISION * high; step++) {
    const middle = (low + high) / 2
    if (logCapital(units, events, middle) >= wanted) high = middle
    else low = middle
  }
  return high
}

function logCapital(units: number, events: number, bound: number): number {
  if (bound >= 1) return Number.POSITIVE_INFINITY
  const fewer = units - events
  const atBound = Math.log1p(-bound)
  let most = Number.NEGATIVE_INFINITY
  let sum = 0
  for (const [fraction, logWeight] of FRACTIONS) {
    if (fraction === 0 && events > 0) continue
    const log = logWeight + (events > 0 ? events * Math.log(fraction) : 0) + fewer * (Math.log1p(-fraction * bound) - atBound)
    if (log > most) {
      sum = sum * Math.exp(most - log) + 1
      most = log
    } else sum += Math.exp(log - most)
  }
  return most + Math.log(sum)
}

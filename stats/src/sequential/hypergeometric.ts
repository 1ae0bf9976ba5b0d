/**
 * The law of "how many of the m events fell to the new version", given the requests of both: Fisher's noncentral
 * hypergeometric law. The level that both versions share in that second cancels out of it, whatever it is.
 */
import { logFactorial } from './log-gamma.ts'

/** Terms smaller than this, relative to the largest, are left out of the sum. */
const NEGLIGIBLE = 1e-14

/**
 * K(θ) = ln E[e^{θX}] for X central hypergeometric: `events` of `old + fresh` requests, X of them among the `fresh`.
 * Exact to rounding and free of overflow for any counts; the sum runs outwards from its largest term.
 * Liao & Rosen, "Fast and stable algorithms for computing and sampling from the noncentral hypergeometric distribution", 2001.
 */
export function logMoment(old: number, fresh: number, events: number, theta: number): number {
  if (theta === 0) return 0
  const least = Math.max(0, events - old)
  const most = Math.min(events, fresh)
  if (least === most) return theta * least
  if (events === 1) return Math.log1p((fresh / (old + fresh)) * Math.expm1(theta))
  const odds = Math.exp(theta)
  const peak = Math.min(most, Math.max(least, mode(old, fresh, events, odds)))
  const others = old - events
  let sum = 1
  for (let k = peak + 1, term = 1; k <= most; k++) {
    term *= odds * (fresh - k + 1) * (events - k + 1) / (k * (others + k))
    sum += term
    if (term < NEGLIGIBLE) break
  }
  for (let k = peak, term = 1; k > least; k--) {
    term *= k * (others + k) / (odds * (fresh - k + 1) * (events - k + 1))
    sum += term
    if (term < NEGLIGIBLE) break
  }
  return logChoose(fresh, peak) + logChoose(old, events - peak) - logChoose(old + fresh, events) + theta * peak + Math.log(sum)
}

/**
 * At least K(θ), at the price of one logarithm: drawing with replacement spreads more (Hoeffding 1963). Bets on it are still fair,
 * and grow more slowly by about the share that the events are of the requests.
 */
export function logMomentBound(old: number, fresh: number, events: number, theta: number): number {
  return events * Math.log1p((fresh / (old + fresh)) * Math.expm1(theta))
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k)
}

/** The largest k whose term is not smaller than the one before: a root of a quadratic, in the form that does not cancel. */
function mode(old: number, fresh: number, events: number, odds: number): number {
  const a = odds - 1
  const b = odds * (fresh + events + 2) + old - events
  const c = odds * (fresh + 1) * (events + 1)
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c))
  return Math.floor(b > 0 ? 2 * c / (b + root) : (b - root) / (2 * a))
}

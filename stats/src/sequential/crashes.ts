/**
 * How surely an instance ends by itself more often than it may: a Poisson process of unknown rate, held against rates up to `usual`.
 * The likelihood averaged over a Gamma(½, 5 s) prior, divided by the largest one that those rates allow (universal inference:
 * Wasserman, Ramdas, Balakrishnan 2020, PNAS 117(29), section 7). Its mean is at most 1 at every moment while the rate is one of
 * those, so looking at it all the time costs nothing (Ville's inequality).
 */
import { logGamma } from './log-gamma.ts'

const [SHAPE, SCALE_SECONDS] = [0.5, 5]

/** Odds. `usual`: per second. */
export function crashOdds(crashes: number, seconds: number, usual: number): number {
  const averaged = logGamma(SHAPE + crashes) - logGamma(SHAPE) + SHAPE * Math.log(SCALE_SECONDS) - (SHAPE + crashes) * Math.log(SCALE_SECONDS + seconds)
  const rate = Math.min(usual, crashes / seconds)
  const largest = crashes === 0 ? 0 : crashes * Math.log(rate) - rate * seconds
  return Math.exp(averaged - largest)
}

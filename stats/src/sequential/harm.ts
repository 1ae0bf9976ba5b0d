/**
 * Evidence of harm, as capital that bets on it: under "the new version is no worse than its margin" every bet is at best
 * fair, so capital that has grown a hundredfold is seen in fewer than one of a hundred such releases, however often one
 * looks (Ville 1939). Part of the capital enters late, for faults that begin late (Shin, Ramdas & Rinaldo, "E-detectors").
 */
import { logMoment, logMomentBound } from './hypergeometric.ts'
import { EXPONENT_MAX, expBounded, logAdd, logMean } from './log-sum.ts'
import type { Counts } from './stratum.ts'

/** Log odds ratios beyond the margin that are bet on; doubling steps lose at most 17 % of the best growth rate. */
export const ALTERNATIVES: readonly number[] = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5]

const AT_START = 0.6
const PER_MILESTONE = 0.05
/** Shares of traffic at which a fault that needs load may begin. */
const MILESTONES: readonly number[] = [0.05, 0.1, 0.25, 0.5, 0.9]
const AT_HAZARD = 0.15
const HAZARD_SECONDS = 900

/** More noise than this is not trusted to its second moment alone. */
const NOISY = 2
export const NOISY_FACTOR = 1.25
/** With noise, no single stratum may say more than this (nats): min(e, c) is still fair. */
const NOISY_NATS_MAX = 3
/** No single stratum may say more than this (nats) of latency: whatever makes many requests slow at once, once, is a stall. */
const LATENCY_NATS_MAX = 1.5
/** Where it is noisy, instances stall, and the same one for a while: what ten seconds say is about one piece of evidence. */
const NOISY_LATENCY_NATS_PER_SECOND = 0.1

/** With so many events, harm as large as this is proven by the smaller alternatives at once: its exact law is not worth its time. */
const MANY_EVENTS = 1000
const LARGE = 1.6

export interface CapitalState {
  /** Not yet bet. */
  cash: number
  /** Of it, for faults that begin at any time. */
  hazard: number
  milestones: number
}

export function newCapital(): CapitalState {
  return { cash: 1 - AT_START, hazard: AT_HAZARD, milestones: 0 }
}

export function newHarm(metrics: number): number[][] {
  return Array.from({ length: metrics }, () => ALTERNATIVES.map(() => Math.log(AT_START)))
}

/** What enters the bets before a stratum of so many seconds at this share: known before its outcome. */
export function inject(capital: CapitalState, seconds: number, share: number): number {
  let injected = capital.hazard * -Math.expm1(-seconds / HAZARD_SECONDS)
  capital.hazard -= injected
  while (capital.milestones < MILESTONES.length && share >= (MILESTONES[capital.milestones] ?? 1)) {
    capital.milestones += 1
    injected += PER_MILESTONE
  }
  capital.cash = Math.max(0, capital.cash - injected)
  return injected
}

/** Lets all bets of one metric see one stratum. `margin`: log odds that are tolerated; `noise` ≥ 1: the dispersion; `most`: nats that it may say. */
export function bet(logs: number[], counts: Counts, margin: number, noise: number, injected: number, most = EXPONENT_MAX): void {
  const { oldUnits, freshUnits, freshEvents } = counts
  const events = counts.oldEvents + freshEvents
  const told = tells(counts)
  const atMargin = told ? logMoment(oldUnits, freshUnits, events, margin) : 0
  const entering = Math.log(injected)
  for (let at = 0; at < ALTERNATIVES.length; at++) {
    const delta = ALTERNATIVES[at] ?? 0
    const moment = events > MANY_EVENTS && delta >= LARGE ? logMomentBound : logMoment
    const gain = told ? tempered(delta * freshEvents - moment(oldUnits, freshUnits, events, margin + delta) + atMargin, noise, most) : 0
    logs[at] = (injected > 0 ? logAdd(logs[at] ?? 0, entering) : logs[at] ?? 0) + gain
  }
}

/** A stratum says nothing if a version is missing from it, or if all or none of its requests were events. */
export function tells(counts: Counts): boolean {
  const events = counts.oldEvents + counts.freshEvents
  return counts.oldUnits > 0 && counts.freshUnits > 0 && events > 0 && events < counts.oldUnits + counts.freshUnits
}

/**
 * A log likelihood ratio, weakened for outcomes that vary `noise` times more than independent ones: with U the score and V
 * its nominal variance, E exp(η(δU − δ²V/2)) ≤ 1 needs η ≤ 1/noise.
 */
export function tempered(gain: number, noise: number, most = EXPONENT_MAX): number {
  const scaled = gain / (noise > NOISY ? NOISY_FACTOR * noise : noise)
  return Math.min(most, noise > NOISY ? NOISY_NATS_MAX : EXPONENT_MAX, Math.max(-EXPONENT_MAX, scaled))
}

/** The most that a stratum of so many seconds may say of a latency. */
export function latencyNats(noise: number, seconds: number): number {
  return noise > NOISY ? NOISY_LATENCY_NATS_PER_SECOND * seconds : LATENCY_NATS_MAX
}

/** The capital of one metric by itself. */
export function metricEvidence(logs: readonly number[], cash: number): number {
  return cash + expBounded(logMean(logs))
}

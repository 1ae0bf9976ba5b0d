/**
 * The judge of a release, as one pure state machine over seconds of traffic.
 *
 *     let state = newJudge(DEFAULT_SETTINGS)
 *     state = observeBaseline(state, second)      // the old version alone: what is slow, how noisy is it
 *     state = advance(state, second)              // both versions, second by second
 *     const decision = decide(state, { elapsed, atLoadCheck })
 *
 * The same seconds give the same state and the same decision, bit for bit, also when the state went through JSON meanwhile.
 */
import { millisecondsOf } from '../sketch.ts'
import type { ArmPart, ArmSecond, BaselineSecond, JudgedSecond } from './arm-second.ts'
import { clumpNoise, learnClumps, newClumps } from './clumps.ts'
import { learnNoise, newDispersion, turnBlocks } from './dispersion.ts'
import { bet, inject, latencyNats, newCapital, newHarm, NOISY_FACTOR } from './harm.ts'
import { addSketch, newHistogram } from './histogram.ts'
import { narrow, newInterval } from './interval.ts'
import { harmNoise } from './noise.ts'
import { enterOutcome, learnOutcome, type MaturedSessions, newOutcome } from './outcomes.ts'
import { isSilence, startShare } from './ramp.ts'
import { betOnSafety, newSafety } from './safety.ts'
import { countShare, newSampleRatio } from './sample-ratio.ts'
import type { HarmMetric, JudgeSettings } from './settings.ts'
import type { JudgeState } from './state.ts'
import { learnSpread, newSpread, slowByInstance, turnSpread } from './spread.ts'
import { addSecond, type Counts, isFull, newStratum, slowBuckets } from './stratum.ts'
import { learnLatency, type Moved, newThresholds, turnMinute } from './thresholds.ts'

export type { ArmInstance, ArmPart, ArmSecond, BaselineSecond, JudgedSecond } from './arm-second.ts'
export { decide, provesHarm } from './decide.ts'
export type { Decision, DecisionClock, MetricVerdict } from './decide.ts'
export type { JudgeState } from './state.ts'

/** The mean of the request rate reaches back about this far. */
const RATE_SECONDS = 30
/** Thousandths: concurrent latencies are kept as whole numbers. */
const PER_REQUEST = 1000
/** Share of requests whose duration tells how long a changed share takes to show. */
const SETTLED_QUANTILE = 0.99

export function newJudge(settings: JudgeSettings): JudgeState {
  const metrics = settings.metrics.length
  const shown = settings.metrics.flatMap((metric, at) => metric.is === 'errors' || metric.quantile === SETTLED_QUANTILE ? [at] : [])
  const zeros = () => Array.from({ length: metrics + 1 }, () => 0)
  return {
    settings, second: null, share: 0, shareSince: null, start: null, runningSince: null, rate: null, rateSeconds: 0,
    thresholds: newThresholds(quantilesOf(settings).length),
    dispersion: newDispersion(metrics),
    clumps: { old: [newClumps(), newClumps()], both: [newClumps(), newClumps()] },
    spread: { old: newSpread(quantilesOf(settings).length), fresh: newSpread(quantilesOf(settings).length) },
    stratum: newStratum(settings),
    capital: newCapital(),
    harm: newHarm(metrics),
    outcomes: (settings.events ?? []).map(() => newOutcome(newHarm(1)[0] ?? [])),
    safety: [newSafety(), ...settings.safety.latency.map(newSafety)],
    intervals: shown.map(newInterval),
    sampleRatio: newSampleRatio(),
    totals: {
      baselineRequests: 0, baselineErrors: 0, canaryRequests: 0, canaryErrors: 0,
      units: zeros(), events: zeros(), expected: zeros(), canaryLatency: newHistogram(), concurrentLatency: newHistogram(),
    },
  }
}

/** Learns from a second in which the new version had no traffic yet: thresholds, noise and rate, never levels. Reuses the given state. */
export function observeBaseline(state: JudgeState, given: BaselineSecond): JudgeState {
  turn(state, given.second)
  learn(state, given, given.requests)
  state.second = given.second
  return state
}

/** Takes in a second of both versions. Reuses the given state. */
export function advance(state: JudgeState, given: JudgedSecond): JudgeState {
  const { second, share, baseline, canary } = given
  turn(state, second)
  state.start ??= startShare(state.settings, state.rate)
  if (canary.requests > 0) state.runningSince ??= second
  noteShare(state, second, share)
  const slow = slowBuckets(state.settings, state.thresholds.buckets)
  addSecond(state.stratum, state.settings, slow, given)
  if (isFull(state.stratum)) judgeStratum(state)
  for (const sessions of given.matured ?? []) judgeSessions(state, sessions)
  countShare(state.sampleRatio, second, given.pair === undefined ? share : given.pair, canary.requests, baseline.requests, slowMs(state))
  addTotals(state, baseline, canary)
  learn(state, baseline, baseline.requests + canary.requests)
  learnClumpsOf(state.clumps.both, canary)
  if (given.age >= state.settings.clock.warmUp) learnSpread(state.spread.fresh, slowByInstance(canary, slow.fresh))
  state.second = second
  return state
}

function turn(state: JudgeState, second: number): void {
  turnBlocks(state.dispersion, second)
  turnSpread(state.spread.old, second)
  turnSpread(state.spread.fresh, second)
  turnMinute(state.thresholds, second, quantilesOf(state.settings), movedOf(state.settings))
}

/** A share that changed within the second is not known; the last known one stands until the new one held for a whole second. */
function noteShare(state: JudgeState, second: number, share: number | null): void {
  if (share === null || share === state.share) return
  state.share = share
  state.shareSince = second
}

function judgeStratum(state: JudgeState): void {
  const { settings, stratum, capital, harm, safety, intervals, totals, outcomes } = state
  const injected = inject(capital, stratum.seconds, state.share)
  for (const outcome of outcomes) enterOutcome(outcome, injected)
  const noise = settings.metrics.map((_, at) => harmNoise(state, at))
  const unsure = clumpNoise(state.clumps.both[0]) / NOISY_FACTOR
  for (const [at, metric] of settings.metrics.entries()) {
    const counts = stratum.harm[at]
    const logs = harm[at]
    if (!counts || !logs) continue
    bet(logs, counts, marginOf(metric), noise[at] ?? 1, injected, metric.is === 'latency' ? latencyNats(noise[at] ?? 1, stratum.seconds) : undefined)
    addConcurrent(totals, at, counts)
    if (metric.is === 'errors') betOnSafety(safety[0] ?? [], counts, Math.log(settings.safety.errorOdds), Math.max(noise[at] ?? 1, unsure), Math.log(settings.safety.errorOdds))
  }
  for (const [at, { quantile }] of settings.safety.latency.entries()) {
    const counts = stratum.safety[at]
    const metric = settings.metrics.findIndex(metric => metric.is === 'latency' && metric.quantile === quantile)
    if (counts) betOnSafety(safety[at + 1] ?? [], counts, 0, noise[metric] ?? 1, state.thresholds.drops[at] ?? 0)
  }
  addConcurrent(totals, settings.metrics.length, stratum.failed)
  for (const interval of intervals) {
    const counts = stratum.harm[interval.metric]
    if (counts) narrow(interval, counts, noise[interval.metric] ?? 1)
  }
  state.stratum = newStratum(settings)
}

/** Events that the settings do not name are of a record under other ones. */
function judgeSessions({ settings: { events = [] }, outcomes }: JudgeState, sessions: MaturedSessions): void {
  const at = events.findIndex(({ metric }) => metric === sessions.metric)
  const [event, outcome] = [events[at], outcomes[at]]
  if (event && outcome) learnOutcome(outcome, event, sessions)
}

/** Log odds that are tolerated. A latency's margin is in its bucket already. */
function marginOf(metric: HarmMetric): number {
  return metric.is === 'errors' ? Math.log(metric.odds) : 0
}

function addConcurrent(totals: JudgeState['totals'], metric: number, { oldUnits, oldEvents, freshUnits, freshEvents }: Counts): void {
  if (oldUnits === 0 || freshUnits === 0) return
  totals.units[metric] = (totals.units[metric] ?? 0) + freshUnits
  totals.events[metric] = (totals.events[metric] ?? 0) + freshEvents
  totals.expected[metric] = (totals.expected[metric] ?? 0) + freshUnits * oldEvents / oldUnits
}

function addTotals({ totals }: JudgeState, baseline: ArmSecond, canary: ArmSecond): void {
  totals.baselineRequests += baseline.requests
  totals.baselineErrors += baseline.errors
  totals.canaryRequests += canary.requests
  totals.canaryErrors += canary.errors
  if (canary.requests === 0 || baseline.requests === 0) return
  addSketch(totals.canaryLatency, canary.latency)
  addSketch(totals.concurrentLatency, baseline.latency, Math.round(PER_REQUEST * canary.requests / baseline.requests))
}

function learn(state: JudgeState, baseline: ArmSecond, requests: number): void {
  const slow = slowByInstance(baseline, state.thresholds.buckets)
  learnNoise(state.dispersion, state.settings, state.thresholds.buckets, baseline, slow)
  learnSpread(state.spread.old, slow)
  learnClumpsOf(state.clumps.old, baseline)
  learnClumpsOf(state.clumps.both, baseline)
  learnLatency(state.thresholds, baseline.latency)
  state.silent = requests > 0 ? 0 : (state.silent ?? 0) + 1
  // Nothing is learnt then, also not of how many requests there will be next: the budget counts with those that there were.
  if (isSilence(state.silent)) wait(state)
  else learnRate(state, requests)
}

/** The mean of all seconds while they are few: were each taken as one of many, the first alone, when hardly anybody had come yet, would be believed. */
function learnRate(state: JudgeState, requests: number): void {
  const seconds = Math.min(RATE_SECONDS, (state.rateSeconds ?? RATE_SECONDS) + 1)
  state.rate = (state.rate ?? 0) + (requests - (state.rate ?? 0)) / seconds
  state.rateSeconds = seconds
}

/** The clocks of the ramp count seconds in which something could be seen. */
function wait(state: JudgeState): void {
  if (state.runningSince !== null) state.runningSince++
  if (state.shareSince !== null) state.shareSince++
}

function learnClumpsOf([units, failed]: JudgeState['clumps']['old'], { parts }: ArmSecond): void {
  learnClumps(units, parts, failedUnits)
  learnClumps(failed, parts, failedRequests)
}

const failedUnits = ({ sessions, errors }: ArmPart) => sessions?.failed ?? errors
const failedRequests = ({ errors }: ArmPart) => errors

function quantilesOf(settings: JudgeSettings): number[] {
  return settings.metrics.flatMap(metric => metric.is === 'latency' ? [metric.quantile] : [])
}

function movedOf(settings: JudgeSettings): Moved[] {
  const quantiles = quantilesOf(settings)
  return settings.safety.latency.map(({ quantile, margin }) => ({ quantile: quantiles.indexOf(quantile), margin }))
}

function slowMs({ settings, thresholds }: JudgeState): number {
  const bucket = thresholds.buckets[quantilesOf(settings).indexOf(SETTLED_QUANTILE)] ?? null
  return bucket === null ? 0 : millisecondsOf(bucket)
}

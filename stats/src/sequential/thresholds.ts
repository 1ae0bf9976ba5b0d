/**
 * The latencies above which a request counts as slow: quantiles of what the old version did in the past. Only the past:
 * a threshold that is chosen before a second makes the count of that second a fair coin. Frozen within a minute, so that
 * all seconds of a block are counted alike.
 */
import type { SketchData } from '../sketch.ts'
import { addHistogram, addSketch, countOf, fade, type Histogram, newHistogram, quantileBuckets, shareAbove } from './histogram.ts'

/** What is a minute old weighs half. */
const KEPT_PER_MINUTE = 0.5
/** With less than this the first thresholds wait. */
const FIRST_REQUESTS = 100
const FIRST_SECONDS = 10
/** Counts that have faded below this are dropped. */
const FADED = 1 / 64

export interface ThresholdState {
  minute: number | null
  past: Histogram
  current: Histogram
  currentSeconds: number
  /** Bucket index per quantile, null while too little is known. */
  buckets: (number | null)[]
  /** Per margin that has to be shown: by how much the log odds of being slow fall when the limit moves up by it. */
  drops: number[]
}

/** A slowdown to be excluded: which quantile, and by how many buckets its limit is moved. */
export interface Moved { readonly quantile: number; readonly buckets: number }

const [DROP_MIN, DROP_MAX] = [0.05, 3]

export function newThresholds(quantiles: number): ThresholdState {
  return { minute: null, past: newHistogram(), current: newHistogram(), currentSeconds: 0, buckets: Array.from({ length: quantiles }, () => null), drops: [] }
}

/** To be called before a second is counted: at a new minute the thresholds move. True if they did. The quantiles ascend. */
export function turnMinute(state: ThresholdState, second: number, quantiles: readonly number[], moved: readonly Moved[]): boolean {
  const minute = Math.floor(second / 60)
  const first = state.buckets[0] === null && state.currentSeconds >= FIRST_SECONDS
  if (state.minute === minute && !first) return false
  if (state.minute !== null && state.minute !== minute) {
    fade(state.past, KEPT_PER_MINUTE ** Math.min(64, Math.abs(minute - state.minute)), FADED)
    addHistogram(state.past, state.current)
    state.current = newHistogram()
    state.currentSeconds = 0
  }
  state.minute = minute
  const known = first && state.currentSeconds > 0 ? state.current : state.past
  if (countOf(known) < FIRST_REQUESTS) return false
  state.buckets = quantileBuckets(known, quantiles)
  state.drops = moved.map(({ quantile, buckets }) => dropOf(known, state.buckets[quantile] ?? null, buckets))
  return true
}

function dropOf(known: Histogram, bucket: number | null, moved: number): number {
  if (bucket === null) return DROP_MIN
  const drop = logOdds(shareAbove(known, bucket)) - logOdds(shareAbove(known, bucket + moved))
  return Math.min(DROP_MAX, Math.max(DROP_MIN, drop))
}

function logOdds(share: number): number {
  const inside = Math.min(1 - 1e-6, Math.max(1e-6, share))
  return Math.log(inside / (1 - inside))
}

export function learnLatency(state: ThresholdState, latency: SketchData): void {
  addSketch(state.current, latency)
  state.currentSeconds += 1
}

/**
 * The latencies above which a request counts as slow: quantiles of what the old version did in the past. Only the past:
 * a threshold that is chosen before a second makes the count of that second a fair coin. Frozen within a minute, so that
 * all seconds of a block are counted alike.
 */
import type { SketchData } from '../sketch.ts'
import { addHistogram, addSketch, countOf, fade, type Histogram, newHistogram, quantileBuckets } from './histogram.ts'

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
}

export function newThresholds(quantiles: number): ThresholdState {
  return { minute: null, past: newHistogram(), current: newHistogram(), currentSeconds: 0, buckets: Array.from({ length: quantiles }, () => null) }
}

/** To be called before a second is counted: at a new minute the thresholds move. True if they did. The quantiles ascend. */
export function turnMinute(state: ThresholdState, second: number, quantiles: readonly number[]): boolean {
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
  return true
}

export function learnLatency(state: ThresholdState, latency: SketchData): void {
  addSketch(state.current, latency)
  state.currentSeconds += 1
}

/**
 * The latencies above which a request counts as slow: quantiles of what the old version did in the past. Only the past:
 * a threshold that is chosen before a second makes the count of that second a fair coin. Frozen within a minute, so that
 * all seconds of a block are counted alike.
 */
import { countOf, quantileBucket, type SketchData } from '../sketch.ts'

/** What is a minute old weighs half. */
const KEPT_PER_MINUTE = 0.5
/** With less than this the first thresholds wait. */
const FIRST_REQUESTS = 100
const FIRST_SECONDS = 10
/** Counts that have faded below this are dropped. */
const FADED = 1 / 64

export interface ThresholdState {
  minute: number | null
  past: SketchData
  current: SketchData
  currentSeconds: number
  /** Bucket index per quantile, null while too little is known. */
  buckets: (number | null)[]
}

export function newThresholds(quantiles: number): ThresholdState {
  return { minute: null, past: [], current: [], currentSeconds: 0, buckets: Array.from({ length: quantiles }, () => null) }
}

/** To be called before a second is counted: at a new minute the thresholds move. True if they did. */
export function turnMinute(state: ThresholdState, second: number, quantiles: readonly number[]): boolean {
  const minute = Math.floor(second / 60)
  const first = state.buckets[0] === null && state.currentSeconds >= FIRST_SECONDS
  if (state.minute === minute && !first) return false
  if (state.minute !== null && state.minute !== minute) {
    const faded = KEPT_PER_MINUTE ** Math.min(64, Math.abs(minute - state.minute))
    state.past = scale(addCounts(scale(state.past, faded / KEPT_PER_MINUTE), state.current), KEPT_PER_MINUTE)
    state.current = []
    state.currentSeconds = 0
  }
  state.minute = minute
  const known = state.currentSeconds > 0 ? addCounts(state.past, state.current) : state.past
  if (countOf(known) < FIRST_REQUESTS * (first ? 1 : KEPT_PER_MINUTE)) return false
  state.buckets = quantiles.map(quantile => quantileBucket(known, quantile) ?? null)
  return true
}

export function learnLatency(state: ThresholdState, latency: SketchData): void {
  state.current = addCounts(state.current, latency)
  state.currentSeconds += 1
}

/** Both ascending; the sum is too. */
export function addCounts(a: SketchData, b: SketchData, timesB = 1): SketchData {
  if (b.length === 0) return a
  const sum: (readonly [number, number])[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const left = a[i]
    const right = b[j]
    if (right === undefined || (left !== undefined && left[0] < right[0])) {
      if (left) sum.push(left)
      i++
    } else if (left === undefined || right[0] < left[0]) {
      sum.push([right[0], right[1] * timesB])
      j++
    } else {
      sum.push([left[0], left[1] + right[1] * timesB])
      i++
      j++
    }
  }
  return sum
}

function scale(counts: SketchData, factor: number): SketchData {
  return factor === 1 ? counts : counts.map(([index, count]) => [index, count * factor] as const).filter(([, count]) => count >= FADED)
}

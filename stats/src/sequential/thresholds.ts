/**
 * The latencies above which a request counts as slow: quantiles of what the old version did in the past. Only the past:
 * a threshold that is chosen before a second makes the count of that second a fair coin. Frozen within a minute, so that
 * all seconds of a block are counted alike.
 */
import { GAMMA, millisecondsOf, type SketchData } from '../sketch.ts'
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

/** A slowdown to be excluded: which quantile, and by which fraction its limit is moved. */
export interface Moved { readonly quantile: number; readonly margin: number }

/**
 * What no visitor notices is no harm. It also takes more than a fraction of a millisecond to be the version's own: of two copies of one program
 * the one that is asked less often answers by as much later, since caches and processors cool down meanwhile.
 */
export const UNNOTICED_MS = 2

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
  state.drops = moved.map(({ quantile, margin }) => dropOf(known, state.buckets[quantile] ?? null, margin))
  return true
}

/** The bucket of a limit that is moved by a tolerated slowdown: by the margin, or by what is not noticed if that is more. */
export function slowerBucket(bucket: number, margin: number): number {
  const ratio = Math.max(1 + margin, 1 + UNNOTICED_MS / millisecondsOf(bucket))
  return bucket + Math.round(Math.log(ratio) / Math.log(GAMMA))
}

function dropOf(known: Histogram, bucket: number | null, margin: number): number {
  if (bucket === null) return DROP_MIN
  const drop = logOddsAbove(known, bucket) - logOddsAbove(known, slowerBucket(bucket, margin))
  return Math.min(DROP_MAX, Math.max(DROP_MIN, drop))
}

/** With one slow request and one fast one more than there were: a tail of a few requests promises little. */
function logOddsAbove(known: Histogram, bucket: number): number {
  const requests = countOf(known)
  const above = shareAbove(known, bucket) * requests
  return Math.log((above + 1) / (requests - above + 1))
}

export function learnLatency(state: ThresholdState, latency: SketchData): void {
  addSketch(state.current, latency)
  state.currentSeconds += 1
}

/** Latencies that are added up in place for a whole release: one place per bucket from `first` on, plain numbers. */
import { BUCKET_MAX, BUCKET_MIN, type SketchData } from '../sketch.ts'

export interface Histogram { first: number; counts: number[] }

export function newHistogram(): Histogram {
  return { first: 0, counts: [] }
}

/** Adds a sketch so many times. */
export function addSketch(histogram: Histogram, data: SketchData, times = 1): void {
  const low = data[0]?.[0]
  const high = data.at(-1)?.[0]
  if (low === undefined || high === undefined) return
  makeRoom(histogram, Math.max(BUCKET_MIN, low), Math.min(BUCKET_MAX, high))
  const { counts, first } = histogram
  for (const pair of data) {
    const at = Math.min(counts.length - 1, Math.max(0, pair[0] - first))
    counts[at] = (counts[at] ?? 0) + pair[1] * times
  }
}

/** Multiplies all counts; those that fade below `least` are dropped. */
export function fade(histogram: Histogram, factor: number, least: number): void {
  for (let at = 0; at < histogram.counts.length; at++) {
    const kept = (histogram.counts[at] ?? 0) * factor
    histogram.counts[at] = kept < least ? 0 : kept
  }
}

export function addHistogram(histogram: Histogram, other: Histogram): void {
  if (other.counts.length === 0) return
  makeRoom(histogram, other.first, other.first + other.counts.length - 1)
  for (let at = 0; at < other.counts.length; at++) {
    const to = other.first + at - histogram.first
    histogram.counts[to] = (histogram.counts[to] ?? 0) + (other.counts[at] ?? 0)
  }
}

export function countOf(histogram: Histogram): number {
  let sum = 0
  for (let at = 0; at < histogram.counts.length; at++) sum += histogram.counts[at] ?? 0
  return sum
}

/** The share of the counts in buckets above the given one. */
export function shareAbove(histogram: Histogram, bucket: number): number {
  let above = 0
  for (let at = Math.max(0, bucket + 1 - histogram.first); at < histogram.counts.length; at++) above += histogram.counts[at] ?? 0
  return above / Math.max(1, countOf(histogram))
}

/** The buckets that hold the quantiles, in one pass; the quantiles ascend. Null where nothing was counted. */
export function quantileBuckets(histogram: Histogram, quantiles: readonly number[]): (number | null)[] {
  const total = countOf(histogram)
  const found: (number | null)[] = quantiles.map(() => null)
  if (total === 0) return found
  let below = 0
  let next = 0
  for (let at = 0; at < histogram.counts.length && next < quantiles.length; at++) {
    below += histogram.counts[at] ?? 0
    while (next < quantiles.length && below >= (quantiles[next] ?? 1) * total && below > 0) found[next++] = histogram.first + at
  }
  while (next < quantiles.length) found[next++] = histogram.first + histogram.counts.length - 1
  return found
}

function makeRoom(histogram: Histogram, low: number, high: number): void {
  if (histogram.counts.length === 0) histogram.first = low
  const before = histogram.first - low
  if (before > 0) {
    histogram.counts = [...Array.from({ length: before }, () => 0), ...histogram.counts]
    histogram.first = low
  }
  while (histogram.first + histogram.counts.length <= high) histogram.counts.push(0)
}

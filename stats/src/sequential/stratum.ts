/**
 * A stratum is the shortest stretch of time in which both versions are compared: one second, or up to five when there is
 * little traffic. What is common to both in it — load, time of day, a slow database — cancels.
 */
import type { SketchData } from '../sketch.ts'
import type { ArmSecond, JudgedSecond } from './arm-second.ts'
import type { JudgeSettings } from './settings.ts'
import { slowerBucket } from './thresholds.ts'

/** A stratum with fewer requests is extended, as its outcome could not tell much; the rule sees request counts only. */
const REQUESTS_MIN = 20
const SECONDS_MAX = 5

/** Units and events of both versions for one question. */
export interface Counts { oldUnits: number; oldEvents: number; freshUnits: number; freshEvents: number }

export interface StratumCounts {
  seconds: number
  requests: number
  /** One per harm metric. */
  harm: Counts[]
  /** Failed requests, also where failures are judged by the session. */
  failed: Counts
  /** One per latency of `settings.safety`. */
  safety: Counts[]
}

/** Where a latency counts as slow, as bucket indices; null: not known. */
export interface SlowBuckets {
  /** One per latency among the harm metrics, for the old version. */
  readonly old: readonly (number | null)[]
  /** The same, moved by the tolerated slowdown, for the new version. */
  readonly fresh: readonly (number | null)[]
  /** One per latency of `settings.safety`: index into `old`, and the bucket for the new version. */
  readonly safety: readonly { readonly quantile: number; readonly bucket: number | null }[]
}

export function newStratum(settings: JudgeSettings): StratumCounts {
  const none = () => ({ oldUnits: 0, oldEvents: 0, freshUnits: 0, freshEvents: 0 })
  return { seconds: 0, requests: 0, harm: settings.metrics.map(none), failed: none(), safety: settings.safety.latency.map(none) }
}

export function slowBuckets(settings: JudgeSettings, buckets: readonly (number | null)[]): SlowBuckets {
  const latencies = settings.metrics.filter(metric => metric.is === 'latency')
  const moved = (position: number, margin: number) => {
    const bucket = buckets[position] ?? null
    return bucket === null ? null : slowerBucket(bucket, margin)
  }
  return {
    old: buckets,
    fresh: latencies.map((metric, position) => moved(position, metric.margin)),
    safety: settings.safety.latency.map(({ quantile, margin }) => {
      const position = latencies.findIndex(metric => metric.quantile === quantile)
      return { quantile: position, bucket: moved(position, margin) }
    }),
  }
}

/** Adds a second to a stratum. Latency is left out while the new version is cold. */
export function addSecond(stratum: StratumCounts, settings: JudgeSettings, slow: SlowBuckets, given: JudgedSecond): void {
  const { baseline, canary } = given
  stratum.seconds += 1
  stratum.requests += baseline.requests + canary.requests
  addCount(stratum.failed, baseline.requests, baseline.errors, canary.requests, canary.errors)
  const warm = given.age >= settings.clock.warmUp
  const old = warm ? exceedances(baseline.latency, slow.old) : undefined
  const fresh = warm ? exceedances(canary.latency, slow.fresh) : undefined
  let latency = 0
  for (const [index, metric] of settings.metrics.entries()) {
    const counts = stratum.harm[index]
    if (!counts) continue
    if (metric.is === 'errors') addErrors(counts, baseline, canary)
    else if (old && fresh) {
      addCount(counts, old.total, old.above[latency], fresh.total, fresh.above[latency])
      latency++
    }
  }
  if (!old || !fresh) return
  const safe = exceedances(canary.latency, slow.safety.map(({ bucket }) => bucket))
  for (const [index, { quantile }] of slow.safety.entries()) {
    const counts = stratum.safety[index]
    if (counts) addCount(counts, old.total, old.above[quantile], safe.total, safe.above[index])
  }
}

export function isFull(stratum: StratumCounts): boolean {
  return stratum.requests >= REQUESTS_MIN || stratum.seconds >= SECONDS_MAX
}

/** Sessions are counted where both versions have them: they are what the router draws, so their failures do not come in clusters. */
function addErrors(counts: Counts, baseline: ArmSecond, canary: ArmSecond): void {
  const { sessions: old } = baseline
  const { sessions: fresh } = canary
  if (old && fresh) addCount(counts, old.seen, old.failed, fresh.seen, fresh.failed)
  else addCount(counts, baseline.requests, baseline.errors, canary.requests, canary.errors)
}

function addCount(counts: Counts, oldUnits: number, oldEvents: number | null | undefined, freshUnits: number, freshEvents: number | null | undefined): void {
  if (typeof oldEvents !== 'number' || typeof freshEvents !== 'number') return
  counts.oldUnits += oldUnits
  counts.oldEvents += oldEvents
  counts.freshUnits += freshUnits
  counts.freshEvents += freshEvents
}

export interface Exceedances { readonly total: number; readonly above: readonly (number | null)[] }

/** How many requests there are, and how many in buckets above each given one (in any order); null where none is given. */
export function exceedances(latency: SketchData, buckets: readonly (number | null)[]): Exceedances {
  if (!ascend(buckets)) return inAnyOrder(latency, buckets)
  const above: (number | null)[] = []
  for (let at = 0; at < buckets.length; at++) above.push(buckets[at] === null ? null : 0)
  // From the slowest down: what was counted when a limit is reached lies above it.
  let total = 0
  let next = buckets.length - 1
  while (next >= 0 && buckets[next] === null) next -= 1
  for (let place = latency.length - 1; place >= 0; place--) {
    const pair = latency[place]
    if (!pair) continue
    while (next >= 0 && pair[0] <= (buckets[next] ?? 0)) above[next--] = total
    total += pair[1]
  }
  while (next >= 0) above[next--] = total
  return { total, above }
}

/** Those that are not known come last. */
function ascend(buckets: readonly (number | null)[]): boolean {
  for (let at = 1; at < buckets.length; at++) if ((buckets[at] ?? Number.POSITIVE_INFINITY) < (buckets[at - 1] ?? Number.POSITIVE_INFINITY)) return false
  return true
}

function inAnyOrder(latency: SketchData, buckets: readonly (number | null)[]): Exceedances {
  const places = buckets.map((_, at) => at).sort((a, b) => (buckets[a] ?? Number.POSITIVE_INFINITY) - (buckets[b] ?? Number.POSITIVE_INFINITY))
  const sorted = exceedances(latency, places.map(at => buckets[at] ?? null))
  const above: (number | null)[] = buckets.map(() => null)
  for (const [at, place] of places.entries()) above[place] = sorted.above[at] ?? null
  return { total: sorted.total, above }
}

/**
 * How much is asked of a version, from what ended in each second and from what is in flight. What ends under overload is what
 * the instances manage, not what was asked; what was asked is what ended and by how much the number in flight grew.
 */
import type { SketchData } from '@vamp/stats/sketch'
import { countOf, merge, millisecondsOf, quantile } from '@vamp/stats/sketch'
import { type Growth, grownBy, growthsOf } from './growth.ts'

/** One complete second. */
export interface LoadSecond {
  readonly second: number
  readonly requests: number
  readonly errors: number
  readonly latency: SketchData
}

/** Requests that ended in the last part of a second. */
export interface Sudden { readonly requests: number; readonly seconds: number }

export interface InFlight { readonly atMs: number; readonly count: number }

/** Standard deviations of what is taken for chance: at a boundary one look in forty is wrong, which costs an instance for some seconds. */
export const CHANCE = 2

export interface Rate {
  /** Requests per second that came. */
  readonly rate: number
  /** What it is at least, beyond chance. */
  readonly least: number
}

/** Seconds of the past that anything is computed from. */
const KEPT_SECONDS = 300
const LOOKS_KEPT_MS = 60_000

export interface LoadHistory {
  add(seconds: readonly LoadSecond[]): void
  look(inFlight: InFlight): void
  /** What is known of this very moment; nothing where it is as usual. */
  suddenly(sudden: Sudden | undefined): void
  /** Over the last complete seconds, so many; over less than one: of what came suddenly, 0 where nothing did. `chance`: standard deviations that may be it. */
  rate(seconds: number, chance?: number): Rate
  /** In flight, on average over so many seconds until now; by Little's law where nobody counted. */
  concurrency(seconds: number, nowMs: number): number
  /** Milliseconds. */
  latency(seconds: number, percent: number): number | undefined
  errorRate(seconds: number): number | undefined
  requests(seconds: number): number
  readonly inFlight: number | undefined
  /** By how much the rate will have grown so many seconds from now, at least; 0 where it does not go on growing. */
  grown(ahead: number, chance?: number): number
  /** Milliseconds that a request took at its best over the last half hour; nothing before the first. */
  readonly quietMs: number | undefined
  /** Is more coming than is answered, beyond what is usually in flight? */
  readonly growing: boolean
  readonly last: LoadSecond | undefined
}

export function openLoadHistory(): LoadHistory {
  const all: LoadSecond[] = []
  const looks: InFlight[] = []
  const dispersion = openDispersion()
  const quiet: { at: number; ms: number }[] = []
  let sudden: Sudden | undefined
  let growths: readonly Growth[] | undefined

  const tail = (seconds: number) => {
    const newest = all.at(-1)?.second ?? 0
    let first = all.length
    while (first > 0 && (all[first - 1]?.second ?? 0) > newest - seconds) first--
    return all.slice(first)
  }
  /** The look nearest to the given time. */
  const near = (ms: number) => {
    let at = looks.length - 1
    while (at > 0 && (looks[at]?.atMs ?? 0) > ms) at--
    const [before, after] = [looks[at], looks[at + 1]]
    return before && after && Math.abs(after.atMs - ms) < Math.abs(before.atMs - ms) ? after : before
  }

  return {
    add(seconds) {
      growths = undefined
      for (const second of seconds) {
        const before = all.at(-1)
        if (before && second.second <= before.second) continue
        dispersion.observe(second.requests)
        all.push(second)
        note(quiet, second)
      }
      if (all.length > KEPT_SECONDS) all.splice(0, all.length - KEPT_SECONDS)
    },
    look(inFlight) {
      looks.push(inFlight)
      while ((looks[0]?.atMs ?? 0) < inFlight.atMs - LOOKS_KEPT_MS) looks.shift()
    },
    suddenly(now) { sudden = now },
    rate(seconds, chance = CHANCE) {
      if (seconds < 1) return suddenRate(sudden, dispersion.factor, chance)
      const counted = tail(seconds)
      const requests = counted.reduce((sum, each) => sum + each.requests, 0)
      const now = looks.at(-1)
      const then = now && near(now.atMs - seconds * 1000)
      const elapsed = now && then ? (now.atMs - then.atMs) / 1000 : 0
      const over = Math.max(1, Math.min(seconds, counted.length))
      const [grown, unsure] = elapsed > 0.2 && now && then ? [(now.count - then.count) / elapsed, Math.sqrt(now.count + then.count) / elapsed] : [0, 0]
      const rate = Math.max(0, requests / over + grown)
      return { rate, least: Math.max(0, rate - chance * Math.hypot(Math.sqrt(dispersion.factor * Math.max(requests, 1)) / over, unsure)) }
    },
    concurrency(seconds, nowMs) {
      const seen = looks.filter(({ atMs }) => atMs > nowMs - seconds * 1000)
      if (seen.length > 0) return seen.reduce((sum, { count }) => sum + count, 0) / seen.length
      const counted = tail(seconds)
      return counted.reduce((sum, { latency }) => sum + sumMs(latency), 0) / 1000 / Math.max(1, counted.length)
    },
    latency: (seconds, percent) => quantile(merge(tail(seconds).map(({ latency }) => latency)), percent / 100),
    errorRate(seconds) {
      const counted = tail(seconds)
      const requests = counted.reduce((sum, each) => sum + each.requests, 0)
      return requests > 0 ? 100 * counted.reduce((sum, { errors }) => sum + errors, 0) / requests : undefined
    },
    requests: seconds => tail(seconds).reduce((sum, { requests }) => sum + requests, 0),
    grown(ahead, chance = CHANCE) {
      growths ??= growthsOf(all, dispersion.factor)
      return grownBy(growths, ahead, chance)
    },
    get inFlight() { return looks.at(-1)?.count },
    get quietMs() { return quiet.length > 0 ? Math.min(...quiet.map(({ ms }) => ms)) : undefined },
    get growing() {
      const now = looks.at(-1)
      const then = now && near(now.atMs - 2000)
      const best = quiet.length > 0 ? Math.min(...quiet.map(({ ms }) => ms)) : undefined
      if (!now || !then || best === undefined) return false
      return now.count - then.count > 3 * Math.sqrt(now.count + then.count) + 2 && then.count > 2 * this.rate(6).rate * best / 1000 + 10
    },
    get last() { return all.at(-1) },
  }
}

function suddenRate(sudden: Sudden | undefined, dispersion: number, chance: number): Rate {
  if (!sudden) return { rate: 0, least: 0 }
  const { requests, seconds } = sudden
  return { rate: requests / seconds, least: Math.max(0, requests - chance * Math.sqrt(dispersion * requests)) / seconds }
}

/** Seconds of one mean latency, and over which the least of them is looked for. */
const QUIET_BLOCK = 10
const QUIET_SECONDS = 1800

function note(quiet: { at: number; ms: number }[], { second, latency }: LoadSecond): void {
  const count = countOf(latency)
  if (count < 5) return
  const block = Math.floor(second / QUIET_BLOCK)
  const ms = sumMs(latency) / count
  const last = quiet.at(-1)
  if (last?.at === block) last.ms = (last.ms + ms) / 2
  else quiet.push({ at: block, ms })
  while ((quiet[0]?.at ?? block) < block - QUIET_SECONDS / QUIET_BLOCK) quiet.shift()
}

/** By how much seconds differ from each other beyond what independent visitors would: 1 for a Poisson stream. */
function openDispersion(): { observe(count: number): void; readonly factor: number } {
  let [factor, before] = [1, -1]
  return {
    observe(count) {
      // Neighbouring seconds: a slow change of the rate is no noise.
      if (before >= 0 && count + before > 0) factor += 0.02 * (Math.min(20, (count - before) ** 2 / (count + before)) - factor)
      before = count
    },
    get factor() { return Math.max(1, factor) },
  }
}

function sumMs(latency: SketchData): number {
  return latency.reduce((sum, [bucket, count]) => sum + count * millisecondsOf(bucket), 0)
}

/**
 * How much load an instance bears before its visitors wait: a queueing model whose parameters are estimated from what the
 * proxies measure, second by second.
 *
 * An instance is a station of `servers` parallel workers with one queue (M/G/k). The mean wait is Sakasegawa's approximation,
 * Wq ≈ V · S/k · ρ^(√(2(k+1))−1) / (1−ρ) with V = (ca²+cs²)/2 (H. Sakasegawa, "An approximation formula Lq ≈ αρ^β/(1−ρ)", Annals
 * of the Institute of Statistical Mathematics 29, 1977; the factor V after A. O. Allen, "Probability, Statistics and Queueing
 * Theory", 1990, §5.3). So a share ρ^(√(2(k+1))−1) of the requests wait, and those wait an exponential time of mean
 * V · S/(k(1−ρ)), as in heavy traffic (J. F. C. Kingman, "The heavy traffic approximation in the theory of queues", 1965).
 * A gateway that gives requests to n instances in turn gives each of them every n-th: arrivals that are n times as even as those
 * of the whole, ca² = 1/n (W. Whitt, "The queueing network analyzer", Bell System Technical Journal 62, 1983, §4.4). So many
 * instances may each be busier than few.
 *
 * Parameters are those with which the measured mean latencies at different loads fit best; where several fit equally, the one
 * that bears least is believed. The model speaks about loads between those that were seen to be good and those that were seen
 * to be bad; beyond the best that was seen it is believed for half as much again, no further.
 */
import { millisecondsOf, merge, quantile, type SketchData } from './sketch.ts'

export interface Station {
  /** Requests that one instance works on at the same time. */
  readonly servers: number
  /** Mean milliseconds of work on a request, without waiting. */
  readonly serviceMs: number
  /** Squared coefficient of variation of the service time. */
  readonly spread: number
}

/** Requests per second at which an instance is busy all the time. */
export const capacityOf = ({ servers, serviceMs }: Station): number => servers * 1000 / serviceMs

/** Of the requests, which share waits at all; 1 from the capacity on. `rate` is per second and instance. */
export function waitingShare(station: Station, rate: number): number {
  const load = rate / capacityOf(station)
  return load >= 1 ? 1 : load ** (Math.sqrt(2 * (station.servers + 1)) - 1)
}

/** Mean milliseconds that those who wait have to wait. */
export function conditionalWaitMs(station: Station, rate: number, arrivals = 1): number {
  const load = rate / capacityOf(station)
  return load >= 1 ? Number.POSITIVE_INFINITY : (arrivals + station.spread) / 2 * station.serviceMs / (station.servers * (1 - load))
}

export function meanLatencyMs(station: Station, rate: number, arrivals = 1): number {
  return station.serviceMs + waitingShare(station, rate) * conditionalWaitMs(station, rate, arrivals)
}

/** Share of requests that take longer than `ms`; `shape` are equally likely service times as multiples of their mean. */
export function shareAbove(station: Station, shape: readonly number[], rate: number, ms: number, arrivals = 1): number {
  const waits = waitingShare(station, rate)
  const mean = conditionalWaitMs(station, rate, arrivals)
  const total = shape.reduce((sum, multiple) => {
    const left = ms - multiple * station.serviceMs
    return sum + (left <= 0 ? 1 : mean === Number.POSITIVE_INFINITY ? waits : waits * Math.exp(-left / mean))
  }, 0)
  return total / Math.max(1, shape.length)
}

export interface LoadSample {
  /** Requests per second and instance. */
  readonly rate: number
  readonly instances: number
  readonly requests: number
  readonly latency: SketchData
  /** More came than was answered: the latencies tell of the backlog, the answers of the capacity. */
  readonly overloaded: boolean
  /** Seconds, of any clock. */
  readonly at: number
}

export interface LatencyPromise {
  /** Milliseconds. */
  readonly limitMs: number
  /** In (0, 1): 0.95 for a p95. */
  readonly quantile: number
}

interface Bin { weight: number; rateSum: number; arrivalsSum: number; latencyMsSum: number; above: number; latency: SketchData; at: number }

export interface Fitted { readonly station: Station; readonly shape: readonly number[]; /** Root mean square of the error of log latency. */ readonly error: number }

export interface SafeLoad {
  /** Requests per second that one instance may be given. */
  readonly rate: number
  /** What it rests on. */
  readonly because: 'model' | 'seen_bad' | 'seen_best'
  readonly fitted: Fitted
  /** More are late than promised even where nobody waits: no size keeps the promise. */
  readonly hopeless: boolean
}

export interface QueueEstimator {
  observe(sample: LoadSample): void
  /** Where there are so many instances; nothing before there is evidence. */
  safeLoad(instances: number): SafeLoad | undefined
}

const SERVERS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256] as const
/** Loads within this factor count as one. */
const BIN = 1.15
const HALF_LIFE_SECONDS = 900
const SHAPE_POINTS = 24
/** Requests of a bin that are worth looking at. */
const WEIGHT_MIN = 20
const WEIGHT_BAD = 60
/** How much more than the best that was seen is dared at once. */
const DARE = 1.15
/** A promise that is planned to its edge is broken half the time: waiting may make late this share of what may be late. It costs little, as the share rises steeply with the load. */
const AIM = 0.002
/** Of what is safe, for what comes between two looks. */
const HEAD_ROOM = 0.95
/** What has been proven good is exceeded by so much, to see whether more is. */
const CLIMB = 1.15
/** Where the work alone takes too long for some, no size helps them: waiting may add so much to their share. */
const WAITING_ADDS = 1.3
/** Nothing in three times as many as one is expected in: then it is rarer, at 95 %. */
const RULE_OF_THREE = 3
/** For what comes between two looks: all of it is planned with this much less on each. */
const BETWEEN_LOOKS = 0.98
/** The fit is made again when there is so much more to rest on, as a share of what it rests on, or so many seconds later. */
const REFIT_SHARE = 0.02
const REFIT_SECONDS = 5
/** Errors of log latency that are taken for equal. */
const EQUAL_ERROR = 0.1

export function openQueueEstimator({ limitMs, quantile: wanted }: LatencyPromise): QueueEstimator {
  const bins = new Map<number, Bin>()
  let saturation: { rate: number; at: number } | undefined
  let newest = 0
  let known: Known | undefined | null = null
  /** Requests since the fit, and before it, and when it was made. */
  let [fresh, rested, fittedAt] = [0, 0, 0]
  const drift = openDrift()

  const decayed = (weight: number, at: number) => weight * 0.5 ** ((newest - at) / HALF_LIFE_SECONDS)

  return {
    observe({ rate, instances, requests, latency, overloaded, at }) {
      if (requests <= 0 || rate <= 0) return
      newest = Math.max(newest, at)
      if (known && !overloaded) {
        drift.see(sumMs(latency) / requests, meanLatencyMs(known.fitted.station, rate, evenness(instances)), requests, at)
      }
      fresh += requests
      if (!known || overloaded || fresh > REFIT_SHARE * rested || at - fittedAt >= REFIT_SECONDS) { known = null; rested += fresh; fresh = 0; fittedAt = at }
      if (overloaded) saturation = { rate: saturation ? saturation.rate + 0.3 * (rate - saturation.rate) : rate, at }
      const key = keyOf(rate)
      const bin = bins.get(key) ?? { weight: 0, rateSum: 0, arrivalsSum: 0, latencyMsSum: 0, above: 0, latency: [], at }
      const keep = 0.5 ** ((at - bin.at) / HALF_LIFE_SECONDS)
      const above = latency.reduce((sum, [bucket, count]) => sum + (millisecondsOf(bucket) > limitMs ? count : 0), 0)
      bin.weight = bin.weight * keep + requests
      bin.rateSum = bin.rateSum * keep + rate * requests
      bin.arrivalsSum = bin.arrivalsSum * keep + requests * evenness(instances)
      bin.above = bin.above * keep + above
      if (!overloaded) {
        bin.latencyMsSum = bin.latencyMsSum * keep + sumMs(latency)
        bin.latency = shrink(merge([bin.latency, latency]))
      } else {
        bin.latencyMsSum = bin.latencyMsSum * keep + sumMs(latency)
      }
      bin.at = at
      bins.set(key, bin)
    },
    safeLoad(instances) {
      if (known === null) known = compute()
      return known && safe(known, drift.factor, limitMs, evenness(instances))
    },
  }

  function compute(): Known | undefined {
    const seen = [...bins.values()].map(bin => ({ ...bin, weight: decayed(bin.weight, bin.at), scale: bin.weight })).filter(({ weight }) => weight >= WEIGHT_MIN)
      .map(({ weight, scale, rateSum, arrivalsSum, latencyMsSum, above, latency }) => ({ weight, rate: rateSum / scale, arrivals: arrivalsSum / scale, meanMs: latencyMsSum / scale, share: above / scale, latency })).toSorted((a, b) => a.rate - b.rate)
    const [first] = seen
    if (!first) return undefined
    const allowed = 1 - wanted
    const aimed = allowed * AIM
    const enough = RULE_OF_THREE / aimed
    const isBad = ({ weight, share, rate }: typeof first) => weight >= WEIGHT_BAD && share - 1.3 * Math.sqrt(share * (1 - share) / weight) > allowed && rate > 0
    const best = seen.findLast(({ share }) => share <= allowed)?.rate ?? 0
    const proven = seen.findLast(({ share, weight }) => share <= aimed && weight >= enough)?.rate ?? 0
    const bad = seen.find(bin => isBad(bin) && bin.rate > proven)?.rate
    const fitted = fit(seen.filter(bin => bin.share <= 0.5 || seen.length === 1), shapeOf(seen), saturation && newest - saturation.at < HALF_LIFE_SECONDS ? saturation.rate : undefined)
    return { fitted, best, proven, bad, allowed, aimed }
  }
}

function safe({ fitted, best, proven, bad, allowed, aimed }: Known, drift: number, limitMs: number, arrivals: number): SafeLoad {
  const present = { ...fitted, station: { ...fitted.station, serviceMs: fitted.station.serviceMs * drift } }
  const alone = shareAbove(present.station, present.shape, 0, limitMs)
  const model = largestRate(present, limitMs, Math.max(aimed, alone * WAITING_ADDS), arrivals)
  const ceiling = bad === undefined || alone > allowed ? Number.POSITIVE_INFINITY : bad * 0.95
  // What was proven to be good is exceeded, whatever the model says.
  const rate = Math.min(Math.max(model * HEAD_ROOM, proven * CLIMB), ceiling, best > 0 ? best * DARE : Number.POSITIVE_INFINITY)
  const because = rate === ceiling ? 'seen_bad' : best > 0 && rate === best * DARE ? 'seen_best' : 'model'
  return { rate: Math.max(rate * BETWEEN_LOOKS, 0.01), because, fitted: present, hopeless: alone > allowed }
}

/** Squared coefficient of variation of what each of so many gets, in turn, of independent visitors. */
const evenness = (instances: number) => 1 / Math.max(1, instances)
const keyOf = (rate: number) => Math.round(Math.log(rate) / Math.log(BIN))

interface Known { readonly fitted: Fitted; readonly best: number; readonly proven: number; readonly bad: number | undefined; readonly allowed: number; readonly aimed: number }

/** Measured and expected latencies of the last minutes: what becomes slower by itself is believed long before the past has faded. */
const DRIFT_HALF_LIFE_SECONDS = 60
const DRIFT_SURE = 1.02
/** Requests of those minutes that are worth a word. */
const DRIFT_REQUESTS = 1000
/** More is no drift: the model is wrong, and will be another. */
const DRIFT_MAX = 1.5

function openDrift(): { see(measuredMs: number, expectedMs: number, requests: number, at: number): void; readonly factor: number } {
  let [measured, expected, weight, last] = [0, 0, 0, 0]
  return {
    see(measuredMs, expectedMs, requests, at) {
      const keep = 0.5 ** ((at - last) / DRIFT_HALF_LIFE_SECONDS)
      measured = measured * keep + measuredMs * requests
      expected = expected * keep + expectedMs * requests
      weight = weight * keep + requests
      last = at
    },
    get factor() {
      const factor = expected > 0 ? measured / expected : 1
      return weight > DRIFT_REQUESTS && factor > DRIFT_SURE ? Math.min(DRIFT_MAX, factor) : 1
    },
  }
}

interface Seen { readonly weight: number; readonly rate: number; readonly arrivals: number; readonly meanMs: number; readonly latency: SketchData }

const SHAPE_WEIGHT_MIN = 200

/** The service time's own spread shows where nobody waits: where requests took least. */
function shapeOf(seen: readonly Seen[]): { readonly shape: readonly number[]; readonly spread: number } {
  const known = seen.filter(({ latency }) => latency.length > 0)
  const enough = known.filter(({ weight }) => weight >= SHAPE_WEIGHT_MIN)
  const quiet = (enough.length > 0 ? enough : known).reduce<Seen | undefined>((least, bin) => !least || bin.meanMs < least.meanMs ? bin : least, undefined)
  const latency = quiet?.latency ?? []
  const points = Array.from({ length: SHAPE_POINTS }, (_, index) => quantile(latency, (index + 0.5) / SHAPE_POINTS) ?? 1)
  const mean = points.reduce((sum, point) => sum + point, 0) / points.length
  const shape = points.map(point => point / mean)
  const variance = shape.reduce((sum, point) => sum + (point - 1) ** 2, 0) / shape.length
  return { shape, spread: variance }
}

/** For each number of workers the service time that fits best; of those that fit equally, the one that bears least. */
function fit(seen: readonly Seen[], { shape, spread }: ReturnType<typeof shapeOf>, saturation: number | undefined): Fitted {
  const candidates = SERVERS.map(servers => {
    const serviceMs = saturation === undefined ? bestService(seen, servers, spread) : servers * 1000 / saturation
    const station = { servers, serviceMs, spread }
    return { station, shape, error: errorOf(seen, station) }
  })
  const least = Math.min(...candidates.map(({ error }) => error))
  const equal = candidates.filter(({ error }) => error <= least + EQUAL_ERROR)
  return equal.reduce((low, each) => capacityOf(each.station) < capacityOf(low.station) ? each : low, equal[0] ?? { station: { servers: 1, serviceMs: 1, spread }, shape, error: 0 })
}

function errorOf(seen: readonly Seen[], station: Station): number {
  let [sum, weights] = [0, 0]
  for (const { weight, rate, arrivals, meanMs } of seen) {
    const expected = meanLatencyMs(station, rate, arrivals)
    const error = expected === Number.POSITIVE_INFINITY ? 3 : Math.min(3, Math.abs(Math.log(expected / meanMs)))
    // Much traffic at one load is not much more evidence about another.
    const counted = Math.sqrt(weight)
    sum += counted * error * error
    weights += counted
  }
  return weights > 0 ? Math.sqrt(sum / weights) : 0
}

/** By golden section over the logarithm: the error has one valley. */
function bestService(seen: readonly Seen[], servers: number, spread: number): number {
  const most = Math.max(...seen.map(({ meanMs }) => meanMs), 0.01)
  let [low, high] = [Math.log(most / 200), Math.log(most)]
  const golden = (Math.sqrt(5) - 1) / 2
  for (let step = 0; step < 18; step++) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)]
    const errorAt = (log: number) => errorOf(seen, { servers, serviceMs: Math.exp(log), spread })
    if (errorAt(left) <= errorAt(right)) high = right
    else low = left
  }
  return Math.exp((low + high) / 2)
}

function largestRate({ station, shape }: Fitted, limitMs: number, allowed: number, arrivals: number): number {
  let [low, high] = [0, capacityOf(station)]
  for (let step = 0; step < 30; step++) {
    const middle = (low + high) / 2
    if (shareAbove(station, shape, middle, limitMs, arrivals) <= allowed) low = middle
    else high = middle
  }
  return low
}

function sumMs(latency: SketchData): number {
  return latency.reduce((sum, [bucket, count]) => sum + count * millisecondsOf(bucket), 0)
}

/** Enough for a shape; what is older fades. */
const SHAPE_REQUESTS = 20_000

function shrink(latency: SketchData): SketchData {
  const count = latency.reduce((sum, pair) => sum + pair[1], 0)
  return count <= SHAPE_REQUESTS ? latency : latency.flatMap(([bucket, requests]): [number, number][] => requests >= 2 ? [[bucket, requests / 2]] : [])
}

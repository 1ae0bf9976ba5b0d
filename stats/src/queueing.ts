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
 * that bears least is believed, and a little more than was seen to be good is tried where the likeliest allows it: only load tells them apart.
 * Of each load the median of its newest blocks counts, and only loads that lasted, or what had piled up before would be taken for theirs.
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

interface Bin { weight: number; rateSum: number; arrivalsSum: number; /** Its newest blocks. */ blocks: { meanMs: number; requests: number; above: number }[]; above: number; latency: SketchData; at: number }

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
/** What was seen to be good is exceeded by so much where the likeliest model allows it: only more load tells models apart. */
const CLIMB = 1.1
/** And by no more, where one instance fewer is a larger step. */
const CLIMB_MAX = 1.4
const CLIMB_ROOM = 1.06
/** Where the work alone takes too long for some, no size helps them: waiting may add so much to their share. */
const WAITING_ADDS = 1.3
/** Nothing in three times as many as one is expected in: then it is rarer, at 95 %. */
const RULE_OF_THREE = 3
/** For what comes between two looks: all of it is planned with this much less on each. */
const BETWEEN_LOOKS = 0.98
/** The fit is made again when there is so much more to rest on, as a share of what it rests on, or so many seconds later. */
const REFIT_SHARE = 0.02
const REFIT_SECONDS = 5
/** Of a load the median of so many blocks tells, so that what piled up at another time does not; and of how many at least. */
const BLOCKS_KEPT = 25
const BLOCKS_MIN = 6
/** So long it is believed that a load was too much which was only passed through: what was late may have piled up before. */
const PASSING_SECONDS = 120
/** So long it is believed that a load is borne which is not borne now. */
const FRESH_SECONDS = 300
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
      const bin = bins.get(key) ?? { weight: 0, rateSum: 0, arrivalsSum: 0, blocks: [], above: 0, latency: [], at }
      const keep = 0.5 ** ((at - bin.at) / HALF_LIFE_SECONDS)
      const above = latency.reduce((sum, [bucket, count]) => sum + (millisecondsOf(bucket) > limitMs ? count : 0), 0)
      bin.weight = bin.weight * keep + requests
      bin.rateSum = bin.rateSum * keep + rate * requests
      bin.arrivalsSum = bin.arrivalsSum * keep + requests * evenness(instances)
      bin.above = bin.above * keep + above
      bin.blocks.push({ meanMs: sumMs(latency) / requests, requests, above })
      if (bin.blocks.length > BLOCKS_KEPT) bin.blocks.shift()
      if (!overloaded) bin.latency = shrink(merge([bin.latency, latency]))
      bin.at = at
      bins.set(key, bin)
    },
    safeLoad(instances) {
      if (known === null) known = compute()
      return known && safe(known, drift.factor, limitMs, instances)
    },
  }

  function compute(): Known | undefined {
    const seen = [...bins.values()].map(bin => ({ ...bin, weight: decayed(bin.weight, bin.at), scale: bin.weight })).filter(({ weight }) => weight >= WEIGHT_MIN)
      .map(({ weight, scale, rateSum, arrivalsSum, blocks, above, latency, at }) => ({ at, weight, rate: rateSum / scale, arrivals: arrivalsSum / scale, meanMs: median(blocks.map(({ meanMs }) => meanMs)), settled: blocks.length >= BLOCKS_MIN, share: above / scale, lately: newestOf(blocks), latency })).toSorted((a, b) => a.rate - b.rate)
    const [first] = seen
    if (!first) return undefined
    const allowed = 1 - wanted
    const aimed = allowed * AIM
    const enough = RULE_OF_THREE / aimed
    const isBad = ({ weight, share, rate, settled: long, at }: typeof first) => weight >= WEIGHT_BAD && (long || newest - at < PASSING_SECONDS) && surely(share, weight) > allowed && rate > 0
    const best = seen.findLast(({ share, lately }) => share <= allowed && lately.share <= allowed)?.rate ?? 0
    // What became slower is not what it was proven to be: lately there was no more than one late beside those that were aimed at.
    const proven = seen.findLast(({ share, weight, lately, at }) => newest - at < FRESH_SECONDS && share <= aimed && weight >= enough && lately.late <= 1 + RULE_OF_THREE * aimed * lately.requests)?.rate ?? 0
    const good = seen.findLast(({ share, weight, lately, at }) => newest - at < FRESH_SECONDS && share <= allowed / 2 && lately.share <= allowed / 2 && weight >= RULE_OF_THREE / allowed)?.rate ?? 0
    const { careful, likely } = fit(settled(seen), shapeOf(seen), saturation && newest - saturation.at < HALF_LIFE_SECONDS ? saturation.rate : undefined)
    const bad = seen.find(bin => isBad(bin) && bin.rate > proven)?.rate
    return { fitted: careful, likely, best, good, proven, bad, allowed, aimed }
  }
}

function safe({ fitted, likely, best, good, proven, bad, allowed, aimed }: Known, drift: number, limitMs: number, instances: number): SafeLoad {
  const arrivals = evenness(instances)
  const drifted = (model: Fitted): Fitted => ({ ...model, station: { ...model.station, serviceMs: model.station.serviceMs * drift } })
  const borne = (model: Fitted, alone: number) => largestRate(model, limitMs, Math.max(aimed, alone * WAITING_ADDS), arrivals) * HEAD_ROOM
  // As much more as one instance fewer would bring.
  const climb = Math.max(CLIMB, Math.min(CLIMB_MAX, instances > 1 ? instances / (instances - 1) * CLIMB_ROOM : CLIMB))
  const present = drifted(fitted)
  const alone = shareAbove(present.station, present.shape, 0, limitMs)
  const hoped = drifted(likely)
  const model = Math.max(borne(present, alone), Math.min(borne(hoped, shareAbove(hoped.station, hoped.shape, 0, limitMs)), good * climb))
  const ceiling = bad === undefined || alone > allowed ? Number.POSITIVE_INFINITY : bad * 0.95
  // What was proven to be good is relied on, whatever the model says.
  const rate = Math.min(Math.max(model, proven), ceiling, best > 0 ? best * Math.max(DARE, climb) : Number.POSITIVE_INFINITY)
  const because = rate === ceiling ? 'seen_bad' : best > 0 && rate === best * Math.max(DARE, climb) ? 'seen_best' : 'model'
  return { rate: Math.max(rate * BETWEEN_LOOKS, 0.01), because, fitted: present, hopeless: alone > allowed }
}

/** A share without what may be chance. */
const surely = (share: number, of: number) => share - 1.3 * Math.sqrt(share * (1 - share) / Math.max(1, of))
/** Squared coefficient of variation of what each of so many gets, in turn, of independent visitors. */
const evenness = (instances: number) => 1 / Math.max(1, instances)
const keyOf = (rate: number) => Math.round(Math.log(rate) / Math.log(BIN))

/** Loads that were borne for a while; of those that were only passed through, the latencies are those of other loads. */
function settled<T extends { readonly share: number; readonly settled: boolean }>(seen: readonly T[]): readonly T[] {
  const long = seen.filter(bin => bin.settled && bin.share <= 0.5)
  if (long.length > 0) return long
  return seen.length === 1 ? seen : seen.filter(({ share }) => share <= 0.5)
}

function newestOf(blocks: Bin['blocks']): { readonly requests: number; readonly late: number; readonly share: number } {
  const [requests, late] = [blocks.reduce((sum, block) => sum + block.requests, 0), blocks.reduce((sum, { above }) => sum + above, 0)]
  return { requests, late, share: late / Math.max(1, requests) }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

interface Known { /** The one that bears least. */ readonly fitted: Fitted; readonly likely: Fitted; readonly best: number; readonly good: number; readonly proven: number; readonly bad: number | undefined; readonly allowed: number; readonly aimed: number }

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
function fit(seen: readonly Seen[], { shape, spread }: ReturnType<typeof shapeOf>, saturation: number | undefined): { readonly careful: Fitted; readonly likely: Fitted } {
  const candidates = SERVERS.map(servers => {
    const serviceMs = saturation === undefined ? bestService(seen, servers, spread) : servers * 1000 / saturation
    const station = { servers, serviceMs, spread }
    return { station, shape, error: errorOf(seen, station) }
  })
  const [likely = { station: { servers: 1, serviceMs: 1, spread }, shape, error: 0 }] = candidates.toSorted((a, b) => a.error - b.error)
  const careful = candidates.filter(({ error }) => error <= likely.error + EQUAL_ERROR).reduce((low, each) => capacityOf(each.station) < capacityOf(low.station) ? each : low, likely)
  return { careful, likely }
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

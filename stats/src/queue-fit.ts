/**
 * Which station (`queueing.ts`) explains the mean latencies that were measured at different loads: the likeliest, and of those that
 * chance does not tell from it the one that bears least and the one that bears most.
 */
import { merge, quantile, type SketchData } from './sketch.ts'
import { capacityOf, meanLatencyMs, shareAbove, type Station, type WorkShape } from './queueing.ts'

/** What was measured at one load. */
export interface Measured {
  /** Requests per second and instance. */
  readonly rate: number
  /** Squared coefficient of variation of the times between arrivals. */
  readonly arrivals: number
  readonly meanMs: number
  /** Standard deviation of the logarithm of the mean. */
  readonly unsure: number
  /** Requests. */
  readonly weight: number
  readonly latencies: readonly SketchData[]
}

/** `error`: twice the negative logarithm of the likelihood, but for a constant. */
export interface Fitted { readonly station: Station; readonly shape: WorkShape; readonly error: number }

export interface Fits {
  /** The one that bears least. */
  readonly careful: Fitted
  readonly likely: Fitted
  /** The one that bears most. */
  readonly hopeful: Fitted
}

const SERVERS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256] as const
/** Of the wait that the formula says, so much may be its own error. */
const WAIT_ERROR = 0.3
/** As far off as makes no difference any more. */
const OFF_MAX = 3
/** Errors that differ by no more are equal: two standard deviations for who is careful, one for who hopes. */
const CAREFUL = 4
const HOPEFUL = 1
const SHAPE_WEIGHT_MIN = 200
/** Means that are this near to each other are of the same work. */
const SHAPE_ALIKE = 1.03
/** Service times in twentieths, and ever finer where they are long: there they decide how many are late. */
const SHAPE_ENDS = [...Array.from({ length: 18 }, (_, index) => (index + 1) / 20), ...Array.from({ length: 24 }, (_, index) => 1 - 0.1 * 0.75 ** (index + 1)), 1]
const SHAPE_FINE = 0.04

/** `saturation`: requests per second that were worked off under overload, where that was seen. */
export function fitStations(measured: readonly Measured[], shaping: readonly Measured[], saturation: number | undefined): Fits {
  const { shape, spread } = shapeOf(shaping)
  const candidates = SERVERS.map((servers): Fitted => {
    const serviceMs = saturation === undefined ? bestService(measured, servers, spread) : servers * 1000 / saturation
    const station = { servers, serviceMs, spread }
    return { station, shape, error: errorOf(measured, station) }
  }).toSorted((a, b) => capacityOf(a.station) - capacityOf(b.station))
  const likely = candidates.reduce((best, each) => each.error < best.error ? each : best)
  const within = (error: number) => (each: Fitted) => each.error <= likely.error + error
  return { likely, careful: candidates.find(within(CAREFUL)) ?? likely, hopeful: candidates.findLast(within(HOPEFUL)) ?? likely }
}

/** Requests per second and instance at which no larger share than `allowed` takes longer than the limit. */
export function largestRate({ station, shape }: Fitted, limitMs: number, allowed: number, arrivals: number): number {
  let [low, high] = [0, capacityOf(station)]
  for (let step = 0; step < 20; step++) {
    const middle = (low + high) / 2
    if (shareAbove(station, shape, middle, limitMs, arrivals) <= allowed) low = middle
    else high = middle
  }
  return low
}

/** The service time's own spread shows where nobody waits: where requests took least. */
function shapeOf(measured: readonly Measured[]): { readonly shape: WorkShape; readonly spread: number } {
  const enough = measured.filter(({ weight }) => weight >= SHAPE_WEIGHT_MIN)
  const known = enough.length > 0 ? enough : measured
  const least = Math.min(...known.map(({ meanMs }) => meanMs))
  const [quiet] = known.filter(({ meanMs }) => meanMs <= least * SHAPE_ALIKE).toSorted((a, b) => b.weight - a.weight)
  const latency = merge(quiet?.latencies ?? [])
  const points = SHAPE_ENDS.map((end, index): [number, number] => { const from = SHAPE_ENDS[index - 1] ?? 0; return [quantile(latency, (from + end) / 2) ?? 1, end - from] })
  const fine = points.flatMap(([value, share], index) => share > SHAPE_FINE ? [[value, share] as const] : between(value, points[index + 1]?.[0] ?? value, share))
  const mean = fine.reduce((sum, [value, share]) => sum + value * share, 0)
  const shape = fine.map(([value, share]): [number, number] => [value / mean, share])
  return { shape, spread: shape.reduce((sum, [value, share]) => sum + share * (value - 1) ** 2, 0) }
}

/** What lies between two of the long ones is as likely: no step of the share of late requests hangs on one of them. */
const between = (from: number, to: number, share: number) => [1 / 6, 0.5, 5 / 6].map(part => [from + part * (to - from), share / 3] as const)

function errorOf(measured: readonly Measured[], station: Station): number {
  let sum = 0
  for (const { rate, arrivals, meanMs, unsure } of measured) {
    const expected = meanLatencyMs(station, rate, arrivals)
    const off = Math.min(OFF_MAX, Math.abs(Math.log(expected / meanMs)))
    const spread = Math.hypot(unsure, WAIT_ERROR * (expected === Number.POSITIVE_INFINITY ? 1 : 1 - station.serviceMs / expected))
    sum += (off / spread) ** 2 + 2 * Math.log(spread / unsure)
  }
  return sum
}

/** By golden section over the logarithm: the error has one valley. */
function bestService(measured: readonly Measured[], servers: number, spread: number): number {
  const most = Math.max(...measured.map(({ meanMs }) => meanMs), 0.01)
  let [low, high] = [Math.log(most / 200), Math.log(most)]
  const golden = (Math.sqrt(5) - 1) / 2
  for (let step = 0; step < 18; step++) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)]
    const errorAt = (log: number) => errorOf(measured, { servers, serviceMs: Math.exp(log), spread })
    if (errorAt(left) <= errorAt(right)) high = right
    else low = left
  }
  return Math.exp((low + high) / 2)
}

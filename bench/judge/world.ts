/**
 * A service and its new version, as a stream of requests. Everything that makes real traffic hard to judge is a number here:
 * drift, bursts that hit both versions, failures in clusters, instances with bad moments, cold starts.
 */
import { type Random, seeded } from './random.ts'
import type { ArmSecond } from '@vamp/stats/sequential/arm-second'
import { bucketOf, GAMMA, millisecondsOf } from '@vamp/stats/sketch'
import { Tally } from './tally.ts'

export interface Latency {
  /** Milliseconds at the median, and the standard deviation of the logarithm. */
  readonly median: number
  readonly sigma: number
  /** A second mode: this share of requests takes this median instead (cache misses). */
  readonly slowShare?: number
  readonly slowMedian?: number
}

/** What is wrong with the new version. Absent: nothing. */
export interface Fault {
  /** Its error rate, instead of the old version's. */
  readonly errors?: number
  /** Its latency, times this. */
  readonly latencyTimes?: number
  /** The standard deviation of the logarithm of its latency: the tail moves, the median does not. */
  readonly sigma?: number
  /** The slowest `tailShare` of its requests, times this, the others unchanged. */
  readonly tailTimes?: number
  readonly tailShare?: number
  /** Its share of slow-mode requests. */
  readonly slowShare?: number
  /** Seconds after its first request at which the fault begins, and over which it grows to its full size. */
  readonly after?: number
  readonly growing?: number
}

export interface Noise {
  /** Period (s) of a wave in traffic, errors and latency, and its amplitudes: ±traffic, ×errors^±1, ±latency. */
  readonly wave?: { readonly period: number; readonly traffic: number; readonly errors: number; readonly latency: number }
  /** Slow random wandering of traffic (standard deviation of the logarithm; correlation time in seconds). */
  readonly wander?: { readonly sigma: number; readonly seconds: number }
  /** Troubles that hit both versions: mean gap, length from–to (s), added error share from–to, latency times. */
  readonly bursts?: { readonly every: number; readonly from: number; readonly to: number; readonly errorsFrom: number; readonly errorsTo: number; readonly latencyTimes: number }
  /** Mean number of failures that come together, in one second, on one version and one session. */
  readonly clusters?: number
  /** Each instance on its own: wandering of its error rate and latency (standard deviations of the logarithm), and stalls. */
  readonly instances?: { readonly errors: number; readonly latency: number; readonly seconds: number; readonly stallEvery: number; readonly stallMs: number }
  /**
   * A machine that starves its processes now and then: calm for `every` seconds on average, starved for `seconds`. Then each instance stands
   * still `stalls` times a second for `ms` (exponential means); how hard each is hit differs (standard deviation `sigma` of the logarithm) and stays for the while.
   */
  readonly starved?: { readonly every: number; readonly seconds: number; readonly stalls: number; readonly ms: number; readonly sigma: number }
  /** A cold new version: latency times this at first, decaying with this time constant (s). */
  readonly cold?: { readonly times: number; readonly seconds: number }
}

export interface World {
  /** Requests per second. */
  readonly rps: number
  readonly errors: number
  readonly latency: Latency
  readonly noise: Noise
  readonly fault: Fault
  /** Instances of the old version; the new one has as many in proportion to its share, at least two. */
  readonly instances: number
  /** Tell the judge of sessions: a cluster of failures is one session. */
  readonly sessions?: boolean
  /** Seconds of the old version alone before the release; absent: 600. */
  readonly history?: number
}

export interface SimulatedSecond { readonly baseline: ArmSecond; readonly canary: ArmSecond; readonly excess: number }

const PARTS = 8
const QUANTILES = 4096
const INSTANCES_MAX = 64

interface InstanceState {
  errors: number
  logLatency: number
  stalled: boolean
  /** How hard it is hit while the machine starves; the share of this second that it stands still, and for how long at a time. */
  severity: number
  still: number
  stillMs: number
}

/** What both versions have in common in a second. */
interface Level { readonly traffic: number; readonly errors: number; readonly latency: number; readonly added: number }

/** A world that has begun: each call simulates the next second at the given share of the new version. */
export class Simulation {
  readonly #world: World
  readonly #random: Random
  readonly #normal = normalQuantiles()
  readonly #parts = Array.from({ length: PARTS }, () => new Tally())
  readonly #instances = Array.from({ length: INSTANCES_MAX }, () => new Tally())
  readonly #all = new Tally()
  readonly #old: InstanceState[]
  readonly #fresh: InstanceState[]
  readonly #phase: number
  #wander = 0
  #burstUntil = 0
  #burstErrors = 0
  #starved = false
  #age: number | null = null
  #second = 0

  constructor(world: World, seed: number) {
    this.#world = world
    this.#random = seeded(seed)
    const calm = () => ({ errors: 1, logLatency: 0, stalled: false, severity: 1, still: 0, stillMs: 0 })
    this.#old = Array.from({ length: world.instances }, calm)
    this.#fresh = Array.from({ length: world.instances }, calm)
    this.#phase = this.#random.next() * 2 * Math.PI
    for (const instance of [...this.#old, ...this.#fresh]) this.#settle(instance)
  }

  /** Seconds since the new version's first request. */
  get age(): number { return this.#age ?? 0 }

  /** The next second; `excess` is the mean number of failures that the fault added. */
  step(share: number): SimulatedSecond {
    const { rps, noise } = this.#world
    const level = this.#level()
    const requests = this.#random.poisson(rps * level.traffic)
    const fresh = this.#random.binomial(requests, share)
    if (fresh > 0 && this.#age === null) this.#age = 0
    for (const instance of this.#old) this.#move(instance)
    for (const instance of this.#fresh) this.#move(instance)
    this.#starve()
    const baseline = this.#arm(requests - fresh, this.#old.length, this.#old, level, {}, 1)
    const fault = this.#fault()
    const cold = noise.cold && this.#age !== null ? 1 + (noise.cold.times - 1) * Math.exp(-this.#age / noise.cold.seconds) : 1
    const instances = Math.max(2, Math.ceil(share * this.#fresh.length))
    const canary = this.#arm(fresh, instances, this.#fresh, level, fault, cold)
    const added = fault.errors === undefined ? 0 : Math.max(0, fault.errors - this.#world.errors)
    this.#second += 1
    if (this.#age !== null) this.#age += 1
    return { baseline, canary, excess: added * fresh }
  }

  #level(): Level {
    const { wave, wander, bursts } = this.#world.noise
    if (wander) {
      const keep = Math.exp(-1 / wander.seconds)
      this.#wander = this.#wander * keep + wander.sigma * Math.sqrt(1 - keep * keep) * this.#random.normal()
    }
    const sine = wave ? Math.sin(2 * Math.PI * this.#second / wave.period + this.#phase) : 0
    if (bursts && this.#second >= this.#burstUntil && this.#random.next() < 1 / bursts.every) {
      this.#burstUntil = this.#second + bursts.from + (bursts.to - bursts.from) * this.#random.next()
      this.#burstErrors = bursts.errorsFrom + (bursts.errorsTo - bursts.errorsFrom) * this.#random.next()
    }
    const burst = bursts !== undefined && this.#second < this.#burstUntil
    return {
      traffic: (1 + (wave?.traffic ?? 0) * sine) * Math.exp(this.#wander),
      errors: (wave?.errors ?? 1) ** sine,
      latency: (1 + (wave?.latency ?? 0) * sine) * (burst ? bursts.latencyTimes : 1) * Math.exp(this.#wander / 4),
      added: burst ? this.#burstErrors : 0,
    }
  }

  #fault(): Fault {
    const { fault, errors } = this.#world
    const age = this.#age ?? 0
    const begun = age - (fault.after ?? 0)
    if (begun < 0) return {}
    const size = fault.growing ? Math.min(1, begun / fault.growing) : 1
    return {
      ...fault,
      ...(fault.errors === undefined ? {} : { errors: errors + (fault.errors - errors) * size }),
      ...(fault.latencyTimes === undefined ? {} : { latencyTimes: 1 + (fault.latencyTimes - 1) * size }),
    }
  }

  #settle(instance: InstanceState): void {
    const noise = this.#world.noise.instances
    if (!noise) return
    instance.errors = Math.exp(noise.errors * this.#random.normal())
    instance.logLatency = noise.latency * this.#random.normal()
  }

  #move(instance: InstanceState): void {
    const noise = this.#world.noise.instances
    if (!noise) return
    const keep = Math.exp(-1 / noise.seconds)
    const fresh = Math.sqrt(1 - keep * keep)
    instance.errors = Math.exp(Math.log(instance.errors) * keep + noise.errors * fresh * this.#random.normal())
    instance.logLatency = instance.logLatency * keep + noise.latency * fresh * this.#random.normal()
    instance.stalled = this.#random.next() < 1 / noise.stallEvery
  }

  #starve(): void {
    const noise = this.#world.noise.starved
    if (!noise) return
    if (this.#random.next() < 1 / (this.#starved ? noise.seconds : noise.every)) {
      this.#starved = !this.#starved
      for (const instance of [...this.#old, ...this.#fresh]) instance.severity = Math.exp(noise.sigma * this.#random.normal())
    }
    for (const instance of [...this.#old, ...this.#fresh]) {
      const stalls = this.#starved ? this.#random.poisson(noise.stalls * instance.severity) : 0
      let ms = 0
      for (let stall = 0; stall < stalls; stall++) ms -= noise.ms * Math.log1p(-this.#random.next())
      instance.still = Math.min(1, ms / 1000)
      instance.stillMs = stalls > 0 ? ms / stalls : 0
    }
  }

  #arm(requests: number, instances: number, states: readonly InstanceState[], level: Level, fault: Fault, cold: number): ArmSecond {
    const used = Math.min(instances, states.length, INSTANCES_MAX)
    const { noise: { clusters = 1 }, sessions = false } = this.#world
    const base = (fault.errors ?? this.#world.errors) * level.errors
    const common = Math.log(level.latency * cold * (fault.latencyTimes ?? 1))
    let failing = 0
    let failingPart = 0
    for (let request = 0; request < requests; request++) {
      const at = Math.floor(this.#random.next() * used)
      const state = states[at]
      if (!state) continue
      const bucket = this.#bucket(common, state, fault)
      let part = Math.floor(this.#random.next() * PARTS)
      const opens = failing === 0
      if (opens && this.#random.next() < (base * state.errors + level.added) / clusters) {
        failing = this.#random.geometric(clusters)
        failingPart = part
      }
      const failed = failing > 0
      if (failed) {
        failing -= 1
        part = failingPart
      }
      this.#parts[part]?.add(bucket, failed, opens)
      this.#instances[at]?.add(bucket, failed, opens)
      this.#all.add(bucket, failed, opens)
    }
    const byInstance = this.#instances.slice(0, used).map((tally, at) => ({ id: `i${at}`, ...tally.take(sessions) }))
    return { ...this.#all.take(sessions), parts: this.#parts.map(tally => tally.take(sessions)), instances: byInstance }
  }

  /** The latency of one request, as a bucket; worked out in logarithms. */
  #bucket(common: number, state: InstanceState, fault: Fault): number {
    const { median, sigma, slowShare = 0, slowMedian = median } = this.#world.latency
    const share = fault.slowShare ?? slowShare
    const slow = share > 0 && this.#random.next() < share
    const rank = Math.floor(this.#random.next() * QUANTILES)
    const z = this.#normal[rank] ?? 0
    const tail = fault.tailTimes !== undefined && rank >= QUANTILES * (1 - (fault.tailShare ?? 0.03)) ? Math.log(fault.tailTimes) : 0
    const log = tail + Math.log(slow ? slowMedian : median) + (fault.sigma ?? sigma) * z + common + state.logLatency
    const bucket = Math.ceil(log * PER_LN)
    const stall = this.#world.noise.instances?.stallMs ?? 0
    const waits = (state.stalled ? stall * this.#random.next() : 0) + (state.still > 0 && this.#random.next() < state.still ? state.stillMs * this.#random.next() : 0)
    return waits > 0 ? bucketOf(millisecondsOf(bucket) + waits) : bucket
  }
}

const PER_LN = 1 / Math.log(GAMMA)

/** Midpoints of equally likely slices of the normal law (Acklam's inverse, relative error 1e-9). */
function normalQuantiles(): Float64Array {
  return Float64Array.from({ length: QUANTILES }, (_, at) => inverseNormal((at + 0.5) / QUANTILES))
}

function inverseNormal(p: number): number {
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239]
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1]
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783]
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1]
  const poly = (coefficients: readonly number[], x: number) => coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)
  if (p > 0.5) return -inverseNormal(1 - p)
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p))
    return poly(c, q) / poly(d, q)
  }
  const q = p - 0.5
  return poly(a, q * q) * q / poly(b, q * q)
}

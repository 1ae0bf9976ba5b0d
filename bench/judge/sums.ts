/** What the rivals look at: counts and latencies over a stretch of time. */
import type { ArmPart } from '@vamp/stats/sequential/arm-second'
import { countAbove, countOf, merge, quantile, type SketchData } from '@vamp/stats/sketch'

export class Sums {
  requests = 0
  errors = 0
  #latencies: SketchData[] = []

  add(arm: ArmPart): void {
    this.requests += arm.requests
    this.errors += arm.errors
    this.#latencies.push(arm.latency)
  }

  /** Milliseconds; undefined without requests. */
  percentile(q: number): number | undefined {
    return quantile(merge(this.#latencies), q)
  }

  clear(): void {
    this.requests = 0
    this.errors = 0
    this.#latencies = []
  }
}

/** Cumulative counts of requests above fixed buckets. */
export class Exceedances {
  units = 0
  readonly above: number[]
  readonly #buckets: readonly number[]

  constructor(buckets: readonly number[]) {
    this.#buckets = buckets
    this.above = buckets.map(() => 0)
  }

  add(latency: SketchData): void {
    this.units += countOf(latency)
    for (const [at, bucket] of this.#buckets.entries()) this.above[at] = (this.above[at] ?? 0) + countAbove(latency, bucket)
  }
}

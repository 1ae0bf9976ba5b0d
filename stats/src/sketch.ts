/**
 * Percentiles that can be added up: counts of milliseconds in logarithmic buckets. Bucket `i` holds (γ^(i−1), γ^i], so
 * every value in it is within 1 % of `millisecondsOf(i)`; two sketches merge by adding their counts, exactly and in any order.
 * After DDSketch (Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch", VLDB 2019), with γ = (1+α)/(1−α), α = 1 %.
 * What is below a microsecond or above an hour counts as that: a sketch has at most `BUCKETS` buckets.
 */

/** Sparse: pairs [bucket index, count], ascending, counts above 0. */
export type SketchData = readonly (readonly [index: number, count: number])[]

export const GAMMA = 1.01 / 0.99

const LN_GAMMA = Math.log(GAMMA)
const PER_LN = 1 / LN_GAMMA
const LEAST_MS = 0.001
const MOST_MS = 3_600_000
/** Bucket of a microsecond, −345, and of an hour, 755. */
export const BUCKET_MIN = Math.ceil(Math.log(LEAST_MS) * PER_LN)
export const BUCKET_MAX = Math.ceil(Math.log(MOST_MS) * PER_LN)
export const BUCKETS = BUCKET_MAX - BUCKET_MIN + 1

/** The bucket of a duration; what is no number counts as the shortest. */
export function bucketOf(milliseconds: number): number {
  if (!(milliseconds > LEAST_MS)) return BUCKET_MIN
  return milliseconds >= MOST_MS ? BUCKET_MAX : Math.ceil(Math.log(milliseconds) * PER_LN)
}

/** The milliseconds that stand for a bucket: at most 1 % from everything in it. */
export function millisecondsOf(index: number): number {
  return 2 * Math.exp(index * LN_GAMMA) / (GAMMA + 1)
}

/** A sketch being filled. Recording allocates nothing but, now and then, room for a wider range. */
export class Sketch {
  /** Counts of the buckets from `first` on; as wide as the range that was seen. */
  #counts = new Float64Array(0)
  #first = 0
  #total = 0

  get count(): number { return this.#total }

  record(milliseconds: number): void {
    this.add(bucketOf(milliseconds), 1)
  }

  /** Adds another sketch. */
  merge(data: SketchData): void {
    for (const [index, count] of data) this.add(Math.min(BUCKET_MAX, Math.max(BUCKET_MIN, index)), count)
  }

  toData(): SketchData {
    const data: [number, number][] = []
    for (let at = 0; at < this.#counts.length; at++) {
      const count = this.#counts[at] ?? 0
      if (count > 0) data.push([this.#first + at, count])
    }
    return data
  }

  /** Values of one bucket, which must be within the bounds. */
  add(index: number, count: number): void {
    let at = index - this.#first
    if (at < 0 || at >= this.#counts.length) at = this.#widen(index)
    this.#counts[at] = (this.#counts[at] ?? 0) + count
    this.#total += count
  }

  /** Room for the bucket and for some neighbours, within the bounds; the bucket's place in it. */
  #widen(index: number): number {
    const length = this.#counts.length
    const room = Math.max(ROOM, length >> 1)
    const low = Math.max(BUCKET_MIN, Math.min(length ? this.#first : index, index - (length && index > this.#first ? 0 : room)))
    const high = Math.min(BUCKET_MAX, Math.max(length ? this.#first + length - 1 : index, index + (length && index < this.#first ? 0 : room)))
    const wider = new Float64Array(high - low + 1)
    wider.set(this.#counts, length ? this.#first - low : 0)
    this.#counts = wider
    this.#first = low
    return index - low
  }
}

/** Buckets of room at least on that side of a value on which it lies outside the range so far; 16 buckets are a factor of 1.4. */
const ROOM = 16

export function fromData(data: SketchData): Sketch {
  const sketch = new Sketch()
  sketch.merge(data)
  return sketch
}

/** The sum of sketches. */
export function merge(sketches: readonly SketchData[]): SketchData {
  const sum = new Sketch()
  for (const data of sketches) sum.merge(data)
  return sum.toData()
}

export function countOf(data: SketchData): number {
  let count = 0
  for (const pair of data) count += pair[1]
  return count
}

/**
 * The lower quantile: within 1 % of the value at rank ⌊q·(n−1)⌋ of the sorted values, `q` in [0, 1]; undefined if the sketch is empty.
 * Values outside [1 µs, 1 h] count as the bound.
 */
export function quantile(data: SketchData, q: number): number | undefined {
  const index = quantileBucket(data, q)
  return index === undefined ? undefined : millisecondsOf(index)
}

/** The bucket that the quantile falls into. */
export function quantileBucket(data: SketchData, q: number): number | undefined {
  const rank = Math.min(1, Math.max(0, q)) * (countOf(data) - 1)
  let seen = 0
  for (const [index, count] of data) {
    seen += count
    if (seen > rank) return index
  }
  return data.at(-1)?.[0]
}

/** How many values lie in buckets above the given one. */
export function countAbove(data: SketchData, index: number): number {
  let count = 0
  for (const pair of data) if (pair[0] > index) count += pair[1]
  return count
}

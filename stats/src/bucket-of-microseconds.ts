/**
 * The bucket of a whole number of microseconds without a logarithm: for agents, which ask for each request. A table by the highest
 * seven bits of the number leads to the bucket or to the one before, since its steps (at most 1/64) are narrower than a bucket
 * (2 %). Equal to `bucketOf` for every number.
 */
import { BUCKET_MIN, BUCKETS, bucketOf } from './sketch.ts'

const BITS = 6
const STEPS = 1 << BITS
/** Larger ones do not fit into 31 bits: 35 minutes. */
const TABLE_MAX = 2 ** 31 - 1

/** The largest number of each bucket. */
const largest = new Float64Array(BUCKETS)
/** By the highest bits, the bucket of the smallest number that has them. */
const first = new Int16Array((31 - BITS) * STEPS + STEPS)

for (let bucket = 0, us = 1; bucket < BUCKETS; bucket++) {
  // The largest is where the next bucket begins, less one: found by halving, since only `bucketOf` says where that is.
  let [low, high] = [us - 1, Math.floor(us * 1.03 + 2)]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (bucketOf(middle / 1000) - BUCKET_MIN <= bucket) low = middle
    else high = middle
  }
  largest[bucket] = bucket === BUCKETS - 1 ? Number.POSITIVE_INFINITY : low
  us = low + 1
}
for (let index = 0; index < first.length; index++) first[index] = bucketOf(smallestOf(index) / 1000) - BUCKET_MIN

function indexOf(us: number): number {
  const above = 31 - Math.clz32(us) - BITS
  return above <= 0 ? us : (above << BITS) + (us >>> above)
}

function smallestOf(index: number): number {
  const above = Math.max(0, (index >> BITS) - 1)
  return (index - (above << BITS)) * 2 ** above
}

/** `us`: µs, anything. */
export function bucketOfMicroseconds(us: number): number {
  const whole = us | 0
  if (whole !== us || whole < 0 || us > TABLE_MAX) return bucketOf(us / 1000)
  let bucket = first[indexOf(whole)] as number
  while (us > (largest[bucket] as number)) bucket++
  return bucket + BUCKET_MIN
}

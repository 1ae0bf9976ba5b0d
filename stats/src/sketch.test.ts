import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BUCKET_MAX, BUCKET_MIN, BUCKETS, bucketOf, countAbove, countOf, fromData, GAMMA, merge, quantile, quantileBucket, Sketch, millisecondsOf } from './sketch.ts'

/** 1 %, and what floating point adds at the edge of a bucket. */
const ERROR = 0.01 + 1e-9
const duration = fc.oneof(
  fc.double({ min: 0.001, max: 3_600_000, noNaN: true }),
  fc.double({ min: -6.9, max: 15, noNaN: true }).map(Math.exp),
  fc.integer({ min: BUCKET_MIN + 1, max: BUCKET_MAX - 1 }).map(index => GAMMA ** index),
)
const durations = fc.array(duration, { minLength: 1, maxLength: 300 })

function sketchOf(values: readonly number[]) {
  const sketch = new Sketch()
  for (const value of values) sketch.record(value)
  return sketch.toData()
}

test('every duration is within 1 % of the value that stands for its bucket', () => {
  fc.assert(fc.property(duration, value => {
    expect(Math.abs(millisecondsOf(bucketOf(value)) - value) / value).toBeLessThanOrEqual(ERROR)
  }), { numRuns: 2000 })
})

test('every quantile is within 1 % of the exact lower quantile', () => {
  fc.assert(fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
    const exact = values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? Number.NaN

    const estimate = quantile(sketchOf(values), q) ?? Number.NaN

    expect(Math.abs(estimate - exact) / exact).toBeLessThanOrEqual(ERROR)
  }), { numRuns: 500 })
})

test('merging parts gives the same sketch as recording everything in one, in any order and grouping', () => {
  fc.assert(fc.property(durations, durations, durations, (a, b, c) => {
    const whole = sketchOf([...a, ...b, ...c])

    expect(merge([sketchOf(a), sketchOf(b), sketchOf(c)])).toEqual(whole)
    expect(merge([sketchOf(c), merge([sketchOf(b), sketchOf(a)])])).toEqual(whole)
  }))
})

test('data is ascending, without empty buckets, and survives the way there and back', () => {
  fc.assert(fc.property(durations, values => {
    const data = sketchOf(values)

    expect(data.map(([index]) => index)).toEqual(data.map(([index]) => index).toSorted((a, b) => a - b))
    expect(new Set(data.map(([index]) => index)).size).toBe(data.length)
    expect(data.every(([, count]) => count > 0)).toBe(true)
    expect(countOf(data)).toBe(values.length)
    expect(fromData(data).toData()).toEqual(data)
    expect(fromData(data).count).toBe(values.length)
  }))
})

test('counts above a bucket are the values that lie in higher buckets', () => {
  fc.assert(fc.property(durations, fc.integer({ min: BUCKET_MIN, max: BUCKET_MAX }), (values, index) => {
    expect(countAbove(sketchOf(values), index)).toBe(values.filter(value => bucketOf(value) > index).length)
  }))
})

describe('bounds', () => {
  test('what is shorter than a microsecond, longer than an hour or no number at all stays within the buckets', () => {
    expect([0, -1, 1e-9, Number.NaN, Number.NEGATIVE_INFINITY].map(bucketOf)).toEqual(Array(5).fill(BUCKET_MIN))
    expect([3_600_000, 1e12, Number.POSITIVE_INFINITY].map(bucketOf)).toEqual(Array(3).fill(BUCKET_MAX))
    expect(fromData([[-99_999, 1], [99_999, 2]]).toData()).toEqual([[BUCKET_MIN, 1], [BUCKET_MAX, 2]])
    expect(BUCKETS).toBe(1101)
  })

  test('an empty sketch has no quantile', () => {
    expect(quantile([], 0.5)).toBeUndefined()
    expect(quantileBucket([], 0.5)).toBeUndefined()
    expect(new Sketch().toData()).toEqual([])
  })
})

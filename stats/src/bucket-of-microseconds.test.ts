import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketOfMicroseconds } from './bucket-of-microseconds.ts'
import { bucketOf } from './sketch.ts'

test('every duration has the bucket that its logarithm says', () => {
  const wrong: number[] = []
  for (let us = 0; us < 300_000; us++) if (bucketOfMicroseconds(us) !== bucketOf(us / 1000)) wrong.push(us)
  for (let power = 18; power < 42; power++) for (let step = -200; step <= 200; step++) {
    const us = 2 ** power + step
    if (bucketOfMicroseconds(us) !== bucketOf(us / 1000)) wrong.push(us)
  }
  expect(wrong).toEqual([])
  fc.assert(fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(), fc.double(), fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, -1, Number.NaN)), us => {
    expect(bucketOfMicroseconds(us)).toBe(bucketOf(us / 1000))
  }), { numRuns: 20_000 })
})

test('where one bucket ends and the next begins is the same for both', () => {
  for (let us = 300_000; us < 2 ** 31; us = Math.ceil(us * 1.0001)) expect(bucketOfMicroseconds(us)).toBe(bucketOf(us / 1000))
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DRAW_BITS, rangePrefixes, shareRanges } from './shares.ts'

test('shares lie one after the other, and one of nothing has no range', () => {
  expect(shareRanges([{ share: 9_980, value: 'a' }, { share: 0, value: 'b' }, { share: 20, value: 'c' }])).toEqual([
    { from: 0, to: 9_980, value: 'a' }, { from: 9_980, to: 10_000, value: 'c' },
  ])
})

test('a range is written in few prefixes of its generation', () => {
  expect(rangePrefixes(1, 0, 10_000)).toEqual(['0.0.64.0/19', '0.0.96.0/22', '0.0.100.0/23', '0.0.102.0/24', '0.0.103.0/28'])
  expect(rangePrefixes(2, 9_999, 10_000)).toEqual(['0.0.167.15/32'])
})

test('prefixes cover exactly their range, each number once, in at most 26 pieces', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 18 - 1 }), fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 }), (generation, one, other) => {
    const [from, to] = [Math.min(one, other), Math.max(one, other)]
    let at = generation * 2 ** DRAW_BITS + from
    const prefixes = rangePrefixes(generation, from, to)
    for (const prefix of prefixes) {
      const [address = '', length] = prefix.split('/')
      const start = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
      const size = 2 ** (32 - Number(length))
      expect(start).toBe(at)
      expect(start % size).toBe(0)
      at += size
    }
    expect(at).toBe(generation * 2 ** DRAW_BITS + to)
    expect(prefixes.length).toBeLessThanOrEqual(26)
  }))
})

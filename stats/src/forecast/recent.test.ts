import { expect, test } from 'vitest'
import { seeded } from '../testdata/seeded.ts'
import { openRecent } from './recent.ts'

test('quantiles are those of the newest numbers', () => {
  const random = seeded(7)
  const recent = openRecent(100)
  const all = Array.from({ length: 1000 }, () => Math.floor(20 * random()))
  for (const value of all) recent.add(value)
  const sorted = all.slice(-100).toSorted((a, b) => a - b)
  for (const share of [0, 0.2, 0.5, 0.8, 1]) expect(recent.quantile(share)).toBe(sorted[Math.min(99, Math.floor(100 * share))])
  expect(openRecent(5).quantile(0.5)).toBe(0)
})

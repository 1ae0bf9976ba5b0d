import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { logMoment } from './hypergeometric.ts'
import { logFactorial } from './log-gamma.ts'
import { betOnSafety, newSafety, rateBound, safetyEvidence } from './safety.ts'

const choose = (n: number, k: number) => logFactorial(n) - logFactorial(k) - logFactorial(n - k)

describe('evidence of safety', () => {
  test('is one on average for a version exactly at the margin, and less for a worse one', () => {
    for (const [truth, check] of [[Math.log(1.5), (mean: number) => expect(mean).toBeCloseTo(1, 10)], [Math.log(2), (mean: number) => expect(mean).toBeLessThan(1)]] as const) {
      let mean = 0
      for (let k = 0; k <= 6; k++) {
        const probability = Math.exp(choose(12, k) + choose(30, 6 - k) - choose(42, 6) + truth * k - logMoment(30, 12, 6, truth))
        const logs = newSafety()
        betOnSafety(logs, { oldUnits: 30, oldEvents: 6 - k, freshUnits: 12, freshEvents: k }, Math.log(1.5), 1, 0.3)
        mean += probability * safetyEvidence(logs)
      }
      check(mean)
    }
  })

  test('grows when the new version fails less often than the margin allows', () => {
    const logs = newSafety()
    for (let second = 0; second < 60; second++) betOnSafety(logs, { oldUnits: 75, oldEvents: 3, freshUnits: 25, freshEvents: 1 }, Math.log(1.5), 1, Math.log(1.5))

    expect(safetyEvidence(logs)).toBeGreaterThan(2)
  })
})

describe('the bound of a rate', () => {
  test('is about ln 120 divided by the units when nothing failed', () => {
    expect(rateBound(1916, 0, 20)).toBeLessThanOrEqual(0.0025)
    expect(rateBound(1916, 0, 20)).toBeGreaterThan(0.8 * Math.log(120) / 1916)
  })

  test('is less than twice what was seen after fifteen failures', () => {
    expect(rateBound(8900, 15, 20)).toBeLessThan(1.9 * 15 / 8900)
  })

  test('is above what was seen, falls with more units and rises with more events', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (units, share) => {
      const events = Math.floor(units * share)
      const bound = rateBound(units, events, 20)

      expect(bound).toBeGreaterThanOrEqual(events / units)
      expect(bound).toBeLessThanOrEqual(1)
      expect(rateBound(units * 2, events, 20)).toBeLessThanOrEqual(bound + 1e-9)
      expect(rateBound(units, Math.max(0, events - 1), 20)).toBeLessThanOrEqual(bound + 1e-9)
    }), { numRuns: 200, seed: 3 })
  })

  test('would have been paid for at most once in twenty, summed over all outcomes of a hundred requests', () => {
    const rate = 0.08
    let missed = 0
    for (let k = 0; k <= 100; k++)
      if (rateBound(100, k, 20) < rate) missed += Math.exp(choose(100, k) + k * Math.log(rate) + (100 - k) * Math.log1p(-rate))

    expect(missed).toBeLessThanOrEqual(0.05)
    expect(missed).toBeGreaterThan(0)
  })
})

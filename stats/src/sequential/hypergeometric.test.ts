import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { logMoment, logMomentBound } from './hypergeometric.ts'
import { logFactorial, logGamma } from './log-gamma.ts'

/** ln E[ψ^X] from whole numbers, for ψ = up/down: only the last logarithm is rounded. */
function exactMoment(old: number, fresh: number, events: number, up: bigint, down: bigint): number {
  const among = { old: binomials(old, events), fresh: binomials(fresh, events) }
  let sum = 0n
  for (let k = 0; k <= events; k++) sum += (among.fresh[k] ?? 0n) * (among.old[events - k] ?? 0n) * up ** BigInt(k) * down ** BigInt(events - k)
  return logOf(sum) - logOf((binomials(old + fresh, events)[events] ?? 0n) * down ** BigInt(events))
}

/** n over 0 … n over `last`. */
function binomials(n: number, last: number): bigint[] {
  const row = [1n]
  for (let k = 1; k <= last; k++) row.push((row[k - 1] ?? 0n) * BigInt(Math.max(0, n - k + 1)) / BigInt(k))
  return row
}

function logOf(whole: bigint): number {
  const shift = Math.max(0, whole.toString(2).length - 60)
  return Math.log(Number(whole >> BigInt(shift))) + shift * Math.LN2
}

describe('the cumulant of the hypergeometric law', () => {
  test('is that of exact rational arithmetic for every small table', () => {
    for (const [up, down] of [[3n, 2n], [20n, 1n], [148n, 1n], [1n, 3n], [21n, 20n], [1n, 50n]] as const)
      for (let old = 0; old <= 9; old++)
        for (let fresh = 0; fresh <= 7; fresh++)
          for (let events = 0; events <= old + fresh; events++) {
            const exact = exactMoment(old, fresh, events, up, down)
            expect(Math.abs(logMoment(old, fresh, events, Math.log(Number(up) / Number(down))) - exact)).toBeLessThan(1e-12 * Math.max(1, Math.abs(exact)))
          }
  })

  test.each([
    [975, 25, 12, 3n, 1n], [1500, 500, 300, 11n, 10n], [19_000, 1000, 150, 5n, 1n], [900, 300, 600, 2n, 3n], [300, 900, 1100, 20n, 1n],
  ])('is that of exact rational arithmetic for %i and %i requests with %i events', (old, fresh, events, up, down) => {
    expect(logMoment(old, fresh, events, Math.log(Number(up) / Number(down)))).toBeCloseTo(exactMoment(old, fresh, events, up, down), 9)
  })

  test('is zero at zero, convex, and between its extreme slopes', () => {
    fc.assert(fc.property(fc.nat(3000), fc.nat(3000), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true }), (old, fresh, share, theta) => {
      const events = Math.floor(share * (old + fresh))
      const k = (t: number) => logMoment(old, fresh, events, t)

      expect(k(0)).toBe(0)
      expect(k(theta)).toBeLessThanOrEqual(Math.max(theta * Math.min(events, fresh), theta * Math.max(0, events - old)) + 1e-8)
      expect(k(theta)).toBeGreaterThanOrEqual(theta * events * fresh / Math.max(1, old + fresh) - 1e-8)
      expect(2 * k(theta)).toBeLessThanOrEqual(k(theta - 0.3) + k(theta + 0.3) + 1e-8)
    }), { numRuns: 300, seed: 7 })
  })

  test('is never above the bound that is used instead of it', () => {
    for (const theta of [0.1, 1.6, 5])
      for (let fresh = 1; fresh <= 40; fresh += 3)
        for (let events = 0; events <= 40; events += 3) expect(logMomentBound(40, fresh, events, theta)).toBeGreaterThanOrEqual(logMoment(40, fresh, events, theta) - 1e-12)
  })

  test('stays finite and below the bound for drawing with replacement, for a million requests', () => {
    for (const events of [1, 50, 10_000, 500_000])
      for (const theta of [0.1, 1.6, 5]) {
        const value = logMoment(750_000, 250_000, events, theta)

        expect(value).toBeGreaterThan(0)
        expect(value).toBeLessThanOrEqual(events * Math.log1p(0.25 * Math.expm1(theta)) + 1e-6)
      }
  })
})

describe('log factorials', () => {
  test('agree with exact products and join Stirling without a step', () => {
    expect(logFactorial(20)).toBeCloseTo(Math.log(2432902008176640000), 13)
    for (const n of [65_534, 65_535, 65_536, 70_000]) expect(logFactorial(n + 1) - logFactorial(n)).toBeCloseTo(Math.log(n + 1), 7)
  })

  test('the gamma function agrees with its values at halves', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12)
    expect(logGamma(5.5)).toBeCloseTo(Math.log(52.34277778455352), 11)
    for (const x of [0.3, 3.7, 40.25]) expect(logGamma(x + 1) - logGamma(x)).toBeCloseTo(Math.log(x), 11)
  })
})

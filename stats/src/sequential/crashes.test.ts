import { expect, test } from 'vitest'
import { crashOdds } from './crashes.ts'

const usual = 1 / 600

test('two crashes within seconds are as unlikely as a computation by hand says', () => {
  // Γ(5/2) / Γ(1/2) = 3/4, so ¾ √5 15^(-5/2) over 600^(-2) e^(-10/600).
  expect(crashOdds(2, 10, usual)).toBeCloseTo(0.75 * Math.sqrt(5) * 15 ** -2.5 * 600 ** 2 * Math.exp(10 / 600), 6)
})

test('under a rate that is usual its mean is at most one, at every time', () => {
  for (const rate of [usual / 10, usual / 2, usual])
    for (const seconds of [1, 10, 60, 600, 6000, 60_000]) {
      let [mean, probability] = [0, Math.exp(-rate * seconds)]
      for (let crashes = 0; probability > 1e-150; crashes++) {
        mean += probability * crashOdds(crashes, seconds, usual)
        probability *= rate * seconds / (crashes + 1)
      }
      expect(mean).toBeLessThanOrEqual(1)
    }
})

test('one crash convinces nobody, many in a long time do not either', () => {
  expect(crashOdds(1, 0.5, usual)).toBeLessThan(100)
  expect(crashOdds(10, 6000, usual)).toBeLessThan(1)
})

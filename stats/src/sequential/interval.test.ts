import { expect, test } from 'vitest'
import { narrow, newInterval, oddsInterval } from './interval.ts'

test('before anything was seen no ratio is excluded', () => {
  expect(oddsInterval(newInterval(0), 0.95)).toEqual({ low: null, high: null })
})

test('it closes in on the true ratio and keeps it', () => {
  const state = newInterval(0)
  const widths: number[] = []
  for (let second = 1; second <= 900; second++) {
    // Odds 2 : 1, as even as whole numbers allow.
    narrow(state, { oldUnits: 75, oldEvents: second % 4 === 0 ? 0 : 1, freshUnits: 25, freshEvents: second % 2 }, 1)
    const { low, high } = oddsInterval(state, 0.95)
    if (second % 300 === 0) widths.push(Math.log(high ?? 99) - Math.log(low ?? 0.01))
    expect(low ?? 0).toBeLessThan(2.05)
    expect(high ?? 99).toBeGreaterThan(1.95)
  }

  expect(widths[1]).toBeLessThan(widths[0] ?? 0)
  expect(widths[2]).toBeLessThan(0.8)
})

test('noise widens it', () => {
  const calm = newInterval(0)
  const noisy = newInterval(0)
  for (let second = 0; second < 300; second++) {
    narrow(calm, { oldUnits: 75, oldEvents: 3, freshUnits: 25, freshEvents: 1 }, 1)
    narrow(noisy, { oldUnits: 75, oldEvents: 3, freshUnits: 25, freshEvents: 1 }, 4)
  }

  expect(oddsInterval(noisy, 0.95).high).toBeGreaterThan(oddsInterval(calm, 0.95).high ?? 0)
})

import { expect, test } from 'vitest'
import { openDrift, openSpending } from './promise-watch.ts'

test('as many late ones as are tolerated take no load away, five times as many do', () => {
  const [as, more] = [openSpending(), openSpending()]
  for (let at = 1; at <= 600; at++) {
    as.see(at % 25 === 0 ? 1 : 0, 100, 0.0004, at)
    more.see(at % 5 === 0 ? 1 : 0, 100, 0.0004, at)
  }
  expect(as.factor).toBe(1)
  expect(more.factor).toBeLessThan(0.8)
  expect(more.factor).toBeGreaterThanOrEqual(0.6)
})

test('what was taken away comes back', () => {
  const spending = openSpending()
  spending.see(20, 100, 0.001, 1)
  const taken = spending.factor
  spending.see(0, 100, 0.001, 301)
  expect(taken).toBeCloseTo(0.95, 9)
  expect(spending.factor).toBeCloseTo(Math.sqrt(0.95), 9)
})

test('requests that take longer than the model says are believed after a thousand, up to a fifth more', () => {
  const drift = openDrift()
  drift.see(110, 100, 900, 1)
  expect(drift.factor).toBe(1)
  drift.see(110, 100, 900, 2)
  expect(drift.factor).toBeCloseTo(1.1, 9)
  for (let at = 3; at < 300; at++) drift.see(300, 100, 900, at)
  expect(drift.factor).toBe(1.2)
})

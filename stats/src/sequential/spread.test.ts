import { expect, test } from 'vitest'
import type { SketchData } from '../sketch.ts'
import type { ArmSecond } from './arm-second.ts'
import { learnSpread, newSpread, slowByInstance, spreadNoise, type SpreadState, turnSpread } from './spread.ts'
import { seeded } from '../testdata/seeded.ts'

const [FAST, SLOW] = [100, 200]
const LIMIT = [150]

/** Twenty-five requests an instance; so many of them slow. */
function arm(slow: readonly number[]): ArmSecond {
  const latency = (count: number): SketchData => [[FAST, 25 - count], [SLOW, count]]
  const all = slow.reduce((sum, count) => sum + count, 0)
  return { requests: 25 * slow.length, errors: 0, latency: [[FAST, 25 * slow.length - all], [SLOW, all]], parts: [], instances: slow.map((count, at) => ({ id: `i${at}`, requests: 25, errors: 0, latency: latency(count) })) }
}

function seen(seconds: number, slow: (second: number) => readonly number[]): SpreadState {
  const state = newSpread(1)
  for (let second = 0; second < seconds; second++) {
    turnSpread(state, second)
    learnSpread(state, slowByInstance(arm(slow(second)), LIMIT))
  }
  return state
}

test('slow requests that come one by one are no noise, however many they are', () => {
  for (const share of [0.01, 0.1, 0.5]) {
    const next = seeded(5)
    const drawn = () => Array.from({ length: 25 }, next).filter(u => u < share).length

    expect(spreadNoise(seen(300, () => [drawn(), drawn()]), 0)).toBeLessThan(1.3)
  }
})

test('a stall of a second is known to be one in the next second', () => {
  const before = seen(5, () => [0, 1])
  const after = seen(6, second => second === 5 ? [20, 0] : [0, 1])

  expect(spreadNoise(before, 0)).toBe(1)
  expect(spreadNoise(after, 0)).toBeGreaterThan(5)
})

test('stalls of a lone instance are found by the seconds', () => {
  expect(spreadNoise(seen(30, second => [second % 10 === 3 ? 25 : 0]), 0)).toBeGreaterThan(8)
})

test('a while of stalls weighs in full while it lasts, and by its share later', () => {
  const starved = (second: number) => second >= 60 && second < 90
  const during = spreadNoise(seen(85, second => starved(second) ? [second % 2 === 0 ? 20 : 0, 0] : [1, 0]), 0)
  const later = spreadNoise(seen(600, second => starved(second) ? [second % 2 === 0 ? 20 : 0, 0] : [1, 0]), 0)

  expect(during).toBeGreaterThan(8)
  expect(later).toBeLessThan(during / 2)
})

import { expect, test } from 'vitest'
import { learnLatency, newThresholds, turnMinute } from './thresholds.ts'

const QUANTILES = [0.5, 0.99]

test('a threshold stands for a whole minute and never knows the minute it is used in', () => {
  const state = newThresholds(2)
  for (let second = 0; second < 120; second++) {
    turnMinute(state, second, QUANTILES, [])
    if (second >= 60) expect(state.buckets).toEqual([100, 200])
    learnLatency(state, second < 60 ? [[100, 90], [200, 10]] : [[300, 100]])
  }

  turnMinute(state, 120, QUANTILES, [])

  expect(state.buckets).toEqual([300, 300])
})

test('a minute weighs half of the one after it', () => {
  const state = newThresholds(2)
  for (let second = 0; second < 180; second++) {
    turnMinute(state, second, QUANTILES, [])
    learnLatency(state, [[Math.floor(second / 60), 100]])
  }
  turnMinute(state, 180, QUANTILES, [])

  expect(state.past).toEqual({ first: 0, counts: [1500, 3000, 6000] })
})

test('without a past, the first thresholds come after ten seconds of enough requests', () => {
  const state = newThresholds(2)
  for (let second = 30; second < 40; second++) {
    turnMinute(state, second, QUANTILES, [])
    expect(state.buckets).toEqual([null, null])
    learnLatency(state, [[50, 20]])
  }

  expect(turnMinute(state, 40, QUANTILES, [])).toBe(true)
  expect(state.buckets).toEqual([50, 50])
})

test('how much rarer slow requests are beyond a margin is read off the past', () => {
  const state = newThresholds(2)
  for (let second = 0; second < 60; second++) {
    turnMinute(state, second, QUANTILES, [])
    learnLatency(state, [[10, 50], [20, 25], [30, 25]])
  }
  turnMinute(state, 60, QUANTILES, [{ quantile: 0, buckets: 10 }, { quantile: 1, buckets: 99 }])

  expect(state.drops[0]).toBeCloseTo(Math.log(3), 12)
  expect(state.drops[1]).toBeLessThanOrEqual(3)
})

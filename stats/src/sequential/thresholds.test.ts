import { expect, test } from 'vitest'
import { bucketOf, millisecondsOf } from '../sketch.ts'
import { learnLatency, newThresholds, slowerBucket, turnMinute } from './thresholds.ts'

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
    learnLatency(state, [[210, 50], [220, 25], [230, 25]])
  }
  turnMinute(state, 60, QUANTILES, [{ quantile: 0, margin: 0.2214 }, { quantile: 1, margin: 6.24 }])

  expect(state.drops[0]).toBeCloseTo(Math.log(3), 3)
  expect(state.drops[1]).toBeLessThanOrEqual(3)
})

test('the tail of a few hundred requests promises little of what lies beyond it', () => {
  const state = newThresholds(2)
  for (let second = 0; second < 60; second++) {
    turnMinute(state, second, [0.5, 0.98], [])
    learnLatency(state, second < 6 ? [[210, 4], [215, 1]] : [[210, 5]])
  }
  turnMinute(state, 60, [0.5, 0.98], [{ quantile: 0, margin: 0.1 }, { quantile: 1, margin: 0.25 }])

  expect(state.drops[0]).toBeLessThan(2)
})

test.each([[0.7, 0.04, 2.7], [10, 0.04, 12], [10, 0.25, 12.5], [100, 0.04, 104]])('of %f ms, %f more is tolerated, and what nobody notices: up to %f ms', (ms, margin, most) => {
  const limit = millisecondsOf(slowerBucket(bucketOf(ms), margin))

  expect(limit / most).toBeGreaterThan(0.975)
  expect(limit / most).toBeLessThan(1.025)
})

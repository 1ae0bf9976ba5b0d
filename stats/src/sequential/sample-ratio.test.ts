import { expect, test } from 'vitest'
import { logFactorial } from './log-gamma.ts'
import { countShare, newSampleRatio, SAMPLE_RATIO_ALARM, sampleRatioEvidence } from './sample-ratio.ts'

test('the evidence is one on average when the share is as ordered', () => {
  const [requests, share] = [12, 0.3]
  let mean = 0
  for (let k = 0; k <= requests; k++) {
    const choose = logFactorial(requests) - logFactorial(k) - logFactorial(requests - k)
    mean += Math.exp(choose + k * Math.log(share) + (requests - k) * Math.log1p(-share)) * sampleRatioEvidence({ share, from: 0, canary: k, baseline: requests - k })
  }

  expect(mean).toBeCloseTo(1, 10)
})

test('half of the ordered share is noticed within ten seconds at a hundred requests per second', () => {
  const state = newSampleRatio()
  let noticed: number | undefined
  for (let second = 0; second < 60; second++) {
    countShare(state, second, 0.1, 5, 95, 100)
    if (sampleRatioEvidence(state) >= SAMPLE_RATIO_ALARM) noticed ??= second
  }

  expect(noticed).toBeLessThanOrEqual(10)
})

test('requests of the share before a change are not counted, longer where requests take longer', () => {
  const quick = newSampleRatio()
  const slow = newSampleRatio()
  for (let second = 0; second < 5; second++) {
    countShare(quick, second, 0.5, 10, 90, 100)
    countShare(slow, second, 0.5, 10, 90, 2500)
  }

  expect(quick).toMatchObject({ from: 1, canary: 40, baseline: 360 })
  expect(slow).toMatchObject({ from: 3, canary: 20, baseline: 180 })
})

test('nothing is said of seconds in which the share changed, nor of all or none of the traffic', () => {
  const state = newSampleRatio()
  for (let second = 0; second < 60; second++) countShare(state, second, null, 50, 50, 100)
  expect(sampleRatioEvidence(state)).toBe(1)

  for (let second = 60; second < 90; second++) countShare(state, second, 1, 50, 50, 100)
  expect(sampleRatioEvidence(state)).toBe(1)
})

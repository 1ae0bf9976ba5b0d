import type { ArmSecond } from '@vamp/stats/sequential/arm-second'
import { expect, test } from 'vitest'
import { kayenta } from './kayenta.ts'
import type { Method, Verdict } from './method.ts'
import { msprt, peekedZ } from './pooled-tests.ts'
import { argoDocs, argoMinute, flagger } from './threshold-rules.ts'

/** So many requests, of which so many fail, all in the same latency bucket (230 is about 100 ms, 311 about 500 ms). */
function arm(requests: number, errors: number, bucket = 230): ArmSecond {
  return { requests, errors, latency: requests > 0 ? [[bucket, requests]] : [], parts: [], instances: [] }
}

function ending(method: Method, canary: (second: number) => ArmSecond, baseline: (second: number) => ArmSecond = () => arm(90, 0)): { verdict: Verdict | undefined; seconds: number } {
  const course = method.begin([arm(100, 0)], 0)
  let { share } = course.first
  for (let second = 0; second < 3600; second++) {
    const next = course.see({ second, share, changed: false, age: second, baseline: baseline(second), canary: canary(second) })
    if (next.verdict) return { verdict: next.verdict, seconds: second + 1 }
    share = next.share
  }
  return { verdict: undefined, seconds: 3600 }
}

test.each([
  [flagger, 300, 300], [argoDocs, 1200, 2400], [argoMinute, 240, 1500], [kayenta, 1800, 3600],
])('$name takes its documented time for an outage and for a healthy version', (method, outage, healthy) => {
  expect(ending(method, () => arm(10, 10))).toEqual({ verdict: 'rolled_back', seconds: outage })
  expect(ending(method, () => arm(10, 0))).toEqual({ verdict: 'promoted', seconds: healthy })
})

test('flagger takes silence for failure, argo does not', () => {
  expect(ending(flagger, () => arm(0, 0)).verdict).toBe('rolled_back')
  expect(ending(argoMinute, () => arm(0, 0)).verdict).toBe('promoted')
})

test('flagger counts failed checks over the whole release', () => {
  const everyOther = (second: number) => arm(10, Math.floor(second / 60) % 2 === 0 ? 1 : 0)

  expect(ending(flagger, everyOther)).toEqual({ verdict: 'rolled_back', seconds: 540 })
})

test('kayenta misses what stays within a quarter of its own estimate, and sees a clear shift', () => {
  const wobble = (second: number) => arm(10, 0, 230 + Math.floor(second / 60) % 5)

  expect(ending(kayenta, wobble, wobble).verdict).toBe('promoted')
  expect(ending(kayenta, () => arm(10, 0, 260)).verdict).toBe('rolled_back')
})

test('the pooled tests see a large difference at once', () => {
  for (const method of [peekedZ, msprt]) expect(ending(method, () => arm(10, 5)).seconds).toBeLessThan(10)
})

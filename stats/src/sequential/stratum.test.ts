import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ArmSecond } from './arm-second.ts'
import { DEFAULT_SETTINGS } from './settings.ts'
import { addSecond, exceedances, isFull, newStratum, slowBuckets } from './stratum.ts'
import { slowerBucket } from './thresholds.ts'

const arm = (requests: number, errors: number, bucket: number): ArmSecond => ({ requests, errors, latency: [[bucket, requests]], parts: [], instances: [] })

describe('slow requests', () => {
  test('are those in buckets above the limit, in whatever order the limits come', () => {
    const counts = fc.uniqueArray(fc.tuple(fc.integer({ min: -20, max: 60 }), fc.integer({ min: 1, max: 9 })), { selector: ([bucket]) => bucket, maxLength: 30 })
    fc.assert(fc.property(counts, fc.array(fc.option(fc.integer({ min: -25, max: 65 })), { maxLength: 6 }), (pairs, limits) => {
      const latency = [...pairs].sort((a, b) => a[0] - b[0])
      const sum = (of: typeof latency) => of.reduce((total, [, count]) => total + count, 0)

      expect(exceedances(latency, limits)).toEqual({
        total: sum(latency), above: limits.map(limit => limit === null ? null : sum(latency.filter(([bucket]) => bucket > limit))),
      })
    }), { numRuns: 300, seed: 11 })
  })

  test('of the new version are those beyond the margin', () => {
    const slow = slowBuckets(DEFAULT_SETTINGS, [200, 210, 220, 230, 240, 250])
    const stratum = newStratum(DEFAULT_SETTINGS)

    addSecond(stratum, DEFAULT_SETTINGS, slow, { second: 0, share: 0.5, age: 60, baseline: arm(30, 1, 202), canary: arm(20, 2, 202) })

    expect(slowerBucket(200, 0.04)).toBe(202)
    expect(stratum.harm[0]).toEqual({ oldUnits: 30, oldEvents: 1, freshUnits: 20, freshEvents: 2 })
    expect(stratum.harm[1]).toEqual({ oldUnits: 30, oldEvents: 30, freshUnits: 20, freshEvents: 0 })
  })

  test('do not count while the new version is cold, errors do', () => {
    const slow = slowBuckets(DEFAULT_SETTINGS, [200, 210, 220, 230, 240, 250])
    const stratum = newStratum(DEFAULT_SETTINGS)

    addSecond(stratum, DEFAULT_SETTINGS, slow, { second: 0, share: 0.5, age: 29, baseline: arm(30, 1, 202), canary: arm(20, 2, 400) })

    expect(stratum.harm[0]?.freshEvents).toBe(2)
    expect(stratum.harm[1]?.freshUnits).toBe(0)
  })

  test('are not known before the thresholds are', () => {
    const stratum = newStratum(DEFAULT_SETTINGS)

    addSecond(stratum, DEFAULT_SETTINGS, slowBuckets(DEFAULT_SETTINGS, [null, null, null, null, null, null]), { second: 0, share: 0.5, age: 60, baseline: arm(30, 1, 202), canary: arm(20, 2, 400) })

    expect(stratum.harm[1]).toEqual({ oldUnits: 0, oldEvents: 0, freshUnits: 0, freshEvents: 0 })
  })
})

describe('a stratum', () => {
  const slow = slowBuckets(DEFAULT_SETTINGS, [200, 210, 220, 230, 240, 250])
  const filled = (requests: number, seconds: number) => {
    const stratum = newStratum(DEFAULT_SETTINGS)
    for (let second = 0; second < seconds; second++) addSecond(stratum, DEFAULT_SETTINGS, slow, { second, share: 0.5, age: 60, baseline: arm(requests, 0, 190), canary: arm(0, 0, 190) })
    return isFull(stratum)
  }

  test.each([[20, 1, true], [19, 1, false], [10, 2, true], [1, 4, false], [0, 5, true]])('of %i requests per second for %i seconds is full: %s', (requests, seconds, full) => {
    expect(filled(requests, seconds)).toBe(full)
  })

  test('counts sessions instead of requests where both versions have them', () => {
    const stratum = newStratum(DEFAULT_SETTINGS)
    const sticky = (seen: number, failed: number) => ({ ...arm(30, 9, 90), sessions: { seen, failed } })

    addSecond(stratum, DEFAULT_SETTINGS, slow, { second: 0, share: 0.5, age: 60, baseline: sticky(12, 1), canary: sticky(11, 3) })

    expect(stratum.harm[0]).toEqual({ oldUnits: 12, oldEvents: 1, freshUnits: 11, freshEvents: 3 })
    expect(stratum.failed).toEqual({ oldUnits: 30, oldEvents: 9, freshUnits: 30, freshEvents: 9 })
  })
})

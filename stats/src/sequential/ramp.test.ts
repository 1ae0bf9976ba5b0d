import fc from 'fast-check'
import { expect, test } from 'vitest'
import { affordableShare, heldBackShare, nextShare, type RampBasis, startShare } from './ramp.ts'
import { DEFAULT_SETTINGS } from './settings.ts'

const clean: RampBasis = { settings: DEFAULT_SETTINGS, share: 0.1, held: 1, ordered: 0, start: 0.1, running: 0, rate: 100, silent: false, failing: 0.01, slow: 0.01, proven: false, warm: true, loadCheckDue: false }
const ladder: RampBasis = { ...clean, settings: { ...DEFAULT_SETTINGS, ramp: { is: 'ladder', steps: [0.1, 0.3, 1], hold: 60 } }, failing: 0.001 }

test.each([[5, 0.2], [100, 0.02], [2000, 0.002], [1, 0.2], [0.5, 0.01], [0, 0.01]])('at %d requests per second the new version starts with %f of them', (rate, share) => {
  expect(startShare(DEFAULT_SETTINGS, rate)).toBeCloseTo(share, 12)
})

test('with nothing known of the traffic it starts small', () => {
  expect(startShare(DEFAULT_SETTINGS, null)).toBe(0.01)
  expect(nextShare({ ...clean, share: 0, start: 0.01 })).toBe(0.01)
})

test('it never shrinks, never outgrows its cap, and grows at most by a quarter per second', () => {
  fc.assert(fc.property(fc.double({ min: 0.001, max: 0.25, noNaN: true }), fc.double({ min: -0.1, max: 1, noNaN: true }), fc.double({ min: -0.1, max: 1, noNaN: true }), fc.boolean(), (share, failing, slow, loadCheckDue) => {
    const next = nextShare({ ...clean, share, start: share, failing, slow, loadCheckDue })

    expect(next).toBeGreaterThanOrEqual(share)
    expect(next).toBeLessThanOrEqual(Math.max(share, Math.min(loadCheckDue ? 0.5 : 0.25, share * 1.25 + 1e-12)))
  }), { numRuns: 300, seed: 5 })
})

test('what cannot be excluded yet is paid for: ten bad requests in five seconds at most', () => {
  expect(affordableShare({ ...clean, failing: 0.4 })).toBeCloseTo(10 / (100 * 5 * 0.4), 12)
  expect(affordableShare({ ...clean, failing: 0.4, proven: true })).toBe(1)
  expect(affordableShare({ ...clean, failing: 0, slow: 0.5 })).toBeCloseTo(0.2, 12)
  expect(nextShare({ ...clean, share: 0.02, start: 0.02, failing: 0.8 })).toBeCloseTo(0.025, 12)
  expect(nextShare({ ...clean, share: 0.02, start: 0.02, failing: 0.92 })).toBe(0.02)
})

test('without traffic the share stays where it is', () => {
  expect(nextShare({ ...clean, share: 0.02, start: 0.02, running: 60, failing: 0, rate: 1 })).toBeGreaterThan(0.03)
  expect(nextShare({ ...clean, share: 0.02, start: 0.02, running: 60, failing: 0, rate: 1, silent: true })).toBe(0.02)
  expect(nextShare({ ...ladder, held: 60, silent: true })).toBe(0.1)
})

test('a cold version stays small, and only the load check takes it to half', () => {
  expect(nextShare({ ...clean, share: 0.049, start: 0.02, running: 60, warm: false })).toBe(0.05)
  expect(nextShare({ ...clean, share: 0.25 })).toBe(0.25)
  expect(nextShare({ ...clean, share: 0.45, loadCheckDue: true })).toBe(0.5)
})

test('a ladder climbs when its step was held and the next is affordable; its end is the load check', () => {
  expect(nextShare({ ...ladder, share: 0, start: 0.1 })).toBe(0.1)
  expect(nextShare({ ...ladder, held: 59 })).toBe(0.1)
  expect(nextShare({ ...ladder, held: 60 })).toBe(0.3)
  expect(nextShare({ ...ladder, held: 60, failing: 0.5 })).toBe(0.1)
  expect(nextShare({ ...ladder, share: 0.3, held: 600 })).toBe(0.3)
  expect(nextShare({ ...ladder, share: 0.3, held: 600, loadCheckDue: true })).toBe(0.5)
})

test('an order that is still on its way is not taken back, and one that took long may be followed by a double step', () => {
  expect(nextShare({ ...clean, share: 0.02, start: 0.02, ordered: 0.05 })).toBe(0.05)
  expect(nextShare({ ...clean, share: 0.02, start: 0.02, running: 2 })).toBeCloseTo(0.02 * 1.25 ** 2, 12)
  expect(nextShare({ ...clean, share: 0.02, start: 0.02, running: 60 })).toBeCloseTo(0.02 * 1.25 ** 3, 12)
})

test.each([[100, 0.9], [5, 0.8], [1.5, 0.5], [0, 0.5]])('at %f requests per second the new version gets %f of them while it is held back', (rate, share) => {
  expect(heldBackShare(DEFAULT_SETTINGS, rate)).toBeCloseTo(share, 12)
})

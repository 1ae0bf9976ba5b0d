import { expect, test } from 'vitest'
import type { ArmPart } from './arm-second.ts'
import { clumpNoise, learnClumps, newClumps } from './clumps.ts'

const parts = (...errors: readonly number[]): ArmPart[] => errors.map(errors => ({ requests: 20, errors, latency: [] }))
const failed = ({ errors }: ArmPart) => errors

test('failures that come one at a time, or anywhere at once, are no clumps', () => {
  const state = newClumps()
  for (let second = 0; second < 50; second++) learnClumps(state, parts(0, 0, 0, 1, 0, 0, 0, 0), failed)
  for (let second = 0; second < 20; second++) learnClumps(state, parts(12, 9, 10, 11, 10, 8, 10, 10), failed)

  expect(clumpNoise(state)).toBe(1)
})

test('failures that come five at a time in one session count a fifth, from the first few clumps on', () => {
  const state = newClumps()
  for (let clump = 0; clump < 3; clump++) learnClumps(state, parts(0, 0, 0, 5, 0, 0, 0, 0), failed)

  expect(clumpNoise(state)).toBeGreaterThan(4)
  expect(clumpNoise(state)).toBeLessThan(5)
})

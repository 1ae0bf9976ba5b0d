import { expect, test } from 'vitest'
import type { ArmPart, ArmSecond } from './arm-second.ts'
import { dispersion, learnNoise, newDispersion, turnBlocks } from './dispersion.ts'
import { DEFAULT_SETTINGS } from './settings.ts'
import { seeded } from '../testdata/seeded.ts'

function arm(parts: readonly ArmPart[], instances: readonly ArmPart[] = []): ArmSecond {
  return { ...parts[0] ?? { requests: 0, errors: 0, latency: [] }, parts, instances: instances.map((part, at) => ({ id: `i${at}`, ...part })) }
}

function noiseOf(seconds: number, next: (second: number) => ArmSecond): number {
  const state = newDispersion(DEFAULT_SETTINGS.metrics.length)
  for (let second = 0; second <= seconds; second++) {
    turnBlocks(state, second)
    learnNoise(state, DEFAULT_SETTINGS, [null, null, null, null, null, null], next(second))
  }
  return dispersion(state, 0)
}

function failures(perPart: (at: number) => number): ArmPart[] {
  return Array.from({ length: 8 }, (_, at) => ({ requests: 50, errors: perPart(at), latency: [] }))
}

test('independent failures are not called noise', () => {
  const next = seeded(1)
  const independent = () => failures(() => Array.from({ length: 50 }, () => next()).filter(u => u < 0.02).length)

  expect(noiseOf(1200, () => arm(independent()))).toBeLessThan(1.25)
})

test('a dozen independent failures in an hour of little traffic are seldom called noise', () => {
  const noises = Array.from({ length: 40 }, (_, run) => {
    const next = seeded(100 + run)
    const few = (): ArmPart[] => Array.from({ length: 8 }, () => {
      const requests = next() < 0.25 ? 1 + Math.floor(2 * next()) : 0
      return { requests, errors: requests > 0 && next() < 0.001 * requests ? 1 : 0, latency: [] }
    })
    return noiseOf(3600, () => arm(few(), few()))
  })

  expect(noises.filter(noise => noise > 1.1).length).toBeLessThanOrEqual(1)
})

test('failures that come five at a time are found to vary about five times more', () => {
  const next = seeded(2)

  const noise = noiseOf(1200, () => arm(failures(() => next() < 0.05 ? 5 : 0)))

  expect(noise).toBeGreaterThan(3.5)
  expect(noise).toBeLessThan(7)
})

test('noise of instances counts as much as noise of sessions', () => {
  const calm = failures(() => 1)
  const noisy = (second: number) => failures(at => Math.floor(second / 20) % 8 === at ? 8 : 0)

  expect(noiseOf(600, second => arm(calm, noisy(second)))).toBeGreaterThan(4)
})

test('one instance that broke for a minute does not blind the judge for the rest', () => {
  const next = seeded(3)
  const broken = (second: number) => failures(at => at === 0 && second < 60 ? 50 : next() < 0.5 ? 1 : 0)

  expect(noiseOf(60, second => arm(broken(second)))).toBeGreaterThan(20)
  expect(noiseOf(3600, second => arm(broken(second)))).toBeLessThan(15)
})

test('a block counts only when it is over', () => {
  const state = newDispersion(DEFAULT_SETTINGS.metrics.length)
  for (let second = 0; second < 10; second++) {
    turnBlocks(state, second)
    learnNoise(state, DEFAULT_SETTINGS, [], arm(failures(at => at === 0 ? 50 : 0)))
    expect(dispersion(state, 0)).toBe(1)
  }

  turnBlocks(state, 10)

  expect(dispersion(state, 0)).toBeGreaterThan(2)
})

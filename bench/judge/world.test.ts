import { readFileSync } from 'node:fs'
import { countOf, quantile } from '@vamp/stats/sketch'
import { expect, test } from 'vitest'
import { play } from './play.ts'
import { ours } from './ours.ts'
import { rowOf, seedOf } from './rows.ts'
import { BAD, GOOD } from './scenarios.ts'
import { parseWorld } from './world-file.ts'
import { Simulation, type World } from './world.ts'

const steady: World = { rps: 100, errors: 0.01, latency: { median: 100, sigma: 0.6 }, noise: {}, fault: {}, instances: 8 }

test('the same seed gives the same world', () => {
  const seconds = (seed: number) => {
    const simulation = new Simulation(steady, seed)
    return Array.from({ length: 5 }, () => simulation.step(0.2))
  }

  expect(seconds(4)).toEqual(seconds(4))
  expect(seconds(4)).not.toEqual(seconds(5))
})

test('rates and latencies are those that were asked for, and the parts and instances add up', () => {
  const simulation = new Simulation(steady, 9)
  const seconds = Array.from({ length: 2000 }, () => simulation.step(0.25))
  const sum = (of: (second: (typeof seconds)[number]) => number) => seconds.reduce((total, second) => total + of(second), 0)

  expect(sum(({ baseline }) => baseline.requests) / 2000).toBeCloseTo(75, -0.5)
  expect(sum(({ canary }) => canary.requests) / sum(({ baseline, canary }) => baseline.requests + canary.requests)).toBeCloseTo(0.25, 2)
  expect(sum(({ baseline }) => baseline.errors) / sum(({ baseline }) => baseline.requests)).toBeCloseTo(0.01, 2.5)
  for (const { baseline } of seconds.slice(0, 20)) {
    expect(baseline.parts.reduce((total, part) => total + part.requests, 0)).toBe(baseline.requests)
    expect(baseline.instances.reduce((total, instance) => total + instance.errors, 0)).toBe(baseline.errors)
    expect(countOf(baseline.latency)).toBe(baseline.requests)
  }
  const medians = seconds.map(({ baseline }) => quantile(baseline.latency, 0.5) ?? 0)
  expect(medians.reduce((total, value) => total + value, 0) / 2000).toBeCloseTo(100, -1)
})

test('a fault begins when it should, and its cost is counted', () => {
  const simulation = new Simulation({ ...steady, errors: 0, fault: { errors: 0.5, after: 10 } }, 3)
  const seconds = Array.from({ length: 30 }, () => simulation.step(0.5))

  expect(seconds.slice(0, 10).every(({ canary, excess }) => canary.errors === 0 && excess === 0)).toBe(true)
  expect(seconds.slice(12).every(({ canary, excess }) => canary.errors > 0 && excess > 0)).toBe(true)
})

test('a release of an outage is over within seconds, and the row says so', () => {
  const outage = BAD.find(({ name }) => name === 'outage')
  if (!outage) throw new Error('there is no outage')
  const played = [1, 2, 3].map(run => play(ours('vamp'), outage.world(100), seedOf(1, outage.name, 100, run)))

  const row = rowOf(outage, 100, 'vamp', played)

  expect(row).toMatchObject({ scenario: 'outage', rps: 100, method: 'vamp', runs: 3, false_rollback: null, detected: 1, escaped: 0 })
  expect(row.seconds_p50).toBeLessThanOrEqual(5)
})

test('scenarios have names of their own', () => {
  const names = [...GOOD, ...BAD].map(({ name }) => name)

  expect(new Set(names).size).toBe(names.length)
})

test('a world file says what it does not know', () => {
  expect(parseWorld('{ "rps": 50, "noise": { "clusters": 3 } }')).toMatchObject({ rps: 50, errors: 0.001, noise: { clusters: 3 } })
  expect(() => parseWorld('{ "rsp": 50 }')).toThrow('a world has no rsp')
  expect(() => parseWorld('{ "rps": 0 }')).toThrow('rps above 0')
})

test('a machine that starves its processes costs no healthy version its release, and hides no slow one', () => {
  const starved = parseWorld(readFileSync(new URL('worlds/starved-machine.json', import.meta.url), 'utf8'))
  // Before stalls were counted, these three were rolled back.
  const verdicts = (world: World) => [2, 4, 5].map(run => play(ours('vamp'), world, seedOf(900, 'starved-machine: healthy', 100, run)).verdict)

  expect(verdicts(starved)).not.toContain('rolled_back')
  expect(verdicts({ ...starved, fault: { sigma: 0.6 } })).toEqual(['rolled_back', 'rolled_back', 'rolled_back'])
})

import { Sketch } from '@vamp/stats/sketch'
import { expect, test } from 'vitest'
import { openServiceScaler, type Policy, type ScalerTick } from './service-scaler.ts'

const POLICY: Policy = { signals: [{ metric: 'requests', target: 10 }], behaviour: { up: { panic_window: 6 }, down: { stabilisation: 10, cooldown: 0 } }, prediction: 'off' }

/** A version whose size follows what is granted at once. */
function play(policy: Policy = POLICY, instances = 1) {
  const scaler = openServiceScaler(policy)
  let second = 1_700_000_000
  let size = instances
  const step = (requests: number | undefined, over: Partial<ScalerTick> = {}) => {
    second++
    const latency = new Sketch()
    for (let n = 0; n < (requests ?? 0); n++) latency.record(20)
    const sized = scaler.step({
      nowMs: second * 1000, seconds: requests === undefined ? [] : [{ second: second - 1, requests, errors: 0, latency: latency.toData() }], inFlight: 0, held: 0, instances: size, ready: size, starting: 0, leaving: 0,
      gauge: () => undefined, bounds: { minimum: 1, maximum: 50 }, lagSeconds: 0.3, ...over,
    })
    size = sized.granted
    return sized
  }
  const times = (count: number, requests: number, over?: Partial<ScalerTick>) => Array.from({ length: count }, () => step(requests, over)).at(-1)
  return { step, times, get size() { return size } }
}

test('ten times as many are met at the first second', () => {
  const world = play({ ...POLICY }, 5)
  world.times(30, 50)
  expect(world.step(500).granted).toBe(50)
})

test('a step is no growth that goes on: no more are ordered than it needs', () => {
  const world = play(POLICY, 5)
  world.times(30, 50)
  const sizes = Array.from({ length: 8 }, () => { world.step(200); return world.size })
  // By chance of two standard deviations, and the room for it.
  expect(Math.max(...sizes)).toBeLessThanOrEqual(21)
})

test('a growth that goes on is met before it comes', () => {
  const world = play(POLICY, 5)
  world.times(30, 50)
  const rates = Array.from({ length: 20 }, (_, second) => 50 + 20 * second)
  for (const rate of rates) world.step(rate)
  expect(world.size).toBeGreaterThan(Math.ceil((rates.at(-1) ?? 0) / 10) + 4)
})

test('what piles up in flight tells of demand that is not answered yet', () => {
  const world = play({ ...POLICY }, 5)
  world.times(30, 50)
  // The five answer what they can; two hundred wait.
  expect(world.step(60, { inFlight: 200 }).granted).toBeGreaterThanOrEqual(25)
})

test('chance is no reason to grow', () => {
  const world = play(POLICY, 5)
  for (const requests of [45, 52, 41, 58, 50, 47, 55, 38, 60, 49, 46, 53, 57, 44, 51]) world.step(requests)
  expect(world.size).toBe(5)
})

test('down goes one at a time, after the stabilisation, and not while one is draining', () => {
  const world = play(POLICY, 5)
  world.times(40, 50)
  world.times(10, 0)
  expect(world.size).toBe(5)
  const sizes = Array.from({ length: 60 }, () => { world.step(0); return world.size })
  expect([...new Set(sizes)]).toEqual([5, 4, 3, 2, 1])

  const other = play(POLICY, 5)
  other.times(60, 0, { leaving: 1 })
  expect(other.step(0, { leaving: 1 })).toMatchObject({ granted: 5, limits: [{ is: 'minimum' }, { is: 'draining' }] })
  expect(other.step(0).granted).toBe(4)
})

test('without measurements the size stays, and it is said why', () => {
  const world = play(POLICY, 5)
  world.times(60, 0, { leaving: 1 })
  expect(world.step(undefined, { lagSeconds: 42 })).toMatchObject({ granted: 5, frozen: 'no measurements for 42 s', sentence: '5 instances, unchanged because no measurements for 42 s: nothing is given up on silence.' })
})

test('a signal without a value stops giving up, not growing', () => {
  const world = play({ ...POLICY, signals: [...POLICY.signals, { metric: 'event:jobs', target: 5 }] }, 5)
  expect(world.times(60, 10)).toMatchObject({ granted: 5, frozen: 'event:jobs: there is no value of it' })
  expect(world.step(200).granted).toBeGreaterThanOrEqual(20)
})

test('of several signals the one that wants most is heard', () => {
  const world = play({ ...POLICY, signals: [...POLICY.signals, { metric: 'event:jobs', target: 5 }] }, 1)
  expect(world.step(5, { gauge: () => 40 }).granted).toBe(8)
})

test('a level is brought down in proportion, and within a tenth of its target it is there', () => {
  const world = play({ ...POLICY, signals: [{ metric: 'cpu', target: 50 }] }, 4)
  expect(world.step(10, { gauge: () => 54 }).granted).toBe(4)
  expect(world.step(10, { gauge: () => 75 }).granted).toBe(6)
})

test('steps add and take away, and wait to see what they changed', () => {
  const world = play({ ...POLICY, signals: [{ metric: 'event:queue', steps: [{ above: 1000, change: 2 }, { above: 5000, change: 5 }] }] }, 1)
  expect(world.step(10, { gauge: () => 6000 }).granted).toBe(6)
  expect(world.step(10, { gauge: () => 1500 }).granted).toBe(6)
  world.times(14, 10, { gauge: () => 1500 })
  expect(world.step(10, { gauge: () => 1500 }).granted).toBe(8)
})

test('bounds are somebody\'s will: they hold at once, and in silence too', () => {
  const world = play(POLICY, 2)
  expect(world.step(undefined, { lagSeconds: 100, bounds: { minimum: 4, maximum: 9 } }).granted).toBe(4)
  expect(world.step(undefined, { lagSeconds: 100, bounds: { minimum: 1, maximum: 3 } }).granted).toBe(3)
})

test('the sentence says what limits it', () => {
  const world = play(POLICY, 7)
  world.times(31, 412 / 6, { bounds: { minimum: 1, maximum: 7 } })
  const said = world.times(31, 82, { bounds: { minimum: 1, maximum: 7 } })
  expect(said?.sentence).toBe('7 instances because 82 requests/s at 10 per instance; wanted 9, limited by maximum 7.')
})

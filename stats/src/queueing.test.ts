import { expect, test } from 'vitest'
import { capacityOf, conditionalWaitMs, meanLatencyMs, openQueueEstimator, shareAbove, waitingShare } from './queueing.ts'
import { Sketch } from './sketch.ts'

const EXPONENTIAL = Array.from({ length: 400 }, (_, index) => -Math.log(1 - (index + 0.5) / 400))

test('with one worker and exponential work it is the M/M/1 of the textbooks', () => {
  const station = { servers: 1, serviceMs: 10, spread: 1 }
  for (const load of [0.2, 0.5, 0.8, 0.9]) {
    expect(meanLatencyMs(station, load * 100)).toBeCloseTo(10 / (1 - load), 6)
    expect(waitingShare(station, load * 100)).toBeCloseTo(load, 9)
    // The time in an M/M/1 is exponential with the same mean; the parts of the formula are not quite independent of each other.
    expect(Math.abs(shareAbove(station, EXPONENTIAL, load * 100, 30 / (1 - load)) / Math.exp(-3) - 1)).toBeLessThan(0.06)
  }
})

test('with several workers the share that waits is near Erlang\'s C', () => {
  const erlangC = (k: number, load: number) => {
    let term = 1
    let sum = 1
    for (let n = 1; n < k; n++) { term *= k * load / n; sum += term }
    const last = term * load * k / k / (1 - load)
    return last / (sum + last)
  }
  for (const k of [2, 4, 8, 16]) for (const load of [0.6, 0.8, 0.9]) expect(Math.abs(waitingShare({ servers: k, serviceMs: 10, spread: 1 }, load * k * 100) - erlangC(k, load))).toBeLessThan(0.06)
})

test('nothing is left of the latency at the capacity', () => {
  const station = { servers: 4, serviceMs: 50, spread: 0.4 }
  expect(capacityOf(station)).toBe(80)
  expect(conditionalWaitMs(station, 80)).toBe(Number.POSITIVE_INFINITY)
  expect(shareAbove(station, [1], 80, 1000)).toBe(1)
})

/** Answers of a station with `k` workers, first come, first served, Poisson visitors. */
function second(random: () => number, k: number, serviceMs: number, rate: number): Sketch {
  const sketch = new Sketch()
  const free = Array<number>(k).fill(0)
  let now = 0
  for (let n = 0; n < rate * 20; n++) {
    now += -Math.log(1 - random()) * 1000 / rate
    const worker = free.indexOf(Math.min(...free))
    const start = Math.max(now, free[worker] ?? 0)
    const work = serviceMs * Math.exp(0.5 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()) - 0.125)
    free[worker] = start + work
    sketch.record(start + work - now)
  }
  return sketch
}

function generator(seed: number): () => number {
  let state = seed
  return () => { state = (state * 1_103_515_245 + 12_345) % 2_147_483_648; return state / 2_147_483_648 }
}

test('what it has learnt from moderate loads tells how much is safe', () => {
  const random = generator(7)
  const estimator = openQueueEstimator({ limitMs: 200, quantile: 0.95 })
  let at = 0
  for (const rate of [20, 35, 50, 60]) for (let n = 0; n < 5; n++) {
    const sketch = second(random, 4, 50, rate)
    estimator.observe({ rate, instances: 1, requests: sketch.count, latency: sketch.toData(), overloaded: false, at })
    at += 20
  }
  const safe = estimator.safeLoad(1)

  // By simulation a p95 of 200 ms is kept until about 72 requests a second; the size is for one in ten thousand that waits for too long.
  expect(safe?.rate).toBeGreaterThan(35)
  expect(safe?.rate).toBeLessThan(80)
})

test('what was seen to be too much stays too much, and one load alone is not dared beyond a little more', () => {
  const random = generator(3)
  const estimator = openQueueEstimator({ limitMs: 100, quantile: 0.95 })
  const observe = (rate: number) => { const sketch = second(random, 2, 20, rate); estimator.observe({ rate, instances: 1, requests: sketch.count, latency: sketch.toData(), overloaded: false, at: 0 }) }
  observe(10)
  expect(estimator.safeLoad(1)?.rate).toBeLessThanOrEqual(11.501)
  observe(95)
  expect(estimator.safeLoad(1)?.rate).toBeLessThan(95)
})

test('many instances that are given requests in turn may each be busier than few', () => {
  const random = generator(5)
  const estimator = openQueueEstimator({ limitMs: 200, quantile: 0.95 })
  for (const rate of [20, 40, 60]) for (let n = 0; n < 5; n++) { const sketch = second(random, 4, 50, rate); estimator.observe({ rate, instances: 1, requests: sketch.count, latency: sketch.toData(), overloaded: false, at: 0 }) }

  const rates = [1, 2, 4, 16].map(instances => estimator.safeLoad(instances)?.rate ?? 0)
  expect(rates).toEqual(rates.toSorted((a, b) => a - b))
  expect(rates[3]).toBeGreaterThan(1.1 * (rates[0] ?? 0))
})

test('what becomes slower by itself is believed before the past has faded', () => {
  const random = generator(11)
  const estimator = openQueueEstimator({ limitMs: 200, quantile: 0.95 })
  const observe = (serviceMs: number, from: number, to: number) => { for (let at = from; at < to; at += 20) { const sketch = second(random, 4, serviceMs, 50); estimator.observe({ rate: 50, instances: 1, requests: sketch.count, latency: sketch.toData(), overloaded: false, at }); estimator.safeLoad(1) } }
  observe(50, 0, 600)
  const before = estimator.safeLoad(1)?.rate ?? 0
  observe(60, 600, 720)

  expect(estimator.safeLoad(1)?.rate).toBeLessThan(0.95 * before)
})

test('without evidence there is no answer', () => {
  expect(openQueueEstimator({ limitMs: 100, quantile: 0.95 }).safeLoad(1)).toBeUndefined()
})

test('a load that was only passed through while much had piled up does not hold the size for long', () => {
  const random = generator(5)
  const estimator = openQueueEstimator({ limitMs: 200, quantile: 0.95 })
  let at = 0
  const observe = (rate: number, slower = 1) => {
    const sketch = second(random, 4, 50 * slower, rate)
    estimator.observe({ rate, instances: 1, requests: sketch.count, latency: sketch.toData(), overloaded: false, at: at++ })
  }
  for (const rate of [30, 34, 40]) for (let n = 0; n < 3; n++) observe(rate, 3)
  for (let n = 0; n < 150; n++) observe(20)

  // Four at a time in 50 ms bear 80; nothing that lasted speaks against it, so more is tried.
  expect(estimator.safeLoad(4)?.rate).toBeGreaterThan(24)
})

import { expect, test } from 'vitest'
import { capacityOf, conditionalWaitMs, meanLatencyMs, shareAbove, waitingShare } from './queueing.ts'

const EXPONENTIAL = Array.from({ length: 400 }, (_, index): [number, number] => [-Math.log(1 - (index + 0.5) / 400), 1 / 400])

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
  expect(shareAbove(station, [[1, 1]], 80, 1000)).toBe(1)
})

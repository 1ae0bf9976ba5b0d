import { Sketch } from '@vamp/stats/sketch'
import { seeded } from '@vamp/stats/testdata/seeded'
import { expect, test } from 'vitest'
import { openLatencyPromise } from './latency-promise.ts'
import { openLoadHistory } from './load.ts'
import type { Look } from './need.ts'

/** Ten instances that work on four requests at a time for 50 ms and have 80 requests a second altogether to begin with. */
function play() {
  const random = seeded(3)
  const history = openLoadHistory()
  const reader = openLatencyPromise('p99 <= 300ms', { is: 'latency', quantile: 0.99, limitMs: 300 }, [1, 3, 6])
  let second = 1_700_000_000
  /** `queueMs`: what has piled up before whoever comes. */
  const live = (seconds: number, requests: number, { queueMs = 0, inFlight = requests / 20 } = {}) => {
    let reading = { perInstance: undefined as number | undefined, wanted: null as number | null }
    for (let n = 0; n < seconds; n++) {
      const latency = new Sketch()
      for (let each = 0; each < requests; each++) latency.record(queueMs + 50 * Math.exp(0.3 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()) - 0.045))
      const seen = { second, requests, errors: 0, latency: latency.toData() }
      history.add([seen])
      second++
      history.look({ atMs: second * 1000, count: inFlight })
      const tick: Look = { chance: 2, nowMs: second * 1000, seconds: [seen], inFlight, held: 0, instances: 10, ready: 10, starting: 0, leaving: 0, gauge: () => undefined, bounds: { minimum: 1, maximum: 50 }, lagSeconds: 0.3, startUpSeconds: 1 }
      const { perInstance, wanted } = reader.read(history, history, tick)
      reading = { perInstance, wanted }
    }
    return reading
  }
  return { live }
}

test('what piled up after a surprise does not count against the load', () => {
  const { live } = play()
  const before = live(120, 80)
  live(5, 400, { queueMs: 2000, inFlight: 1500 })
  live(10, 80, { queueMs: 1000, inFlight: 300 })
  const after = live(40, 80)
  expect(after.perInstance).toBeGreaterThan(0.95 * (before.perInstance ?? Number.POSITIVE_INFINITY))
})

test('what piles up at the load that was planned for does count', () => {
  const { live } = play()
  const before = live(120, 80)
  live(120, 80, { queueMs: 400, inFlight: 36 })
  expect(live(1, 80).perInstance).toBeLessThan(0.9 * (before.perInstance ?? 0))
})

test('more instances are wanted at once for a surprise', () => {
  const { live } = play()
  live(120, 80)
  expect(live(2, 400).wanted).toBeGreaterThan(10)
})

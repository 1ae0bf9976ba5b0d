import { seeded } from '@vamp/stats/testdata/seeded'
import { expect, test } from 'vitest'
import { grownBy, growthsOf } from './growth.ts'

const SURE = 2

/** So many a second, as independent visitors come. */
function visits(seconds: number, rate: (second: number) => number, seed = 1) {
  const random = seeded(seed)
  const wait = (second: number) => -Math.log(1 - random()) / rate(second)
  return Array.from({ length: seconds }, (_, second) => {
    let requests = 0
    for (let at = wait(second); at < 1; at += wait(second)) requests++
    return { second, requests }
  })
}

const grown = (seconds: readonly { second: number; requests: number }[], ahead: number) => grownBy(growthsOf(seconds, 1), ahead, SURE)

test('a slow growth shows in long blocks, a quick one in short ones', () => {
  // By ten a second in twelve seconds, and by as many in one.
  expect(grown(visits(200, second => 100 + 0.83 * second), 12)).toBeGreaterThan(5)
  expect(grown(visits(200, second => 100 + 0.83 * second), 12)).toBeLessThan(12)
  expect(grown(visits(40, second => 100 + 10 * Math.max(0, second - 28)), 4)).toBeGreaterThan(10)
})

test('a step is no growth, wherever it falls', () => {
  const steps = Array.from({ length: 60 }, (_, since) => grown(Array.from({ length: 200 }, (_, second) => ({ second, requests: second < 199 - since ? 50 : 500 })), 5))
  expect(Math.max(...steps)).toBe(0)
})

test('chance seldom looks like growth, and none is believed to go on for longer than it was seen', () => {
  const looks = Array.from({ length: 300 }, (_, seed) => grown(visits(40, () => 50, seed + 1), 5))
  expect(looks.filter(each => each > 0).length).toBeLessThan(0.1 * looks.length)
  const seen = Array.from({ length: 9 }, (_, second) => ({ second, requests: 100 + 50 * second }))
  expect(grown(seen, 600)).toBe(grown(seen, 8))
})

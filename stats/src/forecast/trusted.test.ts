import { expect, test } from 'vitest'
import { openHoltWinters } from './holt-winters.ts'
import { seasonOf } from './season.ts'
import { dieboldMariano, openTrustedForecast } from './trusted.ts'

function normals(seed: number): () => number {
  let state = seed >>> 0
  const uniform = () => { state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; return (state + 0.5) / 4_294_967_296 }
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

const DAY = 144
const wave = (at: number) => 100 + 80 * Math.sin(2 * Math.PI * at / DAY)

test('a pattern that repeats exactly is forecast exactly', () => {
  const smoothing = openHoltWinters({ season: 12 })
  const value = (at: number) => (10 + (at % 12)) ** 2
  for (let at = 0; at < 60; at++) smoothing.observe(value(at))
  for (const ahead of [1, 5, 12, 30]) expect(smoothing.forecast(ahead)).toBeCloseTo(value(59 + ahead), 6)
})

test('nothing is said in the first season', () => {
  const smoothing = openHoltWinters({ season: 12 })
  for (let at = 0; at < 11; at++) smoothing.observe(5)
  expect(smoothing.forecast(1)).toBeUndefined()
})

test('a season is found where there is one, and none in a random walk', () => {
  const noise = normals(5)
  const daily = Array.from({ length: 4 * DAY }, (_, at) => wave(at) + 10 * noise())
  let level = 0
  const walk = Array.from({ length: 4 * DAY }, () => { level += noise(); return level })
  expect(seasonOf(daily, [6, DAY, 7 * DAY])).toBe(DAY)
  expect(seasonOf(walk, [DAY])).toBeUndefined()
})

test('on a daily wave the forecast earns trust and errs less than reaction', () => {
  const noise = normals(11)
  const trusted = openTrustedForecast({ ahead: 6, seasons: [DAY] })
  for (let at = 0; at < 5 * DAY; at++) trusted.observe(Math.max(0, wave(at) + 4 * noise()))
  const forecast = trusted.forecast()
  expect(forecast).toMatchObject({ trusted: true, model: `season of ${DAY}` })
  expect(forecast?.error).toBeLessThan(0.6)
  expect(forecast?.upper).toBeGreaterThan(forecast?.expected ?? Infinity)
})

test('on a random walk no forecast is trusted, whatever the seed', () => {
  let trustedSeeds = 0
  for (let seed = 1; seed <= 20; seed++) {
    const noise = normals(seed)
    const trusted = openTrustedForecast({ ahead: 6, seasons: [DAY] })
    let level = 200
    for (let at = 0; at < 4 * DAY; at++) { level = Math.max(20, level + 3 * noise()); trusted.observe(level) }
    if (trusted.forecast()?.trusted) trustedSeeds++
  }
  expect(trustedSeeds).toBeLessThanOrEqual(1)
})

test('what gains much but twice a day is trusted after some days', () => {
  const trusted = openTrustedForecast({ ahead: 3, seasons: [1440] })
  // Without noise there is nothing else that a season knows better.
  const opening = (at: number) => at % 1440 >= 480 && at % 1440 < 1200 ? 72 : 12
  let at = 0
  for (; at < 3 * 1440; at++) trusted.observe(opening(at))
  expect(trusted.forecast()?.trusted).toBe(false)
  for (; at < 7 * 1440 + 478; at++) trusted.observe(opening(at))
  expect(trusted.forecast()).toMatchObject({ trusted: true })
  expect(trusted.forecast()?.expected).toBeGreaterThan(50)
})

test('trust is lost when the pattern ends', () => {
  const noise = normals(2)
  const trusted = openTrustedForecast({ ahead: 6, seasons: [DAY] })
  let at = 0
  for (; at < 5 * DAY; at++) trusted.observe(Math.max(0, wave(at) + 4 * noise()))
  let level = 100
  for (; at < 20 * DAY; at++) { level = Math.max(10, level + 6 * noise()); trusted.observe(level) }
  expect(trusted.forecast()?.trusted).toBe(false)
})

test('the test of accuracy is about zero for equals', () => {
  const noise = normals(4)
  expect(Math.abs(dieboldMariano(Array.from({ length: 500 }, noise), 1))).toBeLessThan(2.5)
  expect(dieboldMariano(Array.from({ length: 500 }, () => 1 + noise()), 1)).toBeGreaterThan(10)
})

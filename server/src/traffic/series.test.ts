import type { Cell } from '@vamp/model/metric'
import { merge, quantile, Sketch } from '@vamp/stats/sketch'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withoutParts } from './cells.ts'
import { PackedCells } from './packed-cells.ts'
import { openSeries, RESOLUTIONS } from './series.ts'

const START = 1_700_000_000 - 1_700_000_000 % 86_400
const key = { gateway: 'g', route: 'r', instance: 'i', by: 'weight' } as const
const everything = () => true

function cellOf(durations: readonly number[], over: Partial<Cell> = {}): Cell {
  const sketch = new Sketch()
  for (const duration of durations) sketch.record(duration)
  return { ...key, part: 0, requests: durations.length, errors: 0, statuses: [0, 0, durations.length, 0, 0, 0], bytes: 0, latency: sketch.toData(), ...over }
}

const cells = fc.record({
  requests: fc.nat(1e9), errors: fc.nat(1000), bytes: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  statuses: fc.tuple(fc.nat(9), fc.nat(300), fc.nat(1e6), fc.nat(9), fc.nat(9), fc.nat(9)),
  durations: fc.array(fc.double({ min: 0.001, max: 3_600_000, noNaN: true }), { maxLength: 40 }),
}).map(({ durations, ...counts }): Cell => ({ ...cellOf(durations), ...counts }))

test('packed cells are read as they were written', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(1000), cells), { maxLength: 30 }), written => {
    const packed = new PackedCells(key)
    for (const [at, cell] of written) packed.append(at, cell)

    expect([...packed.read(everything)]).toEqual(written)
    expect([...packed.read(at => at < 500)]).toEqual(written.filter(([at]) => at < 500))
  }))
})

describe('levels', () => {
  const seconds = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.constantFrom('a', 'b'), fc.array(fc.double({ min: 0.1, max: 5000, noNaN: true }), { minLength: 1, maxLength: 5 })), { minLength: 1, maxLength: 60 })

  test('every resolution holds exactly the same counts, in whatever order seconds come, and every percentile is that of all requests together', () => {
    fc.assert(fc.property(seconds, given => {
      const series = openSeries()
      for (const [offset, instance, durations] of given) series.add(START + offset, [cellOf(durations, { instance })], START + 400)

      for (const resolution of RESOLUTIONS) for (const instance of ['a', 'b']) {
        const points = series.read({ from: START, to: START + 420, resolution, wants: found => found.instance === instance })
        const mine = given.filter(([, of]) => of === instance)
        expect(points.map(({ second }) => second)).toEqual([...new Set(mine.map(([offset]) => START + offset - offset % resolution))].sort((a, b) => a - b))
        expect(points.every(point => point.cells.length === 1)).toBe(true)
        expect(merge(points.flatMap(point => point.cells.map(({ latency }) => latency)))).toEqual(cellOf(mine.flatMap(([,, durations]) => durations)).latency)
      }
    }))
  })

  test('a percentile over many points is the one of the requests, not a mean of percentiles', () => {
    const series = openSeries()
    for (let second = 0; second < 99; second++) series.add(START + second, [cellOf(Array<number>(10).fill(10))], START + 100)
    series.add(START + 99, [cellOf(Array<number>(10).fill(1000))], START + 100)

    const latency = merge(series.read({ from: START, to: START + 120, resolution: 10, wants: everything }).flatMap(point => point.cells.map(cell => cell.latency)))

    expect(quantile(latency, 0.98)).toBeCloseTo(10, 0)
    expect(Math.abs((quantile(latency, 0.995) ?? 0) - 1000)).toBeLessThanOrEqual(10)
  })

  test('points outside the window, and keys that are not wanted, are left out', () => {
    const series = openSeries()
    for (const second of [0, 59, 60, 119, 120]) series.add(START + second, [cellOf([1]), cellOf([1], { route: 's' })], START + 200)

    expect(series.read({ from: START + 60, to: START + 120, resolution: 60, wants: ({ route }) => route === 's' })).toEqual([{ second: START + 60, cells: [cellOf([1, 1], { route: 's' })] }])
  })
})

describe('memory', () => {
  test('seconds are forgotten after an hour, ten seconds after a day, minutes after thirty days', () => {
    const series = openSeries()
    series.add(START, [cellOf([1])], START)
    const known = (now: number) => {
      series.add(now, [cellOf([1], { route: 'now' })], now)
      return RESOLUTIONS.map(resolution => series.read({ from: START, to: START + 60, resolution, wants: ({ route }) => route === 'r' }).length)
    }

    expect(known(START + 3590)).toEqual([1, 1, 1])
    expect(known(START + 2 * 3600)).toEqual([0, 1, 1])
    expect(known(START + 26 * 3600)).toEqual([0, 0, 1])
    expect(known(START + 31 * 86_400)).toEqual([0, 0, 0])
  })

  test('a level that has taken its bytes forgets the oldest, and says since when it knows', () => {
    const sizes = RESOLUTIONS.map(step => ({ step, keepSeconds: 86_400, periodSeconds: 600, bytesMax: 40_000 }))
    const series = openSeries(sizes)
    for (let second = 0; second < 3600; second++) series.add(START + second, [cellOf([1, 2, 3]), cellOf([4, 5, 6], { route: 's' })], START + second)

    expect(series.bytes).toBeLessThanOrEqual(3 * 40_000)
    expect(series.since(1, START + 3600)).toBeGreaterThan(START)
    expect(series.since(60, START + 3600)).toBe(START + 3600 - 86_400)
    expect(series.read({ from: START + 3500, to: START + 3600, resolution: 1, wants: everything })).toHaveLength(100)
  })

  test('a clock far ahead opens nothing, and one that is ahead a little loses nothing of the others', () => {
    const series = openSeries()
    series.add(START + 1_000_000, [cellOf([1])], START)
    series.add(START + 600, [cellOf([2])], START)
    series.add(START, [cellOf([3])], START)

    expect(series.read({ from: START, to: START + 2_000_000, resolution: 60, wants: everything }).map(({ second, cells: found }) => [second - START, withoutParts(found).length])).toEqual([[0, 1], [600, 1]])
  })
})

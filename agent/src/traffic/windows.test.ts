import fc from 'fast-check'
import { bucketOf } from '@vamp/stats/sketch'
import { CELL_FAILURES_MAX, sumOf } from '@vamp/model/failed-requests'
import { expect, test } from 'vitest'
import type { Sample } from '../proxy/proxy.ts'
import { batchOf } from '../proxy/testdata/batch.ts'
import { CELLS_MAX } from './second-cells.ts'
import { LATENESS_MS, OPEN_SECONDS_MAX, openWindows, type Second } from './windows.ts'

const START = 1_700_000_000
const at = (seconds: number) => (START + seconds) * 1000
const sample = (over: Partial<Sample> = {}): Sample =>
  ({ gateway: 'g', route: 'r', instance: 'i', by: 'weight', status: 200, error: false, latencyMs: 5, bytes: 10, endedAt: at(0), part: 0, ...over })
const requests = (seconds: readonly Second[]) => seconds.map(({ second, cells, dropped }) => [second - START, cells.reduce((sum, cell) => sum + cell.requests, 0), dropped])

test('a second is closed when it has been over for the lateness, with one cell per route, instance, way and part', () => {
  const windows = openWindows(at(0))
  windows.add(batchOf([
    sample(), sample({ latencyMs: 50, status: 503, error: true }), sample({ part: 3 }), sample({ by: 'condition', endedAt: at(0.999) }), sample({ instance: 'j', status: 0 }),
    sample({ endedAt: at(1) }),
  ]), 0)

  expect(windows.close(at(1) + LATENESS_MS - 1)).toEqual([])
  const [closed] = windows.close(at(1) + LATENESS_MS)

  const cell = { gateway: 'g', route: 'r', instance: 'i', by: 'weight', part: 0, requests: 1, errors: 0, statuses: [0, 0, 1, 0, 0, 0], bytes: 10, latency: [[bucketOf(5), 1]] }
  expect(closed).toEqual({ second: START, dropped: 0, cells: [
    { ...cell, requests: 2, errors: 1, statuses: [0, 0, 1, 0, 0, 1], bytes: 20, latency: [[bucketOf(5), 1], [bucketOf(50), 1]], failures: [{ requests: 1, status: 503 }] },
    { ...cell, part: 3 },
    { ...cell, by: 'condition' },
    { ...cell, instance: 'j', statuses: [1, 0, 0, 0, 0, 0] },
  ] })
  expect(requests(windows.close(at(2) + LATENESS_MS))).toEqual([[1, 1, 0]])
})

test('a request of unknown duration counts, and is in no percentile', () => {
  const windows = openWindows(at(0))
  const { latencyMs: _, ...unknown } = sample({ error: true, ending: 'server', status: 0 })
  windows.add(batchOf([unknown]), 0)
  expect(windows.flush()[0]?.cells).toMatchObject([{ requests: 1, errors: 1, endings: { server: 1 }, latency: [] }])
})

test('errors are told by what was asked for, in bounded room; the others are only counted', () => {
  const windows = openWindows(at(0))
  const on = (path: string, over: Partial<Sample> = {}) => sample({ status: 500, error: true, asked: { method: 'GET', path }, ...over })
  windows.add(batchOf([on('/cart?id=1'), on('/cart?id=2'), on('/of/17'), on('/fine', { status: 200, error: false }), on('/', { status: 0, ending: 'server', instance: 'j' })]), 0)
  expect(windows.flush()[0]?.cells).toMatchObject([
    { instance: 'i', errors: 3, failures: [{ requests: 2, status: 500, method: 'GET', path: '/cart' }, { requests: 1, status: 500, method: 'GET', path: '/of/:id' }] },
    { instance: 'j', errors: 1, failures: [{ requests: 1, status: 0, ending: 'server', method: 'GET', path: '/' }] },
  ])

  windows.add(batchOf(Array.from({ length: 3000 }, (_, index) => on(index % 3 === 0 ? '/often' : `/${index.toString(36)}x`))), 0)
  const [cell] = windows.flush().flatMap(({ cells }) => cells)
  expect(sumOf(cell?.failures ?? [])).toBe(3000)
  expect(cell?.failures?.length).toBeLessThanOrEqual(2 * CELL_FAILURES_MAX + 1)
  expect(cell?.failures?.find(({ path }) => path === '/often')?.requests).toBeGreaterThan(1000 - 3000 / (CELL_FAILURES_MAX + 1))
})

test('a late sample counts in the oldest open second', () => {
  const windows = openWindows(at(0))
  windows.close(at(3.3))

  windows.add(batchOf([sample({ endedAt: at(1) }), sample({ endedAt: Number.NaN })]), 0)

  expect(requests(windows.close(at(4.3)))).toEqual([[3, 2, 0]])
})

test('seconds without requests are told; after a long pause only the newest of them', () => {
  const windows = openWindows(at(0))
  expect(requests(windows.close(at(3.3)))).toEqual([[0, 0, 0], [1, 0, 0], [2, 0, 0]])

  windows.add(batchOf([sample({ endedAt: at(4) })]), 0)
  const after = requests(windows.close(at(1000.3)))

  expect(after[0]).toEqual([4, 1, 0])
  expect(after.slice(1).map(([second]) => second)).toEqual([990, 991, 992, 993, 994, 995, 996, 997, 998, 999])
})

test('cells have a bound; what does not fit is counted as dropped, what is known still counts', () => {
  const windows = openWindows(at(0))
  windows.add(batchOf(Array.from({ length: CELLS_MAX + 5 }, (_, index) => sample({ instance: `i${index}` }))), 2)
  windows.add(batchOf([sample({ instance: 'i0' })]), 0)

  expect(requests(windows.close(at(1.3)))).toEqual([[0, CELLS_MAX + 1, 7]])
})

test('every sample counts exactly once, whatever the clocks and the order', () => {
  const step = fc.record({ advance: fc.integer({ min: 0, max: 40_000 }), skews: fc.array(fc.integer({ min: -5_000_000, max: 5_000_000 }), { maxLength: 20 }) })
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), steps => {
    const windows = openWindows(at(0))
    const closed: Second[] = []
    let now = at(0)
    let sent = 0
    for (const { advance, skews } of steps) {
      now += advance
      windows.add(batchOf(skews.map(skew => sample({ endedAt: now + skew }))), 1)
      sent += skews.length
      closed.push(...windows.close(now))
    }
    closed.push(...windows.flush())

    const seconds = closed.map(({ second }) => second)
    expect(seconds).toEqual([...new Set(seconds)].sort((a, b) => a - b))
    expect(requests(closed).reduce((sum, [, count]) => sum + (count ?? 0), 0)).toBe(sent)
    expect(requests(closed).reduce((sum, [, , dropped]) => sum + (dropped ?? 0), 0)).toBe(steps.length)
  }))
})

test('a clock that runs ahead opens no more seconds than the bound', () => {
  const windows = openWindows(at(0))

  windows.add(batchOf(Array.from({ length: 1000 }, (_, second) => sample({ endedAt: at(second) }))), 0)

  expect(windows.flush()).toHaveLength(OPEN_SECONDS_MAX)
})

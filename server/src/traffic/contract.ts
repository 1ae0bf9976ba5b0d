/** What every series promises; each driver's test runs it. */
import { type VirtualClock, virtualClock } from '@vamp/agent/base/virtual-clock'
import type { Cell } from '@vamp/model/metric'
import { merge, quantile, Sketch } from '@vamp/stats/sketch'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Resolution, RESOLUTIONS, type Series } from './series.ts'

export interface SeriesHarness {
  readonly series: Series
  /** The server ends and another one starts on the same database; absent where nothing is kept. */
  reopen?(): Promise<Series>
  /** A second server on the same database, at the same time; absent where there can be only one. */
  another?(): Promise<Series>
  close(): Promise<void>
}

export const START = 1_700_000_000 - 1_700_000_000 % 86_400
const key = { gateway: 'g', route: 'r', instance: 'i', by: 'weight' } as const

export function cellOf(durations: readonly number[], over: Partial<Cell> = {}): Cell {
  const sketch = new Sketch()
  for (const duration of durations) sketch.record(duration)
  return { ...key, part: 0, requests: durations.length, errors: 0, statuses: [0, 0, durations.length, 0, 0, 0], bytes: 0, latency: sketch.toData(), ...over }
}

export function seriesContract(name: string, open: (clock: VirtualClock) => Promise<SeriesHarness>, { runs = 100 }: { runs?: number } = {}): void {
  describe(`${name} series`, () => {
    let clock: VirtualClock
    let harness: SeriesHarness
    let series: Series
    let sequence = 0
    const fresh = async () => { clock = virtualClock(START * 1000); harness = await open(clock); series = harness.series; sequence = 0 }
    beforeEach(fresh)
    afterEach(async () => { await harness.close() })

    const add = async (offset: number, cells: readonly Cell[], agent = 'a') => await series.add({ agent, sequence: ++sequence, second: START + offset, cells, dropped: 0 })
    /** Time passes, and what is due is done on the way. */
    const pass = async (seconds: number, every = 600) => {
      for (let left = seconds; left > 0; left -= every) {
        await clock.advance(Math.min(left, every) * 1000)
        await series.maintain()
      }
    }
    const everything = () => true
    const points = async (resolution: Resolution, from = 0, to = 86_400, step?: number) => (await series.read({ from: START + from, to: START + to, resolution, wants: everything, ...(step === undefined ? {} : { step }) }))
      .map(({ second, cells }) => [second - START, cells.reduce((sum, { requests }) => sum + requests, 0)])

    test('every resolution holds exactly the same counts, in whatever order seconds come and whenever they are put in order, and every percentile is that of all requests together', { timeout: 120_000 }, async () => {
      const seconds = fc.array(fc.record({ offset: fc.integer({ min: 0, max: 1500 }), instance: fc.constantFrom('a', 'b'), durations: fc.array(fc.double({ min: 0.1, max: 5000, noNaN: true }), { minLength: 1, maxLength: 5 }), later: fc.constantFrom(0, 0, 20, 90, 700) }), { minLength: 1, maxLength: 40 })
      await fc.assert(fc.asyncProperty(seconds, async given => {
        await harness.close()
        await fresh()
        for (const { offset, instance, durations, later } of given) {
          await add(offset, [cellOf(durations, { instance, errors: 1 })], `agent ${instance}`)
          if (later > 0) await pass(later)
        }
        await pass(120)

        for (const resolution of RESOLUTIONS.filter(each => series.since(each) <= START)) for (const instance of ['a', 'b']) {
          const read = await series.read({ from: START, to: START + 1560, resolution, wants: found => found.instance === instance })
          const mine = given.filter(({ instance: of }) => of === instance)
          expect(read.map(({ second }) => second)).toEqual([...new Set(mine.map(({ offset }) => START + offset - offset % resolution))].sort((a, b) => a - b))
          expect(read.every(point => point.cells.length === 1)).toBe(true)
          expect(read.reduce((sum, { cells }) => sum + (cells[0]?.errors ?? 0), 0)).toBe(mine.length)
          expect(merge(read.flatMap(point => point.cells.map(({ latency }) => latency)))).toEqual(cellOf(mine.flatMap(({ durations }) => durations)).latency)
        }
      }), { numRuns: runs })
    })

    test('all counts of a cell come back as they were, over its hash parts, keys apart', async () => {
      const cell = cellOf([1, 1, 900], { errors: 2, statuses: [1, 2, 3, 4, 5, 6], bytes: 2 ** 45, by: 'condition' })
      await add(5, [{ ...cell, part: 3 }, { ...cell, part: 4 }, cellOf([7], { route: '' }), cellOf([8], { gateway: 'größe "x"' })])

      for (const later of [0, 100, 800]) {
        await pass(later)
        const [point] = await series.read({ from: START, to: START + 60, resolution: 1, wants: everything })
        expect(point?.second).toBe(START + 5)
        expect(new Set(point?.cells)).toEqual(new Set([{ ...cell, requests: 6, errors: 4, statuses: [2, 4, 6, 8, 10, 12], bytes: 2 ** 46, latency: cellOf([1, 1, 1, 1, 900, 900]).latency }, cellOf([7], { route: '' }), cellOf([8], { gateway: 'größe "x"' })]))
      }
    })

    test('a percentile over many points is the one of the requests, not a mean of percentiles', async () => {
      for (let second = 0; second < 99; second++) await add(second, [cellOf(Array<number>(10).fill(10))])
      await add(99, [cellOf(Array<number>(10).fill(1000))])

      const latency = merge((await series.read({ from: START, to: START + 120, resolution: 10, wants: everything })).flatMap(point => point.cells.map(cell => cell.latency)))

      expect(quantile(latency, 0.98)).toBeCloseTo(10, 0)
      expect(Math.abs((quantile(latency, 0.995) ?? 0) - 1000)).toBeLessThanOrEqual(10)
    })

    test('points outside the window, and keys that are not wanted, are left out', async () => {
      for (const second of [0, 59, 60, 119, 120]) await add(second, [cellOf([1]), cellOf([1], { route: 's' })])

      for (const later of [0, 200, 3600]) {
        await pass(later)
        expect(await series.read({ from: START + 60, to: START + 120, resolution: 60, wants: ({ route }) => route === 's' })).toEqual([{ second: START + 60, cells: [cellOf([1, 1], { route: 's' })] }])
      }
    })

    test('steps are as wide as is asked for, from the beginning of the window', async () => {
      for (let second = 0; second < 600; second += 30) await add(second, [cellOf([1])])

      for (const later of [0, 200, 9000]) {
        await pass(later)
        expect(await points(60, 60, 600, 120)).toEqual([[60, 4], [180, 4], [300, 4], [420, 4], [540, 2]])
        expect(await points(60, 0, 86_400, 86_400)).toEqual([[0, 20]])
      }
    })

    test('a window counts once, however often it comes', async () => {
      const window = { agent: 'a', sequence: 7, second: START + 3, cells: [cellOf([1])], dropped: 0 }
      for (const later of [0, 0, 100, 3600]) {
        await pass(later)
        await Promise.all([series.add(window), series.add(window)])
        await series.add({ ...window, sequence: 6 })
      }

      expect(await points(60)).toEqual([[0, 1]])
    })

    test('a window of a clock that is off is where it belongs, and counts once although it is known better meanwhile by how much', async () => {
      const window = { agent: 'a', sequence: 7, second: START - 7200, cells: [cellOf([1])], dropped: 0 }
      await series.add({ ...window, secondsBehind: 7203 })
      await series.add({ ...window, secondsBehind: 7260 })
      await series.add({ ...window, agent: 'b', second: START + 7200, secondsBehind: -7140 })

      for (const later of [0, 100, 3600]) {
        await pass(later)
        expect(await points(60, -7200, 7260)).toEqual([[0, 1], [60, 1]])
      }
    })

    test('agents have numbers of their own; one that lost its numbers is believed again when it tells of new seconds', async () => {
      for (const [agent, number, offset] of [['a', 900, 0], ['b', 1, 0], ['a', 1, 0], ['a', 1, 1]] as const) await series.add({ agent, sequence: number, second: START + offset, cells: [cellOf([1])], dropped: 0 })

      expect(await points(1, 0, 60)).toEqual([[0, 2], [1, 1]])
    })

    test('seconds are kept for an hour, ten seconds for a day, minutes for thirty days', async () => {
      await add(0, [cellOf([1])])
      const known = async () => (await Promise.all(RESOLUTIONS.map(resolution => points(resolution, 0, 60)))).map(({ length }) => length)

      await pass(3500)
      expect(await known()).toEqual([1, 1, 1])
      expect(RESOLUTIONS.map(resolution => series.since(resolution) <= START)).toEqual([true, true, true])
      await pass(7 * 3600, 3600)
      expect((await known()).slice(1)).toEqual([1, 1])
      expect(RESOLUTIONS.map(resolution => series.since(resolution) <= START)).toEqual([false, true, true])
      await pass(22 * 3600, 3600)
      expect((await known())[2]).toEqual(1)
      expect(RESOLUTIONS.map(resolution => series.since(resolution) <= START)).toEqual([false, false, true])
      await pass(30 * 86_400, 86_400)
      expect(await known()).toEqual([0, 0, 0])
      await add(31 * 86_400, [cellOf([1])])
      expect(await points(60, 31 * 86_400, 32 * 86_400)).toEqual([[31 * 86_400, 1]])
    })

    test('a clock far ahead is not believed, and one that is ahead a little loses nothing of the others', async () => {
      for (const offset of [1_000_000, 600, 0]) await add(offset, [cellOf([1])])
      await pass(1200)

      expect(await points(60, 0, 2_000_000)).toEqual([[0, 1], [600, 1]])
    })

    test('nothing is no point', async () => {
      await add(0, [])
      await pass(7300)

      expect(await points(60)).toEqual([])
    })

    test('a server that starts again knows everything, and takes no window twice', async () => {
      if (!harness.reopen) return
      const again = async () => { if (harness.reopen) series = await harness.reopen() }
      const window = { agent: 'a', sequence: 1000, second: START + 61, cells: [cellOf([4], { instance: 'j' })], dropped: 0 }
      await add(0, [cellOf([1, 2, 3])])
      await series.add(window)
      for (const later of [0, 70, 700, 8000]) {
        await pass(later)
        await again()
        await series.add(window)
        expect(await points(60, 0, 120)).toEqual([[0, 3], [60, 1]])
      }
    })

    test('two servers on one database make the same chunks once', async () => {
      if (!harness.another) return
      const other = await harness.another()
      for (let second = 0; second < 200; second += 10) await (second % 20 === 0 ? series : other).add({ agent: `agent ${second % 20}`, sequence: second, second: START + second, cells: [cellOf([1])], dropped: 0 })
      for (const seconds of [300, 600, 7200]) {
        await clock.advance(seconds * 1000)
        await Promise.all([series.maintain(), other.maintain(), series.maintain()])
        await Promise.all([series.maintain(), other.maintain()])
        expect(await points(10, 0, 600, 600)).toEqual([[0, 20]])
      }
      expect(await points(60, 0, 600, 600)).toEqual([[0, 20]])
    })
  })
}

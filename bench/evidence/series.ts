/**
 * The stored series of many routes: how long one question takes, and what a server needs for a week of them. Time is a virtual
 * clock's; database, windows, chunks and questions are real.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { Cell } from '@vamp/model/metric'
import { Sketch } from '@vamp/stats/sketch'
import { openEmbeddedDatabase } from '@vamp/server/base/sql/embedded-database'
import { trafficReport } from '@vamp/server/traffic/report'
import { openSqlSeries } from '@vamp/server/traffic/sql/sql-series'
import { openTraffic } from '@vamp/server/traffic/traffic'

const START = 1_700_000_000 - 1_700_000_000 % 86_400
const DAY = 86_400
const MAINTAIN_SECONDS = 600

/** `every` and `lastEvery`: seconds between two windows, before and during the last day. */
export interface SeriesLoad { readonly routes: number; readonly days: number; readonly every: number; readonly lastEvery: number }
export interface SeriesFigures {
  /** Median of single questions: p99 over the last day, of one route. */
  readonly queryMs: number
  readonly pointsMs: number
  /** MB in use after garbage collection, at the end of each day. */
  readonly heapMb: readonly number[]
  readonly databaseMb: number
}

export async function measureSeries({ routes, days, every, lastEvery }: SeriesLoad): Promise<SeriesFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-series-'))
  const file = join(directory, 'vamp.db')
  try {
    await using database = openEmbeddedDatabase({ file })
    const clock = virtualClock(START * 1000)
    const series = await openSqlSeries({ database, clock })
    const traffic = openTraffic({ clock, series })
    const heapMb: number[] = []
    let [second, sequence, maintained] = [0, 0, 0]
    for (let day = 1; day <= days; day++) {
      for (const step = day === days ? lastEvery : every; second < day * DAY; second += step) {
        await clock.advance(step * 1000)
        await traffic.add({ agent: 'bench', sequence: ++sequence, second: START + second, dropped: 0, cells: cellsOf(routes, sequence) })
        if (second - maintained >= MAINTAIN_SECONDS) { await series.maintain(); maintained = second }
      }
      heapMb.push(usedMb())
    }
    await series.maintain()
    const now = START + days * DAY
    const ask = async (route: number, step?: number) => {
      const started = performance.now()
      const report = await trafficReport(traffic, { place: { gateway: `shop/web${route}` }, from: now - DAY, to: now, newest: now, percentiles: [99], by: [], ...(step === undefined ? {} : { step }) })
      if (report.total.requests < DAY / lastEvery) throw new Error(`a day of requests was not found: ${report.total.requests}`)
      return performance.now() - started
    }
    const times = async (step?: number) => {
      const all: number[] = []
      for (let route = 0; route < routes; route += Math.ceil(routes / 40)) all.push(await ask(route, step))
      return all.sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN
    }
    return { queryMs: await times(), pointsMs: await times(600), heapMb, databaseMb: Math.round(statSync(file).size / 1e6) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Each route has one to thirty requests, with times of its own. */
function cellsOf(routes: number, seed: number): Cell[] {
  return Array.from({ length: routes }, (_, route) => {
    const requests = 1 + (seed * 31 + route * 17) % 30
    const sketch = new Sketch()
    for (let request = 0; request < requests; request++) sketch.record(5 + route % 50 + ((seed * 7919 + request * 104_729) % 997) / 10)
    return { gateway: `shop/web${route}`, route: `shop/web${route}/web:1.0/http`, instance: `shop-web-${route}`, by: 'weight', part: 0, requests, errors: 0, statuses: [0, 0, requests, 0, 0, 0], bytes: 1000 * requests, latency: sketch.toData() }
  })
}

function usedMb(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return Math.round((process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers) / 1e5) / 10
}

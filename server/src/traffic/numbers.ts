/** Cells as the numbers that people read. Percentiles come from merged sketches and from nothing else. */
import type { TrafficNumbers } from '@vamp/model/api/traffic'
import { type Cell, ENDINGS } from '@vamp/model/metric'
import { merge, quantile } from '@vamp/stats/sketch'

const CLASSES = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** `percentiles` are percents: 99.9. */
export function numbersOf(cells: readonly Cell[], seconds: number, percentiles: readonly number[]): TrafficNumbers {
  const [requests, errors] = [sum(cells, cell => cell.requests), sum(cells, cell => cell.errors)]
  const latency = merge(cells.map(cell => cell.latency))
  return {
    requests, errors, rate: seconds > 0 ? requests / seconds : 0, error_rate: requests > 0 ? errors / requests : null, bytes: sum(cells, cell => cell.bytes),
    statuses: Object.fromEntries(CLASSES.flatMap((name, index) => { const count = sum(cells, cell => cell.statuses[index] ?? 0); return count > 0 ? [[name, count]] : [] })),
    endings: Object.fromEntries(ENDINGS.flatMap(ending => { const count = sum(cells, cell => cell.endings?.[ending] ?? 0); return count > 0 ? [[ending, count]] : [] })),
    in_progress: seconds > 0 ? sum(cells, cell => cell.busy ?? 0) / seconds : 0,
    latency_ms: Object.fromEntries(percentiles.flatMap(percentile => { const ms = quantile(latency, percentile / 100); return ms === undefined ? [] : [[`p${percentile}`, Number(ms.toPrecision(4))]] })),
  }
}

const sum = (cells: readonly Cell[], of: (cell: Cell) => number) => cells.reduce((total, cell) => total + of(cell), 0)

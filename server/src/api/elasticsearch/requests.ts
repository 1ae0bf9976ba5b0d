/**
 * Searches of the request log. There is no log of single requests: the numbers come from the series, in which requests are counted by
 * second, gateway, route, instance and class of status, and their times to within 1 %. So totals are exact, a border
 * of status inside a hundred is refused, and times cannot be asked for by status.
 */
import { gatewayLookupName, lookupName, routeLookupName } from '@vamp/model/lookup-name'
import { Fault } from '@vamp/model/fault'
import { merge, millisecondsOf, quantile, type SketchData } from '@vamp/stats/sketch'
import type { Cell } from '@vamp/model/metric'
import { resolutionFor } from '../../traffic/report.ts'
import type { CellKey } from '../../traffic/series.ts'
import type { Traffic } from '../../traffic/traffic.ts'
import { eventTime } from '../event-time.ts'
import { type Aggregation, percentName, type Range, type Search } from './search.ts'

/** Without a beginning. */
const WINDOW_SECONDS = 30 * 86_400
/** The names under which the original logs the time of a request; we measure that to the first byte of the answer. */
const TIMES = new Set(['Tt', 'Ta', 'Tr', 'Tw', 'Tc'])

export interface Found { readonly total: number; readonly aggregations: Readonly<Record<string, unknown>> }

export async function searchRequests(traffic: Pick<Traffic, 'read' | 'knownSince'>, search: Search, nowMs: number): Promise<Found> {
  const { from: given, to } = windowOf(search.ranges, nowMs)
  const resolution = resolutionFor({ from: given, to }, traffic)
  const from = Math.floor(given / resolution) * resolution
  const classes = classesOf(search)
  const points = to > from ? await traffic.read({ from, to, resolution, step: Math.max(resolution, Math.ceil((to - from) / resolution) * resolution), wants: wanted(search.terms) }) : []
  const cells = points.flatMap(point => point.cells)
  const total = sum(cells, ({ statuses }) => statuses.reduce((count, of, index) => count + (classes.has(index) ? of : 0), 0))
  const aggregations = Object.fromEntries(search.aggregations.map(asked => [asked.name, aggregated(asked, cells, classes.size === 6)]))
  return { total, aggregations }
}

/** By the second: a second that has begun by then counts whole. */
function windowOf(ranges: Search['ranges'], nowMs: number): { readonly from: number; readonly to: number } {
  let [from, to] = [nowMs / 1000 - WINDOW_SECONDS, nowMs / 1000]
  const at = (bound: string | number) => {
    const ms = eventTime(String(bound), nowMs)
    if (ms === undefined) throw new Fault('invalid', `'${bound}' is no time.`)
    return ms / 1000
  }
  for (const [field, range] of ranges) {
    if (field !== '@timestamp') continue
    for (const bound of [range.gt, range.gte]) if (bound !== undefined) from = Math.max(from, at(bound))
    for (const bound of [range.lt, range.lte]) if (bound !== undefined) to = Math.min(to, at(bound))
  }
  return { from: Math.ceil(from), to: Math.ceil(to) }
}

/** `ft` and `b` are the hashes of a gateway or of a route in it, `s` that of an instance. */
function wanted(terms: Search['terms']): (key: CellKey) => boolean {
  const tests = terms.flatMap(([field, value]): ((key: CellKey) => boolean)[] => {
    if (field === 'ft' || field === 'b') return [({ gateway, route }) => gatewayLookupName(gateway) === value || (route !== '' && routeLookupName(gateway, route) === value)]
    if (field === 's') return [({ instance }) => instance !== '' && lookupName('InternalRouteTarget', instance) === value]
    if (field === 'ST') return []
    throw new Fault('invalid', `Requests are not counted by '${field}'; there are ft, b, s, ST and @timestamp.`)
  })
  return key => tests.every(test => test(key))
}

/** Indices of `Cell.statuses`: 0 for requests without an answer, which the log tells as -1. */
function classesOf({ terms, ranges }: Search): Set<number> {
  const wantedOnes = new Set([0, 1, 2, 3, 4, 5])
  const keep = (range: Range) => {
    for (const index of wantedOnes) {
      const [first, last] = index === 0 ? [-1, -1] : [index * 100, index * 100 + 99]
      const holds = (status: number) => Number(range.gt ?? -2) < status && Number(range.gte ?? -2) <= status && status < Number(range.lt ?? 1000) && status <= Number(range.lte ?? 1000)
      if (holds(first) !== holds(last)) throw new Fault('invalid', 'Requests are counted by class of status: borders lie between hundreds, such as {"gte": 500}.')
      if (!holds(first)) wantedOnes.delete(index)
    }
  }
  for (const [field, range] of ranges) {
    if (field === 'ST') keep(range)
    else if (field !== '@timestamp') throw new Fault('invalid', `Requests cannot be told by '${field}'; ranges are of ST and @timestamp.`)
  }
  for (const [field, value] of terms) if (field === 'ST') keep({ gte: value, lte: value })
  return wantedOnes
}

function aggregated({ name, is, field, percents }: Aggregation, cells: readonly Cell[], everyStatus: boolean): unknown {
  if (!everyStatus) throw new Fault('invalid', `Times and bytes are not counted by status: ask '${name}' without ST.`)
  if (TIMES.has(field)) return ofTimes(is, merge(cells.map(({ latency }) => latency)), percents)
  if (field === 'B' && ['avg', 'sum', 'value_count'].includes(is)) {
    const [count, bytes] = [sum(cells, ({ requests }) => requests), sum(cells, ({ bytes: of }) => of)]
    return { value: is === 'avg' ? (count > 0 ? bytes / count : null) : is === 'sum' ? bytes : count }
  }
  throw new Fault('invalid', `There is no ${is} of '${field}'; there are those of ${[...TIMES].join(', ')}, and avg, sum and value_count of B.`)
}

function ofTimes(is: Aggregation['is'], latency: SketchData, percents: readonly number[]): unknown {
  if (is === 'percentiles') return { values: Object.fromEntries(percents.map(percent => [percentName(percent), quantile(latency, percent / 100) ?? null])) }
  const stats = statsOf(latency)
  if (is === 'stats') return { count: stats.count, min: stats.min, max: stats.max, avg: stats.avg, sum: stats.sum }
  if (is === 'extended_stats') return stats
  return { value: is === 'value_count' ? stats.count : stats[is] }
}

/** Of the middles of buckets. */
function statsOf(latency: SketchData) {
  let [count, total, squares] = [0, 0, 0]
  for (const [bucket, of] of latency) {
    const ms = millisecondsOf(bucket)
    count += of
    total += of * ms
    squares += of * ms * ms
  }
  const [first, last] = [latency[0], latency.at(-1)]
  if (count === 0 || !first || !last) return { count: 0, min: null, max: null, avg: null, sum: 0, sum_of_squares: null, variance: null, std_deviation: null, std_deviation_bounds: { upper: null, lower: null } }
  const avg = total / count
  const variance = Math.max(0, squares / count - avg * avg)
  const deviation = Math.sqrt(variance)
  return { count, min: millisecondsOf(first[0]), max: millisecondsOf(last[0]), avg, sum: total, sum_of_squares: squares, variance, std_deviation: deviation, std_deviation_bounds: { upper: avg + 2 * deviation, lower: avg - 2 * deviation } }
}

const sum = (cells: readonly Cell[], of: (cell: Cell) => number) => cells.reduce((total, cell) => total + of(cell), 0)

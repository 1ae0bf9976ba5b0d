import { type TrafficPoint, type TrafficReport, traffic } from '@vamp/model/api/traffic'
import { lazy, Suspense } from 'react'
import { useSearchParams } from 'react-router'
import { useLive } from '../look.ts'
import { vamp } from '../server.ts'
import { milliseconds, percent } from '../words.ts'
import { Facts } from './facts.tsx'
import { Card } from './page.tsx'
import { Shown } from './shown.tsx'

/** Charts come when one is drawn. */
const TimeChart = lazy(async () => ({ default: (await import('../chart/time-chart.tsx')).TimeChart }))

/** Whose requests; the names are those of the API. */
export interface TrafficOf {
  readonly gateway?: string
  readonly route?: string
  readonly deployment?: string
  readonly cluster?: string
  readonly service?: string
  readonly instance?: string
}

const WINDOWS = [{ since: '5m', step: '2s', everyMs: 2000, words: '5 minutes' }, { since: '1h', step: '20s', everyMs: 5000, words: 'an hour' }, { since: '1d', step: '10m', everyMs: 30_000, words: 'a day' }, { since: '7d', step: '1h', everyMs: 60_000, words: 'a week' }] as const
const PERCENTILES = [50, 95, 99]

/** Rate, errors and percentiles of a place: now, and how it came to that. How far back is part of the address. */
export function LiveTraffic({ of, title = 'What visitors get' }: { readonly of: TrafficOf; readonly title?: string }) {
  const [query, setQuery] = useSearchParams()
  const { since, step, everyMs } = WINDOWS.find(window => window.since === query.get('since')) ?? WINDOWS[0]
  const report = useLive<TrafficReport>({
    key: `traffic ${JSON.stringify(of)} ${since}`, everyMs,
    load: async signal => (await vamp().call(traffic.read, { query: { ...of, since, step, percentile: PERCENTILES } }, signal)).data,
  })
  const choose = (value: string) => setQuery(before => { const next = new URLSearchParams(before); next.set('since', value); return next }, { replace: true })
  const choice = (
    <label className="line"><span className="dim">over</span>
      <select value={since} onChange={({ target }) => choose(target.value)}>{WINDOWS.map(({ since: value, words }) => <option key={value} value={value}>{words}</option>)}</select>
    </label>
  )
  return <Card title={title} aside={choice}><Shown of={report}>{value => <Report report={value} />}</Shown></Card>
}

function Report({ report: { total, series = [] } }: { readonly report: TrafficReport }) {
  const points = series.slice(0, -1)
  const now = points.at(-1)
  if (total.requests === 0) return <p className="empty">No request came in this time.</p>
  return (
    <>
      <Facts of={[
        ['requests now', `${(now?.rate ?? total.rate).toFixed(1)} /s`], ['requests', total.requests.toLocaleString('en').replaceAll(',', '\u202f')],
        ['errors', total.error_rate === null ? '–' : percent(total.error_rate * 100)], ...PERCENTILES.map(each => [`p${each}`, milliseconds(total.latency_ms[`p${each}`])] as const),
      ]} />
      <Suspense fallback={<div className="chart" aria-busy="true" />}>
        <div className="columns">
          <div><TimeChart label={`Requests and errors per second; now ${(now?.rate ?? 0).toFixed(1)} requests per second.`} times={timesOf(points)} axis={value => String(value)} lines={[
            { label: 'requests per second', colour: '--canary', values: points.map(({ rate }) => rate), text: value => value.toFixed(1) },
            { label: 'errors per second', colour: '--bad', dashed: true, values: points.map(({ requests, errors, rate }) => requests === 0 ? 0 : rate * errors / requests), text: value => value.toFixed(1) },
          ]} /></div>
          <div><TimeChart label={`How long requests take; the slowest in a hundred ${milliseconds(now?.latency_ms['p99'])}.`} times={timesOf(points)} axis={value => milliseconds(value)} least={10} lines={[
            latency(points, 'p50', '--baseline'), latency(points, 'p95', '--canary'), latency(points, 'p99', '--warn'),
          ]} /></div>
        </div>
      </Suspense>
    </>
  )
}

const timesOf = (points: readonly TrafficPoint[]) => points.map(({ at }) => Date.parse(at))

const latency = (points: readonly TrafficPoint[], percentile: string, colour: string) =>
  ({ label: percentile, colour, thin: percentile !== 'p95', values: points.map(({ latency_ms: values }) => values[percentile] ?? null), text: milliseconds })

import { useState } from 'react'
import type { Moment } from '../release-history.ts'
import { metricName, odds } from '../words.ts'
import { type Line, SeriesChart } from './series-chart.tsx'

/** Odds below this say the same: nothing. */
const FLOOR = 0.5
const ROLLS_BACK_AT = 100
const marks = (rollsBackAt: number) => [
  { at: 3, label: 'freeze 3', colour: '--dim' },
  { at: 20, label: 'warn 20', colour: '--warn' },
  { at: rollsBackAt, label: `roll back ${Math.round(rollsBackAt)}`, colour: '--bad' },
]

/** How strongly the evidence speaks against the new version, on a scale where each step up is a factor. */
export function EvidenceChart({ moments, rollsBackAt = ROLLS_BACK_AT }: { readonly moments: readonly Moment[]; readonly rollsBackAt?: number }) {
  const [pointed, setPointed] = useState<number | null>(null)
  const suspects = suspectsOf(moments)
  const at = moments[pointed ?? moments.length - 1]
  const floor = (value: number | undefined) => value === undefined ? null : Math.max(FLOOR, Math.min(value, 1e9))
  const lines: Line[] = [
    ...suspects.map((metric, index): Line => ({ label: metricName(metric), colour: index === 0 ? '--warn' : '--dim', thin: true, dashed: true, values: moments.map(({ metrics }) => floor(metrics[metric])), text: odds })),
    { label: 'all together', colour: '--canary', values: moments.map(({ harm }) => floor(harm)), text: odds },
  ]
  return (
    <>
      <p className="legend">
        <span className="key canary">all together <b>{at ? odds(at.harm) : '–'}</b></span>
        {suspects.map((metric, index) => <span key={metric} className={`key dashed ${index === 0 ? 'warn' : ''}`}>{metricName(metric)} <b>{at ? odds(at.metrics[metric] ?? 1) : '–'}</b></span>)}
        {at && <time className="dim">{new Date(at.atMs).toLocaleTimeString()}</time>}
      </p>
      <SeriesChart label={`Odds of harm over time, now ${odds(moments.at(-1)?.harm ?? 1)}; traffic freezes at 3, people are warned at 20, and it is rolled back at ${Math.round(rollsBackAt)}.`}
        times={moments.map(({ atMs }) => atMs)} lines={lines} marks={marks(rollsBackAt)} logarithmic range={[FLOOR, rollsBackAt * 3]} axis={value => [1, 10, 100, 1000, 10_000, 100_000, 1e6].includes(value) ? `${value}` : ''} onPoint={setPointed} />
    </>
  )
}

/** The two metrics that spoke loudest. */
function suspectsOf(moments: readonly Moment[]): readonly string[] {
  const peaks = new Map<string, number>()
  for (const { metrics } of moments) for (const [metric, harm] of Object.entries(metrics)) peaks.set(metric, Math.max(peaks.get(metric) ?? 0, harm))
  return [...peaks].sort(([, a], [, b]) => b - a).slice(0, 2).map(([metric]) => metric)
}

import { useState } from 'react'
import type { Moment, Step } from '../release-history.ts'
import { percent } from '../words.ts'
import { SeriesChart } from './series-chart.tsx'

/** The share of the new version, step by step, and the reason of the step that is pointed at. */
export function TrafficChart({ moments, steps, several }: { readonly moments: readonly Moment[]; readonly steps: readonly Step[]; /** Versions share it, equally; reasons are told of each. */ readonly several: boolean }) {
  const [pointed, setPointed] = useState<number | null>(null)
  const at = moments[pointed ?? moments.length - 1]
  const reason = at && steps.findLast(step => step.atMs <= at.atMs)
  return (
    <>
      <p className="legend"><span className="key canary">share of the new version{several && 's together'} <b>{at ? percent(at.weight) : '–'}</b></span>{at && <time className="dim">{new Date(at.atMs).toLocaleTimeString()}</time>}</p>
      <SeriesChart label={`Share of traffic over time, now ${percent(moments.at(-1)?.weight ?? 0)}.`} height={150} range={[0, 100]} axis={value => `${value} %`}
        times={moments.map(({ atMs }) => atMs)} lines={[{ label: 'share', colour: '--canary', stepped: true, values: moments.map(({ weight }) => weight), text: percent }]} onPoint={setPointed} />
      {reason && <p className="help">{several && 'Each version: '}{reason.next}</p>}
    </>
  )
}

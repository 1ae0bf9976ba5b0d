import { useState } from 'react'
import { type Line, SeriesChart } from './series-chart.tsx'

export interface TimeChartProps {
  /** What the picture shows, for whoever does not see it. */
  readonly label: string
  /** Unix milliseconds, ascending. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  readonly axis: (value: number) => string
  readonly rightAxis?: (value: number) => string
  /** The left axis reaches at least here. */
  readonly least?: number
  readonly height?: number
  readonly empty?: string
}

/** A line of its own look for each colour, so that none needs to be told by it. */
const LOOKS: Readonly<Record<string, string>> = { '--canary': 'canary', '--warn': 'warn', '--bad': 'bad', '--good': 'good', '--baseline': 'baseline', '--dim': '' }

/** Several lines over time with a legend that tells the values of the moment that is pointed at, or of the newest. */
export function TimeChart({ label, times, lines, axis, rightAxis, least = 1, height = 180, empty = 'Nothing was measured in this time.' }: TimeChartProps) {
  const [pointed, setPointed] = useState<number | null>(null)
  if (times.length === 0) return <p className="empty">{empty}</p>
  const index = pointed ?? times.length - 1
  const at = times[index]
  return (
    <>
      <p className="legend">
        {lines.map(line => { const value = line.values[index]; return <span key={line.label} className={`key ${LOOKS[line.colour] ?? ''} ${line.dashed ? 'dashed' : ''}`}>{line.label} <b>{value === null || value === undefined ? '–' : line.text(value)}</b></span> })}
        {at !== undefined && <time className="dim">{new Date(at).toLocaleTimeString()}</time>}
      </p>
      <SeriesChart label={label} times={times} lines={lines} range={[0, least]} height={height} axis={axis} {...(rightAxis ? { rightAxis } : {})} onPoint={setPointed} />
    </>
  )
}

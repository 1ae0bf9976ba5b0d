import { useState } from 'react'
import type { Moment } from '../release-history.ts'
import { timesText } from '../words.ts'
import { SeriesChart } from './series-chart.tsx'

/** Up to here a promotion accepts what cannot be ruled out. */
const ACCEPTED = 1.5
const MARKS = [{ at: 1, label: 'as likely as before', colour: '--dim' }, { at: ACCEPTED, label: `accepted up to ${ACCEPTED} ×`, colour: '--good' }] as const
const [LEAST, MOST] = [0.1, 10]

/** How many times as likely it is that a request goes wrong on the new version: the band that holds the truth narrows as requests come. */
export function RatioChart({ moments, metric }: { readonly moments: readonly Moment[]; readonly metric: string }) {
  const [pointed, setPointed] = useState<number | null>(null)
  const told = moments.flatMap(({ atMs, bands }) => { const band = bands?.[metric]; return band ? [{ atMs, low: band.low, high: band.high }] : [] })
  const at = told[pointed ?? told.length - 1]
  const within = (value: number | null, otherwise: number) => Math.min(MOST, Math.max(LEAST, value ?? otherwise))
  return (
    <>
      <p className="legend"><span className="key canary">95 % band <b>{at ? timesText(at.low, at.high) : '–'}</b></span>{at && <time className="dim">{new Date(at.atMs).toLocaleTimeString()}</time>}</p>
      <SeriesChart label={`How many times as likely ${metric} is on the new version: ${at ? timesText(at.low, at.high) : 'not known yet'}.`} height={150} logarithmic range={[LEAST, MOST]} band="--canary" marks={MARKS}
        axis={value => [0.1, 1, 10].includes(value) ? `${value} ×` : ''} times={told.map(({ atMs }) => atMs)} onPoint={setPointed} lines={[
          { label: 'at most', colour: '--canary', thin: true, values: told.map(({ high }) => within(high, MOST)), text: value => `${value}` },
          { label: 'at least', colour: '--canary', thin: true, values: told.map(({ low }) => within(low, LEAST)), text: value => `${value}` },
        ]} />
    </>
  )
}

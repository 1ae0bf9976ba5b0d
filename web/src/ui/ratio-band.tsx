import { timesText } from '../words.ts'

/** A tenth to ten times, equal distances for equal factors. */
const REACH = 10

/** How many times as likely harm is on the new version: the band that holds at all times, and where "equally" is. */
export function RatioBand({ low, high }: { readonly low: number | null; readonly high: number | null }) {
  if (low === null && high === null) return <span className="dim">not known yet</span>
  const x = (value: number) => 50 + Math.max(-48, Math.min(48, (Math.log(value) / Math.log(REACH)) * 48))
  const [left, right] = [x(low ?? 1 / REACH), x(high ?? REACH)]
  return (
    <span className="ratio">
      <svg viewBox="0 0 100 12" aria-hidden="true"><line x1="50" x2="50" y1="0" y2="12" className="equal" /><rect x={left} y="4" width={Math.max(2, right - left)} height="4" rx="2" className={low !== null && low > 1 ? 'warn' : 'canary'} /></svg>
      {timesText(low, high)}
    </span>
  )
}

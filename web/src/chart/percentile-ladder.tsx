import type { MetricEvidence } from '@vamp/model/release-status'
import { metricName, milliseconds } from '../words.ts'

const ROW = 30
const LEFT = 46
const WIDTH = 420

/** One rung per percentile: what both versions take, side by side on a scale where equal distances are equal factors. */
export function PercentileLadder({ evidence, from, to }: { readonly evidence: readonly MetricEvidence[]; readonly from: string; readonly to: string }) {
  const rungs = evidence.flatMap(({ metric, baseline, canary }) => metric.startsWith('latency_') && baseline !== null && canary !== null ? [{ metric, baseline, canary }] : [])
  if (rungs.length === 0) return <p className="empty">No latency was compared yet.</p>
  const values = rungs.flatMap(({ baseline, canary }) => [baseline, canary])
  const [low, high] = [Math.log(Math.min(...values) * 0.8), Math.log(Math.max(...values) * 1.25)]
  const x = (value: number) => LEFT + ((Math.log(value) - low) / (high - low)) * (WIDTH - LEFT - 16)
  return (
    <>
      <p className="legend"><span className="key square">{from}</span><span className="key canary dot">{to}</span></p>
      <svg className="ladder" viewBox={`0 0 ${WIDTH} ${rungs.length * ROW + 4}`} role="img" aria-label={rungs.map(({ metric, baseline, canary }) => `${metricName(metric)}: ${milliseconds(baseline)} before, ${milliseconds(canary)} now`).join('; ')}>
        {rungs.map(({ metric, baseline, canary }, index) => {
          const y = index * ROW + ROW / 2
          const [left, right] = baseline < canary ? [baseline, canary] : [canary, baseline]
          return (
            <g key={metric}>
              <text x="0" y={y + 4} className="rung">{metricName(metric)}</text>
              <line x1={LEFT} x2={WIDTH - 8} y1={y} y2={y} className="ground" />
              <line x1={x(left)} x2={x(right)} y1={y} y2={y} className={canary > baseline ? 'slower' : 'faster'} />
              <rect x={x(baseline) - 4.5} y={y - 4.5} width="9" height="9" className="baseline" />
              <circle cx={x(canary)} cy={y} r="5" className="canary" />
              <text x={x(right) > WIDTH - 84 ? x(left) - 10 : x(right) + 10} y={y + 4} className="value" textAnchor={x(right) > WIDTH - 84 ? 'end' : 'start'}>{milliseconds(canary)}</text>
            </g>
          )
        })}
      </svg>
    </>
  )
}

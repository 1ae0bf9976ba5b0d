/** By how much more a metric varies than independent outcomes would: what each piece of evidence on it is divided by. */
import { clumpNoise } from './clumps.ts'
import { dispersion } from './dispersion.ts'
import { NOISY_FACTOR } from './harm.ts'
import { spreadNoise } from './spread.ts'
import type { JudgeState } from './state.ts'

/**
 * Of a harm metric. Failures of the old version alone tell it: a bad new version cannot hide behind its own noise. Slow requests of
 * both do, as those of one version at one time are one stall.
 */
export function harmNoise({ settings, dispersion: blocks, clumps, spread }: JudgeState, metric: number): number {
  const past = dispersion(blocks, metric)
  if (settings.metrics[metric]?.is === 'errors') return Math.max(past, clumpNoise(clumps.old[0]) / NOISY_FACTOR)
  const latency = latencyAt(settings.metrics, metric)
  return Math.max(past, spreadNoise(spread.old, latency), spreadNoise(spread.fresh, latency))
}

/** Its place among the latencies. */
function latencyAt(metrics: JudgeState['settings']['metrics'], metric: number): number {
  return metrics.slice(0, metric).filter(({ is }) => is === 'latency').length
}

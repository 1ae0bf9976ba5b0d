/** By how much more a metric varies than independent outcomes would: what each piece of evidence on it is divided by. */
import { clumpNoise } from './clumps.ts'
import { dispersion } from './dispersion.ts'
import { NOISY_FACTOR } from './harm.ts'
import type { JudgeState } from './state.ts'

/** Of a harm metric, from the old version alone: a bad new version cannot hide behind its own noise. */
export function harmNoise({ settings, dispersion: blocks, clumps }: JudgeState, metric: number): number {
  const clumped = settings.metrics[metric]?.is === 'errors' ? clumpNoise(clumps.old[0]) / NOISY_FACTOR : 1
  return Math.max(dispersion(blocks, metric), clumped)
}

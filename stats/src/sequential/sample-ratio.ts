/**
 * Does the new version get the share that was ordered? If not, the router or the measurement is wrong, and no comparison
 * means anything. Lindon & Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022.
 */
import { logGamma } from './log-gamma.ts'
import { expBounded } from './log-sum.ts'

/** Strength of the prior around the ordered share: small deviations are looked for first. */
const PRIOR = 100
/** At most 1 in 1000 constant shares raises a false alarm. */
export const SAMPLE_RATIO_ALARM = 1000
/** Requests are counted when they end: for so long after a change, and for as long as a slow request takes, some are of the old share. */
const SETTLING_SECONDS = 1
const SETTLING_SECONDS_MAX = 30

export interface SampleRatioState {
  share: number | null
  /** Second at which counting begins. */
  from: number
  canary: number
  baseline: number
}

export function newSampleRatio(): SampleRatioState {
  return { share: null, from: 0, canary: 0, baseline: 0 }
}

/** `slowMs`: how long a slow request takes. */
export function countShare(state: SampleRatioState, second: number, share: number | null, canary: number, baseline: number, slowMs: number): void {
  if (share !== state.share) {
    state.share = share
    state.from = second + SETTLING_SECONDS + Math.min(SETTLING_SECONDS_MAX, Math.floor(slowMs / 1000))
    state.canary = 0
    state.baseline = 0
  }
  if (share === null || second < state.from) return
  state.canary += canary
  state.baseline += baseline
}

/** Evidence (odds) that the share in force is not the ordered one. */
export function sampleRatioEvidence(state: SampleRatioState): number {
  const { share, canary, baseline } = state
  if (share === null || share <= 0 || share >= 1 || canary + baseline === 0) return 1
  const a = PRIOR * share
  const b = PRIOR * (1 - share)
  const logEvidence = logBeta(a + canary, b + baseline) - logBeta(a, b) - canary * Math.log(share) - baseline * Math.log1p(-share)
  return expBounded(logEvidence)
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b)
}

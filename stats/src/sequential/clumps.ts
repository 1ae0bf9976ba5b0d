/**
 * How many failures come at a time. Few failures are too few for the dispersion of whole blocks to show that they come in
 * clusters: three clusters are a dozen failures, and look like a dozen pieces of evidence. So failures of one second that fell
 * to one part of the sessions are counted by their squares, beyond what coincidence would bring together.
 */
import type { ArmPart } from './arm-second.ts'

export interface ClumpState {
  failures: number
  /** Σ m² over the parts of each second, less what m failures would give that fall anywhere. */
  squares: number
}

/** So many single failures are assumed beforehand. */
const PRIOR = 1

export function newClumps(): ClumpState {
  return { failures: 0, squares: 0 }
}

/** One version's second. Given M failures in it, their squares over P parts have mean M + M(M − 1)/P if each falls anywhere. */
export function learnClumps(state: ClumpState, parts: readonly ArmPart[], failed: (part: ArmPart) => number): void {
  let all = 0
  let squares = 0
  for (const part of parts) {
    const failures = failed(part)
    all += failures
    squares += failures * failures
  }
  if (all === 0) return
  state.failures += all
  state.squares += parts.length > 1 ? squares - all * (all - 1) / parts.length : all
}

/** The mean clump as a failure meets it, E m²/E m ≥ 1: what evidence on single failures has to be divided by. */
export function clumpNoise({ failures, squares }: ClumpState): number {
  return Math.max(1, (PRIOR + squares) / (PRIOR + failures))
}

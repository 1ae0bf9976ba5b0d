/** A judge's state as an older version of this program may have stored it: what is new since then begins from nothing. */
import { newClumps } from './clumps.ts'
import { newSpread } from './spread.ts'
import type { JudgeState } from './state.ts'

type Since = 'clumps' | 'spread' | 'outcomes'
export type StoredJudgeState = Omit<JudgeState, Since> & Partial<Pick<JudgeState, Since>>

export function currentState(stored: StoredJudgeState): JudgeState {
  const latencies = stored.thresholds.buckets.length
  return {
    ...stored,
    clumps: stored.clumps ?? { old: [newClumps(), newClumps()], both: [newClumps(), newClumps()] },
    outcomes: stored.outcomes ?? [],
    spread: stored.spread ?? { old: newSpread(latencies), fresh: newSpread(latencies) },
  }
}

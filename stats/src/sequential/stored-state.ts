/** A judge's state as an older version of this program may have stored it: what is new since then begins from nothing. */
import { newClumps } from './clumps.ts'
import type { JudgeState } from './state.ts'

export type StoredJudgeState = Omit<JudgeState, 'clumps'> & Partial<Pick<JudgeState, 'clumps'>>

export function currentState(stored: StoredJudgeState): JudgeState {
  if (stored.clumps) return stored as JudgeState
  return { ...stored, clumps: { old: [newClumps(), newClumps()], both: [newClumps(), newClumps()] } }
}

/** Evidence of harm that is no proof yet is told: when the ramp freezes, and when it is worth a look. Again only after it had passed. */
import type { NewEvent } from '@vamp/model/event'
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { Decision } from '@vamp/stats/sequential/judge'
import type { ReleaseJudge } from './judge-state.ts'
import { releaseEvent } from './outcome.ts'

/** As odds; below `PASSED` it is over. */
const [LEVELS, PASSED] = [[3, 20], 1]

export interface Suspicion { readonly status: ReleaseStatus; readonly events: readonly NewEvent[] }

export function suspicion(status: ReleaseStatus, { action, harm }: Pick<Decision, 'action' | 'harm'>): Suspicion {
  const judge = status.judge as ReleaseJudge
  const { suspected = 0 } = judge
  const level = action === 'freeze' ? Math.max(0, ...LEVELS.filter(level => harm >= level)) : 0
  if (level > suspected) return { status: { ...status, judge: { ...judge, suspected: level } satisfies ReleaseJudge }, events: [releaseEvent('suspected', status)] }
  return { status: suspected > 0 && harm < PASSED ? { ...status, judge: { ...judge, suspected: 0 } satisfies ReleaseJudge } : status, events: [] }
}

/** What a release remembers between decisions, as plain data inside its status record. */
import type { Release } from '@vamp/model/release'
import type { DecisionClock, JudgeState } from '@vamp/stats/sequential/judge'

export interface ReleaseJudge {
  readonly state: JudgeState
  /** Acknowledged shares of the new version and when each was first seen, oldest first; a bounded tail. */
  readonly shares: readonly { readonly atMs: number; readonly share: number }[]
  /** Unix second of the first request that the new version got. */
  readonly firstCanary: number | null
  /** Unix second since which the new version has had half of the traffic or more. */
  readonly loadCheckSince: number | null
  readonly holdBackSince: number | null
}

const SHARES_KEPT = 64

export function sharesSeen(judge: ReleaseJudge, nowMs: number, share: number): ReleaseJudge['shares'] {
  if (judge.shares.at(-1)?.share === share) return judge.shares
  return [...judge.shares, { atMs: nowMs, share }].slice(-SHARES_KEPT)
}

/** A share that was confirmed shortly before the second began may still have been the old one for its first requests. */
const SETTLING_MS = 500

/** The share in force for the whole of a second; nothing if it changed in it. */
export function shareDuring(shares: ReleaseJudge['shares'], second: number): number | null {
  const before = shares.filter(({ atMs }) => atMs < second * 1000 - SETTLING_MS).at(-1)
  const within = shares.some(({ atMs }) => atMs >= second * 1000 - SETTLING_MS && atMs < (second + 1) * 1000)
  return before && !within ? before.share : null
}

/** The clock of a decision on everything before the given second. */
export function clockOf({ firstCanary, loadCheckSince: since }: Pick<ReleaseJudge, 'firstCanary' | 'loadCheckSince'>, judgedUntil: number): DecisionClock {
  return {
    elapsed: firstCanary === null ? 0 : judgedUntil - firstCanary,
    atLoadCheck: since === null ? 0 : Math.max(0, judgedUntil - since),
  }
}

const LOAD_CHECK_PERCENT = 50

/** The load check begins with the first whole second after the order. */
export function loadCheckSince({ loadCheckSince: since }: Pick<ReleaseJudge, 'loadCheckSince'>, weight: number, nowMs: number): number | null {
  return since ?? (weight >= LOAD_CHECK_PERCENT ? Math.ceil(nowMs / 1000) : null)
}

/** Seconds until all of the traffic moves. */
export function holdBackLeft({ holdBackSince }: Pick<ReleaseJudge, 'holdBackSince'>, { clock }: Pick<Release, 'clock'>, judgedUntil: number): number {
  return clock.hold_back - (judgedUntil - (holdBackSince ?? judgedUntil))
}

/** A share as it is ordered: in steps of 0.01 %. */
export function percentOf(share: number): number {
  return Math.round(share * 10_000) / 100
}

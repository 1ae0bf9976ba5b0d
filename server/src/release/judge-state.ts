/** What a release remembers between decisions, as plain data inside its status record. */
import type { JudgeState } from '@vamp/stats/sequential/judge'

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

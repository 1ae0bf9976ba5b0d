/**
 * Seconds that nobody measured, because the clock was set or the server was down, are no time in which a release was watched: what
 * it has lived through so far is moved to just before the seconds that come in now.
 */
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { ReleaseJudge, VariantJudge } from './judge-state.ts'
import { iso } from './outcome.ts'

/** A gap of this many seconds is waiting for measurements; beyond it is a jump. */
const GAP_SECONDS_MAX = 60

export interface Settled { readonly status: ReleaseStatus; /** Seconds that the clock went on, or back, unseen; 0: none. */ readonly jumped: number }

export function withoutJump(status: ReleaseStatus, nextSecond: number): Settled {
  const jumped = nextSecond - status.judged_until
  if (jumped >= 0 && jumped <= GAP_SECONDS_MAX) return { status, jumped: 0 }
  const judge = status.judge as ReleaseJudge
  const moved = (second: number | null) => second === null ? null : second + jumped
  const shares = (list: ReleaseJudge['shares']) => list.slice(-1).map(seen => ({ ...seen, atMs: Math.min(seen.atMs, nextSecond * 1000 - 1000) }))
  const variant = (one: VariantJudge): VariantJudge => ({ ...one, firstCanary: moved(one.firstCanary), shares: shares(one.shares) })
  const settled: ReleaseJudge = {
    ...judge, firstCanary: moved(judge.firstCanary), loadCheckSince: moved(judge.loadCheckSince), holdBackSince: moved(judge.holdBackSince), shares: shares(judge.shares),
    orderedMs: judge.orderedMs + jumped * 1000, ...(judge.variants ? { variants: judge.variants.map(variant) } : {}),
  }
  const started = status.started === undefined ? {} : { started: iso(Date.parse(status.started) + jumped * 1000) }
  return { status: { ...status, ...started, judged_until: nextSecond, judge: settled }, jumped }
}

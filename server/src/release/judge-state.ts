/** What a release remembers between decisions, as plain data inside its status record. */
import type { Release } from '@vamp/model/release'
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { DecisionClock, JudgeState } from '@vamp/stats/sequential/judge'
import { currentState } from '@vamp/stats/sequential/stored-state'
import type { SwitchbackState } from '@vamp/stats/sequential/switchback'

export interface ReleaseJudge {
  readonly state: JudgeState
  /** Acknowledged shares of both versions and when each was first seen, oldest first; a bounded tail. */
  readonly shares: readonly { readonly atMs: number; readonly share: number; readonly old?: number }[]
  /** Unix second of the first request that the new version got. */
  readonly firstCanary: number | null
  /** Unix second since which the new version has had half of the traffic or more. */
  readonly loadCheckSince: number | null
  /** Unix second: what sessions that began before it led to has been judged; absent: of none. */
  readonly sessionsUntil?: number
  readonly holdBackSince: number | null
  /** Seconds in which it could not go on: gates, people, probes. They do not count for its maximum. */
  readonly waited: number
  /** Instances of the old version when the release began. */
  readonly full: number
  /** Unix milliseconds of the last order of a share. */
  readonly orderedMs: number
  /** Who ordered the promotion by hand: gates do not stand in its way. */
  readonly forcedBy?: string
  /** The odds of harm that were told last; absent or 0: none. */
  readonly suspected?: number
  readonly watch: ServiceWatch
  readonly probe?: ProbeState
  /** Absent before the first request may come. */
  readonly crashes?: CrashWatch
  /** It gets copies so far, no requests. */
  readonly shadow?: boolean
  /** Of an experiment: one per version. */
  readonly variants?: readonly VariantJudge[]
  /** Versions of an experiment that lost, and are removed at the end. */
  readonly losers?: readonly string[]
}

/** How the whole service fares, both versions together. */
export interface ServiceWatch {
  /** Before the new version had traffic. */
  readonly past: ServiceCount
  /** The last seconds, oldest first. */
  readonly recent: readonly ServiceCount[]
  /** It was probed and found to do no harm. */
  readonly cleared: boolean
}

export interface ServiceCount { readonly requests: number; readonly errors: number }

export interface CrashWatch {
  /** Unix milliseconds: the first request may have come. */
  readonly sinceMs: number
  /** By instance: its crashes until then, if there were any. */
  readonly before: Readonly<Record<string, number>>
}

export interface ProbeState {
  readonly state: SwitchbackState
  /** Percent while on, and what it had before. */
  readonly on: number
  readonly before: number
  readonly pairs: number
}

export interface VariantJudge {
  readonly to: string
  readonly state: JudgeState
  readonly shares: ReleaseJudge['shares']
  readonly firstCanary: number | null
}

/** A status as an older version of this program may have stored it, in the middle of a release. */
export function currentStatus(stored: ReleaseStatus): ReleaseStatus {
  const judge = stored.judge as ReleaseJudge | null
  if (!judge?.state) return stored
  const variants = judge.variants ? { variants: judge.variants.map(variant => ({ ...variant, state: currentState(variant.state) })) } : {}
  return { ...stored, judge: { ...judge, state: currentState(judge.state), ...variants } satisfies ReleaseJudge }
}

/** Sessions that began since the new version's first request count; of an experiment, since the last version had its first. */
export function sessionsFrom({ judge: given }: ReleaseStatus): number | undefined {
  const judge = given as ReleaseJudge | null
  if (!judge || judge.shadow) return undefined
  const firsts = judge.variants ? judge.variants.map(({ firstCanary }) => firstCanary) : [judge.firstCanary]
  return judge.sessionsUntil ?? (firsts.includes(null) ? undefined : Math.max(...firsts.map(first => first ?? 0)))
}

const SHARES_KEPT = 64

export function sharesSeen(shares: ReleaseJudge['shares'], nowMs: number, share: number, old: number): ReleaseJudge['shares'] {
  const last = shares.at(-1)
  return last?.share === share && last.old === old ? shares : [...shares, { atMs: nowMs, share, old }].slice(-SHARES_KEPT)
}

/** A share that was confirmed shortly before the second began may still have been the old one for its first requests. */
const SETTLING_MS = 500

/** The share in force for the whole of a second; nothing if it changed in it. */
export function shareDuring(shares: ReleaseJudge['shares'], second: number): number | null {
  return seenDuring(shares, second)?.share ?? null
}

/** The same, as a share of what both versions have: where others take part, it is larger. */
export function pairDuring(shares: ReleaseJudge['shares'], second: number): number | null {
  const seen = seenDuring(shares, second)
  if (!seen) return null
  const both = seen.share + (seen.old ?? 1 - seen.share)
  return both > 0 && Math.abs(both - 1) > 1e-9 ? seen.share / both : seen.share
}

function seenDuring(shares: ReleaseJudge['shares'], second: number): ReleaseJudge['shares'][number] | undefined {
  const before = shares.filter(({ atMs }) => atMs < second * 1000 - SETTLING_MS).at(-1)
  const within = shares.some(({ atMs }) => atMs >= second * 1000 - SETTLING_MS && atMs < (second + 1) * 1000)
  return within ? undefined : before
}

/** The clock of a decision on everything before the given second. */
export function clockOf({ firstCanary, loadCheckSince: since, waited = 0 }: Pick<ReleaseJudge, 'firstCanary' | 'loadCheckSince'> & { readonly waited?: number }, judgedUntil: number): DecisionClock {
  return {
    waited,
    elapsed: firstCanary === null ? 0 : judgedUntil - firstCanary,
    atLoadCheck: since === null ? 0 : Math.max(0, judgedUntil - since),
  }
}

const LOAD_CHECK_PERCENT = 50

/** The load check begins with the first whole second after the order. */
export function loadCheckSince({ loadCheckSince: since }: Pick<ReleaseJudge, 'loadCheckSince'>, weight: number, nowMs: number, enough = LOAD_CHECK_PERCENT): number | null {
  return since ?? (weight >= enough - 1e-9 ? Math.ceil(nowMs / 1000) : null)
}

/** Seconds until all of the traffic moves. */
export function holdBackLeft({ holdBackSince }: Pick<ReleaseJudge, 'holdBackSince'>, { clock }: Pick<Release, 'clock'>, judgedUntil: number): number {
  return clock.hold_back - (judgedUntil - (holdBackSince ?? judgedUntil))
}

/** A share as it is ordered: in steps of 0.01 %. */
export function percentOf(share: number): number {
  return Math.round(share * 10_000) / 100
}

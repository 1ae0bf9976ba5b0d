/**
 * What sessions lead to: a purchase, a registration. The unit is the session, as its version is drawn when it begins; sessions that
 * began within the same seconds are compared, once all of them have had their time. The event of the bets is that a session led to
 * nothing, so that harm is more of it, as with errors: the same law, the same capital.
 */
import { bet } from './harm.ts'
import { type IntervalState, narrow, newInterval, oddsInterval, type OddsInterval } from './interval.ts'
import { logAdd } from './log-sum.ts'
import { betOnSafety, newSafety } from './safety.ts'
import type { Counts } from './stratum.ts'

export interface EventMetric {
  /** `event:purchase` */
  readonly metric: string
  readonly weight: number
  /** Sessions of the new version may lead there by this fraction less: its odds to, down to 1 − margin of the old one's, are no harm. */
  readonly margin: number
  /** What a promotion has to show: that it is not less than that, that it is more, or only that it was looked at. */
  readonly shows: 'nothing' | 'not-worse' | 'better'
  /** Seconds that a session has. */
  readonly within: number
}

/** Sessions that began within the same few seconds, and have had their time. */
export interface MaturedSessions {
  readonly metric: string
  readonly old: SessionCount
  readonly fresh: SessionCount
}

export interface SessionCount { readonly sessions: number; readonly reached: number }

export interface OutcomeState {
  readonly harm: number[]
  readonly safety: number[]
  readonly interval: IntervalState
  /** In strata that both versions took part in. */
  oldSessions: number
  oldReached: number
  freshSessions: number
  freshReached: number
  /** Of the new version: expected at the old one's rate in the same seconds. */
  expected: number
}

export function newOutcome(harm: readonly number[]): OutcomeState {
  return { harm: [...harm], safety: newSafety(), interval: newInterval(-1), oldSessions: 0, oldReached: 0, freshSessions: 0, freshReached: 0, expected: 0 }
}

/** Capital that enters all bets at this time. */
export function enterOutcome(state: OutcomeState, injected: number): void {
  if (injected <= 0) return
  for (const at of state.harm.keys()) state.harm[at] = logAdd(state.harm[at] ?? 0, Math.log(injected))
}

export function learnOutcome(state: OutcomeState, { margin }: EventMetric, { old, fresh }: MaturedSessions): void {
  const counts: Counts = { oldUnits: old.sessions, oldEvents: old.sessions - old.reached, freshUnits: fresh.sessions, freshEvents: fresh.sessions - fresh.reached }
  const tolerated = -Math.log1p(-margin)
  bet(state.harm, counts, tolerated, 1, 0)
  betOnSafety(state.safety, counts, tolerated, 1, tolerated)
  narrow(state.interval, counts, 1)
  if (old.sessions === 0 || fresh.sessions === 0) return
  state.oldSessions += old.sessions
  state.oldReached += old.reached
  state.freshSessions += fresh.sessions
  state.freshReached += fresh.reached
  state.expected += fresh.sessions * old.reached / old.sessions
}

/** Of a session's odds to lead there, compared with the old version's. */
export function outcomeOdds({ interval }: OutcomeState, confidence: number): OddsInterval {
  const { low, high } = oddsInterval(interval, confidence)
  return { low: high === null ? null : 1 / high, high: low === null ? null : 1 / low }
}

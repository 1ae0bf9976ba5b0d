/**
 * The decision log: what each second was judged on, as an event a second. Enough to decide again, bit for bit, with the same
 * policy or with another one: see `replay.ts`.
 */
import type { NewEvent } from '@vamp/model/event'
import type { ReleasePhase, ReleaseStatus } from '@vamp/model/release-status'
import type { ArmSecond, BaselineSecond, Decision, JudgedSecond } from '@vamp/stats/sequential/judge'

interface Noted {
  readonly second: number
  /** The second taken in before this one; null for the first. Where it is not that of the record before, records are missing. */
  readonly after: number | null
  /** Unix milliseconds of the decision that followed. Seconds of the same moment were decided on together. */
  readonly at: number
  readonly baseline: ArmSecond
}

/** The old version alone, before the new one had traffic. */
export interface BaselineEvidence extends Noted { readonly phase: 'preparing' }

/** Both versions. */
export interface JudgedEvidence extends Noted {
  readonly phase: Exclude<ReleasePhase, 'preparing'>
  /** Percent that was ordered when it was decided. */
  readonly weight: number
  readonly share: number | null
  readonly age: number
  /** The share of what both versions have, where others have traffic. */
  readonly pair?: number | null
  readonly canary: ArmSecond
  /** Of earlier sessions. */
  readonly matured?: JudgedSecond['matured']
  /** Something else than evidence held the share: a gate, instances, a probe. */
  readonly held?: true
  /** Of an experiment: the version. */
  readonly to?: string
  /** Of the last second before a decision: the evidence of harm that it was taken on, as odds, all together and by metric. */
  readonly harm?: number
  readonly metrics?: Readonly<Record<string, number>>
}

export type Evidence = BaselineEvidence | JudgedEvidence

export function evidenceEvents(seconds: readonly JudgedSecond[], { name, phase, weight }: ReleaseStatus, before: number | null, nowMs: number, decision: Decision, held = false, to?: string): NewEvent[] {
  if (phase === 'preparing') return []
  return seconds.map(({ second, share, pair, age, baseline, canary, matured }, at) => event(name, {
    second, after: at === 0 ? before : seconds[at - 1]?.second ?? null, at: nowMs, phase, weight, share, ...(pair === undefined ? {} : { pair }), age, baseline: slim(baseline), canary: slim(canary), ...(matured === undefined ? {} : { matured }), ...(held ? { held } : {}), ...(to === undefined ? {} : { to }),
    ...(at === seconds.length - 1 ? { harm: decision.harm, metrics: Object.fromEntries(decision.metrics.map(({ metric, harm }) => [metric, harm])) } : {}),
  }))
}

export function baselineEvents(seconds: readonly BaselineSecond[], { name }: ReleaseStatus, before: number | null, nowMs: number): NewEvent[] {
  return seconds.map(({ second, ...baseline }, at) =>
    event(name, { second, after: at === 0 ? before : seconds[at - 1]?.second ?? null, at: nowMs, phase: 'preparing', baseline: slim(baseline) }))
}

function event(name: string, evidence: Evidence): NewEvent {
  return { type: 'release-evidence', tags: [`releases:${name}`], timestamp: new Date(evidence.second * 1000).toISOString(), value: evidence }
}

/** Parts without a request say nothing; an idle version is a short record. */
function slim(arm: ArmSecond): ArmSecond {
  return arm.requests > 0 ? arm : { requests: 0, errors: 0, latency: [], parts: [], instances: [] }
}

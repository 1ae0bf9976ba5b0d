/**
 * A recorded release, decided again: the same judge on the same seconds, at the same moments, under the policy of any release
 * artifact. Under its own policy the same verdict comes in the same second.
 *
 * What cannot be known stays unknown: the recorded traffic was divided by the recorded weights. A policy that would have
 * ordered less would have gathered its evidence later, one that would have ordered more, sooner. What people ordered stays:
 * while it was paused, the weight is the recorded one.
 */
import type { Release } from '@vamp/model/release'
import type { MetricEvidence } from '@vamp/model/release-status'
import { advance, decide, type Decision, type JudgeState, newJudge, observeBaseline } from '@vamp/stats/sequential/judge'
import type { DecisionLog } from './decision-log.ts'
import type { Evidence } from './evidence.ts'
import { clockOf, holdBackLeft, loadCheckSince, percentOf } from './judge-state.ts'
import { judgeSettings } from './settings.ts'

/** One thing that would have been ordered or said. */
export interface ReplayStep {
  /** Unix milliseconds of the decision. */
  readonly at: number
  /** Seconds since the new version's first request. */
  readonly elapsed: number
  readonly change: 'weight' | 'holding' | 'hold_back' | 'promoted' | 'rolled_back'
  /** Percent ordered from here on. */
  readonly weight: number
  /** Odds. */
  readonly harm: number
  readonly sentence: string
}

export interface Replay {
  readonly verdict: 'promoted' | 'rolled_back' | 'undecided'
  /** Unix milliseconds of the verdict, or where the record ends. Of a promotion: the end of its hold-back. */
  readonly at: number
  readonly elapsed: number
  readonly sentence: string
  readonly next: string
  readonly harm: number
  readonly evidence: readonly MetricEvidence[]
  readonly steps: readonly ReplayStep[]
  /** What the new version had been sent, and what failed of it, when rollback or the end came: as recorded. */
  readonly requests: number
  readonly failed: number
  /** Of the failed ones: those that would not have failed on the old version (estimate). */
  readonly excess: number
  /** The same, had its own weights been in force. */
  readonly excessAtItsWeights: number
  /** Seconds that are not in the record. */
  readonly missing: number
}

export function replay({ evidence }: Pick<DecisionLog, 'evidence'>, policy: Release): Replay {
  const course = begin(policy)
  for (const batch of decidedTogether(evidence)) {
    for (const noted of batch) takeIn(course, noted)
    const [decided] = batch
    if (decided.phase === 'preparing') continue
    course.at = decided.at
    const held = decided.phase === 'paused' || decided.held === true
    if (held) course.weight = decided.weight
    const verdict = carryOut(course, policy, held)
    if (verdict) return outcome(course, verdict)
  }
  return outcome(course, 'undecided')
}

/** Mutable within one replay. */
interface Course {
  state: JudgeState
  firstCanary: number | null
  loadCheckSince: number | null
  holdBackSince: number | null
  phase: 'ramping' | 'holding' | 'hold_back'
  weight: number
  at: number
  /** The last second taken in. */
  last: number | null
  decision: Decision | undefined
  missing: number
  requests: number
  failed: number
  excess: number
  excessAtItsWeights: number
  readonly steps: ReplayStep[]
}

function begin(policy: Release): Course {
  return {
    state: newJudge(judgeSettings(policy)), firstCanary: null, loadCheckSince: null, holdBackSince: null, phase: 'ramping', weight: 0, at: 0, last: null,
    decision: undefined, missing: 0, requests: 0, failed: 0, excess: 0, excessAtItsWeights: 0, steps: [],
  }
}

type Batch = readonly [Evidence, ...Evidence[]]

/** In order, none twice. The old version alone is no matter of a decision and stands by itself. */
function decidedTogether(evidence: readonly Evidence[]): Batch[] {
  const batches: [Evidence, ...Evidence[]][] = []
  let last = Number.NEGATIVE_INFINITY
  for (const noted of evidence) {
    if (noted.second <= last) continue
    last = noted.second
    const batch = batches.at(-1)
    if (batch && batch[0].at === noted.at && batch[0].phase === noted.phase) batch.push(noted)
    else batches.push([noted])
  }
  return batches
}

function takeIn(course: Course, noted: Evidence): void {
  if (noted.after !== course.last) course.missing += Math.max(1, (noted.after ?? 0) - (course.last ?? 0))
  course.last = noted.second
  if (noted.phase === 'preparing') {
    course.state = observeBaseline(course.state, { ...noted.baseline, second: noted.second })
    return
  }
  const { second, share, pair, age, weight, baseline, canary, matured } = noted
  course.state = advance(course.state, { second, share, ...(pair === undefined ? {} : { pair }), age, ...(matured === undefined ? {} : { matured }), baseline, canary })
  if (canary.requests > 0) course.firstCanary ??= second
  const excess = canary.errors - (baseline.requests > 0 ? canary.requests * baseline.errors / baseline.requests : 0)
  course.requests += canary.requests
  course.failed += canary.errors
  course.excess += excess
  course.excessAtItsWeights += weight > 0 ? excess * course.weight / weight : excess
}

/** What the release does with a decision, see `judging.ts`. */
function carryOut(course: Course, policy: Release, held: boolean): Exclude<Replay['verdict'], 'undecided'> | undefined {
  const decision = decide(course.state, { ...clockOf(course, secondsUntil(course)), ordered: course.weight / 100 })
  course.decision = decision
  if (decision.action === 'roll_back') { step(course, 'rolled_back', 0); return 'rolled_back' }
  if (course.phase === 'hold_back') return holdBackLeft(course, policy, secondsUntil(course)) > 0 ? undefined : finish(course)
  if (held) return undefined
  if (decision.action === 'promote') {
    if (policy.clock.hold_back <= 0) return finish(course)
    course.phase = 'hold_back'
    course.holdBackSince = Math.ceil(course.at / 1000)
    step(course, 'hold_back', percentOf(decision.share))
    return undefined
  }
  if (decision.action === 'ask') {
    if (course.phase !== 'holding') step(course, 'holding', course.weight)
    course.phase = 'holding'
    return undefined
  }
  course.phase = 'ramping'
  const weight = Math.max(course.weight, percentOf(decision.share))
  if (weight > course.weight) step(course, 'weight', weight)
  course.loadCheckSince = loadCheckSince(course, course.weight, course.at)
  return undefined
}

function finish(course: Course): 'promoted' {
  step(course, 'promoted', 100)
  return 'promoted'
}

function step(course: Course, change: ReplayStep['change'], weight: number): void {
  const { at, decision } = course
  course.weight = weight
  course.steps.push({ at, elapsed: clockOf(course, secondsUntil(course)).elapsed, change, weight, harm: decision?.harm ?? 1, sentence: decision?.sentence ?? '' })
}

const secondsUntil = ({ last }: Course): number => (last ?? -1) + 1

function outcome(course: Course, verdict: Replay['verdict']): Replay {
  const { at, decision, steps, requests, failed, excess, excessAtItsWeights, missing } = course
  return {
    verdict, at, elapsed: clockOf(course, secondsUntil(course)).elapsed, steps, requests, failed, excess, excessAtItsWeights, missing,
    sentence: decision?.sentence ?? 'There is no second in the record in which the new version was judged.', next: decision?.next ?? '',
    harm: decision?.harm ?? 1, evidence: decision?.metrics ?? [],
  }
}

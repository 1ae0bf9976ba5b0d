/** The phases in which evidence comes in: every complete second is judged once, in order, and the newest decision is carried out. */
import type { ReleaseStatus } from '@vamp/model/release-status'
import { advance, decide, type Decision, type JudgedSecond } from '@vamp/stats/sequential/judge'
import { armsOf } from './arms.ts'
import { evidenceEvents } from './evidence.ts'
import { promote, rollBack } from './finish.ts'
import { clockOf, holdBackLeft, loadCheckSince, percentOf, type ReleaseJudge, shareDuring, sharesSeen } from './judge-state.ts'
import { inPhase, iso, NOTHING, releaseEvent, type ReleasePlan, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { acknowledgedShare, weightWrites } from './weights.ts'

/** Measurements further behind than this freeze the ramp. Rollback needs evidence too, so nothing is decided on silence. */
const LAG_SECONDS_MAX = 10

export function judge(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  const noted = noteShare(observed, status)
  if (observed.seconds.length === 0) return silent(observed, noted === status.judge ? status : { ...status, judge: noted }, noted !== status.judge)
  const seconds = secondsToJudge(observed, status, noted)
  const judged = judgeSeconds({ ...status, judge: noted }, seconds)
  const judge = judged.judge as ReleaseJudge
  const decision = decide(judge.state, { ...clockOf(judge, judged.judged_until), ordered: judged.weight / 100 })
  const evidence = evidenceEvents(seconds, status, noted.state.second, observed.nowMs, decision)
  const told = tell(judged, decision, observed)
  const plan = carryOut(observed, told, decision)
  return { ...plan, events: [...evidence, ...plan.events] }
}

function carryOut(observed: ObservedRelease, status: ReleaseStatus, decision: Decision): ReleasePlan {
  if (decision.action === 'roll_back') return rollBack(observed, status, 'rolled_back', decision.sentence)
  if (status.phase === 'hold_back') return holdBack(observed, status)
  if (status.phase === 'paused') return { writes: [statusWrite(observed, { ...status, next: 'Paused: the weight stays until somebody resumes; rollback is armed.' })], events: [] }
  if (decision.action === 'promote') return promote(observed, status, { holdBackWeight: percentOf(decision.share) })
  if (decision.action === 'ask') return ask(observed, status)
  const back = status.phase === 'holding' ? inPhase(status, 'ramping', observed.nowMs, status.sentence, status.next) : status
  // What was ordered may not be in force for a whole second yet: the judge, who sees what is in force, never lowers it.
  const weight = Math.max(back.weight, percentOf(decision.share))
  // A weight that a person set is a load check as well.
  if (weight === back.weight) return { writes: [statusWrite(observed, withLoadCheck(back, observed))], events: [] }
  const moved = withLoadCheck({ ...back, weight }, observed)
  return { writes: [statusWrite(observed, moved), ...weightWrites(observed.gateways, moved.from, moved.to, weight)], events: [releaseEvent('weight', moved)] }
}

/** Undecided at the end of its time: the weight stays, rollback stays armed, a person is asked once. */
function ask(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  if (status.phase === 'holding') return { writes: [statusWrite(observed, status)], events: [] }
  const holding = inPhase(status, 'holding', observed.nowMs, status.sentence, 'Promote it, roll it back, or let it gather more evidence.')
  return { writes: [statusWrite(observed, holding)], events: [releaseEvent('holding', holding)] }
}

function holdBack(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  const left = holdBackLeft(status.judge as ReleaseJudge, observed.release.value, status.judged_until)
  if (left <= 0) return promote(observed, status)
  const waiting = { ...status, next: `All of the traffic in ${Math.ceil(left)} s; until then ${status.from} keeps ${round(100 - status.weight)} % and rollback is armed.` }
  return { writes: [statusWrite(observed, waiting)], events: [] }
}

/** What the judge is told of each second, from the cells of both versions. */
function secondsToJudge(observed: ObservedRelease, status: ReleaseStatus, { shares, firstCanary: before }: ReleaseJudge): JudgedSecond[] {
  let firstCanary = before
  return observed.seconds.map(({ second, cells }) => {
    const { baseline, canary } = armsOf(cells, status)
    if (firstCanary === null && canary.requests > 0) firstCanary = second
    return { second, share: shareDuring(shares, second), baseline, canary, age: firstCanary === null ? 0 : second - firstCanary }
  })
}

function judgeSeconds(status: ReleaseStatus, seconds: readonly JudgedSecond[]): ReleaseStatus {
  const judge = status.judge as ReleaseJudge
  const firstCanary = judge.firstCanary ?? seconds.find(({ canary }) => canary.requests > 0)?.second ?? null
  const state = seconds.reduce(advance, structuredClone(judge.state))
  const until = (seconds.at(-1)?.second ?? status.judged_until - 1) + 1
  const started = status.started ?? (firstCanary === null ? undefined : iso(firstCanary * 1000))
  const sum = (counted: (second: JudgedSecond) => number) => seconds.reduce((total, second) => total + counted(second), 0)
  const { requests, failed } = status
  return {
    ...status, ...(started === undefined ? {} : { started }), judged_until: until, judge: { ...judge, state, firstCanary } satisfies ReleaseJudge,
    requests: { baseline: requests.baseline + sum(({ baseline }) => baseline.requests), canary: requests.canary + sum(({ canary }) => canary.requests) },
    failed: { baseline: failed.baseline + sum(({ baseline }) => baseline.errors), canary: failed.canary + sum(({ canary }) => canary.errors) },
  }
}

function tell(status: ReleaseStatus, decision: Decision, observed: ObservedRelease): ReleaseStatus {
  const total = observed.release.value.exposure.bad_requests
  return {
    ...status, sentence: decision.sentence, next: decision.next, harm: decision.harm, evidence: decision.metrics, missing: decision.missing ?? [], excess: decision.excess,
    budget: { spent: Math.max(0, Math.round(decision.excess)), total },
  }
}

function withLoadCheck(status: ReleaseStatus, observed: ObservedRelease): ReleaseStatus {
  const judge = status.judge as ReleaseJudge
  return { ...status, judge: { ...judge, loadCheckSince: loadCheckSince(judge, status.weight, observed.nowMs) } satisfies ReleaseJudge }
}

function noteShare(observed: ObservedRelease, status: ReleaseStatus): ReleaseJudge {
  const judge = status.judge as ReleaseJudge
  const shares = sharesSeen(judge, observed.nowMs, acknowledgedShare(observed.gatewayStatuses, status.to))
  return shares === judge.shares ? judge : { ...judge, shares }
}

function silent(observed: ObservedRelease, status: ReleaseStatus, changed: boolean): ReleasePlan {
  if (observed.lagSeconds <= LAG_SECONDS_MAX) return changed ? { writes: [statusWrite(observed, status)], events: [] } : NOTHING
  const next = `Frozen: no measurements from the proxies for ${observed.lagSeconds - (observed.lagSeconds % 10)} s. Nothing is decided on silence.`
  return next === status.next && !changed ? NOTHING : { writes: [statusWrite(observed, { ...status, next })], events: [] }
}

const round = (percent: number) => Math.round(percent * 100) / 100

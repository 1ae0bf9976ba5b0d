/** The phases in which evidence comes in: every complete second is judged once, in order, and the newest decision is carried out. */
import type { ReleaseStatus } from '@vamp/model/release-status'
import { advance, decide, type Decision, type JudgedSecond } from '@vamp/stats/sequential/judge'
import { readyInstances } from './capacity.ts'
import { withoutJump } from './clock-jump.ts'
import { crashing } from './crashing.ts'
import { evidenceEvents } from './evidence.ts'
import { failuresSeen, sentenceOf, withFailures } from './failures.ts'
import { promote, rollBack } from './finish.ts'
import { beginProbe, harmedService, probe, watchService } from './guard.ts'
import { clockOf, holdBackLeft, percentOf, type ReleaseJudge } from './judge-state.ts'
import { frozenEvents, inPhase, NOTHING, releaseEvent, type ReleasePlan, secondsSince, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { judgeSeconds, noteShare, secondsToJudge, sessionsJudged } from './seconds.ts'
import { asCanary, isShadow } from './shadow.ts'
import { suspicion } from './suspicion.ts'
import { taken, towards, withLoadCheck } from './towards.ts'
import { notReady } from './train.ts'

/** Measurements further behind than this freeze the ramp. Rollback needs evidence too, so nothing is decided on silence. */
const LAG_SECONDS_MAX = 10
/** A new version without an instance for so long, before its first request, is given up. */
const DOWN_SECONDS_MAX = 30

export function judge(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  const noted = noteShare(observed, status)
  const [first] = observed.seconds
  const crashed = first ? undefined : crashes(observed, status)
  if (crashed) return crashed
  if (!first) return silent(observed, noted === status.judge ? status : { ...status, judge: noted }, noted !== status.judge)
  const { status: settled, jumped } = withoutJump({ ...status, judge: noted }, first.second)
  const before = (settled.judge as ReleaseJudge).state.second
  const seconds = secondsToJudge(observed, settled, settled.to, settled.judge as ReleaseJudge)
  const judged = judgeSeconds(settled, seconds, advance)
  const failures = failuresSeen(observed, settled, { to: settled.to, failed: settled.failed.canary, failures: settled.failures?.canary })
  const judge: ReleaseJudge = { ...(judged.judge as ReleaseJudge), ...sessionsJudged(observed), watch: watchService((judged.judge as ReleaseJudge).watch, seconds) }
  const decision = decide(judge.state, { ...clockOf(judge, judged.judged_until), ordered: judged.weight / 100 })
  const { status: told, events: suspected } = suspicion(tell({ ...judged, judge, failures }, decision, observed), decision)
  const { plan, held } = carryOut(observed, told, decision, seconds)
  const evidence = evidenceEvents(seconds, status, before, observed.nowMs, decision, held)
  const jump = jumped === 0 ? [] : [releaseEvent('clock', { ...told, sentence: `${Math.abs(jumped)} s were not measured: the clock went ${jumped > 0 ? 'on' : 'back'}, or nobody looked. They do not count as time in which it was watched.` })]
  return { ...plan, events: [...evidence, ...jump, ...suspected, ...plan.events] }
}

interface CarriedOut { readonly plan: ReleasePlan; /** Something else than evidence held it. */ readonly held: boolean }

function carryOut(observed: ObservedRelease, status: ReleaseStatus, decision: Decision, seconds: readonly JudgedSecond[]): CarriedOut {
  const as = (plan: ReleasePlan, held = false): CarriedOut => ({ plan, held })
  if (decision.action === 'roll_back') return as(rollBack(observed, status, 'rolled_back', status.sentence))
  const crashed = crashes(observed, status)
  if (crashed) return as(crashed)
  const down = neverUp(observed, status)
  if (down !== undefined) return as(rollBack(observed, status, 'failed', down))
  if (status.phase === 'probing') return as(probe(observed, status, seconds), true)
  if (status.phase === 'paused') return as(stay(observed, { ...status, next: 'Paused: the weight stays until somebody resumes; rollback is armed.' }, seconds.length))
  if (isShadow(status) && decision.action === 'promote') return as(asCanary(observed, status))
  const harmed = isShadow(status) ? undefined : harmedService(observed, status)
  if (harmed !== undefined) return as(beginProbe(observed, status, harmed), true)
  if (status.phase === 'hold_back') return holdBack(observed, status, seconds.length)
  if (decision.action === 'promote') return ready(observed, status, percentOf(decision.share), seconds.length)
  if (decision.action === 'ask') return as(ask(observed, status))
  const back = { ...(status.phase === 'holding' ? inPhase(status, 'ramping', observed.nowMs, status.sentence, status.next) : status), ...(status.ready ? { ready: false } : {}) }
  // What was ordered may not be in force for a whole second yet: the judge, who sees what is in force, never lowers it.
  const step = towards(observed, withLoadCheck(back, observed), Math.max(back.weight, percentOf(decision.share)))
  return as(taken(observed, status, { ...step, status: withLoadCheck(noTraffic(step.status), observed) }, seconds.length), step.held)
}

function crashes(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan | undefined {
  const why = crashing(observed, status, status.to)
  if (why === undefined) return undefined
  return status.weight > 0 ? rollBack(observed, status, 'rolled_back', withFailures(why, status.failures?.canary)) : rollBack(observed, status, 'failed', `Version ${status.to} never got a request. ${why}`)
}

/** Healthy for a moment and gone before its first request: nobody is sent there, and it is given up. */
function neverUp(observed: ObservedRelease, status: ReleaseStatus): string | undefined {
  if (status.weight > 0 || status.phase !== 'ramping' || secondsSince(status.since, observed.nowMs) < DOWN_SECONDS_MAX) return undefined
  if (readyInstances(observed, status.cluster, status.to) > 0) return undefined
  const service = observed.deploymentStatus?.services.find(entry => entry.cluster === status.cluster && entry.service === status.to)
  return `Version ${status.to} never got a request: its instances do not stay up${service?.notification ? `: ${service.notification}` : '.'}`
}

/** Waiting that is nobody's fault: it does not count for the maximum. */
function stay(observed: ObservedRelease, status: ReleaseStatus, seconds: number): ReleasePlan {
  const judge = status.judge as ReleaseJudge
  return { writes: [statusWrite(observed, { ...status, judge: { ...judge, waited: judge.waited + seconds } satisfies ReleaseJudge })], events: [] }
}

/** Everything is shown. The others of its train may not be so far; a gate or missing instances may stand in the way. */
function ready(observed: ObservedRelease, given: ReleaseStatus, percent: number, seconds: number): CarriedOut {
  const { strategy, train } = observed.release.value
  const status = train.length > 0 ? { ...given, ready: true } : given
  const [late] = notReady(observed)
  if (late !== undefined) {
    const waits = { ...status, next: `Ready; it waits for release ${late} of its train.` }
    return { plan: stay(observed, waits, seconds), held: true }
  }
  const target = strategy === 'blue-green' ? 100 : percent
  const step = towards(observed, status, target)
  if (step.status.weight < target) return { plan: taken(observed, status, step, seconds), held: step.held }
  const gates = step.status.gates ? { gates: step.status.gates } : {}
  return { plan: promote(observed, { ...status, ...gates }, { holdBackWeight: target }), held: false }
}

/** Undecided at the end of its time: the weight stays, rollback stays armed, a person is asked once. */
function ask(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  if (status.phase === 'holding') return { writes: [statusWrite(observed, status)], events: [] }
  const holding = inPhase(status, 'holding', observed.nowMs, status.sentence, 'Promote it, roll it back, or let it gather more evidence.')
  return { writes: [statusWrite(observed, holding)], events: [releaseEvent('holding', holding)] }
}

function holdBack(observed: ObservedRelease, status: ReleaseStatus, seconds: number): CarriedOut {
  const judge = status.judge as ReleaseJudge
  const left = judge.forcedBy === undefined ? holdBackLeft(judge, observed.release.value, status.judged_until) : 0
  if (left > 0) {
    const waiting = { ...status, next: `All of the traffic in ${Math.ceil(left)} s; until then ${status.from} keeps ${round(100 - status.weight)} % and rollback is armed.` }
    return { plan: { writes: [statusWrite(observed, waiting)], events: [] }, held: false }
  }
  const step = towards(observed, status, 100)
  if (step.status.weight < 100) return { plan: taken(observed, status, step, seconds), held: true }
  return { plan: promote(observed, { ...status, ...(step.status.gates ? { gates: step.status.gates } : {}) }, judge.forcedBy === undefined ? {} : { by: judge.forcedBy }), held: false }
}

function tell(status: ReleaseStatus, decision: Decision, observed: ObservedRelease): ReleaseStatus {
  const total = observed.release.value.exposure.bad_requests
  return {
    ...status, sentence: sentenceOf(decision, status.failures?.canary ?? []), next: decision.next, harm: decision.harm, evidence: decision.metrics, missing: decision.missing ?? [], excess: decision.excess,
    budget: { spent: Math.max(0, Math.round(decision.excess)), total },
  }
}

/** Fewer requests per second than this, over half a minute, are none. */
const RATE_MIN = 0.05

/** A service that nobody visits cannot be judged: that is said, instead of what is missing. */
function noTraffic(status: ReleaseStatus): ReleaseStatus {
  const { rate } = (status.judge as ReleaseJudge).state
  if (status.weight === 0 || (rate ?? 0) >= RATE_MIN) return status
  return { ...status, sentence: 'There is no traffic, and without traffic there is no verdict.', next: 'Waiting for visitors; `visitors: {rate: 20}` in the release sends some, `vamp release promote` decides without.' }
}

function silent(observed: ObservedRelease, status: ReleaseStatus, changed: boolean): ReleasePlan {
  const back = status.judged_until - Math.floor(observed.nowMs / 1000)
  if (back > LAG_SECONDS_MAX) {
    const next = 'Frozen: the clock was set back. It goes on when it is again as late as it was, or when the server and its agents have been started again.'
    return stands(observed, { ...status, next }, next !== status.next || changed)
  }
  if (observed.lagSeconds <= LAG_SECONDS_MAX) return changed ? { writes: [statusWrite(observed, status)], events: [] } : NOTHING
  const next = `Frozen: no measurements from the proxies for ${observed.lagSeconds - (observed.lagSeconds % 10)} s. Nothing is decided on silence.`
  return stands(observed, { ...status, next }, next !== status.next || changed)
}

function stands(observed: ObservedRelease, status: ReleaseStatus, changed: boolean): ReleasePlan {
  return changed ? { writes: [statusWrite(observed, status)], events: frozenEvents(observed, status) } : NOTHING
}

const round = (percent: number) => Math.round(percent * 100) / 100

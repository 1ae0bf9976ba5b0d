/**
 * Harm that the new version does to both versions at once shows in no comparison of them. So the whole service is watched, too: where
 * it fails more than it may, for ten seconds, the new version's traffic is switched on and off in pairs of blocks, by lot, and if
 * it is the cause, it goes.
 */
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { JudgedSecond } from '@vamp/stats/sequential/judge'
import { newSwitchback, observeSwitchback, type SwitchbackSettings, switchbackFinding } from '@vamp/stats/sequential/switchback'
import { rollBack } from './finish.ts'
import type { ProbeState, ReleaseJudge, ServiceCount, ServiceWatch } from './judge-state.ts'
import { inPhase, NOTHING, releaseEvent, type ReleasePlan, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { weightWrites } from './weights.ts'

const WATCHED_SECONDS = 10
/** Fewer requests in them say nothing about a rate. */
const REQUESTS_MIN = 50
const [TIMES_USUAL, LIMIT_MIN] = [5, 0.05]
/** Percent that the new version has while it is on, at most. */
const ON_MAX = 25
/** After so many pairs, evidence below this is not likely to become proof any more. */
const [HOPELESS_PAIRS, HOPELESS] = [8, 0.5]
/** An order takes a second or two to be in force, and another one to be seen. */
export const PROBE: Omit<SwitchbackSettings, 'confidence'> = { block: 20, settling: 5, pairs: 20 }

export const NO_WATCH: ServiceWatch = { past: { requests: 0, errors: 0 }, recent: [], cleared: false }

export function learnPast(watch: ServiceWatch, seconds: readonly ServiceCount[]): ServiceWatch {
  const { past } = watch
  return { ...watch, past: { requests: past.requests + sum(seconds, 'requests'), errors: past.errors + sum(seconds, 'errors') } }
}

export function watchService(watch: ServiceWatch, seconds: readonly JudgedSecond[]): ServiceWatch {
  return { ...watch, recent: [...watch.recent, ...seconds.map(wholeService)].slice(-WATCHED_SECONDS) }
}

/** In a sentence, why the whole service is suspected to be harmed. */
export function harmedService({ release }: ObservedRelease, status: ReleaseStatus): string | undefined {
  const { watch: { past, recent, cleared } } = status.judge as ReleaseJudge
  const [requests, errors] = [sum(recent, 'requests'), sum(recent, 'errors')]
  if (cleared || status.weight === 0 || recent.length < WATCHED_SECONDS || requests < REQUESTS_MIN) return undefined
  const usual = past.requests > 0 ? past.errors / past.requests : 0
  const limit = release.value.guard ?? Math.max(LIMIT_MIN, TIMES_USUAL * usual)
  return errors / requests > limit ? `Of the whole service ${percent(errors / requests)} % of the requests failed in the last ${WATCHED_SECONDS} s, on both versions; ${percent(limit)} % may.` : undefined
}

export function beginProbe(observed: ObservedRelease, status: ReleaseStatus, why: string): ReleasePlan {
  const judge = status.judge as ReleaseJudge
  const probe: ProbeState = { state: newSwitchback(coin(status.name, 0)), on: Math.min(ON_MAX, status.weight), before: Math.min(ON_MAX, status.weight), pairs: 0 }
  const probing = { ...inPhase(status, 'probing', observed.nowMs, why, NEXT), judge: { ...judge, probe } satisfies ReleaseJudge }
  return ordered(observed, probing, probe, [releaseEvent('probing', probing)])
}

const NEXT = 'Its traffic is switched on and off, by lot, to see whether it is the cause.'

/** Takes in the seconds of a probe: rolls back, goes on, or switches. */
export function probe(observed: ObservedRelease, status: ReleaseStatus, seconds: readonly JudgedSecond[]): ReleasePlan {
  const judge = status.judge as ReleaseJudge
  const begun = judge.probe
  if (!begun) return NOTHING
  const settings: SwitchbackSettings = { ...PROBE, confidence: observed.release.value.confidence / 100 }
  let { pairs } = begun
  let state = structuredClone(begun.state)
  for (const second of seconds) {
    const { requests, errors } = wholeService(second)
    state = observeSwitchback(state, settings, requests, errors, coin(status.name, pairs + 1))
    pairs = state.scores.length
  }
  const finding = switchbackFinding(state, settings)
  if (finding.is === 'harmful') return rollBack(observed, status, 'rolled_back', finding.sentence)
  const probe: ProbeState = { ...begun, state, pairs }
  const hopeless = pairs >= HOPELESS_PAIRS && finding.evidence < HOPELESS
  if (finding.is === 'open' && !hopeless) {
    const next = `${NEXT} ${pairs} of at most ${PROBE.pairs} pairs of blocks are done; evidence ${Math.floor(finding.evidence)} to 1.`
    return ordered(observed, { ...status, next, judge: { ...judge, waited: judge.waited + seconds.length, probe } satisfies ReleaseJudge }, probe, [])
  }
  const { probe: _, ...rest } = judge
  const cleared: ReleaseJudge = { ...rest, watch: { ...judge.watch, cleared: true }, waited: judge.waited + seconds.length, orderedMs: observed.nowMs }
  const on = { ...inPhase(status, 'ramping', observed.nowMs, 'The service fails as much without the new version as with it: it goes on.', 'The ramp goes on as the evidence comes in.'), weight: begun.before, judge: cleared }
  return { writes: [statusWrite(observed, on), ...weightWrites(observed.gateways, on.from, new Map([[on.to, on.weight]]))], events: [releaseEvent('cleared', on, { before: status.weight })] }
}

function ordered(observed: ObservedRelease, status: ReleaseStatus, { state, on }: ProbeState, events: ReleasePlan['events']): ReleasePlan {
  const weight = state.seconds < PROBE.block === state.firstOn ? on : 0
  const switched = weight === status.weight ? status : { ...status, weight }
  return { writes: [statusWrite(observed, switched), ...weightWrites(observed.gateways, status.from, new Map([[status.to, weight]]))], events: weight === status.weight ? events : [...events, releaseEvent('weight', switched, { before: status.weight })] }
}

function wholeService({ baseline, canary }: Pick<JudgedSecond, 'baseline' | 'canary'>): ServiceCount {
  return { requests: baseline.requests + canary.requests, errors: baseline.errors + canary.errors }
}

/** In [0, 1), the same again after a crash; nothing in the traffic knows it. FNV-1a, then two rounds that let every bit count. */
function coin(name: string, pair: number): number {
  let hash = 0x811c9dc5
  for (const character of `${name}|${pair}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad)
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97)
  return ((hash ^ (hash >>> 15)) >>> 0) / 4_294_967_296
}

function sum(counts: readonly ServiceCount[], of: keyof ServiceCount): number {
  return counts.reduce((total, count) => total + count[of], 0)
}

const percent = (share: number) => Number((share * 100).toPrecision(2))

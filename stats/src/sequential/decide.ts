/** From what is known to what is done: pure, and without any memory of its own. */
import { closedEvidence, globalEvidence } from './attribution.ts'
import { clumpNoise } from './clumps.ts'
import { dispersion } from './dispersion.ts'
import { metricEvidence, NOISY_FACTOR } from './harm.ts'
import { eventFindings, findings, isBetter, type MetricVerdict } from './finding.ts'
import { affordableShare, heldBackShare, isSilence, nextShare, type RampBasis, startShare } from './ramp.ts'
import { logSafety, rateBound, safetyEvidence } from './safety.ts'
import { SAMPLE_RATIO_ALARM, sampleRatioEvidence } from './sample-ratio.ts'
import * as say from './sentence.ts'
import type { JudgeState } from './state.ts'

export type { MetricVerdict } from './finding.ts'

export interface DecisionClock {
  /** Seconds since the new version's first request; 0 before it. */
  readonly elapsed: number
  /** Seconds that it has had half of the traffic or more; 0 before. */
  readonly atLoadCheck: number
  /** The share that was ordered last, if it may not be in force yet; absent: the last that was seen in force. */
  readonly ordered?: number
  /** Seconds in which it could not go on, for reasons that are no evidence: they do not count for the maximum. */
  readonly waited?: number
}

export interface Missing {
  readonly is: 'time' | 'load_check' | 'errors' | 'latency' | 'events' | 'suspicion' | 'sample_ratio'
  readonly sentence: string
  /** Estimated, at the present rate; null: cannot be told. */
  readonly seconds: number | null
}

export interface Decision {
  /**
   * `ramp`, `load_check`: order `share`. `hold`: keep the share, evidence or time is missing. `freeze`: keep it, something looks wrong.
   * `ask`: undecided at the maximum, a person decides. `promote`: order `share`, hold back the rest.
   */
  readonly action: 'roll_back' | 'freeze' | 'hold' | 'ramp' | 'load_check' | 'promote' | 'ask'
  /** To be ordered next, in [0, 1]. */
  readonly share: number
  /** Evidence of harm, as odds. */
  readonly harm: number
  readonly metrics: readonly MetricVerdict[]
  /** Requests that failed and would not have on the old version (estimate). */
  readonly excess: number
  readonly sentence: string
  readonly next: string
  /** What a promotion still waits for. */
  readonly missing?: readonly Missing[]
}

/** Everything that a decision looks at, derived from the state. */
interface Basis extends RampBasis {
  readonly state: JudgeState
  readonly clock: DecisionClock
  readonly harm: number
  readonly verdicts: readonly MetricVerdict[]
  readonly lead: MetricVerdict | undefined
  readonly excess: number
  readonly routed: boolean
}

export function decide(state: JudgeState, clock: DecisionClock): Decision {
  const basis = basisOf(state, clock)
  const { settings, harm, verdicts: metrics, excess } = basis
  const missing = missingOf(basis)
  const common = { harm, metrics, excess, ...(missing.length > 0 ? { missing } : {}) }
  const share = basis.ordered
  if (harm >= proof(settings)) return { ...common, action: 'roll_back', share: 0, sentence: rolledBack(basis), next: say.rollingBack }
  if (missing.length === 0) return promotion(basis, common)
  if (clock.elapsed >= settings.clock.maximum + (clock.waited ?? 0)) return { ...common, action: 'ask', share, sentence: say.undecided(missing), next: say.asking }
  if (!basis.routed) return { ...common, action: 'freeze', share, sentence: say.wrongShare(share, state.sampleRatio), next: say.frozen(share) }
  if (harm >= settings.freezeAt) return { ...common, action: 'freeze', share, sentence: suspicion(basis), next: say.frozen(share) }
  return onwards(basis, missing, common)
}

/** Does the evidence ask for a rollback? The same as `decide` says, for who wants to know no more. */
export function provesHarm(state: JudgeState): boolean {
  const { evidence, weights } = evidenceOf(state)
  return globalEvidence(evidence, weights) >= proof(state.settings)
}

const proof = ({ confidence }: JudgeState['settings']) => 1 / (1 - confidence) - 1e-9

type Common = Pick<Decision, 'harm' | 'metrics' | 'excess' | 'missing'>

function onwards(basis: Basis, missing: readonly Missing[], common: Common): Decision {
  const { settings, ordered: share } = basis
  const next = nextShare(basis)
  const sentence = say.noHarm(basis.failing, basis.verdicts)
  if (next > share) {
    const action = next >= settings.shares.loadCheck && next > settings.shares.test ? 'load_check' : 'ramp'
    return { ...common, action, share: next, sentence, next: say.growing(next) }
  }
  const checking = share >= settings.shares.loadCheck
  return { ...common, action: checking ? 'load_check' : 'hold', share, sentence, next: basis.silent ? say.silence : say.waiting(missing, affordable(basis)) }
}

/** The share that waits for the budget, if that is what holds it. */
function affordable(basis: Basis): { share: number; settings: JudgeState['settings'] } | undefined {
  const cap = basis.loadCheckDue ? basis.settings.shares.loadCheck : basis.settings.shares.test
  return basis.settings.ramp.is === 'auto' && basis.warm && affordableShare(basis) < cap && basis.share < cap ? { share: cap, settings: basis.settings } : undefined
}

function promotion(basis: Basis, common: Common): Decision {
  const { clock } = basis.settings
  const share = clock.holdBack > 0 ? heldBackShare(basis.settings, basis.rate) : 1
  return { ...common, action: 'promote', share, sentence: say.promoted(basis.clock.elapsed, basis.failing, basis.verdicts), next: say.heldBack(share, clock.holdBack) }
}

function rolledBack({ clock, lead, harm, excess }: Basis): string {
  return say.rolledBack(clock.elapsed, lead?.sentence ?? '', harm, excess)
}

function suspicion({ harm, lead, ordered }: Basis): string {
  return say.suspicion(harm, lead?.metric ?? 'errors', ordered, lead?.sentence ?? '')
}

function basisOf(state: JudgeState, clock: DecisionClock): Basis {
  const { settings, totals } = state
  const { evidence, weights } = evidenceOf(state)
  const closed = closedEvidence(evidence, weights)
  const failing = excessBound(state, settings.metrics.length)
  const shown = errorsShown(state, failing)
  const verdicts = [...findings(state, evidence, closed, shown), ...eventFindings(state, evidence, closed)]
  const suspected = evidence.reduce((best, value, at) => value * (weights[at] ?? 0) > (evidence[best] ?? 0) * (weights[best] ?? 0) ? at : best, 0)
  const failed = settings.metrics.length
  const slowest = settings.metrics.findIndex(metric => metric.is === 'latency' && metric.quantile === 0.99)
  const harm = globalEvidence(evidence, weights)
  const routed = !settings.sampleRatio || sampleRatioEvidence(state.sampleRatio) < SAMPLE_RATIO_ALARM
  return {
    state, settings, clock, harm, verdicts, lead: verdicts[suspected], routed,
    excess: (totals.events[failed] ?? 0) - (totals.expected[failed] ?? 0),
    share: state.share,
    ordered: clock.ordered ?? state.share,
    start: state.start ?? startShare(settings, state.rate),
    running: state.second === null || state.runningSince === null ? 0 : state.second - state.runningSince + 1,
    held: state.second === null || state.shareSince === null ? 0 : state.second - state.shareSince + 1,
    rate: state.rate,
    silent: isSilence(state.silent),
    failing,
    proven: shown && state.safety.slice(1).every(logs => safetyEvidence(logs) >= settings.safety.evidence),
    slow: slowest < 0 || (totals.units[slowest] ?? 0) === 0 ? 0 : excessBound(state, slowest),
    warm: clock.elapsed >= settings.clock.warmUp,
    loadCheckDue: clock.elapsed >= settings.clock.minimum - settings.clock.loadCheck && harm < settings.freezeAt && routed,
  }
}

/** Against each metric, and what each weighs. */
function evidenceOf({ settings, harm, outcomes, capital }: JudgeState): { readonly evidence: readonly number[]; readonly weights: readonly number[] } {
  return {
    evidence: [...harm, ...outcomes.map(outcome => outcome.harm)].map(logs => metricEvidence(logs, capital.cash)),
    weights: [...settings.metrics, ...settings.events ?? []].map(({ weight }) => weight),
  }
}

/** The old version's level is known from a few clumps only: so many standard errors of it are not counted on. */
const UNSURE_ERRORS = 0.4

/** The most, by which the new version's rate of an event can exceed the old one's in the same seconds, that is not excluded yet. */
function excessBound(state: JudgeState, metric: number, times = 1): number {
  const { totals, settings } = state
  const units = (totals.units[metric] ?? 0) * times
  if (units === 0) return 1
  const noise = Math.max(dispersion(state.dispersion, metric), metric === settings.metrics.length ? clumpNoise(state.clumps.both[1]) / NOISY_FACTOR : 1)
  const bound = rateBound(units / noise, (totals.events[metric] ?? 0) * times / noise, settings.safety.evidence)
  const expected = (totals.expected[metric] ?? 0) * times
  return bound - Math.max(0, expected - UNSURE_ERRORS * Math.sqrt(noise * expected)) / units
}

function missingOf(basis: Basis): Missing[] {
  const { settings, clock, state, harm } = basis
  const missing: Missing[] = []
  const left = settings.clock.minimum - clock.elapsed
  if (left > 0) missing.push({ is: 'time', seconds: left, sentence: say.tooEarly(left) })
  missing.push(...missingErrors(basis), ...missingLatencies(basis), ...missingEvents(state))
  const atLoad = settings.clock.loadCheck - clock.atLoadCheck
  if (atLoad > 0) missing.push({ is: 'load_check', seconds: atLoad, sentence: say.loadCheckLeft(atLoad, settings.shares.loadCheck) })
  if (harm >= settings.freezeAt) missing.push({ is: 'suspicion', seconds: null, sentence: say.suspected(harm) })
  if (!basis.routed) missing.push({ is: 'sample_ratio', seconds: null, sentence: say.wrongShare(state.share, state.sampleRatio) })
  return missing
}

/** By the ratio or by the difference. */
function errorsShown({ settings: { safety }, safety: [logs = []] }: JudgeState, failing: number): boolean {
  return failing <= safety.errorExcess || safetyEvidence(logs) >= safety.evidence
}

function missingErrors({ state, settings, failing, rate, share }: Basis): Missing[] {
  const failed = settings.metrics.length
  const logs = state.safety[0] ?? []
  if (errorsShown(state, failing)) return []
  const byOdds = timesNeeded(logs, settings.safety.evidence)
  const byExcess = TIMES.find(times => excessBound(state, failed, times) <= settings.safety.errorExcess) ?? Number.POSITIVE_INFINITY
  const seconds = secondsFor(Math.min(byOdds, byExcess), state.totals.units[failed] ?? 0, share, rate)
  return [{ is: 'errors', seconds, sentence: say.errorsUnsure(failing) }]
}

function missingLatencies({ state, settings, rate, share }: Basis): Missing[] {
  return settings.safety.latency.flatMap(({ quantile, margin }, at): Missing[] => {
    const logs = state.safety[at + 1] ?? []
    if (safetyEvidence(logs) >= settings.safety.evidence) return []
    const metric = settings.metrics.findIndex(metric => metric.is === 'latency' && metric.quantile === quantile)
    const seconds = secondsFor(timesNeeded(logs, settings.safety.evidence), state.totals.units[metric] ?? 0, share, rate)
    return [{ is: 'latency', seconds, sentence: say.latencyUnsure(quantile, margin) }]
  })
}

/** So many sessions of the new version have to have had their time before what they led to was looked at. */
const SESSIONS_MIN = 100

function missingEvents({ settings: { events = [], safety }, outcomes }: JudgeState): Missing[] {
  return events.flatMap(({ metric, margin, shows, within }, at): Missing[] => {
    const outcome = outcomes[at]
    if (!outcome) return []
    const missing = (sentence: string, seconds: number | null): Missing[] => [{ is: 'events', seconds, sentence }]
    if (outcome.freshSessions < SESSIONS_MIN) return missing(say.sessionsFew(outcome.freshSessions, SESSIONS_MIN, within), outcome.freshSessions === 0 ? within : null)
    if (shows === 'not-worse' && safetyEvidence(outcome.safety) < safety.evidence) return missing(say.eventUnsure(metric, margin), null)
    if (shows === 'better' && !isBetter(outcome)) return missing(say.eventNotBetter(metric), null)
    return []
  })
}

/** How many times the present evidence: what is tried for an estimate of the time left. */
const TIMES: readonly number[] = [1.25, 1.6, 2.5, 4, 10, 40]

/** Log evidence grows in proportion to the requests, after what the search costs at first. */
function timesNeeded(logs: readonly number[], evidence: number): number {
  const most = Math.max(...logs)
  return most > 0.1 ? Math.max(1.05, (Math.log(evidence) + most - logSafety(logs)) / most) : Number.POSITIVE_INFINITY
}

function secondsFor(times: number, units: number, share: number, rate: number | null): number | null {
  const perSecond = share * (rate ?? 0)
  return Number.isFinite(times) && perSecond > 0 && units > 0 ? Math.ceil((times - 1) * units / perSecond) : null
}

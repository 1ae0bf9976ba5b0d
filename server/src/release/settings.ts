/** A release's wishes as the judge's knobs. */
import type { Objective, Release } from '@vamp/model/release'
import type { EventMetric } from '@vamp/stats/sequential/outcomes'
import { DEFAULT_SETTINGS, type HarmMetric, type JudgeSettings, type SafetySettings, WINDOWS_PER_RELEASE } from '@vamp/stats/sequential/settings'
import { members } from './train.ts'

export function judgeSettings(release: Release): JudgeSettings {
  const { clock, exposure, objectives, to } = release
  const shares = sharesOf(release)
  const events = eventMetrics(objectives)
  return {
    ...DEFAULT_SETTINGS,
    confidence: confidenceOf(release) / 100,
    metrics: DEFAULT_SETTINGS.metrics.map(metric => weighed(withMargin(metric, objectives), events.length > 0)),
    ...(events.length > 0 ? { events } : {}),
    safety: withMargins(DEFAULT_SETTINGS.safety, objectives),
    ramp: rampOf(release),
    exposure: { ...DEFAULT_SETTINGS.exposure, badRequests: exposure.bad_requests / WINDOWS_PER_RELEASE / to.length },
    shares, start: { ...DEFAULT_SETTINGS.start, most: Math.min(DEFAULT_SETTINGS.start.most, shares.test) },
    clock: { minimum: clock.minimum, maximum: clock.maximum, warmUp: clock.warm_up, loadCheck: clock.load_check, holdBack: clock.hold_back },
  }
}

type Risked = Pick<Release, 'confidence' | 'to' | 'train' | 'name' | 'strategy'>

/**
 * One risk for all that is released together: each version of an experiment, and each release of a train, has its part of it, so
 * that none of them is rolled back by chance more often than promised (Bonferroni; what they see may depend on each other). A shadow
 * is judged twice, on copies and on requests.
 */
function confidenceOf(release: Risked): number {
  return 100 - (100 - release.confidence) / (release.to.length * members(release) * (release.strategy === 'shadow' ? 2 : 1))
}

/** The versions of an experiment share what one new version may have, and at last as much as the old one each. */
function sharesOf({ to: { length } }: Release): JudgeSettings['shares'] {
  const { shares } = DEFAULT_SETTINGS
  return length === 1 ? shares : { ...shares, warmUp: shares.warmUp / length, test: Math.min(shares.test, 3 * shares.test / length, 0.75 / length), loadCheck: 1 / (length + 1) }
}

/** Blue-green is one step to nearly everything, the rest being what it is compared with. */
function rampOf({ strategy, ramp, clock }: Release): JudgeSettings['ramp'] {
  if (ramp.is === 'ladder') return { is: 'ladder', steps: ramp.steps.map(percent => percent / 100), hold: ramp.hold }
  if (strategy === 'blue-green') return { is: 'ladder', steps: [DEFAULT_SETTINGS.shares.holdBack], hold: clock.minimum }
  if (strategy === 'rolling') return { is: 'ladder', steps: ROLLING, hold: clock.minimum / ROLLING.length }
  return { is: 'auto' }
}

/** Shares of a rolling release that says none. */
const ROLLING: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]

/** Evidence of harm, as odds: 99 % are 100 to 1. */
export function rollsBackAt(release: Risked): number {
  return Math.round(100 / (100 - confidenceOf(release)))
}

/** What is looked for in events has this part of the risk; errors and latency share the rest in halves. */
const EVENTS_WEIGHT = 0.2
/** Without a margin so much rarer is no harm, and nothing has to be shown. */
const EVENT_MARGIN = 0.05
const WITHIN_SECONDS = 1800

export function eventMetrics(objectives: readonly Objective[]): EventMetric[] {
  const events = objectives.filter(({ metric }) => metric.startsWith('event:'))
  return events.map(({ metric, margin, goal, within = WITHIN_SECONDS }) => ({
    metric, within, weight: EVENTS_WEIGHT / events.length, margin: margin ?? EVENT_MARGIN,
    shows: goal === 'better' ? 'better' : margin === undefined ? 'nothing' : 'not-worse',
  }))
}

function weighed(metric: HarmMetric, beside: boolean): HarmMetric {
  return beside ? { ...metric, weight: metric.weight * (1 - EVENTS_WEIGHT) } : metric
}

/** What a slowdown may be without being called harm is what the user tolerates. */
function withMargin(metric: HarmMetric, objectives: readonly Objective[]): HarmMetric {
  const margin = marginOf(objectives, metric.metric)
  return metric.is === 'latency' && margin !== undefined ? { ...metric, margin } : metric
}

/** What has to be shown before all the traffic moves is that the harm is within what the user tolerates. */
function withMargins(safety: SafetySettings, objectives: readonly Objective[]): SafetySettings {
  const wished = DEFAULT_SETTINGS.metrics.flatMap(metric => {
    const margin = metric.is === 'latency' ? marginOf(objectives, metric.metric) : undefined
    return metric.is === 'latency' && margin !== undefined ? [{ quantile: metric.quantile, margin }] : []
  })
  const others = safety.latency.filter(({ quantile }) => !wished.some(wish => wish.quantile === quantile))
  return { ...safety, errorExcess: marginOf(objectives, 'error_rate') ?? safety.errorExcess, latency: [...others, ...wished] }
}

function marginOf(objectives: readonly Objective[], metric: string): number | undefined {
  return objectives.find(objective => objective.metric === metric)?.margin
}

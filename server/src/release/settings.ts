/** A release's wishes as the judge's knobs. */
import type { Objective, Release } from '@vamp/model/release'
import { DEFAULT_SETTINGS, type HarmMetric, type JudgeSettings, type SafetySettings, WINDOWS_PER_RELEASE } from '@vamp/stats/sequential/settings'

export function judgeSettings(release: Release): JudgeSettings {
  const { clock, exposure, ramp, objectives, confidence } = release
  return {
    ...DEFAULT_SETTINGS,
    confidence: confidence / 100,
    metrics: DEFAULT_SETTINGS.metrics.map(metric => withMargin(metric, objectives)),
    safety: withMargins(DEFAULT_SETTINGS.safety, objectives),
    ramp: ramp.is === 'ladder' ? { is: 'ladder', steps: ramp.steps.map(percent => percent / 100), hold: ramp.hold } : { is: 'auto' },
    exposure: { ...DEFAULT_SETTINGS.exposure, badRequests: exposure.bad_requests / WINDOWS_PER_RELEASE },
    clock: { minimum: clock.minimum, maximum: clock.maximum, warmUp: clock.warm_up, loadCheck: clock.load_check, holdBack: clock.hold_back },
  }
}

/** Evidence of harm, as odds: 99 % are 100 to 1. */
export function rollsBackAt({ confidence }: Pick<Release, 'confidence'>): number {
  return Math.round(100 / (100 - confidence))
}

/** Objectives that name something the judge does not look at. */
export function unknownObjectives(objectives: readonly Objective[]): string[] {
  const known = new Set(DEFAULT_SETTINGS.metrics.map(({ metric }) => metric))
  return objectives.map(({ metric }) => metric).filter(metric => !known.has(metric))
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

/** The judge's words: real numbers, no jargon. Odds instead of p-values. */
import type { MetricVerdict } from './finding.ts'
import { UNNOTICED_MS } from './thresholds.ts'

interface Waiting { readonly sentence: string; readonly seconds: number | null }

export const silence = 'There is no traffic: nothing is decided until there is some.'
export const rollingBack = 'All traffic returns to the old version.'
export const asking = 'Promote it, roll it back, or let it gather more evidence. Rollback stays armed.'

export function rolledBack(seconds: number, finding: string, harm: number, excess: number): string {
  const hurt = excess >= 0.5 ? ` ${plural(Math.round(excess), 'request')} failed that would not have.` : ''
  return `Rolled back after ${whole(seconds)} s. ${finding} If they were equally good, a gap this large would be seen in fewer than 1 of ${whole(oneOf(harm))} releases.${hurt}`
}

export function crashed(version: string, crashes: number, seconds: number, why: string | undefined, odds: number): string {
  return `Rolled back after ${whole(seconds)} s. Instances of ${version} crashed ${crashes} times${why === undefined ? '' : ` (${why})`}. If it were one in ten minutes for each, so many so soon would be seen in fewer than 1 of ${whole(oneOf(odds))} releases.`
}

export function suspicion(harm: number, metric: string, share: number, finding: string): string {
  return `Evidence ${odds(harm)} for ${worseOf(metric)}: traffic frozen at ${percent(share)}. ${finding}`
}

export function suspected(harm: number): string {
  return `evidence of harm is ${odds(harm)}`
}

export function noHarm(failing: number, verdicts: readonly MetricVerdict[]): string {
  const known = verdicts.filter(({ metric, odds }) => metric.startsWith('latency') && odds?.high)
  const slow = known.map(({ metric, odds }) => ` Requests slower than the old version's ${nameOf(metric)} are at most ${decimals(odds?.high ?? 0)} times as frequent.`).join('')
  return failing >= 1 ? 'No sign of harm; nothing is known yet.' : `No sign of harm. Errors are at most ${points(failing)}, so far.${slow}`
}

export function promoted(seconds: number, failing: number, verdicts: readonly MetricVerdict[]): string {
  const p99 = verdicts.find(({ metric }) => metric === 'latency_p99')
  return `Promoted after ${whole(seconds)} s: errors are at most ${points(failing)}.${p99?.canary ? ` ${p99.sentence}` : ''}`
}

export function heldBack(share: number, seconds: number): string {
  return share >= 1 ? 'All of the traffic.' : `${percent(share)} of the traffic; the old version keeps ${percent(1 - share)} for ${duration(seconds)}, and rollback stays armed.`
}

export function growing(share: number): string {
  return `${percent(share)} of the traffic now.`
}

export function frozen(share: number): string {
  return `The share stays at ${percent(share)} until this is cleared up or proven.`
}

export function waiting(missing: readonly Waiting[], budget: { share: number; settings: { exposure: { badRequests: number; seconds: number } } } | undefined): string {
  if (budget) {
    const { badRequests, seconds } = budget.settings.exposure
    return `Next: ${percent(budget.share)} when at most ${plural(badRequests, 'request')} could go wrong in ${whole(seconds)} s.`
  }
  const longest = missing.reduce<Waiting | undefined>((most, one) => (one.seconds ?? Number.POSITIVE_INFINITY) > (most?.seconds ?? -1) ? one : most, undefined)
  if (!longest) return 'Waiting.'
  return longest.seconds === null ? `Waiting: ${longest.sentence}.` : `Waiting: ${longest.sentence}; about ${duration(longest.seconds)} more at this rate.`
}

export function undecided(missing: readonly Waiting[]): string {
  return `Not decided in the time given: ${missing.map(({ sentence }) => sentence).join('; ')}.`
}

export function wrongShare(share: number, seen: { canary: number; baseline: number }): string {
  const got = seen.canary / Math.max(1, seen.canary + seen.baseline)
  return `The new version gets ${percent(got)} of the requests although ${percent(share)} were ordered: router or measurement is wrong, nothing is compared`
}

export const tooEarly = (seconds: number) => `faults that take time may still come; ${duration(seconds)} of watching are left`
export const loadCheckLeft = (seconds: number, share: number) => `${duration(seconds)} at ${percent(share)} of the traffic are left`
export const errorsUnsure = (failing: number) => failing >= 1 ? 'errors are not known yet' : `errors could be up to ${points(failing)}`
export const latencyUnsure = (quantile: number, margin: number) => `${nameOf(`latency_p${quantile * 100}`)} could be more than ${percent(margin)} and ${UNNOTICED_MS} ms slower`

export const sessionsFew = (seen: number, needed: number, within: number) => `${seen} of the ${plural(needed, 'session')} that are needed have had their ${duration(within)}`
export const eventUnsure = (metric: string, margin: number) => `${eventOf(metric)} could be more than ${percent(margin)} rarer`
export const eventNotBetter = (metric: string) => `${eventOf(metric)} is not shown to be more frequent`

export function sessions(metric: string, reached: number, sessions: number, expected: number): string {
  if (sessions === 0) return 'No session has had its time yet.'
  return `${whole(reached)} of ${plural(sessions, 'session')} of the new version led to ${eventOf(metric)}; of the old version's that began in the same seconds, ${decimals(expected)} of as many.`
}

export function errors(events: number, units: number, expected: number): string {
  if (units === 0) return 'No request was compared yet.'
  return `The new version failed ${whole(events)} of ${plural(units, 'request')}; the old version, in the same seconds, ${expected > 0 && expected < 9.95 ? decimals(expected) : whole(expected)} of as many.`
}

export function latency(quantile: number, canary: number | null, baseline: number | null): string {
  if (canary === null || baseline === null) return 'No latency was compared yet.'
  const share = `${Number((quantile * 100).toFixed(2))} %`
  return `${share} of the new version's requests took up to ${milliseconds(canary)}; of the old version's, in the same seconds, ${milliseconds(baseline)}.`
}

function worseOf(metric: string): string {
  if (metric.startsWith('event:')) return `fewer ${eventOf(metric)}`
  return metric === 'error_rate' ? 'more errors' : `slower ${nameOf(metric)}`
}

function eventOf(metric: string): string {
  return metric.replace('event:', '')
}

function nameOf(metric: string): string {
  return metric.replace('latency_', '')
}

/** 7.4 → "7 to 1", 3.16 → "3 to 1". */
function odds(value: number): string {
  return `${whole(Math.floor(value))} to 1`
}

/** The largest number with two digits and zeros that evidence supports. */
function oneOf(harm: number): number {
  const bounded = Math.min(1e6, harm)
  const digit = 10 ** Math.max(0, Math.floor(Math.log10(bounded)) - 1)
  return Math.floor(bounded / digit + 1e-9) * digit
}

function points(share: number): string {
  return share <= 0 ? '+0 points' : `+${significant(share * 100)} points`
}

function percent(share: number): string {
  return `${significant(share * 100)} %`
}

function milliseconds(value: number): string {
  return `${significant(value)} ms`
}

function duration(seconds: number): string {
  return seconds < 120 ? plural(Math.ceil(seconds), 'second') : plural(Math.round(seconds / 60), 'minute')
}

function plural(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`
}

function decimals(value: number): string {
  return String(Number(value.toFixed(1)))
}

/** Two digits below a hundred, whole above. */
function significant(value: number): string {
  return value >= 100 ? whole(value) : String(Number(value.toPrecision(2)))
}

function whole(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ' ')
}

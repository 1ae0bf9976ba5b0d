/** The course of a release: what its events tell, and what was seen since the page was opened. */
import type { ReleaseView } from '@vamp/model/api/releases'
import type { Event } from '@vamp/model/event'

export interface Moment {
  readonly atMs: number
  /** Odds of harm, all metrics together. */
  readonly harm: number
  /** Percent. */
  readonly weight: number
  /** Odds of harm by metric. */
  readonly metrics: Readonly<Record<string, number>>
  /** Times as likely by metric, where a band was told at this moment. */
  readonly bands?: Readonly<Record<string, Band>>
}

export interface Band { readonly low: number | null; readonly high: number | null }

/** Why the weight or the phase changed. */
export interface Step {
  readonly id: string
  readonly atMs: number
  readonly change: string
  readonly weight: number
  readonly sentence: string
  readonly next: string
}

/** Requests of one second, by version. */
export interface Second {
  readonly atMs: number
  readonly requests: { readonly baseline: number; readonly canary: number }
  readonly errors: { readonly baseline: number; readonly canary: number }
  /** Of an experiment, whose versions are told of one by one: which are in it already. */
  readonly of: readonly string[]
}

export interface History {
  readonly moments: readonly Moment[]
  readonly steps: readonly Step[]
  readonly seconds: readonly Second[]
}

export const NO_HISTORY: History = { moments: [], steps: [], seconds: [] }

/** An hour of seconds; older ones are thinned out or dropped. */
export const MOMENTS_MAX = 3600
export const STEPS_MAX = 500

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields => typeof value === 'object' && value !== null ? value as Fields : {}
const numberOf = (value: unknown, otherwise = 0): number => typeof value === 'number' && Number.isFinite(value) ? value : otherwise
const textOf = (value: unknown): string => typeof value === 'string' ? value : ''

/** Anything that is no event of a release changes nothing; one that is known already neither. */
export function withEvent(history: History, event: Event): History {
  if (event.type === 'release') return withStep(history, event)
  return event.type === 'release-evidence' ? withSecond(history, event) : history
}

function withStep(history: History, event: Event): History {
  if (history.steps.some(({ id }) => id === event.id)) return history
  const value = fieldsOf(event.value)
  const atMs = Date.parse(event.timestamp)
  const change = event.tags.find(tag => tag.startsWith('release:'))?.slice('release:'.length) ?? ''
  const step: Step = {
    id: event.id, atMs, change, weight: numberOf(value['weight']), sentence: textOf(value['sentence']), next: textOf(value['next']),
  }
  const moment: Moment = { atMs, harm: numberOf(value['harm'], 1), weight: step.weight, metrics: harmByMetric(value['evidence']), bands: bandsByMetric(value['evidence']) }
  return { ...history, steps: placed(history.steps, step).slice(-STEPS_MAX), moments: withMoment(history.moments, moment) }
}

function withSecond(history: History, event: Event): History {
  const value = fieldsOf(event.value)
  const atMs = numberOf(value['second']) * 1000
  const version = textOf(value['to'])
  const known = knownAt(history.seconds, atMs)
  if (atMs === 0 || known?.of.includes(version)) return history
  const [baseline, canary] = [fieldsOf(value['baseline']), fieldsOf(value['canary'])]
  const second: Second = {
    atMs, of: [...known?.of ?? [], version],
    requests: { baseline: numberOf(baseline['requests']), canary: numberOf(canary['requests']) + (known?.requests.canary ?? 0) },
    errors: { baseline: numberOf(baseline['errors']), canary: numberOf(canary['errors']) + (known?.errors.canary ?? 0) },
  }
  const seconds = known ? history.seconds.map(each => each === known ? second : each) : placed(history.seconds, second).slice(-MOMENTS_MAX)
  return { ...history, moments: typeof value['harm'] === 'number' ? judged(history.moments, atMs + 1000, value, known !== undefined) : history.moments, seconds }
}

/** Of the versions of an experiment the one counts that looks worst. */
function judged(moments: readonly Moment[], atMs: number, value: Fields, together: boolean): readonly Moment[] {
  const moment: Moment = { atMs, harm: numberOf(value['harm'], 1), weight: numberOf(value['weight']), metrics: numbersOf(value['metrics']) }
  const other = together ? knownAt(moments, atMs) : undefined
  return withMoment(moments, other && other.harm > moment.harm ? { ...other, weight: moment.weight } : moment)
}

/** What the status says now, as one more point. */
export function withStatus(history: History, status: ReleaseView): History {
  if (status.judged_until === 0) return history
  return { ...history, moments: withMoment(history.moments, { atMs: status.judged_until * 1000, harm: status.harm, weight: status.weight, metrics: harmByMetric(status.evidence), bands: bandsByMetric(status.evidence) }) }
}

/** Without what an earlier release of the same name left: everything up to its end, where another one began after it. */
export function ofNewest(history: History): History {
  const began = history.steps.findLastIndex(({ change }) => change === 'started')
  const end = history.steps.slice(0, Math.max(began, 0)).findLast(({ change }) => change === 'ended')
  if (!end) return history
  const isLater = ({ atMs }: { readonly atMs: number }) => atMs > end.atMs
  return { moments: history.moments.filter(isLater), steps: history.steps.filter(isLater), seconds: history.seconds.filter(isLater) }
}

/** Most are newer than all others. */
function knownAt<T extends { readonly atMs: number }>(list: readonly T[], atMs: number): T | undefined {
  const last = list.at(-1)
  return last !== undefined && atMs <= last.atMs ? list.find(each => each.atMs === atMs) : undefined
}

function withMoment(moments: readonly Moment[], moment: Moment): readonly Moment[] {
  const last = moments.at(-1)
  if (last && moment.atMs > last.atMs) return [...moments, moment].slice(-MOMENTS_MAX)
  return moments.some(({ atMs }) => atMs === moment.atMs) ? moments.map(known => known.atMs === moment.atMs ? { ...known, ...moment } : known) : placed(moments, moment).slice(-MOMENTS_MAX)
}

/** Events may come late: sorted by time, cheap where they do not. */
function placed<T extends { readonly atMs: number }>(list: readonly T[], item: T): readonly T[] {
  const last = list.at(-1)
  if (!last || item.atMs >= last.atMs) return [...list, item]
  const index = list.findIndex(({ atMs }) => atMs > item.atMs)
  return [...list.slice(0, index), item, ...list.slice(index)]
}

function harmByMetric(evidence: unknown): Readonly<Record<string, number>> {
  if (!Array.isArray(evidence)) return {}
  return Object.fromEntries(evidence.map(fieldsOf).flatMap(({ metric, harm }) => typeof metric === 'string' ? [[metric, numberOf(harm, 1)]] : []))
}

function bandsByMetric(evidence: unknown): Readonly<Record<string, Band>> {
  if (!Array.isArray(evidence)) return {}
  const bound = (value: unknown) => typeof value === 'number' && value > 0 ? value : null
  return Object.fromEntries(evidence.map(fieldsOf).flatMap(({ metric, odds }) => {
    const { low, high } = fieldsOf(odds)
    return typeof metric === 'string' && odds !== undefined ? [[metric, { low: bound(low), high: bound(high) }]] : []
  }))
}

function numbersOf(value: unknown): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
}

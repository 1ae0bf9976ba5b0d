/** Queries and aggregators, checked and in the one form that every driver works from. */
import type { Event } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { demandTag } from './entry.ts'
import type { Aggregator, EventQuery, Grouping } from './event-log.ts'
import { FIELD_DEPTH_MAX, GROUPS_MAX, QUERY_EVENTS_MAX, QUERY_TAGS_MAX } from './limits.ts'

export interface Criteria {
  /** The rarest first, as far as that can be told from a tag: `gateways:shop` is rarer than `gateways`. */
  readonly tags: readonly string[]
  readonly type: string | undefined
  /** Milliseconds, both inclusive; absent where there is no bound. */
  readonly from: number | undefined
  readonly to: number | undefined
}

/** Throws `Fault('invalid'|'too_large')`. */
export function criteria({ tags = [], type, time = {} }: EventQuery): Criteria {
  if (tags.length > QUERY_TAGS_MAX) throw new Fault('too_large', `a query may have ${QUERY_TAGS_MAX} tags`, { tags: tags.length })
  for (const tag of tags) demandTag(tag)
  if (time.gt !== undefined && time.gte !== undefined) throw new Fault('invalid', 'a query has gt or gte, not both')
  if (time.lt !== undefined && time.lte !== undefined) throw new Fault('invalid', 'a query has lt or lte, not both')
  return {
    tags: withoutImplied([...new Set(tags)]), type,
    from: bound(time.gte, Math.ceil) ?? bound(time.gt, gt => Math.floor(gt) + 1),
    to: bound(time.lte, Math.floor) ?? bound(time.lt, lt => Math.ceil(lt) - 1),
  }
}

/** Every event with `a:b` has `a` too, by expansion. */
function withoutImplied(tags: readonly string[]): string[] {
  const implied = new Set(tags.flatMap(tag => tag.indexOf(':') > 0 ? [tag.slice(0, tag.indexOf(':'))] : []))
  return tags.filter(tag => !implied.has(tag)).sort((a, b) => Number(b.includes(':')) - Number(a.includes(':')) || b.length - a.length)
}

function bound(ms: number | undefined, round: (ms: number) => number): number | undefined {
  if (ms === undefined) return undefined
  if (Number.isNaN(ms)) throw new Fault('invalid', 'a bound of time is a number of milliseconds')
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, round(ms)))
}

export function matches({ tags, type, from, to }: Criteria, event: Event): boolean {
  if (type !== undefined && event.type !== type) return false
  if (!tags.every(tag => event.tags.includes(tag))) return false
  if (from === undefined && to === undefined) return true
  const at = Date.parse(event.timestamp)
  return (from === undefined || at >= from) && (to === undefined || at <= to)
}

export interface PageBounds { readonly offset: number; readonly limit: number }

export function pageBounds({ offset = 0, limit = QUERY_EVENTS_MAX }: { offset?: number; limit?: number } = {}): PageBounds {
  return { offset: Math.max(0, Math.trunc(offset)), limit: Math.max(0, Math.min(QUERY_EVENTS_MAX, Math.trunc(limit))) }
}

export type Aggregation =
  | { readonly is: 'count' }
  | { readonly is: 'min' | 'max' | 'average' | 'sum'; readonly path: readonly string[] }
  | { readonly is: 'percentile'; readonly fraction: number; readonly path: readonly string[] }

/** Throws `Fault('invalid'|'too_large')`. */
export function aggregation({ type, field }: Aggregator): Aggregation {
  if (type === 'count') return { is: 'count' }
  const path = field === undefined || field === '' ? [] : field.split('.')
  if (path.length > FIELD_DEPTH_MAX) throw new Fault('too_large', `a field may have ${FIELD_DEPTH_MAX} names`, { names: path.length })
  if (path.some(name => !/^[^"\\\p{Cc}]+$/u.test(name) || !name.isWellFormed())) throw new Fault('invalid', 'a field is made of names with dots between them', { field: JSON.stringify(field?.slice(0, 80)) })
  switch (type) {
    case 'min': case 'max': case 'average': case 'sum': return { is: type, path }
    default: {
      const percent = /^p\d+(\.\d+)?$/.test(type) ? Number(type.slice(1)) : Number.NaN
      if (!(percent >= 0 && percent <= 100)) throw new Fault('invalid', 'an aggregator is count, min, max, average, sum or a percentile like p99', { type })
      return { is: 'percentile', fraction: percent / 100, path }
    }
  }
}

/** The number at the path, through objects only; nothing else is aggregated. */
export function numberAt(value: unknown, path: readonly string[]): number | undefined {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return typeof at === 'number' ? at : undefined
}

/** Throws `Fault('invalid'|'too_large')`. */
export function grouping({ every, tag }: Grouping): Grouping {
  if (every !== undefined && !(Number.isSafeInteger(every) && every > 0)) throw new Fault('invalid', 'a bucket of time is a whole number of milliseconds above 0', { every })
  if (tag !== undefined) demandTag(tag)
  return { ...(every === undefined ? {} : { every }), ...(tag === undefined ? {} : { tag }) }
}

export function tooManyGroups(): Fault {
  return new Fault('too_large', `there are more than ${GROUPS_MAX} groups: ask for a shorter time or longer buckets`)
}

/** Of numbers in any order; nothing when there are none. A percentile lies between its neighbours, by its distance from each. */
export function aggregate(how: Exclude<Aggregation, { is: 'count' }>, numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b)
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (min === undefined || max === undefined) return undefined
  switch (how.is) {
    case 'min': return min
    case 'max': return max
    case 'sum': return sorted.reduce((sum, number) => sum + number, 0)
    case 'average': return sorted.reduce((sum, number) => sum + number, 0) / sorted.length
    case 'percentile': {
      const rank = how.fraction * (sorted.length - 1)
      const low = sorted[Math.floor(rank)] ?? min
      return low + ((sorted[Math.ceil(rank)] ?? max) - low) * (rank - Math.floor(rank))
    }
  }
}

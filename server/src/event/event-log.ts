/** HAPPENED: append-only, tagged, queryable, subscribable. Contract suite: `contract.ts`. */
import type { Event, NewEvent } from '@vamp/model/event'

export interface EventQuery {
  /** All of them must be there. */
  readonly tags?: readonly string[]
  readonly type?: string
  /** Milliseconds, inclusive and exclusive bounds as named. */
  readonly time?: { readonly gt?: number; readonly gte?: number; readonly lt?: number; readonly lte?: number }
}

export interface Aggregator {
  readonly type: 'count' | 'min' | 'max' | 'average' | 'sum' | `p${number}`
  /** Dotted path into the value; default the value itself. An unknown or non-numeric one is left out. */
  readonly field?: string
}

export interface Grouping {
  /** Milliseconds of a bucket of time; buckets begin at multiples of it since 1970. */
  readonly every?: number
  /** `gateways` groups by tags like `gateways:shop/web`; an event with several is in several groups, one with none in none. */
  readonly tag?: string
}

export interface Group {
  /** Unix time in milliseconds at which the bucket begins; absent when not grouped by time. */
  readonly time?: number
  /** The whole tag; absent when not grouped by tag. */
  readonly tag?: string
  readonly value: number
}

/** Of this type, or of all but these. */
export type PrunedTypes = string | { readonly except: readonly string[] }

export interface EventLog extends AsyncDisposable {
  /** Durable when it resolves. Ids grow in order of append. Bounds: see `limits.ts`; beyond them `Fault('invalid'|'too_large')`. */
  append(events: readonly NewEvent[]): Promise<readonly Event[]>
  /** Newest first. */
  query(query: EventQuery, page?: { offset?: number; limit?: number }): Promise<{ readonly events: readonly Event[]; readonly total: number }>
  /** `null` where there is nothing to aggregate (`count` gives 0). Percentiles interpolate between neighbours (Hyndman and Fan, type 7). */
  aggregate(query: EventQuery, aggregator: Aggregator): Promise<number | null>
  /** The same for each group that has something to aggregate, in order of time, then tag. Throws `Fault('too_large')` when there are too many groups. */
  aggregateBy(query: EventQuery, aggregator: Aggregator, by: Grouping): Promise<readonly Group[]>
  /**
   * What matches among the next events after the id, in order of append, and the id after which to go on: for consumers that take
   * events at their own speed. `''` is before the first one. `limit` bounds how many events are looked at.
   */
  following(after: string, query: EventQuery, limit: number): Promise<{ readonly events: readonly Event[]; readonly next: string; readonly atEnd: boolean }>
  /** Every event appended from now on (or after the id) that matches, in order, none twice, without a buffer: see `subscriptions.ts`. A listener must not wait. */
  subscribe(query: EventQuery, listener: (event: Event) => void, after?: string): () => void
  /** The id of the newest event, after which a subscriber that begins now begins; that of none, before the first one. */
  newest(): string
  /** Removes events (of all types, unless told) older than the time; returns how many. */
  prune(olderThan: number, types?: PrunedTypes): Promise<number>
}

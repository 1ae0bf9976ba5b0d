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

export interface EventLog extends AsyncDisposable {
  /** Durable when it resolves. Ids grow in order of append. Bounds: see `limits.ts`; beyond them `Fault('invalid'|'too_large')`. */
  append(events: readonly NewEvent[]): Promise<readonly Event[]>
  /** Newest first. */
  query(query: EventQuery, page?: { offset?: number; limit?: number }): Promise<{ readonly events: readonly Event[]; readonly total: number }>
  /** `null` where there is nothing to aggregate (`count` gives 0). Percentiles interpolate between neighbours (Hyndman and Fan, type 7). */
  aggregate(query: EventQuery, aggregator: Aggregator): Promise<number | null>
  /** Every event appended from now on (or after the id) that matches, in order, none twice, without a buffer: see `subscriptions.ts`. A listener must not wait. */
  subscribe(query: EventQuery, listener: (event: Event) => void, after?: string): () => void
  /** Removes events of a type (or all) older than the time; returns how many. */
  prune(olderThan: number, type?: string): Promise<number>
}

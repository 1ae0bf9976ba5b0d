/** A question about events, as users write it. */
export interface EventQuery {
  /** All of them must be there. */
  readonly tags: readonly string[]
  readonly type?: string
  /** As written: ISO-8601, or date maths such as `now-5m`. */
  readonly timestamp?: { readonly lt?: string; readonly lte?: string; readonly gt?: string; readonly gte?: string }
  readonly aggregator?: EventAggregator
}

export interface EventAggregator {
  /** A percentile is `p` and a number from 0 to 100: `p99`, `p99.9`. */
  readonly type: 'min' | 'max' | 'average' | 'sum' | 'count' | `p${number}`
  /** Dotted path into the value; absent: the value itself. */
  readonly field?: string
}

/** Everything that happens. */
export interface Event {
  /** Sortable: 16 hex digits of the append sequence; unique. */
  readonly id: string
  /** ISO-8601, UTC, milliseconds. */
  readonly timestamp: string
  /** `^[A-Za-z0-9_-]+$`, default `event`. */
  readonly type: string
  /** Expanded: `a:b:c` is there as `a` and as `a:b:c`. */
  readonly tags: readonly string[]
  readonly value?: unknown
  readonly digest?: string
}

/** What a producer gives; id, timestamp and tag expansion are the log's work. */
export interface NewEvent {
  readonly tags: readonly string[]
  readonly type?: string
  readonly value?: unknown
  readonly timestamp?: string
}

/** `['shop:web', 'a']` → `['shop', 'shop:web', 'a']`: split at the first colon only, order kept, no doubles. */
export function expandTags(tags: readonly string[]): string[] {
  return [...new Set(tags.flatMap(tag => {
    const colon = tag.indexOf(':')
    return colon > 0 ? [tag.slice(0, colon), tag] : [tag]
  }))]
}

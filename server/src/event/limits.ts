/** Bounds of the event log; beyond them an append is refused with a fault that says the limit. */

/** Per event, before expansion. */
export const TAGS_MAX = 64
/** In UTF-16 code units. */
export const TAG_LENGTH_MAX = 512
export const TYPE_LENGTH_MAX = 128
/** Of one event's value, in UTF-8 bytes of its JSON text. Archive events carry what was sent, what was there before and what is there now. */
export const VALUE_BYTES_MAX = 16 * 1024 * 1024
/** How far a producer's clock may be ahead of the server's; later timestamps would be newest for as long. */
export const CLOCK_AHEAD_MAX_MS = 10 * 60_000
/** Events in one append. */
export const APPEND_EVENTS_MAX = 10_000
/** Appended but not yet durable, of all producers together: producers that are faster than the disk are refused. */
export const PENDING_EVENTS_MAX = 50_000
export const PENDING_BYTES_MAX = 64 * 1024 * 1024
/** Events in one transaction. */
export const COMMIT_EVENTS_MAX = 5000
/** Events of one query, whatever limit it asks for. */
export const QUERY_EVENTS_MAX = 10_000
/** Tags of one query. */
export const QUERY_TAGS_MAX = 32
/** Groups of one aggregation. */
export const GROUPS_MAX = 10_000
/** Dotted names of an aggregator's field. */
export const FIELD_DEPTH_MAX = 16
export const SUBSCRIPTIONS_MAX = 10_000
/** Events read at a time for a subscription that is behind; nothing else is buffered for it. */
export const CATCH_UP_EVENTS = 500
/** Events removed in one transaction, so that appends never wait long for a prune. */
export const PRUNE_EVENTS = 2000
/** Events that the log without a disk remembers; the oldest go first. */
export const MEMORY_EVENTS_MAX = 100_000

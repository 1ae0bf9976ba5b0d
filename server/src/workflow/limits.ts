/** Bounds of workflows. */

/** Runs that are over are remembered so many per workflow, the newest ones. */
export const RUNS_KEPT = 50
/** Of one run's log: the newest lines, so many and so long together. */
export const LOG_LINES_KEPT = 500
export const LOG_CHARS_KEPT = 64 * 1024
/** Triggers of one workflow that wait for their turn; more are left out, and counted. */
export const WAITING_MAX = 1000
/** Moments of a schedule that are caught up after an absence of the server. */
export const CATCH_UP_MAX = 100
/** Runs of events, schedules and people at the same time, of all workflows together. */
export const RUNS_AT_ONCE = 8
/** Of one workflow whose runs may overlap. */
export const OVERLAPPING_MAX = 4
/** Daemons at the same time: each is a process. */
export const DAEMONS_MAX = 64
/** Of a run that an event, a schedule or a person began, unless the workflow says otherwise; milliseconds. */
export const TIMEOUT_MS = 5 * 60_000
/** A daemon that ends begins again after so long, unless it says otherwise; milliseconds, from its start. */
export const PERIOD_MS = 60_000
/** Between attempts and between starts of a daemon that fails: doubles from the first to the last. */
export const BACKOFF_FIRST_MS = 1000
export const BACKOFF_MAX_MS = 60_000
/** Of what a script remembers under one key, as JSON. */
export const VALUE_BYTES_MAX = 64 * 1024
export const VALUES_MAX = 1000
/** What scripts may use that say nothing: the original's. Its memory was for a whole Node.js; this is for the script alone. */
export const DEFAULT_SCALE = { cpu: 0.1, memory: 64 } as const

/** What the agents saw: one-second windows of cells, mergeable. */

/** Sparse log-bucket histogram of milliseconds, 1 % relative error; see `stats/sketch.ts`. Pairs [bucket index, count], ascending. */
export type SketchData = readonly (readonly [index: number, count: number])[]

/**
 * How a request ended, where it did not simply end: the client gave up; no instance could be connected to; an instance broke off; it took
 * too long; the request waited in vain for its turn; a policy refused it; the proxy itself failed.
 */
export const ENDINGS = ['client', 'connect', 'server', 'timeout', 'queue', 'refused', 'proxy'] as const
export type Ending = (typeof ENDINGS)[number]

/**
 * Requests of one second that ended on one (gateway, route, instance), one of eight session-hash parts.
 * Counted by the proxy, so a dead version still counts. Exact sums: merging windows is adding cells.
 */
export interface Cell {
  readonly gateway: string
  /** Route path as in the gateway: `shop/web/web:1.1/http`. */
  readonly route: string
  /** Instance id; '' where no server took it (none available, refused by a policy). */
  readonly instance: string
  /** `condition` if the route was taken by its condition, `mirror` for copies, which count for no gateway; `weight` otherwise. */
  readonly by: 'condition' | 'weight' | 'mirror'
  /** 0–7: hash of the session key; for the noise estimate. */
  readonly part: number
  readonly requests: number
  /** 5xx, time-outs, refused and reset connections, as the proxy saw them. */
  readonly errors: number
  /** By hundred: [other, 1xx, 2xx, 3xx, 4xx, 5xx]. */
  readonly statuses: readonly [number, number, number, number, number, number]
  readonly bytes: number
  readonly latency: SketchData
  /** Absent where all simply ended. */
  readonly endings?: Endings | undefined
  /** Its errors, by kind. Absent where there are none, and in what is stored. */
  readonly failures?: readonly FailedRequests[] | undefined
  /** Requests in progress, summed over seconds; only in what is stored. */
  readonly busy?: number | undefined
}

export type Endings = Readonly<Partial<Record<Ending, number>>>

/** Failed requests of one kind. */
export interface FailedRequests {
  readonly requests: number
  /** 0 where no answer came. Absent, like all that follows: others, for whose kinds there was no room. */
  readonly status?: number
  /** Absent where they simply ended. */
  readonly ending?: Ending
  /** These two are absent where the proxy does not know. */
  readonly method?: string
  /** Without its query; what looks like an id is `:id`. */
  readonly path?: string
}

/** Requests of a route in progress at the end of a second; `waiting` are those without an instance (`hold`). */
export interface Busy {
  readonly gateway: string
  readonly route: string
  readonly requests: number
  readonly waiting: number
}

export interface Window {
  readonly agent: string
  /** Grows by one per window of this agent, restarts never (it is kept on disk); (agent, sequence) makes delivery idempotent. */
  readonly sequence: number
  /** Unix time, whole seconds: requests that ended in [second, second + 1). */
  readonly second: number
  /** Seconds to be added to that, because its clock is off; set by the server. A repetition is known by the agent's own second. */
  readonly secondsBehind?: number
  readonly cells: readonly Cell[]
  /** Log lines lost since the last window, as far as the agent can tell. */
  readonly dropped: number
  /** Routes with requests in progress. */
  readonly busy?: readonly Busy[]
}

/** What became of a workflow: one record of each run, and where the workflow itself stands. */
import type { Event } from './event.ts'
import type { WorkflowStatus } from './workflow.ts'

/** Why a run is there. */
export type Trigger =
  | { readonly by: 'daemon' }
  | { readonly by: 'event'; readonly event: Event }
  /** ISO-8601: the moment of the schedule, which may be long before the run. */
  | { readonly by: 'time'; readonly due: string }
  | { readonly by: 'person'; readonly who: string; readonly event?: unknown }

/** `waiting`: for its turn or for the next attempt. `stopped`: by a person, a change or the end of the server. */
export type RunState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'stopped' | 'skipped'

/** What a run went beyond. */
export type Limit = 'time' | 'cpu' | 'memory' | 'stack' | 'silence'

export interface RunLine {
  /** ISO-8601. */
  readonly timestamp: string
  readonly level: 'info' | 'error'
  readonly line: string
}

export interface WorkflowRun {
  /** Unique in the workflow. */
  readonly id: string
  readonly workflow: string
  readonly trigger: Trigger
  /** The same for every attempt, also after a restart of the server: what a script needs to do something once. */
  readonly key: string
  readonly state: RunState
  /** Begun so far. */
  readonly attempts: number
  /** ISO-8601, of the trigger; the other times are of the last attempt. */
  readonly created: string
  readonly started?: string
  readonly finished?: string
  /** Milliseconds of processor time. */
  readonly cpu_ms?: number
  /** What the script gave back. */
  readonly result?: unknown
  /** Why it did not succeed, as a sentence. */
  readonly reason?: string
  readonly limit?: Limit
  /** Nothing was changed by it. */
  readonly dry?: boolean
  /** First 12 digits of the SHA-256 of what ran. */
  readonly digest?: string
  readonly log: readonly RunLine[]
  /** Lines that were printed beyond what is kept. */
  readonly left_out: number
}

export interface WorkflowState {
  readonly status: WorkflowStatus
  /** ISO-8601, of the status. */
  readonly since: string
  /** Why it does not run. */
  readonly reason?: string
  /** ISO-8601: when a time schedule is next due. */
  readonly next?: string
  /** Of a time schedule: where it is anchored, the last moment that was handed out, and how many were. */
  readonly schedule?: { readonly text: string; readonly anchor: string; readonly last?: string; readonly count: number }
  /** Revision of the wish whose restart was carried out. */
  readonly restarted?: number
  /** Triggers that found no room. */
  readonly dropped?: number
}

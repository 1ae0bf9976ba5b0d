/** RUNS SCRIPTS: the port to whatever executes one run of a workflow. Contract suite: `contract.ts`. */
import type { WorkflowFacts } from '@vamp/client/workflow-host'
import type { Limit } from '@vamp/model/workflow-run'
import type { Workload } from '../container/container-driver.ts'

export interface RunLimits {
  /** Milliseconds from the start; 0 = none. */
  readonly wallMs: number
  /** Cores: what a run may use on average, beyond `CPU_BURST_MS` at the beginning. */
  readonly cpu: number
  /** Instead of `CPU_BURST_MS`. */
  readonly burstMs?: number
  /** Megabytes. */
  readonly memory: number
}

/** What starting, parsing and one decent computation take. */
export const CPU_BURST_MS = 3000

export interface RunRequest {
  readonly facts: WorkflowFacts
  readonly script: string
  readonly language: 'javascript' | 'typescript'
  readonly limits: RunLimits
  /** Beside Vamp itself. */
  readonly hosts: readonly string[]
  /** Of the API, where it asks for one. */
  readonly token?: string
  /** When it began, Unix milliseconds; absent: now. A container may have been begun by an earlier server. */
  readonly startedMs?: number
  /** Of what is no script. */
  readonly workload?: Omit<Workload, 'id' | 'digest'>
}

export interface RunEnd {
  readonly state: 'succeeded' | 'failed' | 'stopped'
  /** JSON; absent where the script gave nothing. */
  readonly result?: unknown
  readonly reason?: string
  readonly limit?: Limit
  readonly cpuMs?: number
}

export interface PrintedLine { readonly time: number; readonly level: 'info' | 'error'; readonly line: string }

export interface RunListener {
  /** Lines as they come, in pieces; `leftOut` more were printed than a run may in this time. */
  printed(lines: readonly PrintedLine[], leftOut: number): void
}

export interface Running {
  /** Never rejects. */
  readonly ended: Promise<RunEnd>
  /** Ends it at once; `ended` tells the reason. */
  stop(reason: string): void
}

export interface Runner extends AsyncDisposable {
  start(request: RunRequest, listener: RunListener): Running
}

/** A line that is longer is cut. */
export const LINE_LENGTH_MAX = 1000
/** Of one run, in a second; more are counted and left out. */
export const LINES_PER_SECOND_MAX = 200
/** Of the JSON that a script gives back. */
export const RESULT_BYTES_MAX = 64 * 1024

/** What a script finds around it: made by whatever runs it, under `HOST_KEY` of its global object. */

/** `Symbol.for` of it. */
export const HOST_KEY = 'vamp.workflow'

export interface WorkflowFacts {
  /** Of the server, `http://127.0.0.1:8080`. */
  readonly url: string
  readonly namespace: string
  readonly workflow: string
  readonly run: string
  /** The same for every attempt of this run. */
  readonly key: string
  readonly attempt: number
  /** Writes are told, not carried out. */
  readonly dry: boolean
  readonly environment: Readonly<Record<string, string>>
  /** That triggered this run; what a person gave in its place; absent for schedules. */
  readonly event?: unknown
  /** ISO-8601: the moment of a time schedule. */
  readonly due?: string
}

export interface HostRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HostResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The next piece of the body, nothing at its end. */
  read(): Promise<string | undefined>
  /** Nothing more is wanted of it. */
  close(): void
}

export interface WorkflowHost {
  readonly facts: WorkflowFacts
  log(level: 'info' | 'error', line: string): void
  /** To Vamp itself with the workflow's own rights, elsewhere where it is allowed. Throws where it is not. */
  open(request: HostRequest): Promise<HostResponse>
  sleep(ms: number): Promise<void>
  /** Milliseconds since 1970. */
  now(): number
}

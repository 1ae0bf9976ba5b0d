/** The times that a deployment's life is measured by, in milliseconds, and its bounds. */
export interface DeploymentSettings {
  /** Connections and sessions of an instance that leaves get so long to end. */
  readonly drainMs: number
  /** From being asked to end to being killed. */
  readonly graceMs: number
  /** An endpoint that no table carries is believed only after this: a table with it may be on its way. */
  readonly settleMs: number
  /** A leaving instance is stopped after this even if no agent says that it let go of it. */
  readonly stopAnywayMs: number
  /** First wait before a failed instance is started again; doubles with each failure in a row. */
  readonly backoffMs: number
  readonly backoffMsMax: number
  /** An instance that was ready for so long starts counting its failures anew. */
  readonly stableMs: number
  /** A service with an instance that is not ready after this is called failed; it is still waited for. */
  readonly readyMs: number
  /** Instances of one deployment that start at the same time. */
  readonly startingMax: number
}

export const DEFAULT_SETTINGS: DeploymentSettings = {
  drainMs: 30_000,
  graceMs: 10_000,
  settleMs: 200,
  stopAnywayMs: 30_000,
  backoffMs: 1000,
  backoffMsMax: 60_000,
  stableMs: 60_000,
  readyMs: 600_000,
  startingMax: 10,
}

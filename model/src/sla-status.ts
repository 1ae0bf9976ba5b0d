/** What is true of the promises of one deployment: how far its events were handled, and what was last said of each cluster. */
export interface SlaStatus {
  /** The deployment. */
  readonly name: string
  /** Id of the last event that was handled: written with what came of it, so that no event acts twice. */
  readonly handled: string
  readonly clusters: Readonly<Record<string, ClusterSla>>
}

export interface ClusterSla {
  /** ISO-8601, of the last escalation or de-escalation; absent before the first. */
  readonly since?: string
  readonly direction?: 'escalate' | 'deescalate'
  /** What came of it, or why nothing did, for a person. */
  readonly sentence: string
}

/** CARRIES: the agents, which table each has confirmed, and what each saw. */
import type { AgentReport } from '@vamp/agent/link/link'
import type { Window } from '@vamp/model/metric'
import type { RoutingTable } from '@vamp/model/routing/table'

export interface Fleet {
  /** The table that every agent should have; the newest wins. */
  publish(table: RoutingTable): void
  readonly table: RoutingTable
  /** The newest report of every live agent. */
  reports(): readonly AgentReport[]
  /** The revision that every live agent has confirmed; 0 without agents. */
  acknowledged(): number
  /** What the agents' confirmed tables say of an endpoint, worst first: `ready` on any agent is `ready`. One that is `absent` may still have connections to finish. */
  endpoint(id: string): { readonly state: 'ready' | 'draining' | 'absent'; readonly connections: number }
  /** Whether every live agent has confirmed a table that has this endpoint in rotation: a request may be answered by it, whichever proxy it comes to. */
  serves(id: string): boolean
  /** Whole seconds by which the clock of an agent is behind this server's, negative when it is ahead; 0 when it is right, or as good as. */
  secondsBehind(agent: string): number
  onReport(listener: (report: AgentReport) => void): () => void
  /** With `secondsBehind`. A window is acknowledged to its agent when every listener has taken it. */
  onWindow(listener: (window: Window) => Promise<void> | void): () => void
}

/** Both ends of a link in memory: what the agent is told, and what came of it, in order. */
import type { Window } from '@vamp/model/metric'
import type { RoutingTable } from '@vamp/model/routing/table'
import type { AgentReport, Link } from './link.ts'

export interface LinkPair {
  /** The agent's end. */
  readonly link: Link
  publish(table: RoutingTable): void
  readonly reports: readonly AgentReport[]
  readonly windows: readonly Window[]
  /** While the line is cut, windows are refused and reports are lost; tables are told when it is back. */
  cut(isCut: boolean): void
}

export function linkPair(): LinkPair {
  const listeners = new Set<(table: RoutingTable) => void>()
  const reports: AgentReport[] = []
  const windows: Window[] = []
  let newest: RoutingTable | undefined
  let isCut = false
  const tell = () => { if (newest && !isCut) for (const listener of listeners) listener(newest) }
  return {
    link: {
      onTable(listener) {
        listeners.add(listener)
        if (newest && !isCut) listener(newest)
        return () => { listeners.delete(listener) }
      },
      report(report) { if (!isCut) reports.push(report) },
      async deliver(window) {
        if (isCut) throw new Error('the line is cut')
        windows.push(window)
      },
    },
    publish(table) { newest = table; tell() },
    reports, windows,
    cut(next) {
      isCut = next
      if (!isCut) tell()
    },
  }
}

/**
 * The fleet as the server holds it in memory: every agent, in-process or behind a transport, joins with a `Link`.
 * Nothing here is durable: agents keep their last table, and repeat their report when they come back.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { AgentReport, Link } from '@vamp/agent/link/link'
import { Fault } from '@vamp/model/fault'
import type { Window } from '@vamp/model/metric'
import type { Endpoint, RoutingTable } from '@vamp/model/routing/table'
import { AgentClock } from './agent-clock.ts'
import type { Fleet } from './fleet.ts'

/** An agent that says nothing for so long is not waited for. It reports every second. */
const AGENT_SILENT_MS = 10_000

/** Of live ones; a name that nobody has heard of for a while is forgotten. */
export const AGENTS_MAX = 1000
/** The agent beside the server's own proxy. */
export const LOCAL_AGENT = 'local'

/** Tables that are remembered until every agent has confirmed them. */
const UNCONFIRMED_MAX = 20

const EMPTY: RoutingTable = { revision: 0, gateways: [] }
/** Of an endpoint that an agent may have taken up and has said nothing of. */
const MAYBE_READY = { state: 'ready', connections: 0 } as const

export interface LiveFleet extends Fleet {
  /** The server's end of an agent's link. One that joins again keeps what it reported until it reports again. Throws `Fault('too_large')`. */
  join(agent: string): Link
  /** What its clock says. */
  hearClock(agent: string, itsMs: number): void
  /** Called after every new table. */
  onPublish(listener: () => void): () => void
}

interface Member { report?: AgentReport; heardAt: number }

export function openFleet({ clock }: { clock: Clock }): LiveFleet {
  let table = EMPTY
  /** The newest last; of each, what it says of endpoints, made when somebody asks. */
  let unconfirmed: readonly { readonly revision: number; readonly states: () => ReadonlyMap<string, Endpoint['state']> }[] = []
  const members = new Map<string, Member>()
  /** Also of those that are silent: what they measured meanwhile may come before they report. */
  const clocks = new Map<string, AgentClock>()
  const tableListeners = new Set<(table: RoutingTable) => void>()
  const reportListeners = new Set<(report: AgentReport) => void>()
  const windowListeners = new Set<(window: Window) => Promise<void> | void>()

  const reports = () => [...members.values()].flatMap(({ report, heardAt }) => report && clock.now() - heardAt <= AGENT_SILENT_MS ? [report] : [])
  const acknowledged = () => { const all = reports(); return all.length ? Math.min(...all.map(report => report.acknowledged)) : 0 }

  const hearClock = (agent: string, itsMs: number) => {
    const its = clocks.get(agent) ?? new AgentClock()
    its.heard(itsMs, clock.now())
    clocks.delete(agent)
    clocks.set(agent, its)
    const oldest = clocks.size > AGENTS_MAX ? clocks.keys().next().value : undefined
    if (oldest !== undefined) clocks.delete(oldest)
  }
  const placed = (agent: string, window: Window): Window => {
    const secondsBehind = clocks.get(agent)?.secondsBehind ?? 0
    return secondsBehind === 0 ? window : { ...window, secondsBehind }
  }

  return {
    get table() { return table },
    publish(next) {
      table = next
      const confirmed = acknowledged()
      unconfirmed = [...unconfirmed.filter(({ revision }) => revision > confirmed), { revision: next.revision, states: once(() => endpointStates(next)) }].slice(-UNCONFIRMED_MAX)
      for (const listener of tableListeners) listener(next)
    },
    reports,
    acknowledged,
    endpoint(id) {
      // Any table that somebody has not confirmed may be in force there, also one that was superseded: what it has and nobody told of may be in rotation.
      const seen = reports().flatMap(report => {
        const told = endpointsOf(report).get(id)
        const coming = unconfirmed.flatMap(({ revision, states }) => revision > report.acknowledged ? states().get(id) ?? [] : [])
        return [...(told ? [told] : []), ...(coming.includes('ready') || coming.length > 0 && !told ? [MAYBE_READY] : [])]
      })
      const finishing = reports().flatMap(report => report.finishing ?? []).filter(endpoint => endpoint.id === id)
      const connections = [...seen, ...finishing].reduce((sum, endpoint) => sum + endpoint.connections, 0)
      return { state: seen.some(({ state }) => state === 'ready') ? 'ready' : seen.length > 0 ? 'draining' : 'absent', connections }
    },
    serves(id) {
      const live = reports()
      return live.length > 0 && live.every(report => endpointsOf(report).get(id)?.state === 'ready')
    },
    hearClock,
    secondsBehind: agent => clocks.get(agent)?.secondsBehind ?? 0,
    onPublish(listener) {
      const told = () => listener()
      tableListeners.add(told)
      return () => tableListeners.delete(told)
    },
    onReport(listener) { reportListeners.add(listener); return () => reportListeners.delete(listener) },
    onWindow(listener) { windowListeners.add(listener); return () => windowListeners.delete(listener) },
    join(agent) {
      for (const [name, { heardAt }] of members) if (clock.now() - heardAt > AGENT_SILENT_MS) members.delete(name)
      if (!members.has(agent) && members.size >= AGENTS_MAX) throw new Fault('too_large', `${AGENTS_MAX} agents are connected.`)
      members.set(agent, { ...members.get(agent), heardAt: clock.now() })
      return {
        onTable(listener) {
          tableListeners.add(listener)
          if (table.revision > 0) listener(table)
          return () => tableListeners.delete(listener)
        },
        report(report) {
          members.set(agent, { report, heardAt: clock.now() })
          if (report.time !== undefined) hearClock(agent, report.time)
          for (const listener of reportListeners) listener(report)
        },
        async deliver(window) {
          const its = placed(agent, window)
          await Promise.all([...windowListeners].map(listener => listener(its)))
        },
      }
    },
  }
}

/** Asked for one by one, for every instance that there is. */
const byId = new WeakMap<AgentReport['endpoints'], ReadonlyMap<string, AgentReport['endpoints'][number]>>()

function endpointsOf({ endpoints }: AgentReport): ReadonlyMap<string, AgentReport['endpoints'][number]> {
  const known = byId.get(endpoints) ?? new Map(endpoints.map(endpoint => [endpoint.id, endpoint]))
  byId.set(endpoints, known)
  return known
}

function endpointStates(table: RoutingTable): Map<string, Endpoint['state']> {
  const states = new Map<string, Endpoint['state']>()
  for (const gateway of table.gateways)
    for (const route of gateway.routes)
      if (route.target.is === 'endpoints')
        for (const { id, state } of route.target.endpoints) if (states.get(id) !== 'ready') states.set(id, state)
  return states
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

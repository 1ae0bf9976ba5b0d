/** Agents on other hosts: their tables out, their reports and measurements in. */
import { AGENT_TIME_HEADER, agents, type AgentReportJson, WindowJson } from '@vamp/model/api/agent'
import type { AgentReport } from '@vamp/agent/link/link'
import { byName, withKey } from '@vamp/model/changed'
import { Fault } from '@vamp/model/fault'
import type { Window } from '@vamp/model/metric'
import { LOCAL_AGENT } from '../fleet/live-fleet.ts'
import { refuse } from './refused.ts'
import { nothing, type Route, route } from './route.ts'
import { checker } from './schema-check.ts'
import { aborted } from './sse.ts'
import type { World } from './world.ts'

export function agentRoutes({ fleet, log }: World): Route[] {
  /** What ends the stream of an agent. */
  const streams = new Map<string, () => void>()
  const checkWindow = checker(WindowJson, 'body')
  /** This server's own agent needs no network, and nobody else may speak for it. */
  const linkOf = (agent: string) => {
    if (agent === LOCAL_AGENT) throw new Fault('conflict', `'${LOCAL_AGENT}' is the server's own agent; give this one another name.`)
    return fleet.join(agent)
  }
  return [
    route(agents.tables, async ({ path, header }) => {
      const link = linkOf(path.agent)
      const known = Number(header('Last-Event-ID') ?? 0)
      return { is: 'stream', source: async outlet => {
        const replaced = new AbortController()
        const leave = () => replaced.abort()
        // A connection that broke may look open for a while.
        if (streams.has(path.agent)) log.warn('an agent connects once more: back after a break, or two of one name?', { agent: path.agent })
        streams.get(path.agent)?.()
        streams.set(path.agent, leave)
        let opening = true
        const end = link.onTable(table => {
          // A server that lost its memory counts from the beginning, so every other table is news.
          if (!opening || table.revision !== known) outlet.send({ id: String(table.revision), data: table })
        })
        opening = false
        await aborted(AbortSignal.any([outlet.signal, replaced.signal]))
        end()
        if (streams.get(path.agent) === leave) streams.delete(path.agent)
      } }
    }),
    route(agents.report, async ({ path, body }) => {
      if (body.agent !== path.agent) refuse('InconsistentArtifactName', `Inconsistent name: given '${path.agent}' but found '${body.agent}'.`, 'agent')
      const before = fleet.reports().find(({ agent }) => agent === path.agent)
      linkOf(path.agent).report({ ...body, shares: sharesIn(body.shares, before?.shares ?? []) } as AgentReport)
      return nothing
    }),
    route(agents.window, async ({ path, body, header }) => {
      const window = checkWindow(jsonIn(body)) as Window
      if (window.agent !== path.agent) refuse('InconsistentArtifactName', `Inconsistent name: given '${path.agent}' but found '${window.agent}'.`, 'agent')
      const link = linkOf(path.agent)
      const time = header(AGENT_TIME_HEADER)
      if (time !== undefined && Number.isFinite(Number(time))) fleet.hearClock(path.agent, Number(time))
      await link.deliver(window)
      return nothing
    }),
  ]
}

/** As a list in which what did not change is the same object as before. */
function sharesIn(shares: AgentReportJson['shares'], before: AgentReport['shares']): AgentReport['shares'] {
  const now = Object.entries(shares).map(([name, routes], at) => {
    const old = before[at]?.name === name ? before[at] : withKey(before, name, byName)
    return old && JSON.stringify(old.routes) === JSON.stringify(routes) ? old : { name, routes }
  })
  return now.length === before.length && now.every((each, at) => each === before[at]) ? before : now
}

/** Large and made by a program: not worth a parser that knows every line. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return refuse('YamlParsingError', 'Error: the body is no JSON')
  }
}

/** Agents on other hosts: their tables out, their reports and measurements in. */
import { agents, WindowJson } from '@vamp/model/api/agent'
import type { AgentReport, Link } from '@vamp/agent/link/link'
import { Fault } from '@vamp/model/fault'
import type { Window } from '@vamp/model/metric'
import { AGENTS_MAX } from './limits.ts'
import { refuse } from './refused.ts'
import { nothing, type Route, route } from './route.ts'
import { checker } from './schema-check.ts'
import { aborted } from './sse.ts'
import type { World } from './world.ts'

/** This server's own agent needs no network, and nobody else may speak for it. */
const OWN = 'local'

export function agentRoutes({ fleet }: World): Route[] {
  const links = new Map<string, Link>()
  const checkWindow = checker(WindowJson, 'body')
  const linkOf = (agent: string): Link => {
    if (agent === OWN) throw new Fault('conflict', `'${OWN}' is the server's own agent; give this one another name.`)
    const known = links.get(agent)
    if (known) return known
    if (links.size >= AGENTS_MAX) throw new Fault('too_large', `${AGENTS_MAX} agents are known.`)
    const link = fleet.join(agent)
    links.set(agent, link)
    return link
  }
  return [
    route(agents.tables, async ({ path, header }) => {
      const link = linkOf(path.agent)
      const known = Number(header('Last-Event-ID') ?? 0)
      return { is: 'stream', source: async outlet => {
        const end = link.onTable(table => { if (table.revision > known) outlet.send({ id: String(table.revision), data: table }) })
        await aborted(outlet.signal)
        end()
      } }
    }),
    route(agents.report, async ({ path, body }) => {
      if (body.agent !== path.agent) refuse('InconsistentArtifactName', `Inconsistent name: given '${path.agent}' but found '${body.agent}'.`, 'agent')
      linkOf(path.agent).report(body as AgentReport)
      return nothing
    }),
    route(agents.window, async ({ path, body }) => {
      const window = checkWindow(jsonIn(body)) as Window
      if (window.agent !== path.agent) refuse('InconsistentArtifactName', `Inconsistent name: given '${path.agent}' but found '${window.agent}'.`, 'agent')
      await linkOf(path.agent).deliver(window)
      return nothing
    }),
  ]
}

/** Large and made by a program: not worth a parser that knows every line. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return refuse('YamlParsingError', 'Error: the body is no JSON')
  }
}

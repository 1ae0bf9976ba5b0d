/** Tables from a server, as a stream of server-sent events. */
import { agents } from '@vamp/model/api/agent'
import { fillPath } from '@vamp/model/api/endpoint'
import { Fault } from '@vamp/model/fault'
import type { RoutingTable } from '@vamp/model/routing/table'
import type { Clock } from '../base/clock.ts'
import { eventReader } from './event-reader.ts'
import { type HttpOptions, inTurn } from './servers.ts'
import { followTables, type Tables } from './tables.ts'

/** The server sends a sign of life every 15 s. */
const SILENT_MS_MAX = 45_000

export function httpTables({ servers: all, agent, token, clock, log }: HttpOptions): Tables {
  const servers = inTurn(all)
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return followTables({
    clock, log, source: all.join(', '),
    async follow(take, newest, signal) {
      const server = servers.current
      const url = new URL(fillPath(agents.tables.path, { agent }), server).href
      // A stream that ends is a server that ends, or that leads no more.
      try { await readStream({ url, headers, known: newest?.revision, clock, signal, take }) } finally { servers.failed(server) }
    },
  })
}

interface Reading {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Revision of the newest table that came. */
  readonly known: number | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly take: (table: RoutingTable) => void
}

/** Until the stream ends or breaks. A server that sends no sign of life has gone. */
async function readStream({ url, headers, known, clock, signal, take }: Reading): Promise<void> {
  const silent = new AbortController()
  const silence = () => clock.after(SILENT_MS_MAX, () => silent.abort(new Fault('timeout', 'the server is silent', { url })))
  let cancel = silence()
  try {
    const resume = known === undefined ? {} : { 'last-event-id': String(known) }
    const response = await fetch(url, { headers: { ...headers, ...resume, accept: 'text/event-stream' }, signal: AbortSignal.any([signal, silent.signal]) })
    if (!response.ok || !response.body) throw new Fault(response.status === 401 ? 'unauthorized' : 'agent_unreachable', 'the server gives no tables', { url, status: response.status })
    const read = eventReader(data => take(JSON.parse(data) as RoutingTable))
    for await (const chunk of response.body) {
      cancel()
      cancel = silence()
      read(chunk)
    }
  } finally {
    cancel()
  }
}

/**
 * A link to a server over HTTP: tables as a stream of server-sent events, reports and windows as requests. Everything heals
 * by itself: a broken stream is opened again, a report that is lost is followed by another, a window is sent again.
 */
import { agents, WINDOW_BYTES_MAX } from '@vamp/model/api/agent'
import { fillPath } from '@vamp/model/api/endpoint'
import { Fault } from '@vamp/model/fault'
import type { RoutingTable } from '@vamp/model/routing/table'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { eventReader } from './event-reader.ts'
import type { AgentReport, Link } from './link.ts'

export interface HttpLinkOptions {
  /** `http://vamp.example:8080` */
  readonly server: string
  readonly agent: string
  readonly token?: string
  readonly clock: Clock
  readonly log: Logger
}

export type HttpLink = Link & AsyncDisposable

const RECONNECT_MS = 1_000
/** The server sends a sign of life every 15 s. */
const SILENT_MS_MAX = 45_000
const REQUEST_MS_MAX = 10_000

export function openHttpLink({ server, agent, token, clock, log }: HttpLinkOptions): HttpLink {
  const ended = new AbortController()
  const listeners = new Set<(table: RoutingTable) => void>()
  let newest: RoutingTable | undefined
  let waiting: AgentReport | undefined
  let reporting: Promise<void> | undefined
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const urlOf = (row: { readonly path: string }) => new URL(fillPath(row.path, { agent }), server).href

  const call = async (method: string, url: string, body: string): Promise<number> => {
    const late = new AbortController()
    const cancel = clock.after(REQUEST_MS_MAX, () => late.abort(new Fault('timeout', 'the server took too long', { url })))
    try {
      const response = await fetch(url, { method, body, headers: { ...headers, 'content-type': 'application/json' }, signal: AbortSignal.any([late.signal, ended.signal]) })
      await response.arrayBuffer()
      return response.status
    } finally {
      cancel()
    }
  }
  const take = (table: RoutingTable) => {
    newest = table
    for (const listener of listeners) listener(table)
  }
  const follow = async () => {
    while (!ended.signal.aborted) {
      try {
        await followTables({ url: urlOf(agents.tables), headers, known: newest?.revision, clock, signal: ended.signal, take })
      } catch (error) {
        if (!ended.signal.aborted) log.warn('no tables from the server, trying again', { server, error })
      }
      await clock.sleep(RECONNECT_MS, ended.signal).catch(() => undefined)
    }
  }
  const sendReports = async () => {
    for (let next = waiting; next && !ended.signal.aborted; next = waiting) {
      waiting = undefined
      try {
        const status = await call('PUT', urlOf(agents.report), JSON.stringify(next))
        if (status >= 300) log.warn('the server took no report', { server, status })
      } catch (error) {
        log.debug('a report was lost', { server, error })
      }
    }
  }
  const following = follow()

  return {
    onTable(listener) {
      listeners.add(listener)
      if (newest) listener(newest)
      return () => { listeners.delete(listener) }
    },
    report(report) {
      waiting = report
      reporting ??= sendReports().finally(() => { reporting = undefined })
    },
    async deliver(window) {
      const body = JSON.stringify(window)
      const status = body.length > WINDOW_BYTES_MAX ? 413 : await call('POST', urlOf(agents.window), body)
      if (status < 300) return
      if (status !== 400 && status !== 413) throw new Fault('agent_unreachable', 'the server took no window', { server, status })
      // It would be refused again; the ones behind it must not wait for ever.
      log.error('the server refuses a window, it is given up', { server, status, second: window.second, cells: window.cells.length })
    },
    async [Symbol.asyncDispose]() {
      ended.abort(new Fault('agent_unreachable', 'the link is closed'))
      await Promise.all([following, reporting])
    },
  }
}

interface Following {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Revision of the newest table that came. */
  readonly known: number | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly take: (table: RoutingTable) => void
}

/** Until the stream ends or breaks. A server that sends no sign of life has gone. */
async function followTables({ url, headers, known, clock, signal, take }: Following): Promise<void> {
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

/**
 * What an agent says to its server over HTTP, and, together with where its tables come from, its link. Everything heals by
 * itself: a report that is lost is followed by another, a window is sent again.
 */
import { AGENT_TIME_HEADER, agents, WINDOW_BYTES_MAX } from '@vamp/model/api/agent'
import { fillPath } from '@vamp/model/api/endpoint'
import { Fault } from '@vamp/model/fault'
import { httpTables } from './http-tables.ts'
import type { AgentReport, Link } from './link.ts'
import { type HttpOptions, inTurn } from './servers.ts'
import type { Tables } from './tables.ts'
import { windowText } from '../traffic/window-text.ts'

export type OpenLink = Link & AsyncDisposable

const REQUEST_MS_MAX = 10_000

const reportText = ({ shares, ...report }: AgentReport) => JSON.stringify({ ...report, shares: Object.fromEntries(shares.map(({ name, routes }) => [name, routes])) })

/** Tables from the server too, unless they come from somewhere else. */
export function openHttpLink(options: HttpOptions, tables: Tables = httpTables(options)): OpenLink {
  const { agent, token, clock, log } = options
  const servers = inTurn(options.servers)
  const ended = new AbortController()
  let waiting: AgentReport | undefined
  let reporting: Promise<void> | undefined
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }

  const call = async (method: string, { path }: { readonly path: string }, body: string): Promise<number> => {
    const server = servers.current
    const url = new URL(fillPath(path, { agent }), server).href
    const late = new AbortController()
    const cancel = clock.after(REQUEST_MS_MAX, () => late.abort(new Fault('timeout', 'the server took too long', { url })))
    try {
      const response = await fetch(url, { method, body, headers: { ...headers, [AGENT_TIME_HEADER]: String(clock.now()), 'content-type': 'application/json' }, signal: AbortSignal.any([late.signal, ended.signal]) })
      await response.arrayBuffer()
      if (response.status >= 502) servers.failed(server)
      return response.status
    } catch (error) {
      servers.failed(server)
      throw error
    } finally {
      cancel()
    }
  }
  const sendReports = async () => {
    for (let next = waiting; next && !ended.signal.aborted; next = waiting) {
      waiting = undefined
      try {
        const status = await call('PUT', agents.report, reportText(next))
        if (status >= 300) log.warn('the server took no report', { server: servers.current, status })
      } catch (error) {
        log.debug('a report was lost', { error })
      }
    }
  }

  return {
    onTable: listener => tables.onTable(listener),
    report(report) {
      waiting = report
      reporting ??= sendReports().finally(() => { reporting = undefined })
    },
    async deliver(window) {
      const body = windowText(window)
      const status = body.length > WINDOW_BYTES_MAX ? 413 : await call('POST', agents.window, body)
      if (status < 300) return
      if (status !== 400 && status !== 413) throw new Fault('agent_unreachable', 'the server took no window', { server: servers.current, status })
      // It would be refused again; the ones behind it must not wait for ever.
      log.error('the server refuses a window, it is given up', { server: servers.current, status, second: window.second, cells: window.cells.length })
    },
    async [Symbol.asyncDispose]() {
      ended.abort(new Fault('agent_unreachable', 'the link is closed'))
      await Promise.all([tables[Symbol.asyncDispose](), reporting])
    },
  }
}

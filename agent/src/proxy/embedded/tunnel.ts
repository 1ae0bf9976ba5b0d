/** Connections that are passed on as they are: upgraded ones (WebSocket) and those of tcp gateways. */
import { type ClientRequest, type IncomingMessage, request as httpRequest, STATUS_CODES } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Endpoint } from '@vamp/model/routing/table'
import { type Clock, every } from '../../base/clock.ts'
import type { Choice } from './choice.ts'
import { askedBy, type ExchangeContext } from './exchange.ts'
import { requestHeaders, responseHeaders } from './forwarded-headers.ts'
import { CONNECT_TIMEOUT_MS } from './upstreams.ts'

/** A tunnel that had no byte in either direction between two looks is cut. */
const TUNNEL_IDLE_MS = 3_600_000

interface Outcome { status: number; instance: string; latencyMs: number; bytes: () => number; failed: boolean }

/** Counts the tunnel once, when the client's side has closed. Returns what becomes of it, to be filled in. */
function recorded(context: ExchangeContext, choice: Choice, client: Duplex, request?: IncomingMessage): Outcome & { readonly elapsed: () => number } {
  const { clock } = context
  const began = clock.monotonic()
  const elapsed = () => clock.monotonic() - began
  const outcome = { status: 0, instance: '', latencyMs: -1, bytes: () => 0, failed: false, elapsed }
  client.once('close', () => {
    context.record({
      gateway: choice.gateway, route: choice.route, instance: outcome.instance, by: choice.by, part: choice.part,
      status: outcome.status, error: outcome.failed || outcome.status >= 500,
      ending: outcome.failed ? outcome.latencyMs >= 0 && outcome.status < 500 ? 'server' : 'connect' : undefined,
      latencyMs: outcome.latencyMs >= 0 ? outcome.latencyMs : elapsed(), bytes: outcome.bytes(), endedAt: clock.now(), ...(request ? { asked: askedBy(request) } : {}),
    })
  })
  return outcome
}

/** A connection of a tcp gateway. */
export function tcpTunnel(context: ExchangeContext, choice: Choice, client: Socket): void {
  const outcome = recorded(context, choice, client)
  const attempt = (index: number): void => {
    const endpoint = choice.candidates[index]
    if (!endpoint || client.destroyed) {
      outcome.failed = !endpoint
      client.destroy()
      return
    }
    outcome.instance = endpoint.id
    const end = context.upstreams.begin(endpoint)
    const upstream = connect({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true, noDelay: true })
    let connected = false
    const tooLate = context.clock.after(CONNECT_TIMEOUT_MS, () => { if (!connected) upstream.destroy(new Error('connecting took too long')) })
    upstream.once('connect', () => {
      connected = true
      outcome.latencyMs = outcome.elapsed()
      outcome.bytes = () => upstream.bytesRead
      join(context.clock, client, upstream, choice.policy.timeouts?.tunnel, () => { outcome.failed = true })
    })
    upstream.on('error', () => {
      if (connected) return
      end()
      attempt(index + 1)
    })
    upstream.once('close', () => { tooLate(); end() })
    client.once('close', () => upstream.destroy())
  }
  client.on('error', () => {})
  attempt(0)
}

/** A request that asks for another protocol. `refused`: what a policy answers instead. If the instance does not agree, its answer is passed on and the connection ends. */
export function upgradeTunnel(context: ExchangeContext, choice: Choice, request: IncomingMessage, client: Socket, head: Buffer, refused?: number): void {
  const outcome = recorded(context, choice, client, request)
  const ownAnswer = (status: number) => {
    if (client.destroyed) return
    Object.assign(outcome, { status, failed: status >= 500, latencyMs: outcome.elapsed() })
    client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  }
  const attempt = (index: number): void => {
    const endpoint = choice.candidates[index]
    if (client.destroyed) return
    if (!endpoint) {
      ownAnswer(503)
      return
    }
    outcome.instance = endpoint.id
    const end = context.upstreams.begin(endpoint)
    const asked = askUpgrade(endpoint, request, context.upstreams.serverTimeoutMs)
    let connected = false
    asked.once('socket', socket => socket.once('connect', () => { connected = true }))
    asked.once('timeout', () => { if (outcome.status === 0) asked.destroy(new Error('no answer in time')) })
    asked.once('upgrade', (answer, upstream: Socket, rest) => {
      Object.assign(outcome, { status: 101, latencyMs: outcome.elapsed(), bytes: () => upstream.bytesRead })
      client.write(headOf(answer, ['connection', 'upgrade', 'upgrade', answer.headers.upgrade ?? ''], choice.cookies(endpoint.id)))
      if (rest.length > 0) client.write(rest)
      if (head.length > 0) upstream.write(head)
      upstream.once('close', end)
      join(context.clock, client, upstream, choice.policy.timeouts?.tunnel, () => { outcome.failed = true })
    })
    asked.once('response', answer => {
      Object.assign(outcome, { status: answer.statusCode ?? 0, latencyMs: outcome.elapsed() })
      client.write(headOf(answer, ['connection', 'close'], choice.cookies(endpoint.id)))
      answer.once('close', end)
      answer.on('error', () => client.destroy())
      answer.pipe(client)
    })
    asked.once('error', () => {
      end()
      if (connected) ownAnswer(502)
      else attempt(index + 1)
    })
    asked.on('error', () => {})
    client.once('close', () => { if (outcome.status !== 101) asked.destroy() })
    asked.end()
  }
  client.on('error', () => {})
  if (refused === undefined) attempt(0)
  else ownAnswer(refused)
}

function askUpgrade({ host, port }: Endpoint, request: IncomingMessage, timeout: number): ClientRequest {
  const headers = [...requestHeaders(request), 'connection', 'upgrade', 'upgrade', request.headers.upgrade ?? '']
  return httpRequest({ host, port, method: request.method ?? 'GET', path: request.url ?? '/', headers, timeout, agent: false })
}

function headOf(answer: IncomingMessage, more: readonly string[], cookies: readonly string[]): string {
  const headers = [...responseHeaders(answer.rawHeaders), ...cookies.flatMap(cookie => ['set-cookie', cookie]), ...more]
  const lines: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}\r\n`)
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ''}\r\n${lines.join('')}\r\n`
}

/** Both ways, each ending for itself; an error of one side, or an hour or two of silence, ends both. */
function join(clock: Clock, client: Socket, upstream: Socket, idleSeconds: number | undefined, upstreamFailed: () => void): void {
  for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
    from.pipe(to)
    from.once('close', () => { if (!to.writableEnded) to.destroy() })
  }
  upstream.on('error', () => {
    if (!client.destroyed) upstreamFailed()
    client.destroy()
  })
  let heard = 0
  const stop = every(clock, idleSeconds === undefined ? TUNNEL_IDLE_MS : idleSeconds * 1000, () => {
    const bytes = client.bytesRead + upstream.bytesRead
    if (bytes === heard) client.destroy()
    heard = bytes
  })
  client.once('close', stop)
}

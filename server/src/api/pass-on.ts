/** Requests and upgraded connections carried to another program as they are, bodies unread. */
import { type IncomingMessage, request as httpRequest, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { requestHeaders, responseHeaders } from '@vamp/agent/proxy/embedded/forwarded-headers'
import type { FastifyInstance } from 'fastify'
import { PROXIED_SILENT_MS } from './limits.ts'

export interface Target { readonly host: string; readonly port: number; /** With the query. */ readonly path: string }

export interface Order {
  readonly target: Target
  /** Flat [name, value, …]. */
  readonly headers: readonly string[]
  /** Of the answer. */
  readonly added: readonly string[]
  /** What is said where nobody answers. */
  readonly failure: { readonly status: number; readonly body: object; readonly headers?: Readonly<Record<string, string>> }
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
}

/** Requests that upgrade their connection, and what was sent together with the wish. */
export function upgradeHeads(app: FastifyInstance): WeakMap<IncomingMessage, Buffer> {
  const heads = new WeakMap<IncomingMessage, Buffer>()
  app.server.prependListener('upgrade', (request: IncomingMessage, _: Socket, head: Buffer) => { heads.set(request, head) })
  return heads
}

export function passOn(order: Order, request: IncomingMessage, response: ServerResponse, head: Buffer | undefined): void {
  if (head === undefined) exchange(order, request, response)
  else tunnel(order, request, response, head)
}

/** How a body is framed is said anew, since it is framed anew. `without`: in lower case. */
export function headersFor({ host, port }: Target, request: IncomingMessage, without: readonly string[]): string[] {
  const kept: string[] = []
  const headers = requestHeaders(request)
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name = '', value = ''] = [headers[at], headers[at + 1]]
    if (name.toLowerCase() !== 'host' && !without.includes(name.toLowerCase())) kept.push(name, value)
  }
  const chunked = request.headers['transfer-encoding'] === undefined ? [] : ['transfer-encoding', 'chunked']
  return ['host', host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, ...kept, ...chunked]
}

function exchange(order: Order, request: IncomingMessage, response: ServerResponse): void {
  const asked = ask(order, request, order.headers)
  asked.once('response', answer => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', [...responseHeaders(answer.rawHeaders), ...order.added])
    answer.on('error', () => response.destroy())
    answer.pipe(response)
  })
  asked.once('timeout', () => asked.destroy(new Error('no answer in time')))
  asked.on('error', () => {
    if (response.headersSent) response.destroy()
    else response.writeHead(order.failure.status, { 'content-type': 'application/json', connection: 'close', ...order.failure.headers }).end(JSON.stringify(order.failure.body))
  })
  response.once('close', () => asked.destroy())
  request.pipe(asked)
}

/** If the endpoint does not agree to upgrade, its answer is passed on and the connection ends. */
function tunnel(order: Order, request: IncomingMessage, response: ServerResponse, head: Buffer): void {
  const client = request.socket
  response.detachSocket(client)
  const asked = ask(order, request, [...order.headers, 'connection', 'upgrade', 'upgrade', request.headers.upgrade ?? ''])
  asked.once('upgrade', (answer, upstream: Socket, rest: Buffer) => {
    client.write(headText(answer, ['connection', 'upgrade', 'upgrade', answer.headers.upgrade ?? '']))
    if (rest.length > 0) client.write(rest)
    if (head.length > 0) upstream.write(head)
    upstream.setTimeout(0)
    client.setTimeout(0)
    client.pipe(upstream).pipe(client)
    upstream.on('error', () => client.destroy())
    upstream.once('close', () => client.destroy())
    client.once('close', () => upstream.destroy())
  })
  asked.once('response', answer => {
    client.write(headText(answer, ['connection', 'close', ...order.added]))
    answer.on('error', () => client.destroy())
    answer.pipe(client)
  })
  asked.once('timeout', () => asked.destroy(new Error('no answer in time')))
  asked.on('error', () => { if (!client.destroyed) client.end(failureText(order.failure)) })
  const cut = () => client.destroy()
  order.closing.addEventListener('abort', cut, { once: true })
  client.once('close', () => {
    order.closing.removeEventListener('abort', cut)
    asked.destroy()
    // The answer has no connection any more that would close it.
    response.emit('close')
  })
  asked.end()
}

function ask({ target: { host, port, path } }: Order, { method = 'GET' }: IncomingMessage, headers: readonly string[]) {
  return httpRequest({ host, port, path, method, headers, timeout: PROXIED_SILENT_MS, agent: false })
}

function headText(answer: IncomingMessage, more: readonly string[]): string {
  const headers = [...responseHeaders(answer.rawHeaders), ...more]
  const lines: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}\r\n`)
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ''}\r\n${lines.join('')}\r\n`
}

function failureText({ status, body }: Order['failure']): string {
  const text = JSON.stringify(body)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`
}

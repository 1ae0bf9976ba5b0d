/**
 * `/proxy/…`: a look at what runs, through the API's own port. Only what this server manages is reached, by whoever may operate
 * it. What comes back is somebody else's page under this server's address: it is told to run in a sandbox, so that it cannot
 * use the API in the name of whoever looks at it, and it never sees the token.
 */
import { type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { requestHeaders, responseHeaders } from '@vamp/agent/proxy/embedded/forwarded-headers'
import { Fault } from '@vamp/model/fault'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { type Identity, may } from '../auth/identity.ts'
import { needsToken } from '../config.ts'
import { PROXIED_MAX, PROXIED_SILENT_MS } from './limits.ts'
import { type ProxyTarget, proxyTarget } from './proxy-target.ts'
import type { World } from './world.ts'

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const SANDBOX = ['content-security-policy', 'sandbox allow-scripts allow-forms allow-popups', 'x-content-type-options', 'nosniff', 'referrer-policy', 'no-referrer']

interface Carry {
  readonly target: ProxyTarget
  /** Flat [name, value, …]. */
  readonly headers: readonly string[]
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
}

export function addReverseProxy(app: FastifyInstance, world: World, identityOf: (request: FastifyRequest) => Identity | undefined, closing: AbortSignal): void {
  /** Requests that upgrade their connection, and what was sent together with the wish. */
  const heads = new WeakMap<IncomingMessage, Buffer>()
  app.server.prependListener('upgrade', (request: IncomingMessage, _: Socket, head: Buffer) => { heads.set(request, head) })
  let open = 0
  // A hook, because bodies are passed on unread and upgraded connections as they are.
  const carry = async (request: FastifyRequest, reply: FastifyReply) => {
    demandOperator(identityOf(request), request)
    const target = await proxyTarget(world, request.raw.url ?? '')
    if (!target) throw new Fault('endpoint_unreachable', 'There is no gateway or instance of this name that could be asked.')
    if (open >= PROXIED_MAX) throw new Fault('too_large', `${PROXIED_MAX} requests are passed on already.`)
    open++
    reply.raw.once('close', () => { open-- })
    const order = { target, headers: headersFor(target, request.raw, needsToken(world.config)), closing }
    reply.hijack()
    const head = heads.get(request.raw)
    if (head === undefined) exchange(order, request.raw, reply.raw)
    else tunnel(order, request.raw, reply.raw, head)
  }
  app.route({ method: METHODS, url: '/proxy/*', onRequest: carry, handler: async () => undefined })
}

function demandOperator(who: Identity | undefined, { method }: FastifyRequest): void {
  if (!who) throw new Fault('unauthorized', 'This server needs a token: send it as "Authorization: Bearer …".')
  if (!may(who, 'operator')) throw new Fault('forbidden', `${method} /proxy needs the role operator; ${who.name} is ${who.role}.`)
}

/** The token of this server is not the service's business. How a body is framed is said anew, since it is framed anew. */
function headersFor({ host, port }: ProxyTarget, request: IncomingMessage, tokens: boolean): string[] {
  const kept: string[] = []
  const headers = requestHeaders(request)
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name = '', value = ''] = [headers[at], headers[at + 1]]
    if (name.toLowerCase() !== 'host' && !(tokens && name.toLowerCase() === 'authorization')) kept.push(name, value)
  }
  const chunked = request.headers['transfer-encoding'] === undefined ? [] : ['transfer-encoding', 'chunked']
  return ['host', host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, ...kept, ...chunked]
}

function exchange(order: Carry, request: IncomingMessage, response: ServerResponse): void {
  const asked = ask(order, request, order.headers)
  asked.once('response', answer => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', [...responseHeaders(answer.rawHeaders), ...SANDBOX])
    answer.on('error', () => response.destroy())
    answer.pipe(response)
  })
  asked.once('timeout', () => asked.destroy(new Error('no answer in time')))
  asked.on('error', () => {
    if (response.headersSent) response.destroy()
    else response.writeHead(502, { 'content-type': 'application/json', connection: 'close' }).end(UNREACHABLE)
  })
  response.once('close', () => asked.destroy())
  request.pipe(asked)
}

const UNREACHABLE = JSON.stringify({ message: 'The endpoint does not answer.', code: 'endpoint_unreachable' })

/** If the endpoint does not agree to upgrade, its answer is passed on and the connection ends. */
function tunnel(order: Carry, request: IncomingMessage, response: ServerResponse, head: Buffer): void {
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
    client.write(headText(answer, ['connection', 'close', ...SANDBOX]))
    answer.on('error', () => client.destroy())
    answer.pipe(client)
  })
  asked.once('timeout', () => asked.destroy(new Error('no answer in time')))
  asked.on('error', () => { if (!client.destroyed) client.end(`HTTP/1.1 502 Bad Gateway\r\ncontent-type: application/json\r\ncontent-length: ${UNREACHABLE.length}\r\nconnection: close\r\n\r\n${UNREACHABLE}`) })
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

function ask({ target: { host, port, path } }: Carry, { method = 'GET' }: IncomingMessage, headers: readonly string[]) {
  return httpRequest({ host, port, path, method, headers, timeout: PROXIED_SILENT_MS, agent: false })
}

function headText(answer: IncomingMessage, more: readonly string[]): string {
  const headers = [...responseHeaders(answer.rawHeaders), ...more]
  const lines: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}\r\n`)
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ''}\r\n${lines.join('')}\r\n`
}

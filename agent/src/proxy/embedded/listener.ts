/** A port that is listened on. Which gateway answers there is asked for every request, so tables change under it. */
import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { every } from '../../base/clock.ts'
import { CERTIFICATE_POLL_MS, readCertificate, type TlsSettings } from '../certificates.ts'
import type { PreparedGateway, Visitor } from './choice.ts'
import { ownAnswer } from './exchange.ts'
import { plainAddress } from './forwarded-headers.ts'
import { pass, type PassageContext, refusedUpgrade } from './passage.ts'
import { tcpTunnel, upgradeTunnel } from './tunnel.ts'

/** What listens: one gateway, or all that have virtual hosts. */
export type Target =
  | { readonly is: 'gateway'; readonly gateway: PreparedGateway }
  | { readonly is: 'hosts'; readonly hosts: ReadonlyMap<string, PreparedGateway> }

export interface ListenerAddress {
  readonly mode: 'http' | 'tcp'
  readonly address: string
  readonly port: number
  /** Connections are encrypted; the gateway is named in refusals. */
  readonly tls?: TlsSettings & { readonly gateway: string }
}

export interface Listener {
  readonly at: ListenerAddress
  /** No new connections; what is in progress goes on, and its connection closes after it. Resolves when the port is free. */
  close(): Promise<void>
  /** Cuts what is still open. */
  destroy(): void
}

export interface ListenerContext extends Omit<PassageContext, 'closing'> {
  /** What has begun and not ended; the end of the proxy waits for it. */
  readonly active: Set<Duplex | ServerResponse>
  /** A visit ended in a way that nobody had thought of. */
  readonly onFault: (fault: unknown) => void
}

/** Clients of one listener; more are turned away by the system. */
const CLIENTS_MAX = 10_000
/** Longer than clients keep idle connections: who closes first loses no request. */
const CLIENT_IDLE_MS = 75_000

/** Rejects with the system's error if the port cannot be had. */
export async function openListener(at: ListenerAddress, target: () => Target | undefined, context: ListenerContext): Promise<Listener> {
  let isClosing = false
  const sockets = new Set<Socket>()
  const given = { ...context, closing: () => isClosing }
  const server = at.mode === 'tcp' ? tcpServer(target, given) : at.tls ? await secureServer(at.tls, given, target) : httpServer(target, given)
  server.maxConnections = CLIENTS_MAX
  server.on('connection', (socket: Socket) => {
    // Whoever gives a connection away takes its listeners along, and an error that nobody hears ends the whole program.
    socket.on('error', ignored)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: at.port, ...(at.address === '' || at.address === '*' ? {} : { host: at.address }) }, () => resolve())
  })
  server.on('error', context.onFault)
  return {
    at,
    async close() {
      isClosing = true
      // Stops listening at once; the callback would wait for the last connection.
      server.close()
      await new Promise<void>(resolve => { setImmediate(resolve) })
    },
    destroy() { for (const socket of sockets) socket.destroy() },
  }
}

type Context = ListenerContext & Pick<PassageContext, 'closing'>

// Uploads may take as long as they take; the time for the header stays bounded.
const HTTP = { keepAliveTimeout: CLIENT_IDLE_MS, requestTimeout: 0, noDelay: true }

const httpServer = (target: () => Target | undefined, context: Context): HttpServer => answering(createHttpServer(HTTP), target, context)

/** Looks for a renewed certificate until it is closed. */
async function secureServer(tls: NonNullable<ListenerAddress['tls']>, context: Context, target: () => Target | undefined): Promise<HttpServer> {
  let pem = await readCertificate(tls, tls.gateway)
  const server = createHttpsServer({ ...HTTP, cert: pem, key: pem })
  const stop = every(context.clock, CERTIFICATE_POLL_MS, async () => {
    const renewed = await readCertificate(tls, tls.gateway).catch(() => pem)
    if (renewed === pem) return
    pem = renewed
    server.setSecureContext({ cert: pem, key: pem })
  })
  server.once('close', stop)
  return answering(server, target, context)
}

function answering<S extends HttpServer>(server: S, target: () => Target | undefined, context: Context): S {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', ignored)
    const failed = (fault: unknown) => {
      context.onFault(fault)
      if (response.headersSent) response.destroy()
      else ownAnswer(response, 500)
    }
    guarded(failed, () => answer(server, target, context, request, response))
  })
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // With TLS it is not the socket of the connection.
    socket.on('error', ignored)
    guarded(fault => { context.onFault(fault); socket.destroy() }, () => upgrade(target, context, request, socket, head))
  })
  return server
}

const ignored = () => {}

/** No visit may end the program, whatever is wrong with it. */
function guarded(failed: (fault: unknown) => void, work: () => Promise<void> | void): void {
  try {
    work()?.catch(failed)
  } catch (fault) {
    failed(fault)
  }
}

function answer(server: HttpServer, target: () => Target | undefined, context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> | void {
  if (!withPath(request)) return ownAnswer(response, 400)
  const gateway = gatewayOf(target(), request)
  if (!gateway) return ownAnswer(response, 404)
  if (target()?.is === 'hosts' && gateway.table.policy?.tls?.redirect_http) return toSecure(request, response, gateway.table.port)
  // Node asks for it when the answer is over.
  if (target()?.is === 'gateway') server.keepAliveTimeout = idleMs(gateway)
  context.active.add(response)
  response.once('close', () => { context.active.delete(response) })
  return pass(context, gateway, () => gatewayOf(target(), request), visitorOf(request), request, response)
}

function upgrade(target: () => Target | undefined, context: Context, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const gateway = withPath(request) ? gatewayOf(target(), request) : undefined
  if (!gateway) {
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    return
  }
  context.active.add(socket)
  socket.once('close', () => { context.active.delete(socket) })
  const visitor = visitorOf(request)
  const choice = gateway.choose(visitor)
  upgradeTunnel(context, choice, request, socket, head, gateway.policed ? refusedUpgrade(context, gateway, choice, visitor, socket) : undefined)
}

const idleMs = ({ table }: PreparedGateway) => table.policy?.timeouts?.idle === undefined ? CLIENT_IDLE_MS : table.policy.timeouts.idle * 1000

function toSecure(request: IncomingMessage, response: ServerResponse, port: number): void {
  response.writeHead(308, { location: `https://${(request.headers.host ?? '').replace(/:\d+$/, '')}:${port}${request.url ?? '/'}`, 'content-length': 0 }).end()
}

function tcpServer(target: () => Target | undefined, context: Context): TcpServer {
  return createTcpServer({ allowHalfOpen: true, noDelay: true }, socket => {
    guarded(fault => { context.onFault(fault); socket.destroy() }, () => {
      const found = target()
      if (found?.is !== 'gateway') { socket.destroy(); return }
      context.active.add(socket)
      socket.once('close', () => { context.active.delete(socket) })
      const { remoteAddress, remotePort = 0 } = socket
      tcpTunnel(context, found.gateway.choose({ method: '', path: '', headers: {}, ip: plainAddress(remoteAddress), port: remotePort }), socket)
    })
  })
}

function gatewayOf(target: Target | undefined, request: IncomingMessage): PreparedGateway | undefined {
  if (target?.is !== 'hosts') return target?.gateway
  return target.hosts.get((request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase())
}

/** A request for a whole URL is one for its path; what has no path is refused. */
function withPath(request: IncomingMessage): boolean {
  const { url = '' } = request
  if (url.startsWith('/')) return true
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return false
  const { pathname, search } = new URL(url)
  request.url = pathname + search
  return true
}

function visitorOf(request: IncomingMessage): Visitor {
  const headers: Record<string, string> = {}
  for (const name in request.headers) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  return {
    method: request.method ?? 'GET', path: (request.url ?? '/').split('?', 1)[0] ?? '/', headers,
    ip: plainAddress(request.socket.remoteAddress), port: request.socket.remotePort ?? 0,
  }
}

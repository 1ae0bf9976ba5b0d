/**
 * Where requests wait that nobody can take yet: HAProxy passes them on to this door when a route with `hold` has no instance, and
 * they go back to their gateway, as requests of their own, at the moment when it has one. Only what waits is ever in this process.
 */
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import type { Clock } from '../../base/clock.ts'
import type { Waiting } from '../proxy.ts'
import { ownSource } from './frontend.ts'
import { HELD_HEADER } from './policy-lines.ts'

export interface HeldRoute {
  readonly gateway: string
  readonly route: string
  readonly vacant: boolean
  readonly time: number
  readonly maximum: number
  /** Where the gateway listens. */
  readonly host: string
  readonly port: number
  /** The gateway speaks TLS. */
  readonly secure: boolean
}

export interface WaitingRoom {
  /** By backend. Requests whose route has an instance leave at once. */
  update(routes: ReadonlyMap<string, HeldRoute>): void
  waiting(): readonly Waiting[]
  /** Where its socket was taken away. */
  openAgain(): Promise<void>
  close(): Promise<void>
}

export interface WaitingRoomOptions {
  /** A unix socket in a directory that is ours alone. */
  readonly socket: string
  readonly clock: Clock
  /** The header that proves that we may say where a request came from, and its value for a source. */
  readonly handed: string
  /** A request that left without an answer of an instance. */
  readonly onTurnedAway: (gateway: string, route: string, waitedMs: number) => void
}

interface Guest { readonly backend: string; readonly leave: (why: 'called' | 'late' | 'gone') => void }

export async function openWaitingRoom({ socket, clock, handed, onTurnedAway }: WaitingRoomOptions): Promise<WaitingRoom> {
  let routes: ReadonlyMap<string, HeldRoute> = new Map()
  const guests = new Set<Guest>()
  const countOf = (backend: string) => [...guests].filter(guest => guest.backend === backend).length

  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const [backend = '', source = ''] = String(request.headers[HELD_HEADER] ?? '').split('~')
    const route = routes.get(backend)
    if (!route) return turnAway(response)
    if (!route.vacant) return goBack(request, response, route, source)
    if (countOf(backend) >= route.maximum) {
      onTurnedAway(route.gateway, route.route, 0)
      return turnAway(response)
    }
    const began = clock.monotonic()
    const cancel = clock.after(route.time * 1000, () => guest.leave('late'))
    const guest: Guest = { backend, leave(why) {
      if (!guests.delete(guest)) return
      cancel()
      const now = routes.get(backend)
      if (why === 'called' && now && !now.vacant) return goBack(request, response, now, source)
      if (why === 'gone') return
      onTurnedAway(route.gateway, route.route, clock.monotonic() - began)
      turnAway(response)
    } }
    guests.add(guest)
    response.once('close', () => guest.leave('gone'))
  })
  server.maxRequestsPerSocket = 0

  /** Back to the gateway, through which it came. */
  const goBack = (request: IncomingMessage, response: ServerResponse, { host, port, secure }: HeldRoute, source: string) => {
    const headers = { ...request.headers }
    delete headers[HELD_HEADER]
    headers[handed] = source
    const onward = (secure ? httpsRequest : httpRequest)({ host, port, localAddress: ownSource(host), rejectUnauthorized: false, method: request.method, path: request.url, headers, agent: false }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders)
      pipeline(answer, response, () => undefined)
    })
    onward.once('error', () => { if (response.headersSent) response.destroy(); else turnAway(response) })
    response.once('close', () => { if (!response.writableFinished) onward.destroy() })
    pipeline(request, onward, () => undefined)
  }

  const open = async () => {
    await rm(socket, { force: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(socket, () => { server.off('error', reject); resolve() })
    })
    server.unref()
  }
  await open()
  return {
    update(next) {
      routes = next
      for (const guest of guests) if (!next.get(guest.backend)?.vacant) guest.leave('called')
    },
    waiting() {
      return [...routes].flatMap(([backend, { gateway, route }]) => {
        const requests = countOf(backend)
        return requests > 0 ? [{ gateway, route, requests }] : []
      })
    },
    openAgain() {
      // Whoever is in it stays.
      server.close()
      return open()
    },
    async close() {
      for (const guest of guests) guest.leave('late')
      await new Promise<void>(resolve => { server.close(() => resolve()); server.closeIdleConnections() })
    },
  }
}

function turnAway(response: ServerResponse): void {
  response.writeHead(503, { 'content-length': 0, 'retry-after': '1', connection: 'close' }).end()
}

/**
 * A server that follows: what is stored it tells itself, everything else it passes on to the leader, so that people, scripts and
 * agents need not know which of the servers leads.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '@vamp/model/fault'
import { headersFor, passOn, upgradeHeads } from './pass-on.ts'

export interface Following {
  /** Where the leader is; nothing while nobody leads. */
  leader(): string | undefined
  /** After which another server leads. */
  readonly takeoverMs: number
}

/** Pages and schemas, and what is read from the database that all servers share. */
const OWN = /^\/(?!api\/|proxy\/|websocket|metrics)|^\/api\/v1\/(schemas|health\/(live|ready)$|(breeds|blueprints|scales|slas|escalations|routes|conditions|rewrites|templates|policies|autoscalers)(\/|$)|events$)/
/** Who passes on has looked at where the request came from. */
const SAID_HERE = ['origin']

/** Comes after who asks has been looked at. */
export function addForwarding(app: FastifyInstance, following: Following, closing: AbortSignal): void {
  const heads = upgradeHeads(app)
  app.addHook('onRequest', async (request, reply) => {
    const [path = ''] = request.url.split('?')
    if (request.method === 'GET' && OWN.test(path)) return
    forward(request, reply, following, closing, heads.get(request.raw))
    return reply
  })
}

function forward(request: FastifyRequest, reply: FastifyReply, { leader, takeoverMs }: Following, closing: AbortSignal, head: Buffer | undefined): void {
  const seconds = Math.ceil(takeoverMs / 1000)
  const url = leader()
  if (url === undefined) throw new Fault('not_leader', `This server follows, and none leads at the moment: one of them does within ${seconds} s.`, { retryAfterSeconds: seconds })
  const { hostname, port, protocol } = new URL(url)
  const target = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80), path: request.raw.url ?? '/' }
  const own = Object.entries(reply.getHeaders()).flatMap(([name, value]) => /^access-control-|^vary$/.test(name) ? [name, String(value)] : [])
  reply.hijack()
  passOn({
    target, headers: headersFor(target, request.raw, SAID_HERE), added: [...own, 'x-vamp-leader', url], closing,
    failure: { status: 503, headers: { 'retry-after': String(seconds) }, body: { message: `The server that leads, ${url}, does not answer; another one leads within ${seconds} s.`, code: 'not_leader' } },
  }, request.raw, reply.raw, head)
}

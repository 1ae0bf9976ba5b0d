/**
 * `/proxy/…`: a look at what runs, through the API's own port. Only what this server manages is reached, by whoever may operate
 * it. What comes back is somebody else's page under this server's address: it is told to run in a sandbox, so that it cannot
 * use the API in the name of whoever looks at it, and it never sees the token.
 */
import { Fault } from '@vamp/model/fault'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { type Identity, may } from '../auth/identity.ts'
import { needsToken } from '../config.ts'
import type { Admission } from './admission.ts'
import { PROXIED_MAX } from './limits.ts'
import { headersFor, passOn, upgradeHeads } from './pass-on.ts'
import { proxyTarget } from './proxy-target.ts'
import type { World } from './world.ts'

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const UNREACHABLE = { status: 502, body: { message: 'The endpoint does not answer.', code: 'endpoint_unreachable' } } as const
const SANDBOX = ['content-security-policy', 'sandbox allow-scripts allow-forms allow-popups', 'x-content-type-options', 'nosniff', 'referrer-policy', 'no-referrer']

export function addReverseProxy(app: FastifyInstance, world: World, { identityOf, onEnd }: Admission, closing: AbortSignal): void {
  const heads = upgradeHeads(app)
  let open = 0
  // A hook, because bodies are passed on unread and upgraded connections as they are.
  const carry = async (request: FastifyRequest, reply: FastifyReply) => {
    demandOperator(identityOf(request), request)
    const target = await proxyTarget(world, request.raw.url ?? '')
    if (!target) throw new Fault('endpoint_unreachable', 'There is no gateway or instance of this name that could be asked.')
    if (open >= PROXIED_MAX) throw new Fault('too_large', `${PROXIED_MAX} requests are passed on already.`)
    open++
    const callOff = onEnd(request, () => { request.raw.socket.destroy() })
    reply.raw.once('close', () => {
      open--
      callOff()
    })
    // The token of this server is not the service's business.
    const without = needsToken(world.config) ? ['authorization'] : []
    reply.hijack()
    passOn({ target, headers: headersFor(target, request.raw, without), added: SANDBOX, failure: UNREACHABLE, closing }, request.raw, reply.raw, heads.get(request.raw))
  }
  app.route({ method: METHODS, url: '/proxy/*', onRequest: carry, handler: async () => undefined })
}

function demandOperator(who: Identity | undefined, { method }: FastifyRequest): void {
  if (!who) throw new Fault('unauthorized', 'This server needs a token: send it as "Authorization: Bearer …".')
  if (!may(who, 'operator')) throw new Fault('forbidden', `${method} /proxy needs the role operator; ${who.name} is ${who.role}.`)
}

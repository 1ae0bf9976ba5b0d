/** Who is let in, and for how long: once when a request comes, and for as long as what it opened stays open. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import type { Identity } from '../auth/identity.ts'

export interface Admission {
  /** Nobody where a token is needed and none was shown. */
  readonly identityOf: (request: FastifyRequest) => Identity | undefined
  /** False once the token that the request showed has been revoked. */
  readonly holds: (request: FastifyRequest) => Promise<boolean>
  /** Tells, once, that it has been revoked. Returns what calls that off. */
  readonly onEnd: (request: FastifyRequest, ended: () => void) => () => void
}

/** Before everything else that is done for a request. */
export function addAdmission(app: FastifyInstance, gatekeeper: Gatekeeper, addHeaders: (reply: FastifyReply, origin: string | undefined) => void): Admission {
  const identities = new WeakMap<FastifyRequest, Identity>()
  app.addHook('onRequest', async (request, reply) => {
    const { authorization, host, origin } = request.headers
    addHeaders(reply, origin)
    if (request.method === 'OPTIONS') return reply.code(204).send()
    const identity = await gatekeeper.admit({ authorization, host, origin })
    if (identity) identities.set(request, identity)
  })
  return {
    identityOf: request => identities.get(request),
    holds: ({ headers: { authorization } }) => gatekeeper.holds({ authorization }),
    onEnd: ({ headers: { authorization } }, ended) => gatekeeper.onEnd({ authorization }, ended),
  }
}

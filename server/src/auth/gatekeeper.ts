/**
 * Who is let in. With tokens: who has one. Without, on loopback: every program of this machine, but no web page of somebody
 * else. A page can make a browser talk to loopback, and can give its own host name loopback's address; so without tokens
 * the `Host` must be a name of this machine, and an `Origin` must always be one of ours.
 */
import { Fault } from '@vamp/model/fault'
import { type Identity, LOCAL } from './identity.ts'
import type { Tokens } from './tokens.ts'

export interface Visitor {
  readonly authorization?: string | undefined
  readonly host?: string | undefined
  readonly origin?: string | undefined
}

export interface GatekeeperOptions {
  readonly tokens: Tokens
  /** Whether a token is asked for. */
  readonly needed: boolean
  readonly bind: string
  /** Web origins that are let in beside the server's own. */
  readonly origins: readonly string[]
}

export interface Gatekeeper {
  /** Throws `Fault('unauthorized'|'forbidden')`. Nobody where a token is needed and none is shown. */
  admit(visitor: Visitor): Promise<Identity | undefined>
  /** Whether the token of somebody who was let in is still known. Always where none is needed. */
  holds(visitor: Visitor): Promise<boolean>
  /** Tells, once, that it no longer is. Returns what calls that off. */
  onEnd(visitor: Visitor, ended: () => void): () => void
}

export function openGatekeeper({ tokens, needed, bind, origins }: GatekeeperOptions): Gatekeeper {
  return {
    async holds({ authorization }) {
      const secret = secretIn(authorization)
      return !needed || (secret !== undefined && await tokens.identify(secret) !== undefined)
    },
    onEnd({ authorization }, ended) {
      const secret = secretIn(authorization)
      return needed && secret !== undefined ? tokens.onEnd(secret, ended) : () => {}
    },
    async admit({ authorization, host = '', origin }) {
      if (origin !== undefined && !isOwn(origin, host) && !origins.includes(origin))
        throw new Fault('forbidden', `Pages of ${origin} may not use this server; --origins lets them.`, { origin })
      const secret = secretIn(authorization)
      if (secret !== undefined) {
        const identity = await tokens.identify(secret)
        if (identity) return identity
        if (needed) throw new Fault('unauthorized', 'This token is unknown or was revoked.')
      }
      if (needed) return undefined
      if (!isThisMachine(host, bind))
        throw new Fault('forbidden', `This server asks for no token and therefore answers to names of this machine only, not to '${host}'. Start it with --auth on to use other names.`, { host })
      return LOCAL
    },
  }
}

function secretIn(authorization = ''): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1]
}

function isOwn(origin: string, host: string): boolean {
  return /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '') === host
}

function isThisMachine(host: string, bind: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return name === '' || name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name) || name === bind
}

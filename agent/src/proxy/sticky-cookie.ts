/**
 * What binds a visitor, in a cookie: `vamp_<gateway>=<route>~<instance>~<route whose condition turned it away>`, the instance only
 * where instances are kept; `<gateway>` is a hash of its lookup name. The same words as HAProxy's frontends write, so a
 * visitor stays where it is when the driver changes. (On the listener that virtual hosts share, HAProxy writes `host` for the gateway.)
 */
import { createHash } from 'node:crypto'
import type { Bond, Decision } from '@vamp/model/routing/decide'
import type { GatewayTable } from '@vamp/model/routing/table'
import { xxh32 } from '@vamp/model/routing/user-slot'

export interface StickyCookies {
  /** What the request's `Cookie` header says. */
  read(cookieHeader: string | undefined): Bond
  /** `Set-Cookie` values for what is news to the visitor. Only for answers of an instance: a proxy's own answer binds nobody. */
  write(bond: Bond, decision: Decision, instance: string): string[]
}

const NO_COOKIES: StickyCookies = { read: () => ({}), write: () => [] }
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Lax'

export function stickyCookies(gateway: GatewayTable): StickyCookies {
  if (gateway.sticky === 'none' || gateway.mode !== 'http') return NO_COOKIES
  const name = createHash('sha256').update(gateway.lookup_name).digest('hex').slice(0, 10)
  const paths = new Map(gateway.routes.map(route => [cookieWord(route.lookup_name), route.path]))
  const words = new Map(gateway.routes.map(route => [route.path, cookieWord(route.lookup_name)]))
  const ids = new Map(gateway.routes.flatMap(route => route.target.is === 'endpoints' ? route.target.endpoints.map(({ id }) => [instanceWord(id), id] as const) : []))
  return {
    read(header) {
      if (!header) return {}
      const [routeWord = '', keptWord = '', turnedWord = ''] = (cookieOf(header, `vamp_${name}`) ?? '').split('~')
      const [route, turnedAway] = [paths.get(routeWord), paths.get(turnedWord)]
      const instance = gateway.sticky === 'instance' ? ids.get(keptWord) : undefined
      return { ...(route ? { route } : {}), ...(turnedAway ? { turnedAway } : {}), ...(instance ? { instance } : {}) }
    },
    write(bond, { route, turnedAway }, instance) {
      const kept = gateway.sticky === 'instance' ? instance : undefined
      if (!route || (route.path === bond.route && turnedAway === bond.turnedAway && kept === bond.instance)) return []
      return [`vamp_${name}=${words.get(route.path) ?? ''}~${kept === undefined ? '' : instanceWord(kept)}~${words.get(turnedAway ?? '') ?? ''}; ${ATTRIBUTES}`]
    },
  }
}

/** The value of a cookie; undefined if there is none. The first one counts. */
export function cookieOf(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

/** What the gateway splits its users by, if the request has it. */
export function userKeyOf(gateway: GatewayTable, headers: Readonly<Record<string, string>>): string | undefined {
  if (!gateway.split) return undefined
  return gateway.split.by === 'header' ? headers[gateway.split.name.toLowerCase()] : cookieOf(headers['cookie'] ?? '', gateway.split.name)
}

/** 0–7; the session is the user, or else the client's connection, which is its port. */
export function sessionPart(userKey: string | undefined, port: number): number {
  return xxh32(new TextEncoder().encode(userKey ?? String(port)), 1) & 7
}

/** A name as it may stand in a cookie: itself if it is plain, else a hash of it. */
function cookieWord(name: string): string {
  return /^[A-Za-z0-9]{1,64}$/.test(name) ? name : createHash('sha256').update(name).digest('hex').slice(0, 16)
}

function instanceWord(id: string): string {
  if (/^[A-Za-z0-9_.:-]{1,64}$/.test(id) && !id.startsWith('h:')) return id
  return `h:${createHash('sha256').update(id).digest('hex').slice(0, 24)}`
}

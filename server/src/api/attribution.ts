/**
 * Whose an event is: a tag `visit:<cookie>` with the cookie that a sticky gateway gave a visitor becomes the tags of the route
 * that the visitor took, and with it of the version. Applications get the cookie with every request; what they tell needs no more.
 */
import { type StickyCookies, stickyCookies } from '@vamp/agent/proxy/sticky-cookie'
import type { GatewayTable } from '@vamp/model/routing/table'
import type { LiveFleet } from '../fleet/live-fleet.ts'

const VISIT = 'visit:'
/** Cookies whose meaning is remembered until the next table. */
const KNOWN_MAX = 50_000

/** Gives the tags with every visit in them told. */
export function openAttribution(fleet: Pick<LiveFleet, 'table'>): (tags: readonly string[]) => readonly string[] {
  let revision = Number.NaN
  let sticky: readonly { readonly gateway: GatewayTable; readonly cookies: StickyCookies }[] = []
  const known = new Map<string, readonly string[]>()
  const tagsOf = (cookie: string): readonly string[] => {
    if (fleet.table.revision !== revision || known.size >= KNOWN_MAX) {
      revision = fleet.table.revision
      sticky = fleet.table.gateways.filter(gateway => gateway.sticky !== 'none').map(gateway => ({ gateway, cookies: stickyCookies(gateway) }))
      known.clear()
    }
    const tags = known.get(cookie) ?? found(sticky, cookie)
    known.set(cookie, tags)
    return tags
  }
  return tags => tags.some(tag => tag.startsWith(VISIT)) ? [...new Set(tags.flatMap(tag => tag.startsWith(VISIT) ? tagsOf(tag.slice(VISIT.length)) : [tag]))] : tags
}

function found(sticky: readonly { readonly gateway: GatewayTable; readonly cookies: StickyCookies }[], cookie: string): readonly string[] {
  for (const { gateway, cookies } of sticky) {
    const { route } = cookies.read(cookie)
    if (route === undefined) continue
    const [deployment, cluster, service, port] = route.split('/')
    return [`gateways:${gateway.name}`, `routes:${route}`, ...(port === undefined ? [] : [`deployments:${deployment}`, `clusters:${cluster}`, `services:${service}`])]
  }
  return [`${VISIT}unknown`]
}

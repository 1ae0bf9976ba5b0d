/** Host names to addresses before HAProxy sees them: it would look them up only once, when it starts. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Endpoint, GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import type { Logger } from '../../base/log.ts'

export type Resolve = (host: string) => Promise<string>

export const systemResolve: Resolve = async host => (await lookup(host)).address

/** Names remembered for when the name service fails; the oldest go first. */
const NAMES_MAX = 10_000

/** A name that was never found loses its endpoint, with a warning: one dead name must not hold up a table. */
export function addressBook(resolve: Resolve, log: Logger): (table: RoutingTable) => Promise<RoutingTable> {
  const known = new Map<string, string>()
  const find = async (host: string) => {
    try {
      const address = await resolve(host)
      known.delete(host)
      known.set(host, address)
      const oldest = known.size > NAMES_MAX ? known.keys().next().value : undefined
      if (oldest !== undefined) known.delete(oldest)
    } catch (cause) {
      log.warn('the name of an endpoint cannot be looked up', { host, known: known.get(host), cause })
    }
  }
  /** Gateways that stay what they are are not searched again. */
  const found = new WeakMap<GatewayTable, readonly string[]>()
  const namesIn = (gateway: GatewayTable) => {
    const names = found.get(gateway) ?? gateway.routes.flatMap(({ target }) => target.is === 'endpoints' ? target.endpoints.map(({ host }) => host).filter(host => isIP(host) === 0) : [])
    found.set(gateway, names)
    return names
  }
  return async table => {
    const names = new Set(table.gateways.flatMap(namesIn))
    if (names.size === 0) return table
    await Promise.all([...names].map(find))
    const addressed = (endpoint: Endpoint): Endpoint[] => {
      if (isIP(endpoint.host) !== 0) return [endpoint]
      const host = known.get(endpoint.host)
      return host === undefined ? [] : [{ ...endpoint, host }]
    }
    return { ...table, gateways: table.gateways.map(gateway => namesIn(gateway).length === 0 ? gateway : ({ ...gateway, routes: gateway.routes.map(route =>
      route.target.is === 'endpoints' ? { ...route, target: { ...route.target, endpoints: route.target.endpoints.flatMap(addressed) } } : route) })) }
  }
}

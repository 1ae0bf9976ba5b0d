/** Host names to addresses before HAProxy sees them: it would look them up only once, when it starts. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { byName, changes, replaced } from '@vamp/model/changed'
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
  /** Gateways with names. */
  const named = new Map<string, Named>()
  let seen: RoutingTable['gateways'] = []
  const addressed = (one: Named): GatewayTable => {
    const addresses = one.hosts.map(host => known.get(host)).join()
    if (one.made === undefined || one.addresses !== addresses) [one.addresses, one.made] = [addresses, withAddresses(one.gateway, host => known.get(host))]
    return one.made
  }
  return async table => {
    for (const { before, after } of changes(seen, table.gateways, byName)) {
      if (before) named.delete(before.name)
      const hosts = after ? hostsOf(after) : []
      if (after && hosts.length > 0) named.set(after.name, { gateway: after, hosts, addresses: '' })
    }
    seen = table.gateways
    if (named.size === 0) return table
    await Promise.all([...new Set([...named.values()].flatMap(({ hosts }) => hosts))].map(find))
    return { ...table, gateways: replaced(table.gateways, new Map([...named].map(([name, one]) => [name, addressed(one)])), byName) }
  }
}

/** `made`: with the addresses of its names, as they were last. */
interface Named { readonly gateway: GatewayTable; readonly hosts: readonly string[]; addresses: string; made?: GatewayTable }

const hostsOf = ({ routes }: GatewayTable): readonly string[] =>
  routes.flatMap(({ target }) => target.is === 'endpoints' ? target.endpoints.map(({ host }) => host).filter(host => isIP(host) === 0) : [])

function withAddresses(gateway: GatewayTable, addressOf: (host: string) => string | undefined): GatewayTable {
  const addressed = (endpoint: Endpoint): Endpoint[] => {
    if (isIP(endpoint.host) !== 0) return [endpoint]
    const host = addressOf(endpoint.host)
    return host === undefined ? [] : [{ ...endpoint, host }]
  }
  return { ...gateway, routes: gateway.routes.map(route =>
    route.target.is === 'endpoints' ? { ...route, target: { ...route.target, endpoints: route.target.endpoints.flatMap(addressed) } } : route) }
}

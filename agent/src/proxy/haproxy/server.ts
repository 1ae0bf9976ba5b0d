/** Endpoints as servers of a backend: their names, their addresses. */
import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { Fault } from '@vamp/model/fault'
import type { GatewayTable, RouteTarget } from '@vamp/model/routing/table'

/** `leaving`: takes nothing new, not even a sticky request, and is deleted when its last connection has ended. */
export type ServerState = 'ready' | 'draining' | 'leaving'

/** The servers that a route's target asks for, by server name. A gateway target is one server: its listener on this host. */
export function endpointServers(target: RouteTarget, gatewayNamed: (name: string) => GatewayTable | undefined): Record<string, { id: string; address: string; state: 'ready' | 'draining' }> {
  if (target.is === 'endpoints') {
    return Object.fromEntries(target.endpoints.map(endpoint =>
      [serverName(endpoint.id), { id: endpoint.id, address: serverAddress(endpoint.host, endpoint.port), state: endpoint.state }]))
  }
  const gateway = gatewayNamed(target.gateway)
  if (!gateway) return {}
  if (gateway.policy?.tls) throw new Fault('proxy_refused', 'the route cannot be carried out', { reason: `a route leads to the gateway ${gateway.name}, which speaks TLS: lead it to a gateway without, or to the services themselves` })
  return { [serverName(gateway.name)]: { id: gateway.name, address: serverAddress(loopback(gateway.address), gateway.port), state: 'ready' } }
}

/** The id itself where HAProxy takes it as a server name, else a name made of its hash; two ids never share a name. */
export function serverName(id: string): string {
  if (/^[A-Za-z0-9_.:-]{1,64}$/.test(id) && !id.startsWith('h:')) return id
  return `h:${createHash('sha256').update(id).digest('hex').slice(0, 24)}`
}

export function serverAddress(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

/** Where to reach a listener from this host. */
export function loopback(address: string): string {
  if (address === '0.0.0.0' || address === '*' || address === '') return '127.0.0.1'
  return address === '::' ? '::1' : address
}

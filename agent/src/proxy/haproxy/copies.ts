/** What HAProxy logged of a request becomes a copy of it: to another route of the gateway through the gateway itself, so that it is measured. */
import type { Endpoint, GatewayTable } from '@vamp/model/routing/table'
import type { Copy } from '../mirrors.ts'
import { mirroredHeader } from './frontend.ts'
import type { Layout } from './layout.ts'
import type { LoggedCopy } from './log-line.ts'
import { loopback } from './server.ts'

const OF_CONNECTIONS = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade', 'http2-settings', 'expect', 'content-length'])

/** Undefined if there is nobody to send it to. */
export function copyFor({ gateways }: Layout, { gateway, route, head, body }: LoggedCopy, { secret, random }: { readonly secret: string; readonly random: () => number }): Copy | undefined {
  const laid = gateways.find(({ table }) => table.name === gateway)
  const mirror = laid?.table.routes.find(({ path }) => path === route)?.mirror
  const [method, path, ...lines] = head.split('\n').map(line => line.replace(/\r$/, ''))
  if (!laid || !mirror || !method || !path) return undefined
  const headers = lines.flatMap(line => {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    return colon <= 0 || OF_CONNECTIONS.has(name.toLowerCase()) ? [] : [name, line.slice(colon + 1).trim()]
  })
  const request = { method, path, ...(body ? { body } : {}) }
  if (mirror.is === 'route') {
    const slot = laid.slots[laid.table.routes.findIndex(({ path: its }) => its === mirror.route)]
    return slot === undefined ? undefined : { ...request, ...listener(laid.table), headers: [...headers, mirroredHeader(secret), `127.0.0.1~${slot}`] }
  }
  if (mirror.is === 'gateway') {
    const other = gateways.find(({ table }) => table.name === mirror.gateway)
    return other && { ...request, ...listener(other.table), headers }
  }
  const endpoint = oneOf(mirror.endpoints.filter(({ state }) => state === 'ready'), random)
  return endpoint && { ...request, host: endpoint.host, port: endpoint.port, headers }
}

const listener = ({ address, port, policy }: GatewayTable) => ({ host: loopback(address), port, secure: policy?.tls !== undefined })

const oneOf = (endpoints: readonly Endpoint[], random: () => number) => endpoints[Math.floor(random() * endpoints.length)]

/** Where a request would go, by the routing table that is published. */
import { stickyCookies, userKeyOf } from '@vamp/agent/proxy/sticky-cookie'
import { type TraceReport, type TraceRequest, trace, type TraceWay } from '@vamp/model/api/trace'
import { Fault } from '@vamp/model/fault'
import { reasonSentence } from '@vamp/model/routing/reason-sentence'
import type { GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import { type Way, waysOf } from '@vamp/model/routing/trace'
import { type Route, route, value } from './route.ts'
import type { World } from './world.ts'

export function traceRoutes({ fleet }: Pick<World, 'fleet'>): Route[] {
  return [route(trace.ask, async ({ body }) => value(traceRequest(fleet.table, body)))]
}

/** Throws `Fault('invalid')`, `Fault('not_found')`. */
export function traceRequest(table: RoutingTable, asked: TraceRequest): TraceReport {
  const url = asked.url === undefined ? undefined : urlOf(asked.url)
  const gateway = url ? gatewayAt(table, url) : gatewayNamed(table, asked.gateway)
  const headers: Readonly<Record<string, string>> = { ...(url ? { host: url.host } : {}), ...Object.fromEntries(Object.entries(asked.headers ?? {}).map(([name, text]) => [name.toLowerCase(), text])) }
  const method = asked.method ?? 'GET'
  const path = (asked.path ?? url?.pathname ?? '/').split('?')[0] ?? '/'
  const request = { method, path, headers, ip: asked.ip ?? '127.0.0.1', ...(asked.country === undefined ? {} : { country: asked.country }) }
  const visitorOf = (each: GatewayTable) => {
    const userKey = userKeyOf(each, headers)
    return { bond: stickyCookies(each).read(headers['cookie']), ...(userKey === undefined ? {} : { userKey }) }
  }
  const ways = waysOf(table, gateway, request, visitorOf)
  return { gateway: gateway.name, method, path, revision: table.revision, ways: ways.map(told), notes: notesOf(table, ways) }
}

function urlOf(text: string): URL {
  const url = URL.parse(/^\w+:\/\//.test(text) ? text : `http://${text}`)
  if (!url || !/^https?:$/.test(url.protocol)) throw new Fault('invalid', `'${text}' is no address; write http://127.0.0.1:9050/products.`)
  return url
}

/** A port is one gateway's, or the shared one, where the host name tells. */
function gatewayAt(table: RoutingTable, url: URL): GatewayTable {
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const host = url.hostname.toLowerCase()
  const named = table.gateways.find(gateway => gateway.virtual_hosts.includes(host))
  const found = port === table.virtual_hosts?.port ? named : table.gateways.find(gateway => gateway.port === port) ?? (url.port === '' ? named : undefined)
  if (!found) throw new Fault('not_found', `No gateway listens on port ${port}${port === table.virtual_hosts?.port ? ` for ${host}` : ''}; there are ${known(table)}.`)
  return found
}

function gatewayNamed(table: RoutingTable, name: string | undefined): GatewayTable {
  if (name === undefined) throw new Fault('invalid', 'Say where the request goes: url or gateway.')
  const found = table.gateways.find(gateway => gateway.name === name)
  if (!found) throw new Fault('not_found', `There is no gateway '${name}' in force; there are ${known(table)}.`)
  return found
}

const KNOWN_MAX = 10

function known({ gateways }: RoutingTable): string {
  const names = gateways.slice(0, KNOWN_MAX).map(({ name, port }) => `${name} (${port})`)
  return names.length === 0 ? 'none yet' : `${names.join(', ')}${gateways.length > KNOWN_MAX ? ', …' : ''}`
}

function told({ share, instances, steps }: Way): TraceWay {
  const last = steps.at(-1)?.route ?? null
  const names = last?.split('/') ?? []
  return {
    share, route: last, ...(names.length === 4 && names[2] !== undefined && !last?.startsWith('[') ? { version: names[2] } : {}), instances: [...instances],
    steps: steps.map(({ gateway, by, route: path, reasons }) => ({ gateway: gateway.name, route: path ?? null, by, because: reasons.map(reason => reasonSentence(reason, gateway)) })),
  }
}

function notesOf(table: RoutingTable, ways: readonly Way[]): string[] {
  const steps = ways.flatMap(way => way.steps)
  const unknown = steps.some(({ reasons }) => reasons.some(reason => reason.is === 'condition' && reason.matches === 'unknown'))
  const passed = [...new Set(steps.map(({ gateway }) => gateway))]
  const policies = passed.filter(({ policy, routes }) => policy !== undefined || routes.some(each => each.policy !== undefined)).map(({ name }) => name)
  const lost = steps.find(({ route: path, gateway }) => gateway.routes.some(each => each.path === path && each.target.is === 'gateway' && !table.gateways.some(({ name }) => each.target.is === 'gateway' && name === each.target.gateway)))
  return [
    ...(unknown ? ['A condition asks for what only the proxy knows, such as a country or a raw ACL; where it matches the way is another.'] : []),
    ...(policies.length > 0 ? [`Policies of ${policies.join(', ')} may answer, delay or retry the request on its way.`] : []),
    ...(lost ? [`The route ${lost.route ?? ''} leads to a gateway that does not listen.`] : []),
  ]
}

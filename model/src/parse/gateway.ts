import type { Gateway, Route, SplitBy, Sticky } from '../gateway.ts'
import { isGatewayName } from '../name.ts'
import type { Port } from '../port.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readHeader, readMetadata } from './header.ts'
import { readPolicyReference } from './policy.ts'
import { parsePortNumber, PORT_MAX, portTypeHint } from './port.ts'
import { readRoutes } from './route.ts'
import { readSelector } from './selector.ts'

export function readGateway(fields: Fields): Gateway {
  const header = readHeader(fields, 'gateways', readGatewayName)
  const cursor = fields.optional('port')
  const service = readService(fields.optional('service'))
  const gateway = { ...header, port: cursor ? readGatewayPort(cursor) : UNASSIGNED, ...(service ? { service } : {}), ...readGatewaySettings(fields) }
  checkTcp(gateway, cursor?.text() ?? '', fields.cursor)
  checkWeights(gateway, fields.optional('routes') ?? fields.cursor)
  return gateway
}

/** Vamp chooses a port. */
export const UNASSIGNED: Port = { name: '', number: 0, type: 'http' }

/** Everything but the name, the port and where it can be reached. */
export function readGatewaySettings(fields: Fields, checkPath?: (path: string, cursor: Cursor) => void) {
  fields.ignore('deployed', 'internal', 'proxy', 'active', 'state')
  const split = fields.optional('split')
  const smooth = fields.optional('smooth')?.boolean()
  const selector = fields.optional('selector')
  const policy = fields.optional('policy')
  return {
    metadata: readMetadata(fields),
    sticky: readSticky(fields.optional('sticky')),
    ...(split ? { split: readSplit(split) } : {}), ...(smooth ? { smooth } : {}),
    virtual_hosts: readVirtualHosts(fields.optional('virtual_hosts')),
    ...(selector ? { selector: readSelector(selector) } : {}),
    routes: readRoutes(fields.optional('routes'), checkPath),
    ...(policy ? { policy: readPolicyReference(policy) } : {}),
  }
}

export function readGatewayPort(cursor: Cursor): Port {
  const text = cursor.text()
  const port = parsePortNumber(text)
  if (port?.number === 0) return { ...UNASSIGNED, type: port.type }
  if (port && port.number <= PORT_MAX) return { name: String(port.number), ...port }
  if (cursor.isScalar) cursor.report('InvalidGatewayPortError', `Invalid gateway port: '${text}'. Port number must be between 0 and ${PORT_MAX}.`, portTypeHint(text))
  return UNASSIGNED
}

function readGatewayName(cursor: Cursor): string {
  const name = cursor.text()
  if (cursor.isScalar && !isGatewayName(name)) {
    cursor.report('UnsupportedGatewayNameError', `Unsupported gateway name: '${name}'. Must be either in format '$gateway', '$deployment/$port' or '$deployment/$cluster/$port'.`)
  }
  return name
}

function readService(cursor: Cursor | undefined): Gateway['service'] {
  if (!cursor) return undefined
  const fields = cursor.map()
  const host = fields.required('host')?.text() ?? ''
  const port = fields.required('port')
  fields.finish()
  return { host, port: port ? readGatewayPort(port) : UNASSIGNED }
}

const STICKY: readonly Sticky[] = ['none', 'route', 'instance']

function readSticky(cursor: Cursor | undefined): Sticky {
  if (!cursor) return 'none'
  const text = cursor.text()
  const sticky = STICKY.find(word => word === text.toLowerCase())
  if (!sticky) cursor.report('IllegalGatewayStickyValue', `Illegal routing sticky value: '${text}'.`, 'none, route or instance is expected here')
  return sticky ?? 'none'
}

/** `{by: cookie, name: user}` or short `{cookie: user}`. */
function readSplit(cursor: Cursor): SplitBy {
  const fields = cursor.map()
  const short = (['cookie', 'header'] as const).find(by => fields.has(by))
  const split = short
    ? { by: short, name: fields.required(short)?.text() ?? '' }
    : { by: fields.required('by')?.oneOf(['cookie', 'header'], 'cookie') ?? 'cookie', name: fields.required('name')?.text() ?? '' } as const
  fields.finish()
  return split
}

function readVirtualHosts(cursor: Cursor | undefined): readonly string[] {
  if (!cursor) return []
  const items = cursor.items()
  if (items.every(item => item.isScalar)) return items.map(item => item.text())
  cursor.report('IllegalGatewayVirtualHosts', 'Illegal gateway virtual hosts - only list of strings is supported.')
  return []
}

/** Cookies and conditions need HTTP. `port` is the port as the user wrote it. */
export function checkTcp(gateway: Pick<Gateway, 'sticky' | 'routes'> & { readonly port: Pick<Port, 'type'> }, port: string, cursor: Cursor): void {
  if (gateway.port.type !== 'tcp') return
  if (gateway.sticky !== 'none') cursor.report('StickyPortTypeError', `Sticky sessions are not allowed for TCP port: '${port}'.`)
  for (const route of gateway.routes) {
    if (route.settings.is === 'inline' && route.settings.value.condition) {
      cursor.reading.placeOf(route, cursor).report('ConditionPortTypeError', `HTTP conditions are not allowed for TCP port: '${port}'.`)
    }
  }
}

/** What is given must fit into 100 %; where nothing is left to share among others, it must be all or nothing. */
export function checkWeights(gateway: Pick<Gateway, 'name' | 'routes'>, cursor: Cursor): void {
  const total = totalWeight(gateway.routes)
  if (total === undefined) return
  const open = gateway.routes.some(({ settings }) => settings.is === 'inline' && settings.value.weight === undefined)
  if (total > 100 + ROUNDING || (!open && total > ROUNDING && total < 100 - ROUNDING)) {
    cursor.report('GatewayRouteWeightError', `Total route weight must be either 0% or 100%: ${gateway.name}.`, `the weights total ${Math.round(total * 100) / 100}%`)
  }
}

/** Percent of the weights that are given; nothing if a route's weight is in a stored route. */
export function totalWeight(routes: readonly Route[]): number | undefined {
  if (routes.some(({ settings }) => settings.is === 'reference')) return undefined
  return routes.reduce((sum, { settings }) => sum + (settings.is === 'inline' ? settings.value.weight ?? 0 : 0), 0)
}

/** Percentages have four decimals at most; sums of them carry binary dust. */
export const ROUNDING = 1e-6

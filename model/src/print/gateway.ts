import type { Gateway, Route, RouteSettings } from '../gateway.ts'
import { gatewayLookupName, routeLookupName } from '../lookup-name.ts'
import type { Port } from '../port.ts'
import { printPercentage } from '../quantity.ts'
import { type Json, optional, printMap, printReference } from './fields.ts'
import { printPolicySettings } from './policy.ts'

/** A route's way out, as far as it is known at the moment. */
export interface PrintedTarget {
  readonly name: string
  readonly lookup_name: string
  readonly host: string
  readonly port: number
}

/** What is true of a gateway beside what is wanted of it. */
export interface GatewayFacts {
  readonly deployed: boolean
  readonly targets?: (path: string) => readonly PrintedTarget[]
}

/** A gateway of its own. With `facts` it shows what the API shows beside the artifact. */
export function printGateway(gateway: Gateway, facts?: GatewayFacts): Json {
  const { name, kind, metadata, service, port } = gateway
  return {
    name,
    kind,
    metadata,
    lookup_name: gatewayLookupName(name),
    internal: name.split('/').length === 3,
    ...optional('service', service && { host: service.host, port: `${service.port.number}/${service.port.type}` }),
    ...(facts ? { deployed: facts.deployed } : {}),
    port: printGatewayPort(port),
    ...printGatewaySettings(gateway, route => ({
      lookup_name: routeLookupName(name, route.path),
      ...(facts?.targets ? { targets: facts.targets(route.path) } : {}),
    })),
  }
}

/** Nothing where Vamp chooses the port. */
export function printGatewayPort({ number, type }: Port): string | null {
  return number === 0 && type === 'http' ? null : `${number}/${type}`
}

/** Of a gateway inside a blueprint or a cluster, whose name and port stand elsewhere. */
export function printGatewaySettings(gateway: Gateway, beside: (route: Route) => Json = () => ({})): Json {
  return {
    sticky: gateway.sticky === 'none' ? null : gateway.sticky,
    ...optional('split', gateway.split), ...optional('smooth', gateway.smooth),
    virtual_hosts: gateway.virtual_hosts,
    selector: gateway.selector ?? null,
    ...optional('policy', gateway.policy && printReference(gateway.policy, printPolicySettings)),
    routes: printRoutes(gateway.routes, beside),
  }
}

/** A map from path to route. A list of such maps where a map would not keep the order: number keys come first in JSON objects. */
function printRoutes(routes: readonly Route[], beside: (route: Route) => Json): unknown {
  const print = (route: Route) => printReference(route.settings, settings => ({ ...printRouteSettings(settings), ...beside(route) }))
  const map = printMap(routes, route => route.path, print)
  const kept = Object.keys(map).every((path, index) => path === routes[index]?.path)
  return kept ? map : routes.map(route => ({ [route.path]: print(route) }))
}

export function printRouteSettings(settings: RouteSettings): Json {
  return {
    metadata: settings.metadata,
    selector: settings.selector ?? null,
    weight: settings.weight === undefined ? null : printPercentage(settings.weight),
    balance: settings.balance ?? 'default',
    condition: settings.condition ? printReference(settings.condition, ({ metadata, condition }) => Object.keys(metadata).length > 0 ? { metadata, condition } : { condition }) : null,
    condition_strength: settings.condition_strength === undefined ? null : printPercentage(settings.condition_strength),
    rewrites: settings.rewrites.map(rewrite => printReference(rewrite, ({ metadata, path }) => Object.keys(metadata).length > 0 ? { metadata, path } : { path })),
    ...optional('policy', settings.policy && printReference(settings.policy, printPolicySettings)),
  }
}

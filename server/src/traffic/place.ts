/** Which measurements belong to a gateway, a deployment, a version or an instance. */
import type { CellKey } from './series.ts'

export interface TrafficPlace {
  readonly gateway?: string
  readonly route?: string
  readonly deployment?: string
  readonly cluster?: string
  /** A version: the breed's name. */
  readonly service?: string
  readonly instance?: string
}

/**
 * Where no gateway is named, a request that passed several counts where it ended, unless `passing` asks for every gateway. Services are told by routes,
 * `deployment/cluster/service/port`, through whatever gateway; what a cluster's own gateway had no route for is the cluster's too.
 */
export function belongsTo({ gateway, route, instance, ...service }: TrafficPlace, passing: 'once' | 'everywhere' = 'once'): (key: CellKey) => boolean {
  const toServices = Object.values(service).some(part => part !== undefined)
  return key => (gateway === undefined ? passing === 'everywhere' || !passesOn(key) : key.gateway === gateway)
    && (route === undefined || key.route === route) && (instance === undefined || key.instance === instance) && (!toServices || isService(key, service))
}

/** A route to another gateway bears its name, and so does what took the request. */
function passesOn({ route, instance }: CellKey): boolean {
  return route !== '' && route === instance
}

function isService(key: CellKey, { deployment, cluster, service }: TrafficPlace): boolean {
  const its = serviceOf(key)
  return its !== undefined && (deployment === undefined || its.deployment === deployment) && (cluster === undefined || its.cluster === cluster)
    && (service === undefined || its.service === service)
}

/** Whose the request was; no service where its cluster's own gateway had no route for it, nothing where it was nobody's. */
export function serviceOf({ gateway, route }: CellKey): { readonly deployment: string; readonly cluster: string; readonly service?: string } | undefined {
  const names = route.split('/')
  const refused = route === '' && gateway.split('/').length === 3
  if (!refused && (names.length !== 4 || route.startsWith('['))) return undefined
  const [deployment = '', cluster = '', service = ''] = refused ? gateway.split('/') : names
  return { deployment, cluster, ...(refused ? {} : { service }) }
}

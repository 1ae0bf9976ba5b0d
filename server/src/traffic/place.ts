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

function isService({ gateway, route }: CellKey, { deployment, cluster, service }: TrafficPlace): boolean {
  const names = route.split('/')
  const refused = route === '' && gateway.split('/').length === 3
  const [ofDeployment, ofCluster, ofService] = refused ? gateway.split('/') : names
  if (!refused && (names.length !== 4 || route.startsWith('['))) return false
  return (deployment === undefined || ofDeployment === deployment) && (cluster === undefined || ofCluster === cluster)
    && (service === undefined || (!refused && ofService === service))
}

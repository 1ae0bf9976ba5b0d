/** `expand_references` and `only_references`: what an artifact refers to in its place, or the other way round. */
import type { Artifact } from '@vamp/model/artifact'
import type { Cluster, Service } from '@vamp/model/blueprint'
import type { Breed } from '@vamp/model/breed'
import type { Gateway, Route } from '@vamp/model/gateway'
import type { Kind } from '@vamp/model/kind'
import { inline, type Reference, reference } from '@vamp/model/reference'
import type { Store } from '../store/store.ts'
import { found } from './found.ts'

export interface ReferenceQuery { readonly expand_references?: boolean; readonly only_references?: boolean }

type Change = <T extends Artifact>(kind: T['kind'] & Kind, given: Reference<T>) => Promise<Reference<T>>

/** Both wishes together cancel each other, as in the original. A missing artifact is `Fault('not_found')`. */
export function referring(store: Store, { expand_references: expand = false, only_references: only = false }: ReferenceQuery): (artifact: Artifact) => Promise<Artifact> {
  if (expand === only) return async artifact => artifact
  const change: Change = expand
    ? async (kind, given) => given.is === 'inline' ? given : inline((await found({ store }, kind, given.reference)).value as never)
    : async (_, given) => given.is === 'inline' && given.value.name !== '' ? reference(given.value.name) : given
  return artifact => changed(artifact, change)
}

async function changed(artifact: Artifact, change: Change): Promise<Artifact> {
  switch (artifact.kind) {
    case 'blueprints': return { ...artifact, gateways: await all(artifact.gateways, gateway => ofGateway(gateway, change)), clusters: await all(artifact.clusters, cluster => ofCluster(cluster, change)) }
    case 'breeds': return ofBreed(artifact, change)
    case 'gateways': return ofGateway(artifact, change)
    case 'slas': return { ...artifact, escalations: await all(artifact.escalations, given => change('escalations', given)) }
    default: return artifact
  }
}

async function ofCluster(cluster: Cluster, change: Change): Promise<Cluster> {
  return {
    ...cluster,
    services: await all(cluster.services, service => ofService(service, change)),
    gateways: await all(cluster.gateways, gateway => ofGateway(gateway, change)),
    ...(cluster.sla ? { sla: await change('slas', cluster.sla) } : {}),
  }
}

async function ofService(service: Service, change: Change): Promise<Service> {
  return { ...service, breed: await change('breeds', service.breed), ...(service.scale ? { scale: await change('scales', service.scale) } : {}) }
}

async function ofBreed(breed: Breed, change: Change): Promise<Breed> {
  const dependencies = await all(Object.entries(breed.dependencies), async ([alias, given]) => [alias, given.is === 'reference' && given.reference.endsWith('*') ? given : await change('breeds', given)] as const)
  return { ...breed, dependencies: Object.fromEntries(dependencies) }
}

async function ofGateway(gateway: Gateway, change: Change): Promise<Gateway> {
  return { ...gateway, routes: await all(gateway.routes, route => ofRoute(route, change)) }
}

async function ofRoute(route: Route, change: Change): Promise<Route> {
  const { settings } = route
  if (settings.is === 'reference' || !settings.value.condition) return route
  return { ...route, settings: inline({ ...settings.value, condition: await change('conditions', settings.value.condition) }) }
}

const all = <T, U>(items: readonly T[], map: (item: T) => Promise<U>): Promise<U[]> => Promise.all(items.map(map))

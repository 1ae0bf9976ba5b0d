/** A blueprint's references become content; what a service does not say comes from the one that runs already, or is a default. */
import type { Blueprint, Cluster, Service } from '../blueprint.ts'
import type { Deployment, DeploymentCluster, DeploymentService } from '../deployment.ts'
import { type Parsed, type Problem, ok } from '../problem.ts'
import { inline } from '../reference.ts'
import type { Gateway } from '../gateway.ts'
import { DEFAULT_SCALE, type Scale } from '../scale.ts'
import { type Lookup, Resolver } from './lookup.ts'

export interface ResolvedCluster extends Omit<Cluster, 'services'> {
  readonly services: readonly DeploymentService[]
}

export interface ResolvedBlueprint extends Omit<Blueprint, 'clusters'> {
  readonly clusters: readonly ResolvedCluster[]
}

export interface ResolveInput {
  readonly incoming: Blueprint
  readonly current?: Deployment | undefined
  readonly lookup: Lookup
  readonly defaultScale?: Scale | undefined
}

/** Services come out without dependencies: which cluster provides them is known when all clusters are. */
export function resolveBlueprint({ incoming, current, lookup, defaultScale = DEFAULT_SCALE }: ResolveInput): Parsed<ResolvedBlueprint> {
  const resolver = new Resolver(lookup)
  const problems: Problem[] = resolver.problems
  const clusters = incoming.clusters.map(cluster => {
    const running = current?.clusters.find(({ name }) => name === cluster.name)
    return {
      ...cluster,
      services: cluster.services.flatMap((service, index) => resolveService(service, running, resolver, `clusters/${cluster.name}/services[${index}]`, defaultScale)),
      gateways: cluster.gateways.map(gateway => resolveRoutes(gateway, resolver, `clusters/${cluster.name}/gateways/${gateway.name}`)),
    }
  })
  const gateways = incoming.gateways.map(gateway => resolveRoutes(gateway, resolver, `gateways/${gateway.name}`))
  return problems.length > 0 ? { is: 'refused', problems } : ok({ ...incoming, clusters, gateways })
}

function resolveService(service: Service, cluster: DeploymentCluster | undefined, resolver: Resolver, path: string, defaultScale: Scale): DeploymentService[] {
  const breed = resolver.breed(service.breed, `${path}/breed`)
  const scale = service.scale && resolver.scale(service.scale, `${path}/scale`)
  if (!breed || (service.scale && !scale)) return []
  const running = cluster?.services.find(({ breed: { name } }) => name === breed.name)
  if (running && isNamedOnly(service)) return [{ ...running, intention: 'Deployment', breed }]
  const { health_checks, network } = service
  return [{
    intention: 'Deployment', breed,
    environment_variables: service.environment_variables,
    scale: withoutName(scale ?? running?.scale ?? defaultScale),
    arguments: service.arguments,
    ...(health_checks === undefined ? {} : { health_checks }),
    ...(network === undefined ? {} : { network }),
    dialects: { ...running?.dialects, ...service.dialects },
    dependencies: {},
  }]
}

/** Who only names a service, to set a weight beside it, does not want its settings gone. */
function isNamedOnly(service: Service): boolean {
  return service.breed.is === 'reference' && !service.scale && !service.health_checks && service.network === undefined
    && service.environment_variables.length === 0 && service.arguments.length === 0 && Object.keys(service.dialects).length === 0
}

/** What is inside a deployment is anonymous: it does not change when the stored one does. */
function withoutName(scale: Scale): Scale {
  return { ...scale, name: '' }
}

function resolveRoutes(gateway: Gateway, resolver: Resolver, path: string): Gateway {
  return {
    ...gateway,
    routes: gateway.routes.flatMap(({ path: route, settings }) => {
      const value = resolver.route(settings, `${path}/routes/${route}`)
      return value ? [{ path: route, settings: inline(value) }] : []
    }),
  }
}

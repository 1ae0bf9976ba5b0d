/** Takes the services that a blueprint names out of a deployment: they get the intention to leave, and their routes go. */
import type { Blueprint } from '../blueprint.ts'
import type { Deployment, DeploymentCluster } from '../deployment.ts'
import type { Gateway } from '../gateway.ts'
import type { Problem } from '../problem.ts'
import { percent } from '../weights.ts'
import { staying } from './check.ts'

/** Clusters and services that are not there are no problem. */
export function sliceBlueprint(current: Deployment, outgoing: Blueprint): Deployment {
  const leaving = new Map(outgoing.clusters.map(cluster => [cluster.name, new Set(cluster.services.map(({ breed }) => breed.is === 'inline' ? breed.value.name : breed.reference))]))
  return {
    ...current,
    clusters: current.clusters.map(cluster => ({
      ...cluster,
      services: cluster.services.map(service => leaving.get(cluster.name)?.has(service.breed.name) ? { ...service, intention: 'Undeployment' as const } : service),
    })),
  }
}

/** The gateway without the routes of leaving services; nothing if no route is left. */
export function withoutLeaving(gateway: Gateway, cluster: DeploymentCluster): Gateway | undefined {
  const services = new Set(staying(cluster).map(({ breed }) => breed.name))
  const routes = gateway.routes.filter(({ path }) => services.has(path.split('/')[2] ?? ''))
  return routes.length > 0 ? { ...gateway, routes } : undefined
}

/** Visitors must have somewhere to go: what remains holds all the traffic, or nothing remains. */
export function checkRemaining(before: Gateway, after: Gateway | undefined): readonly Problem[] {
  const [deployment, cluster, port = ''] = before.name.split('/')
  if (!after || after.routes.length === before.routes.length) return []
  const weight = percent(after.routes.reduce((sum, { settings }) => sum + (settings.is === 'inline' ? settings.value.weight ?? 0 : 0), 0))
  return weight === 100 ? [] : [{
    code: 'InvalidRouteWeight',
    message: `Invalid route weight in cluster '${deployment}/${cluster}' - after updating the services and routes, weight ${weight}% is invalid for port: '${port}'.`,
    path: `clusters/${cluster}`,
    hint: 'first give what stays 100% of the weight',
  }]
}

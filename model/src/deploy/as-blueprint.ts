/** A deployment as the blueprint that would make it again: services that stay, with their settings, weights and gateways. */
import type { Blueprint, Cluster } from '../blueprint.ts'
import type { Deployment, DeploymentCluster, DeploymentService } from '../deployment.ts'
import type { Gateway } from '../gateway.ts'
import { inline } from '../reference.ts'
import { staying } from './check.ts'
import { isExternalOf } from './plan.ts'

export function asBlueprint(deployment: Deployment, gateways: readonly Gateway[]): Blueprint {
  const { name, metadata, dialects, environment_variables } = deployment
  return {
    kind: 'blueprints', name, metadata, dialects, environment_variables,
    gateways: gateways.filter(gateway => isExternalOf(name, gateway.name)).map(gateway => externalSettings(gateway)),
    clusters: deployment.clusters.filter(cluster => staying(cluster).length > 0).map(cluster => clusterOf(deployment, cluster, gateways)),
  }
}

function clusterOf(deployment: Deployment, cluster: DeploymentCluster, gateways: readonly Gateway[]): Cluster {
  const prefix = `${deployment.name}/${cluster.name}/`
  return {
    ...cluster,
    services: staying(cluster).map(serviceOf),
    gateways: gateways.filter(({ name }) => name.startsWith(prefix) && name.split('/').length === 3).map(gateway => internalSettings(gateway, prefix)),
  }
}

function serviceOf(service: DeploymentService): Cluster['services'][number] {
  const { intention: _intention, dependencies: _dependencies, breed, scale, ...settings } = service
  return { ...settings, breed: inline(breed), scale: inline(scale) }
}

/** The port is the cluster's business and the address where it is reached the proxy's; both come with the deployment. */
function internalSettings(gateway: Gateway, prefix: string): Gateway {
  const { service: _service, ...settings } = gateway
  const name = gateway.name.slice(prefix.length)
  return {
    ...settings, name, port: { name, number: 0, type: 'http' },
    routes: gateway.routes.map(({ path, settings: route }) => ({ path: path.split('/')[2] ?? path, settings: route })),
  }
}

function externalSettings(gateway: Gateway): Gateway {
  const { service: _service, ...settings } = gateway
  const [deployment = '', name = ''] = gateway.name.split('/')
  return { ...settings, name, routes: gateway.routes.map(({ path, settings: route }) => ({ path: path.slice(deployment.length + 1), settings: route })) }
}

/**
 * Puts a resolved blueprint over what is deployed: clusters and services that it does not name stay as they are. What it says,
 * wins. A service is known by its breed's name.
 */
import type { EnvironmentVariable } from '../breed.ts'
import type { Deployment, DeploymentCluster, DeploymentService } from '../deployment.ts'
import type { ResolvedBlueprint, ResolvedCluster } from './resolve.ts'

/** `host` is where the gateways of new clusters are reached. */
export function mergeBlueprint(current: Deployment, incoming: ResolvedBlueprint, host: string): Deployment {
  const known = new Set(current.clusters.map(({ name }) => name))
  const clusters = [
    ...current.clusters.map(cluster => {
      const given = incoming.clusters.find(({ name }) => name === cluster.name)
      return given ? mergeCluster(cluster, given) : cluster
    }),
    ...incoming.clusters.filter(({ name }) => !known.has(name)),
  ]
  return {
    ...current,
    metadata: { ...current.metadata, ...incoming.metadata },
    dialects: { ...current.dialects, ...incoming.dialects },
    clusters,
    environment_variables: byName(current.environment_variables, incoming.environment_variables),
    hosts: { ...Object.fromEntries(clusters.map(({ name }) => [name, host])), ...current.hosts },
  }
}

export function emptyDeployment(name: string): Deployment {
  return { kind: 'deployments', name, metadata: {}, clusters: [], ports: {}, environment_variables: [], hosts: {}, dialects: {} }
}

function mergeCluster(current: DeploymentCluster, incoming: ResolvedCluster): DeploymentCluster {
  const { health_checks, network, sla } = incoming
  return {
    ...current,
    metadata: { ...current.metadata, ...incoming.metadata },
    services: mergeServices(current.services, incoming.services),
    gateways: [...current.gateways.filter(({ name }) => !incoming.gateways.some(gateway => gateway.name === name)), ...incoming.gateways],
    ...(health_checks === undefined ? {} : { health_checks }),
    ...(network === undefined ? {} : { network }),
    ...(sla === undefined ? {} : { sla }),
    dialects: { ...current.dialects, ...incoming.dialects },
  }
}

function mergeServices(current: readonly DeploymentService[], incoming: readonly DeploymentService[]): DeploymentService[] {
  const given = new Map(incoming.map(service => [service.breed.name, service]))
  const known = new Set(current.map(({ breed }) => breed.name))
  return [...current.map(service => given.get(service.breed.name) ?? service), ...incoming.filter(({ breed }) => !known.has(breed.name))]
}

function byName(current: readonly EnvironmentVariable[], incoming: readonly EnvironmentVariable[]): EnvironmentVariable[] {
  return [...new Map([...current, ...incoming].map(variable => [variable.name, variable])).values()]
}

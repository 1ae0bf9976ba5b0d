/** Which cluster provides what a service depends on. */
import type { Breed } from '../breed.ts'
import type { Deployment, DeploymentCluster, DeploymentService } from '../deployment.ts'
import type { Problem } from '../problem.ts'

/** The name of a dependency as written: `db:1.0`, or `db:*` for every breed whose name begins so. */
export function dependencyName(dependency: Breed['dependencies'][string]): string {
  return dependency.is === 'reference' ? dependency.reference : dependency.value.name
}

export function satisfies(breed: string, dependency: string): boolean {
  return dependency.endsWith('*') ? breed.startsWith(dependency.slice(0, -1)) : breed === dependency
}

/** Fills in the providers of every service that stays; a dependency without one is a problem. */
export function connectDependencies(deployment: Deployment): { readonly deployment: Deployment; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const clusters = deployment.clusters.map(cluster => ({
    ...cluster,
    services: cluster.services.map(service => service.intention === 'Deployment'
      ? { ...service, dependencies: providersOf(service, cluster, deployment, problems) }
      : service),
  }))
  return { deployment: { ...deployment, clusters }, problems }
}

function providersOf(service: DeploymentService, cluster: DeploymentCluster, deployment: Deployment, problems: Problem[]): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(service.breed.dependencies).flatMap(([alias, dependency]) => {
    const name = dependencyName(dependency)
    const provider = deployment.clusters.find(({ services }) => services.some(({ intention, breed }) => intention === 'Deployment' && satisfies(breed.name, name)))
    if (provider) return [[alias, provider.name]]
    problems.push({
      code: 'UnresolvedDependencyError', message: `Unresolved dependency '${name}' for breed '${service.breed.name}'.`,
      path: `clusters/${cluster.name}/services/${service.breed.name}`,
    })
    return []
  }))
}

/** Breeds that would wait for each other for ever. */
export function dependencyCycles(deployment: Deployment): readonly Problem[] {
  const services = deployment.clusters.flatMap(cluster => cluster.services.filter(({ intention }) => intention === 'Deployment').map(service => ({ service, cluster: cluster.name })))
  const needs = new Map(deployment.clusters.map(({ name }) => [name, new Set<string>()]))
  for (const { service, cluster } of services) for (const provider of Object.values(service.dependencies)) needs.get(cluster)?.add(provider)
  return services.filter(({ cluster, service }) => Object.values(service.dependencies).some(provider => reaches(needs, provider, cluster))).map(({ service, cluster }) => ({
    code: 'RecursiveDependenciesError', message: `Recursive (cyclic) dependency detected for breed '${service.breed.name}'`,
    path: `clusters/${cluster}/services/${service.breed.name}`,
  }))
}

function reaches(needs: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set([from])
  for (const cluster of seen) for (const next of needs.get(cluster) ?? []) seen.add(next)
  return seen.has(to)
}

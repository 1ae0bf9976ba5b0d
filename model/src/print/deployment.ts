import type { Deployment, DeploymentCluster, DeploymentService, DeploymentStatus } from '../deployment.ts'
import { lookupName } from '../lookup-name.ts'
import { printClusterGateways } from './blueprint.ts'
import { printBreed } from './breed.ts'
import { type Json, optional, printArguments, printHeader, printHealthChecks, printMap, printReference, printVariables } from './fields.ts'
import { printScale } from './scale.ts'
import { printSla } from './sla.ts'

/** With `status`, services show their phase and their instances, as the API answers. */
export function printDeployment(deployment: Deployment, status?: DeploymentStatus): Json {
  return {
    ...printHeader(deployment),
    lookup_name: lookupName('Deployment', deployment.name),
    clusters: printMap(deployment.clusters, cluster => cluster.name, cluster => printCluster(cluster, status)),
    ports: deployment.ports,
    environment_variables: printVariables(deployment.environment_variables),
    hosts: deployment.hosts,
    dialects: deployment.dialects,
  }
}

function printCluster(cluster: DeploymentCluster, status: DeploymentStatus | undefined): Json {
  return {
    services: cluster.services.map(service => printService(service, cluster.name, status)),
    gateways: printClusterGateways(cluster.gateways),
    ...printHealthChecks(cluster.health_checks),
    ...optional('network', cluster.network),
    ...optional('sla', cluster.sla && printReference(cluster.sla, printSla)),
    dialects: cluster.dialects,
    metadata: cluster.metadata,
  }
}

function printService(service: DeploymentService, cluster: string, status: DeploymentStatus | undefined): Json {
  return {
    status: printStatus(service, cluster, status),
    breed: printBreed(service.breed),
    environment_variables: printVariables(service.environment_variables),
    scale: printScale(service.scale),
    ...(status ? { instances: printInstances(service, cluster, status) } : {}),
    arguments: printArguments(service.arguments),
    ...printHealthChecks(service.health_checks),
    ...optional('network', service.network),
    dependencies: service.dependencies,
    dialects: service.dialects,
  }
}

function printStatus({ intention, breed }: DeploymentService, cluster: string, status: DeploymentStatus | undefined): Json {
  const known = status?.services.find(service => service.cluster === cluster && service.service === breed.name)
  if (!known) return { intention }
  return { intention, since: known.since, phase: { name: known.phase, since: known.since, ...optional('notification', known.notification) } }
}

function printInstances({ breed }: DeploymentService, cluster: string, { instances }: DeploymentStatus): readonly Json[] {
  return instances
    .filter(instance => instance.cluster === cluster && instance.service === breed.name)
    .map(({ id, host, ports, state }) => ({ name: id, host, ports, deployed: state === 'ready' || state === 'draining' }))
}

import type { Blueprint, Cluster, Service } from '../blueprint.ts'
import type { Gateway } from '../gateway.ts'
import { parsePortNumber } from '../parse/port.ts'
import { printPort } from '../quantity.ts'
import { printBreedReference } from './breed.ts'
import { type Json, optional, printArguments, printHeader, printHealthChecks, printMap, printReference, printVariables } from './fields.ts'
import { printGatewaySettings } from './gateway.ts'
import { printScale } from './scale.ts'
import { printSla } from './sla.ts'

export function printBlueprint(blueprint: Blueprint): Json {
  return {
    ...printHeader(blueprint),
    gateways: printMap(blueprint.gateways, gateway => gateway.name, printExternalGateway),
    clusters: printMap(blueprint.clusters, cluster => cluster.name, printCluster),
    environment_variables: printVariables(blueprint.environment_variables),
    dialects: blueprint.dialects,
  }
}

/** A gateway under a free name that has no port keeps none. */
function printExternalGateway(gateway: Gateway): Json {
  const { number, type } = gateway.port
  const open = number === 0 && type === 'http' && !parsePortNumber(gateway.name)
  return { ...(open ? {} : { port: printPort(gateway.port) }), metadata: gateway.metadata, ...printGatewaySettings(gateway) }
}

function printCluster(cluster: Cluster): Json {
  return {
    services: cluster.services.map(printService),
    gateways: printClusterGateways(cluster.gateways),
    ...printHealthChecks(cluster.health_checks),
    ...optional('network', cluster.network),
    ...optional('sla', cluster.sla && printReference(cluster.sla, printSla)),
    dialects: cluster.dialects,
    metadata: cluster.metadata,
  }
}

/** By port; the one that names no port stands alone. */
export function printClusterGateways(gateways: readonly Gateway[]): Json {
  const [only] = gateways
  if (only?.name === '') return { metadata: only.metadata, ...printGatewaySettings(only) }
  return printMap(gateways, gateway => gateway.name, gateway => ({ metadata: gateway.metadata, ...printGatewaySettings(gateway) }))
}

function printService(service: Service): Json {
  return {
    breed: printBreedReference(service.breed),
    environment_variables: printVariables(service.environment_variables),
    ...optional('scale', service.scale && printReference(service.scale, printScale)),
    arguments: printArguments(service.arguments),
    ...printHealthChecks(service.health_checks),
    ...optional('network', service.network),
    dialects: service.dialects,
  }
}

/** What must be true of a blueprint as a whole: names that one part gives and another uses. */
import type { Blueprint, Cluster, Service } from '../blueprint.ts'
import type { Breed } from '../breed.ts'
import type { Escalation } from '../escalation.ts'
import type { Gateway } from '../gateway.ts'
import type { Reference } from '../reference.ts'
import { unresolvedTrait } from './breed-check.ts'
import { portsOf } from './cluster.ts'
import type { Cursor } from './cursor.ts'
import { checkTcp, ROUNDING, totalWeight } from './gateway.ts'
import { checkHealthCheckPorts } from './health-check.ts'
import { nearest } from './near.ts'

/** `complete`: nothing else is there that a dependency could be found in. */
export function checkBlueprint(blueprint: Blueprint, cursor: Cursor, { complete }: { readonly complete: boolean }): void {
  if (blueprint.clusters.every(cluster => cluster.services.length === 0)) cursor.report('NoServiceError', 'Expected at least one service.')
  checkUniqueBreeds(blueprint, cursor)
  if (complete) checkDependencies(blueprint, cursor)
  checkExternalGateways(blueprint, cursor)
  checkClusterVariables(blueprint, cursor)
  const clusters = new Set(blueprint.clusters.map(cluster => cluster.name))
  for (const cluster of blueprint.clusters) {
    const place = cursor.reading.placeOf(cluster, cursor)
    checkClusterGateways(cluster, place)
    for (const service of cluster.services) checkService(service, cursor)
    const ports = portsOf(cluster.services)
    checkHealthCheckPorts(cluster.health_checks, ports && new Set(ports.keys()), place)
    if (cluster.sla?.is === 'inline') checkTargets(cluster.sla.value.escalations, clusters, place)
  }
}

const nameOf = (breed: Reference<Breed>) => breed.is === 'reference' ? breed.reference : breed.value.name

function checkUniqueBreeds({ clusters }: Blueprint, cursor: Cursor): void {
  const seen = new Set<string>()
  for (const { breed } of clusters.flatMap(cluster => cluster.services)) {
    const name = nameOf(breed)
    if (name !== '' && seen.has(name)) cursor.reading.placeOf(breed, cursor).report('NonUniqueBlueprintBreedReferenceError', `Multiple references for breed: '${name}'.`)
    seen.add(name)
  }
}

function checkDependencies({ clusters }: Blueprint, cursor: Cursor): void {
  const breeds = clusters.flatMap(cluster => cluster.services).map(service => service.breed)
  const names = breeds.map(nameOf)
  for (const breed of breeds) {
    if (breed.is === 'reference') continue
    for (const dependency of Object.values(breed.value.dependencies)) {
      const wanted = nameOf(dependency)
      const found = wanted.endsWith('*') ? names.some(name => name.startsWith(wanted.slice(0, -1))) : names.includes(wanted)
      if (!found) cursor.reading.placeOf(dependency, cursor).report('UnresolvedBreedDependencyError', `Unresolved breed dependency for breed '${breed.value.name}': '${wanted}'.`)
    }
  }
}

function checkExternalGateways({ gateways, clusters }: Blueprint, cursor: Cursor): void {
  const taken = new Set<number>()
  for (const gateway of gateways) {
    const place = cursor.reading.placeOf(gateway, cursor)
    const { number } = gateway.port
    if (number > 0 && taken.has(number)) place.key.report('DuplicateGatewayPortError', `Duplicate gateway port: '${number}'.`)
    taken.add(number)
    for (const route of gateway.routes) checkTarget(route.path, gateway, clusters, cursor.reading.placeOf(route, place))
  }
}

/** A route of an external gateway ends at a port of a cluster. */
function checkTarget(path: string, gateway: Gateway, clusters: readonly Cluster[], cursor: Cursor): void {
  const [name = '', port, ...more] = path.split('/')
  const cluster = clusters.find(candidate => candidate.name === name)
  const ports = cluster && portsOf(cluster.services)
  if (cluster && port !== undefined && more.length === 0 && (!ports || ports.has(port))) return
  const near = cluster ? port !== undefined && ports ? nearest(port, ports.keys()) : undefined : nearest(name, clusters.map(candidate => candidate.name))
  cursor.report('UnresolvedGatewayPortError', unresolvedPort(path.replaceAll('/', '.'), gateway.name), near ? `did you mean '${near}'?` : 'write cluster/port')
}

const unresolvedPort = (name: string, value: string) => `Gateway port '${name} -> ${value}' cannot be resolved. Check if referenced cluster exists and if it has any breed with referenced port name.`

function checkClusterVariables({ environment_variables, clusters }: Blueprint, cursor: Cursor): void {
  for (const variable of environment_variables) {
    const [clusterName, group, ...rest] = variable.name.split('.')
    const cluster = clusters.find(candidate => candidate.name === clusterName)
    const breeds = cluster?.services.map(service => service.breed) ?? []
    const known = breeds.some(breed => breed.is === 'reference' || breed.value.environment_variables.some(({ name }) => name === rest.join('.')))
    if (known && group === 'environment_variables' && rest.length > 0) continue
    const place = cursor.reading.placeOf(variable, cursor)
    const name = String(place.steps.at(-1) ?? variable.name)
    place.key.report('UnresolvedEnvironmentVariableError', `Parameter '${name} -> ${variable.value ?? ''}' cannot be resolved. Check if cluster exists and if it has any breed with port, environment variable or constant referable by ${name}.`, 'write cluster.environment_variables.NAME')
  }
}

function checkClusterGateways(cluster: Cluster, cursor: Cursor): void {
  const ports = portsOf(cluster.services)
  const breeds = new Set(cluster.services.map(service => nameOf(service.breed)))
  for (const gateway of cluster.gateways) {
    const place = cursor.reading.placeOf(gateway, cursor)
    const port = ports?.get(gateway.name)
    if (gateway.name === '') checkAnonymous(cluster.services, place)
    else if (ports && !port) place.report('UnresolvedGatewayPortError', unresolvedPort(`${cluster.name}.${gateway.name}`, gateway.name), near(gateway.name, ports.keys()))
    if (port) checkTcp({ ...gateway, port }, port.name, place)
    for (const route of gateway.routes) {
      if (!breeds.has(route.path)) place.reading.placeOf(route, place).report('UnresolvedServiceRouteError', `Unresolved service route for '${cluster.name}' and '${route.path}'.`, near(route.path, breeds))
    }
    if ((totalWeight(gateway.routes) ?? 0) > 100 + ROUNDING) place.report('RouteWeightError', `Total route weight cannot exceed 100 or be a negative value. Check cluster: '${cluster.name}'.`)
  }
}

function near(word: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(word, candidates)
  return found && `did you mean '${found}'?`
}

/** A gateway that names no port stands for the only one. */
function checkAnonymous(services: readonly Service[], cursor: Cursor): void {
  for (const { breed } of services) {
    if (breed.is === 'inline' && breed.value.ports.length > 1) {
      cursor.report('IllegalAnonymousRoutingPortMappingError', `Illegal anonymous routing port mapping - more than 1 port defined for '${breed.value.name}'.`, 'put the settings under the name of a port')
    }
  }
}

function checkService(service: Service, cursor: Cursor): void {
  const { breed } = service
  const place = cursor.reading.placeOf(service, cursor)
  for (const variable of service.environment_variables) {
    const at = cursor.reading.placeOf(variable, place)
    if (variable.value === null) at.report('MissingEnvironmentVariableError', `Missing environment variable value for '${variable.name}' in service '${nameOf(breed)}.'`)
    if (breed.is === 'inline' && !breed.value.environment_variables.some(({ name }) => name === variable.name)) {
      at.key.report('UnresolvedDependencyInTraitValueError', unresolvedTrait(variable.name, breed.value), near(variable.name, breed.value.environment_variables.map(({ name }) => name)))
    }
  }
  if (breed.is === 'inline') checkHealthCheckPorts(service.health_checks, new Set(breed.value.ports.map(port => port.name)), place)
}

function checkTargets(escalations: readonly Reference<Escalation>[], clusters: ReadonlySet<string>, cursor: Cursor): void {
  for (const escalation of escalations) {
    if (escalation.is === 'reference') continue
    const { value } = escalation
    if ('escalations' in value) checkTargets(value.escalations, clusters, cursor)
    else if ('target' in value && value.target !== undefined && !clusters.has(value.target)) {
      cursor.reading.placeOf(value, cursor).report('UnresolvedScaleEscalationTargetCluster', `Unresolved scale escalation target cluster: '${value.target}'.`, near(value.target, clusters))
    }
  }
}

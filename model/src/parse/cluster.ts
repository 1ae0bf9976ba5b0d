import type { Cluster, Service } from '../blueprint.ts'
import type { Breed, EnvironmentVariable } from '../breed.ts'
import type { Gateway } from '../gateway.ts'
import { isName } from '../name.ts'
import type { Port } from '../port.ts'
import { inline, type Reference, reference } from '../reference.ts'
import { readBreed, readBreedReference } from './breed.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readGatewaySettings, UNASSIGNED } from './gateway.ts'
import { illegalName, readArtifactName, readDialects, readMetadata, readNetwork } from './header.ts'
import { readHealthChecks } from './health-check.ts'
import { readRoutes } from './route.ts'
import { readScaleReference } from './scale.ts'
import { readSlaReference } from './sla.ts'
import { readArguments, readEnvironment } from './trait.ts'

export function readCluster(name: string, cursor: Cursor): Cluster {
  if (!isName(name)) illegalName(cursor.key, name)
  const base = { name, metadata: {}, gateways: [], dialects: {} }
  if (cursor.isNull) return cursor.reading.place({ ...base, services: [] }, cursor)
  if (!cursor.isMap) return cursor.reading.place({ ...base, services: cursor.items().map(readService) }, cursor)
  const fields = cursor.map()
  const sla = fields.optional('sla')
  const gateways = fields.optional('gateways')
  const services = readServices(fields)
  const cluster = {
    ...base,
    ...services,
    gateways: gateways ? readClusterGateways(gateways, portsOf(services.services), new Set(services.services.map(({ breed }) => breed.is === 'reference' ? breed.reference : breed.value.name))) : [],
    ...(sla ? { sla: readSlaReference(sla) } : {}),
  }
  fields.finish()
  return cursor.reading.place(cluster, cursor)
}

/** `services:` with the cluster's own settings beside it; or, without, one service whose fields stand in the cluster. */
function readServices(fields: Fields): Pick<Cluster, 'services' | 'metadata' | 'health_checks' | 'network' | 'dialects'> {
  if (fields.has('services')) {
    const services = fields.optional('services')?.items().map(readService) ?? []
    return { services, metadata: readMetadata(fields), ...readHealthChecks(fields), ...readNetwork(fields), dialects: readDialects(fields) }
  }
  const own = fields.keys.filter(key => !['sla', 'gateways', 'metadata'].includes(key))
  if (own.length === 0) return { services: [], metadata: readMetadata(fields), dialects: {} }
  const metadata = fields.has('breed') || fields.has('reference') || fields.has('ref') ? readMetadata(fields) : {}
  return { services: [readServiceFields(fields)], metadata, dialects: {} }
}

function readService(cursor: Cursor): Service {
  if (!cursor.isMap) {
    const breed = cursor.reading.place(reference(readArtifactName(cursor)), cursor)
    return cursor.reading.place({ breed, environment_variables: [], arguments: [], dialects: {} }, cursor)
  }
  const fields = cursor.map()
  const service = readServiceFields(fields)
  fields.finish()
  return service
}

function readServiceFields(fields: Fields): Service {
  const bare = !fields.has('breed') && fields.has('name')
  if (bare) return place(fields, { breed: inline(readBreed(fields)), environment_variables: [], arguments: [], dialects: {} })
  fields.ignore('health', 'status', 'instances', 'dependencies')
  const breed = readServiceBreed(fields)
  const scale = fields.optional('scale')
  return place(fields, {
    breed,
    environment_variables: readEnvironment(fields.optional('environment_variables', 'env')).map(variable => withoutAlias(variable, fields.cursor)),
    ...(scale ? { scale: readScaleReference(scale) } : {}),
    arguments: readArguments(fields),
    ...readHealthChecks(fields),
    ...readNetwork(fields),
    dialects: readDialects(fields),
  })
}

/** In a service a variable goes by its own name; an alias is the breed's affair. */
function withoutAlias(variable: EnvironmentVariable, cursor: Cursor): EnvironmentVariable {
  const { name, value } = variable
  return cursor.reading.place({ name, value }, cursor.reading.placeOf(variable, cursor))
}

function place(fields: Fields, service: Service): Service {
  return fields.reading.place(service, fields.cursor)
}

function readServiceBreed(fields: Fields): Reference<Breed> {
  const named = fields.has('breed') ? undefined : fields.optional('reference', 'ref')
  if (named) return fields.reading.place(reference(readArtifactName(named)), named)
  const breed = fields.required('breed')
  return breed ? readBreedReference(breed) : reference('')
}

/** The ports of all services, by name; nothing while one of them is only a reference. */
export function portsOf(services: readonly Service[]): ReadonlyMap<string, Port> | undefined {
  const ports = new Map<string, Port>()
  for (const { breed } of services) {
    if (breed.is === 'reference') return undefined
    for (const port of breed.value.ports) ports.set(port.name, port)
  }
  return ports
}

/** These keys say that the map is the gateway itself, not a map from port to gateway. */
const ANONYMOUS_KEYS = ['sticky', 'routes', 'split', 'smooth', 'virtual_hosts', 'policy'] as const

/** `breeds` are the names of the cluster's services. */
export function readClusterGateways(cursor: Cursor, ports: ReadonlyMap<string, Port> | undefined, breeds: ReadonlySet<string>): Gateway[] {
  const fields = cursor.map()
  if (fields.keys.length > 0 && fields.keys.every(key => breeds.has(key) && !ports?.has(key))) return [readRoutesAlone(cursor, ports)]
  if (!ANONYMOUS_KEYS.some(key => fields.has(key) && !ports?.has(key))) return fields.all().map(([port, value]) => readClusterGateway(port, value.isNull ? undefined : value.map(), value))
  return [readClusterGateway(onlyPort(ports), fields, cursor)]
}

/** `gateways: {breed: {weight: 50%}}` is short for the routes of the only port. */
function readRoutesAlone(cursor: Cursor, ports: ReadonlyMap<string, Port> | undefined): Gateway {
  const port = onlyPort(ports)
  return cursor.reading.place({ kind: 'gateways', name: port, metadata: {}, port: { ...UNASSIGNED, name: port }, sticky: 'none', virtual_hosts: [], routes: readRoutes(cursor, checkServicePath) }, cursor)
}

function onlyPort(ports: ReadonlyMap<string, Port> | undefined): string {
  const [only] = ports?.size === 1 ? ports.keys() : []
  return only ?? ''
}

function readClusterGateway(port: string, fields: Fields | undefined, cursor: Cursor): Gateway {
  const none = { metadata: {}, sticky: 'none', virtual_hosts: [], routes: [] } as const
  const header = { kind: 'gateways', name: port, port: { ...UNASSIGNED, name: port } } as const
  if (!fields) return cursor.reading.place({ ...header, ...none }, cursor)
  fields.ignore('lookup_name', 'service')
  const name = fields.optional('name')
  if (name) name.report('NotAnonymousError', `Expected an anonymous artifact, not one with the name: '${name.text()}'.`)
  const gateway = { ...header, ...readGatewaySettings(fields, checkServicePath) }
  fields.finish()
  return cursor.reading.place(gateway, cursor)
}

function checkServicePath(path: string, cursor: Cursor): void {
  if (!isName(path)) cursor.report('UnsupportedRoutePathError', `Unsupported route path: '${path}'. Inside a cluster it is the name of a breed.`)
}

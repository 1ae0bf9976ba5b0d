/** Reads back what `print/json.ts` makes of a deployment: desire only, everything resolved. */
import type { Breed } from '../breed.ts'
import type { Deployment, DeploymentCluster, DeploymentService, Intention } from '../deployment.ts'
import type { Scale } from '../scale.ts'
import { readBreedReference } from './breed.ts'
import { readClusterGateways } from './cluster.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readDialects, readHeader, readMetadata, readNetwork } from './header.ts'
import { readHealthChecks } from './health-check.ts'
import { readScaleReference } from './scale.ts'
import { readSlaReference } from './sla.ts'
import { readArguments, readEnvironment } from './trait.ts'

export function readDeployment(fields: Fields): Deployment {
  return {
    ...readHeader(fields, 'deployments'),
    clusters: fields.optional('clusters')?.map().all().map(([name, cursor]) => readCluster(name, cursor.map())) ?? [],
    ports: readTexts(fields.optional('ports')),
    environment_variables: readEnvironment(fields.optional('environment_variables', 'env')),
    hosts: readTexts(fields.optional('hosts')),
    dialects: readDialects(fields),
  }
}

function readCluster(name: string, fields: Fields): DeploymentCluster {
  const gateways = fields.optional('gateways')
  const sla = fields.optional('sla')
  const cluster = {
    name,
    metadata: readMetadata(fields),
    services: fields.optional('services')?.items().map(readService) ?? [],
    gateways: gateways ? readClusterGateways(gateways, undefined, new Set()) : [],
    ...readHealthChecks(fields),
    ...readNetwork(fields),
    ...(sla ? { sla: readSlaReference(sla) } : {}),
    dialects: readDialects(fields),
  }
  fields.finish()
  return cluster
}

function readService(cursor: Cursor): DeploymentService {
  const fields = cursor.map()
  fields.ignore('instances', 'health')
  const service = {
    intention: readIntention(fields.optional('status')),
    breed: readWholeBreed(fields.required('breed')),
    environment_variables: readEnvironment(fields.optional('environment_variables', 'env')),
    scale: readWholeScale(fields.required('scale')),
    arguments: readArguments(fields),
    ...readHealthChecks(fields),
    ...readNetwork(fields),
    dialects: readDialects(fields),
    dependencies: readTexts(fields.optional('dependencies')),
  }
  fields.finish()
  return service
}

function readIntention(cursor: Cursor | undefined): Intention {
  if (!cursor) return 'Deployment'
  const fields = cursor.map()
  fields.ignore('since', 'phase')
  const intention = fields.optional('intention')?.oneOf(['Deployment', 'Undeployment'], 'Deployment') ?? 'Deployment'
  fields.finish()
  return intention
}

const NO_BREED: Breed = { kind: 'breeds', name: '', metadata: {}, deployable: { definition: '' }, ports: [], environment_variables: [], constants: [], arguments: [], dependencies: {} }
const NO_SCALE: Scale = { kind: 'scales', name: '', metadata: {}, cpu: 0, memory: 0, instances: 0 }

function readWholeBreed(cursor: Cursor | undefined): Breed {
  const breed = cursor && readBreedReference(cursor)
  if (breed?.is === 'inline') return breed.value
  cursor?.unexpectedType('a deployment carries the whole breed')
  return NO_BREED
}

function readWholeScale(cursor: Cursor | undefined): Scale {
  const scale = cursor && readScaleReference(cursor)
  if (scale?.is === 'inline') return scale.value
  cursor?.unexpectedType('a deployment carries the whole scale')
  return NO_SCALE
}

function readTexts(cursor: Cursor | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(cursor?.map().all().map(([key, value]) => [key, value.text()]) ?? [])
}

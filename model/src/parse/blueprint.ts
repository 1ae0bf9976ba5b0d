import type { Blueprint } from '../blueprint.ts'
import type { EnvironmentVariable } from '../breed.ts'
import type { Gateway } from '../gateway.ts'
import { checkBlueprint } from './blueprint-check.ts'
import { readCluster } from './cluster.ts'
import type { Cursor, Fields } from './cursor.ts'
import { checkTcp, checkWeights, readGatewayPort, readGatewaySettings, UNASSIGNED } from './gateway.ts'
import { readArtifactName, readCommon, readDialects, readHeader } from './header.ts'
import { parsePortNumber, PORT_MAX, portTypeHint } from './port.ts'
import { checkPath } from './route.ts'
import { readEnvironment } from './trait.ts'

export function readBlueprint(fields: Fields): Blueprint {
  const blueprint = readContent(fields, readHeader(fields, 'blueprints'))
  checkBlueprint(blueprint, fields.cursor, { complete: true })
  return blueprint
}

/** What may be sent to a deployment: a blueprint, or a deployment as it was printed. Dependencies may be running already. */
export function readDeploymentBody(fields: Fields): Blueprint {
  fields.ignore('ports', 'hosts')
  const kind = fields.optional('kind')?.text().toLowerCase()
  const deployment = kind === 'deployment' || kind === 'deployments'
  const name = fields.required('name')
  const header = { kind: 'blueprints', name: name ? readArtifactName(name) : '', metadata: readCommon(fields, deployment ? 'deployments' : 'blueprints') } as const
  const blueprint = readContent(fields, header)
  checkBlueprint(blueprint, fields.cursor, { complete: false })
  return blueprint
}

function readContent(fields: Fields, header: Pick<Blueprint, 'kind' | 'name' | 'metadata'>): Blueprint {
  return {
    ...header,
    gateways: fields.optional('gateways')?.map().all().map(([key, value]) => readExternalGateway(key, value)) ?? [],
    clusters: fields.optional('clusters')?.map().all().map(([name, value]) => readCluster(name, value)) ?? [],
    environment_variables: readEnvironment(fields.optional('environment_variables', 'env')).map(variable => fullName(variable, fields.cursor)),
    dialects: readDialects(fields),
  }
}

/** `9050: cluster/port`, or a map under a port or a free name. */
function readExternalGateway(key: string, cursor: Cursor): Gateway {
  const fields = cursor.isMap ? cursor.map() : undefined
  const given = fields?.optional('port')
  const number = parsePortNumber(key)
  if (number && number.number > PORT_MAX) cursor.key.report('InvalidGatewayPortError', `Invalid gateway port: '${key}'. Port number must be between 0 and ${PORT_MAX}.`)
  const hint = /^\s*\d+\s*\//.test(key) ? portTypeHint(key) : undefined
  if (hint !== undefined) cursor.key.report('InvalidGatewayPortError', `Invalid gateway port: '${key}'.`, hint)
  const port = given ? readGatewayPort(given) : number ? { name: number.number === 0 ? '' : String(number.number), ...number } : UNASSIGNED
  fields?.ignore('lookup_name', 'service')
  const name = fields?.optional('name')
  if (name) name.report('NotAnonymousError', `Expected an anonymous artifact, not one with the name: '${name.text()}'.`)
  const settings = fields ? readGatewaySettings(fields) : { metadata: {}, sticky: 'none', virtual_hosts: [], routes: shortRoute(cursor) } as const
  const gateway: Gateway = cursor.reading.place({ kind: 'gateways', name: key, port, ...settings }, cursor)
  checkTcp(gateway, given?.text() ?? key, cursor)
  checkWeights(gateway, cursor)
  fields?.finish()
  return gateway
}

function shortRoute(cursor: Cursor): Gateway['routes'] {
  if (cursor.isNull) return []
  const path = cursor.text()
  if (cursor.isScalar) checkPath(path, cursor)
  return [cursor.reading.place({ path, settings: { is: 'inline', value: { metadata: {}, rewrites: [] } } }, cursor)]
}

/** `cluster.NAME` is short for `cluster.environment_variables.NAME`. */
function fullName(variable: EnvironmentVariable, cursor: Cursor): EnvironmentVariable {
  const [cluster, group, ...rest] = variable.name.split('.')
  if (group === undefined || rest.length > 0) return variable
  return cursor.reading.place({ ...variable, name: `${cluster}.environment_variables.${group}` }, cursor.reading.placeOf(variable, cursor))
}

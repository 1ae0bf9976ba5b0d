/**
 * A Docker Compose file as a blueprint: every compose service is a cluster with one service of a breed `<service>:1.0.0`.
 * What has no counterpart is left out, and said in a comment.
 */
import type { Blueprint, Cluster } from '../blueprint.ts'
import type { EnvironmentVariable } from '../breed.ts'
import { isName } from '../name.ts'
import type { Port } from '../port.ts'
import { ok, type Parsed } from '../problem.ts'
import { inline, reference } from '../reference.ts'
import type { Scale } from '../scale.ts'
import { type ComposeHealth, healthChecks, readComposeDependencies, readComposeHealth, readComposeRestart, readComposeScale, type Say } from './compose-running.ts'
import { tellUnresolved, withDollars } from './compose-unresolved.ts'
import { Cursor, type Fields, Reading } from './cursor.ts'
import { parseOne } from './document.ts'
import { illegalName } from './header.ts'
import { PORT_MAX } from './port.ts'
import type { SourceNode } from './source.ts'

export interface ComposeImport {
  readonly blueprint: Blueprint
  /** Sentences about what was changed or left out, in order. */
  readonly comments: readonly string[]
}

export function parseCompose(name: string, text: string): Parsed<ComposeImport> {
  return parseOne(text, root => composeOf(name, root))
}

/** The ports of a compose service alone; a port may be there twice. */
export function parseComposePorts(text: string): Parsed<readonly Port[]> {
  return parseOne(text, root => {
    const reading = new Reading()
    return reading.result(readPorts(new Cursor(root, [], reading).map(), '', []))
  })
}

interface ComposeService {
  readonly name: string
  readonly image: string
  readonly ports: readonly Port[]
  readonly variables: readonly EnvironmentVariable[]
  readonly dependencies: readonly string[]
  readonly command?: readonly string[]
  readonly scale?: Scale
  readonly health: ComposeHealth
}

function composeOf(name: string, root: SourceNode): Parsed<ComposeImport> {
  const reading = new Reading()
  const comments: string[] = []
  const top = new Cursor(root, [], reading).map()
  const nested = top.optional('services')
  top.ignore('version', 'name')
  if (nested) for (const [key] of top.unread()) leftOut(comments, key)
  const services = (nested ? nested.map().all() : top.unread()).map(([service, cursor]) => readService(service, cursor, comments))
  if (services.length === 0) top.missing('services')
  if (reading.count > 0) return reading.result<never>(undefined as never)
  return ok({ blueprint: blueprintOf(name, services, comments), comments })
}

function readService(name: string, cursor: Cursor, comments: string[]): ComposeService {
  if (!isName(name)) illegalName(cursor, name)
  const fields = cursor.map()
  const say = (comment: string) => { comments.push(comment) }
  const command = fields.optional('command')
  const image = readImage(name, fields)
  const scale = readComposeScale(name, fields, say)
  const health = readComposeHealth(fields)
  const service = {
    name, image,
    ports: unique([...readPorts(fields, name, comments), ...readExposed(fields), ...health.port ? [health.port] : []]),
    variables: readEnvironment(fields.optional('environment')),
    dependencies: readComposeDependencies(name, fields.optional('depends_on'), say),
    health,
    ...(command ? { command: command.isScalar ? words(command.text()) : command.list().map(item => item.text()) } : {}),
    ...(scale ? { scale } : {}),
  }
  readComposeRestart(name, fields, say)
  for (const [key] of fields.unread()) leftOut(comments, `${name}/${key}`)
  return service
}

/** Images are built before they are deployed; `build` says of what. */
function readImage(name: string, fields: Fields): string {
  const image = fields.optional('image')
  const build = image ? undefined : fields.optional('build')
  if (!build) return (image ?? fields.required('image'))?.text() ?? ''
  const context = build.isScalar ? build.text() : build.isMap ? build.map().optional('context')?.text() ?? '.' : '.'
  fields.missing('image', `Vamp builds no images: build it with \`docker build -t ${name}:1.0 ${context}\`, and write \`image: ${name}:1.0\` beside \`build\``)
  return ''
}

function leftOut(comments: string[], field: string): void {
  comments.push(`Did not include unsupported field: '${field}'.`)
}

function readPorts(fields: Fields, service: string, comments: string[]): Port[] {
  return fields.optional('ports')?.items().flatMap(item => item.isMap ? readLongPort(item) : readShortPort(item, service, comments)) ?? []
}

/** Ports for other services alone. */
function readExposed(fields: Fields): Port[] {
  return fields.optional('expose')?.items().flatMap(item => readShortPort(item, '', [])) ?? []
}

/** `3000`, `3000-3005`, `8000:8000`, `127.0.0.1:8001:8001`, each with an optional `/tcp`. */
function readShortPort(cursor: Cursor, service: string, comments: string[]): Port[] {
  const text = cursor.text()
  const [, address, digits = '', range, protocol = ''] = /^(?:(.*):)?(\d{1,5})(-\d{1,5})?(?:\/(\w+))?$/.exec(text.trim()) ?? []
  if (digits === '') {
    if (cursor.isScalar) cursor.unexpectedType('a port such as 8080 or 80:8080/tcp is expected here')
    return []
  }
  if (address) comments.push(`Only the container's port of '${text}' in '${service}' is kept; Vamp chooses the host's.`)
  if (range) comments.push(`Only the first port of the range '${text}' in '${service}' is kept.`)
  return portOf(Number(digits), protocol, cursor)
}

function readLongPort(cursor: Cursor): Port[] {
  const fields = cursor.map()
  const target = fields.required('target')?.integer() ?? 0
  return portOf(target, fields.optional('protocol')?.text() ?? '', cursor)
}

/** Of databases, queues and mail, which do not speak HTTP. */
const OTHER_PORTS: ReadonlySet<number> = new Set([25, 465, 587, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5672, 6379, 7687, 8883, 9042, 9092, 11211, 26257, 27017])

const usualType = (number: number): Port['type'] => OTHER_PORTS.has(number) ? 'tcp' : 'http'

function portOf(number: number, protocol: string, cursor: Cursor): Port[] {
  const type = protocol === '' ? usualType(number) : (['http', 'tcp'] as const).find(known => known === protocol.toLowerCase())
  if (!type) cursor.report('UnsupportedProtocolError', `Unsupported protocol: '${protocol}'.`, 'http or tcp is expected here')
  if (number > PORT_MAX) cursor.unexpectedType(`a port number is at most ${PORT_MAX}`)
  return [{ name: `port_${number}`, number, type: type ?? 'http' }]
}

/** A list of `NAME=value`, or a map; without a value it is a place holder. */
function readEnvironment(cursor: Cursor | undefined): EnvironmentVariable[] {
  if (!cursor) return []
  const pairs = cursor.isMap
    ? cursor.map().all().map(([name, value]) => ({ name, value: value.isNull ? null : value.text(), place: value }))
    : cursor.items().map(item => {
      const [, name = '', value = null] = /^([^=]*)(?:=(.*))?$/s.exec(item.text()) ?? []
      return { name, value, place: item }
    })
  const last = new Map(pairs.map(pair => [pair.name, pair]))
  return [...last.values()].map(({ name, value, place }) => {
    if (!isName(name)) illegalName(place, name)
    return { name, value }
  })
}

/** As a shell separates words: quotes keep spaces, a backslash keeps what follows. */
function words(text: string): string[] {
  const found = text.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs) ?? []
  return found.map(word => word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs, (_, single?: string, double?: string, escaped?: string) => single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? ''))
}

const breedName = (service: string) => `${service}:1.0.0`

function blueprintOf(name: string, services: readonly ComposeService[], comments: string[]): Blueprint {
  const linked = services.map(service => linkVariables(service, services, comments))
  for (const { service, variables } of linked) tellUnresolved({ ...service, variables }, services, comment => { comments.push(comment) })
  const ports = (service: string) => [
    ...services.find(candidate => candidate.name === service)?.ports ?? [],
    ...linked.flatMap(({ links }) => links.filter(link => link.service === service).map(link => ({ name: `port_${link.port}`, number: link.port, type: usualType(link.port) }))),
  ]
  return {
    kind: 'blueprints', name, metadata: {}, gateways: [], environment_variables: [], dialects: {},
    clusters: linked.map(({ service, variables, links }) => clusterOf(service, unique(ports(service.name)), variables.map(withDollars), [...new Set([...service.dependencies, ...links.map(link => link.service)])], comment => { comments.push(comment) })),
  }
}

/** `redis:6379` as a value is the address of another service: it becomes a reference to that service's gateway. */
function linkVariables(service: ComposeService, services: readonly ComposeService[], comments: string[]) {
  const links: { readonly service: string; readonly port: number }[] = []
  const variables = service.variables.map(variable => {
    const [, target = '', digits = ''] = /^([^\s:]+):(\d{1,5})$/.exec(variable.value ?? '') ?? []
    if (!services.some(candidate => candidate.name === target)) return variable
    links.push({ service: target, port: Number(digits) })
    comments.push(`'${variable.name}' of '${service.name}' refers to the gateway of '${target}'.`)
    return { ...variable, value: `$${target}.host:$${target}.ports.port_${Number(digits)}` }
  })
  return { service, variables, links }
}

function unique(ports: readonly Port[]): Port[] {
  return [...new Map(ports.map(port => [port.name, port] as const).toReversed()).values()].toReversed()
}

function clusterOf(service: ComposeService, ports: readonly Port[], variables: readonly EnvironmentVariable[], dependencies: readonly string[], say: Say): Cluster {
  const checks = healthChecks(service.name, service.health, ports, say)
  const breed = {
    kind: 'breeds', name: breedName(service.name), metadata: {}, deployable: { type: 'container/docker', definition: service.image },
    ports, environment_variables: variables, constants: [], arguments: [],
    dependencies: Object.fromEntries(dependencies.map(name => [name, reference(breedName(name))])),
    ...(checks ? { health_checks: checks } : {}),
  } as const
  const dialects = service.command ? { docker: { Cmd: service.command } } : {}
  return { name: service.name, metadata: {}, gateways: [], dialects: {}, services: [{ breed: inline(breed), ...(service.scale ? { scale: inline(service.scale) } : {}), environment_variables: [], arguments: [], dialects }] }
}

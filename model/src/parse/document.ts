/**
 * The language's front door: texts in, artifacts or problems out. YAML and JSON alike.
 *
 * ```ts
 * const parsed = parseArtifact('scales', 'name: small\ncpu: 500m\nmemory: 64MB')
 * if (parsed.is === 'refused') return describeProblems(parsed.problems)
 * parsed.value.cpu // 0.5
 * ```
 */
import type { Artifact, ArtifactOf } from '../artifact.ts'
import type { Blueprint } from '../blueprint.ts'
import { KINDS, type Kind, kindOf, singular } from '../kind.ts'
import type { Parsed } from '../problem.ts'
import { readAutoscaler } from './autoscaler.ts'
import { readBlueprint, readDeploymentBody } from './blueprint.ts'
import { readBreed } from './breed.ts'
import { readCondition } from './condition.ts'
import { Cursor, type Fields, Reading } from './cursor.ts'
import { readDeployment } from './deployment.ts'
import { readEscalation } from './escalation.ts'
import { readGateway } from './gateway.ts'
import { expandImports, type ImportLookup, type ImportReference, importsOf } from './import.ts'
import { nearest } from './near.ts'
import { readPolicy } from './policy.ts'
import { readRelease } from './release.ts'
import { readRewrite } from './rewrite.ts'
import { readRouteArtifact } from './route.ts'
import { readScale } from './scale.ts'
import { readSla } from './sla.ts'
import { parseSource, type SourceDocument, type SourceNode, sourceOf } from './source.ts'
import { readTemplate } from './template.ts'
import { readWorkflow } from './workflow.ts'

const READERS: { readonly [K in Kind]: (fields: Fields) => ArtifactOf[K] } = {
  breeds: readBreed,
  blueprints: readBlueprint,
  deployments: readDeployment,
  gateways: readGateway,
  workflows: readWorkflow,
  conditions: readCondition,
  rewrites: readRewrite,
  routes: readRouteArtifact,
  scales: readScale,
  slas: readSla,
  escalations: readEscalation,
  templates: readTemplate,
  releases: readRelease,
  autoscalers: readAutoscaler,
  policies: readPolicy,
}

/** One artifact of a known kind. What it imports is asked of `imports`; see `parseImports`. */
export function parseArtifact<K extends Kind>(kind: K, text: string, imports: ImportLookup = NO_IMPORTS): Parsed<ArtifactOf[K]> {
  return parseOne(text, root => withImports(root, imports, whole => readOne(whole, READERS[kind])))
}

/** What a single document imports, to be fetched before it is read. */
export function parseImports(text: string): Parsed<readonly ImportReference[]> {
  return parseOne(text, importsOf)
}

const NO_IMPORTS: ImportLookup = () => undefined

function withImports<T>(root: SourceNode, imports: ImportLookup, read: (root: SourceNode) => Parsed<T>): Parsed<T> {
  const whole = expandImports(root, imports)
  return whole.is === 'ok' ? read(whole.value) : whole
}

/** Any number of artifacts, as documents or as items of lists, each with its `kind`. */
export function parseDocuments(text: string): Parsed<readonly Artifact[]> {
  return parseEach(text, (kind, cursor) => readMap<Artifact>(cursor, READERS[kind]))
}

/** Plain data, as `JSON.parse` gives it, as an artifact; problems have no position. */
export function artifactOf<K extends Kind>(kind: K, value: unknown): Parsed<ArtifactOf[K]> {
  return readOne(sourceOf(value), READERS[kind])
}

/** What may be sent to a deployment. A map with the name alone stands for a stored blueprint. */
export type DeploymentBody =
  | { readonly is: 'reference'; readonly name: string }
  | { readonly is: 'blueprint'; readonly blueprint: Blueprint }

export function parseDeploymentBody(text: string, imports: ImportLookup = NO_IMPORTS): Parsed<DeploymentBody> {
  return parseOne(text, root => withImports(root, imports, deploymentBodyOf))
}

/** One document of a text with several, for whoever carries them out one by one. */
export type Body =
  | { readonly is: 'artifact'; readonly artifact: Exclude<Artifact, { readonly kind: 'deployments' }>; readonly source: string }
  | { readonly is: 'deployment'; readonly name: string; readonly body: DeploymentBody; readonly source: string }

/** As `parseDocuments`, but what is sent to a deployment is a blueprint, and every part keeps its own text. */
export function parseBodies(text: string): Parsed<readonly Body[]> {
  return parseEach(text, (kind, cursor, source): Body => {
    if (kind !== 'deployments') return { is: 'artifact', artifact: readMap<Exclude<Artifact, { kind: 'deployments' }>>(cursor, READERS[kind]), source }
    const body = readBody(cursor)
    return { is: 'deployment', name: body.is === 'reference' ? body.name : body.blueprint.name, body, source }
  })
}

/** Exactly one document, a map. */
export function parseOne<T>(text: string, read: (root: SourceNode) => Parsed<T>): Parsed<T> {
  const documents = parseSource(text)
  if (documents.is === 'refused') return documents
  const [only, ...more] = documents.value
  if (only && more.length === 0) return read(only.root)
  const message = only ? `Error: expected one document, found ${documents.value.length}` : 'Error: the document is empty'
  return { is: 'refused', problems: [{ code: 'YamlParsingError', message, path: '', at: { line: 1, column: 1 } }] }
}

/** Reads a map with nothing left over. */
export function readOne<T>(root: SourceNode, read: (fields: Fields) => T): Parsed<T> {
  const reading = new Reading()
  const value = readMap(new Cursor(root, [], reading), read)
  return reading.result(value)
}

function readMap<T>(cursor: Cursor, read: (fields: Fields) => T): T {
  const fields = cursor.map()
  if (!cursor.isMap) return NOTHING as T
  const value = read(fields)
  fields.finish()
  return value
}

/** Never seen by a caller: there is a problem beside it. */
const NOTHING: unknown = undefined

function deploymentBodyOf(root: SourceNode): Parsed<DeploymentBody> {
  const reading = new Reading()
  return reading.result(readBody(new Cursor(root, [], reading)))
}

function readBody(cursor: Cursor): DeploymentBody {
  const { node } = cursor
  const named = node.is === 'map' && node.entries.every(({ key }) => key === 'name' || key === 'kind')
  if (!named) return { is: 'blueprint', blueprint: readMap(cursor, readDeploymentBody) }
  return { is: 'reference', name: readMap(cursor, fields => {
    fields.ignore('kind')
    return fields.required('name')?.text() ?? ''
  }) }
}

function parseEach<T>(text: string, read: (kind: Kind, cursor: Cursor, source: string) => T): Parsed<readonly T[]> {
  const documents = parseSource(text)
  if (documents.is === 'refused') return documents
  const reading = new Reading()
  const values = documents.value.flatMap(document => readDocument(document, reading, read))
  return reading.result(values)
}

function readDocument<T>({ root, text }: SourceDocument, reading: Reading, read: (kind: Kind, cursor: Cursor, source: string) => T): T[] {
  const cursor = new Cursor(root, [], reading)
  if (!cursor.isList) return readKind(cursor, text, read)
  return cursor.items().flatMap(item => readKind(item, `${JSON.stringify(item.value(), null, 2)}\n`, read))
}

function readKind<T>(cursor: Cursor, source: string, read: (kind: Kind, cursor: Cursor, source: string) => T): T[] {
  const fields = cursor.map()
  if (!cursor.isMap) return []
  const word = fields.optional('kind')
  if (!word) {
    fields.missing('kind', "each document says what it is, such as 'kind: blueprint'")
    return []
  }
  const kind = kindOf(word.text())
  if (kind) return [read(kind, cursor, source)]
  const near = nearest(word.text(), KINDS.flatMap(candidate => [singular(candidate), candidate]))
  word.report('UnexpectedArtifact', `Unexpected resource: '${word.text()}'.`, near && `did you mean '${near}'?`)
  return []
}

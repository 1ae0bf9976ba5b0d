/** The artifacts of a corpus: `manifest.json` says what each file is and what its own tests assert. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Artifact } from '@vamp/model/artifact'
import { type Kind, kindOf } from '@vamp/model/kind'
import { parseComposePorts } from '@vamp/model/parse/compose'
import { Cursor, Reading } from '@vamp/model/parse/cursor'
import { artifactOf, parseArtifact, parseDeploymentBody, parseImports, parseOne } from '@vamp/model/parse/document'
import { parseEventQuery, parseEvents } from '@vamp/model/parse/event'
import { parseSource, plainValue } from '@vamp/model/parse/source'
import { printJson } from '@vamp/model/print/json'
import { printYaml } from '@vamp/model/print/yaml'
import { describeProblems, type Parsed } from '@vamp/model/problem'
import { differenceOf, factsOf } from './conformance-facts.ts'

/** Why the entry failed; nothing if it passed. */
export type Verdict = string | undefined

export interface Entry {
  readonly id: string
  readonly file: string
  readonly kind: string
  readonly validity: string
  readonly facts?: string
  readonly reader?: string
  readonly expected_error?: { readonly class: string; readonly probe?: string }
}

export function readManifest(corpus: string): readonly Entry[] {
  return (JSON.parse(readFileSync(join(corpus, 'manifest.json'), 'utf8')) as { entries: readonly Entry[] }).entries
}

export function judge(corpus: string, entry: Entry): Verdict {
  const text = readFileSync(join(corpus, entry.file), 'utf8')
  const facts = entry.facts === undefined ? undefined : (JSON.parse(readFileSync(join(corpus, entry.facts), 'utf8')) as { facts: unknown }).facts
  switch (entry.validity) {
    case 'valid': return judgeValid(entry.kind, text, facts)
    case 'presumed-valid': return judgeValid(entry.kind, text, undefined)
    case 'invalid': return judgeInvalid(entry, text)
    // Nothing is known of the outcome: there must be one.
    default: return judgeAny(entry.kind, text)
  }
}

function judgeValid(kind: string, text: string, facts: unknown): Verdict {
  const read = readAs(kind, text)
  if (read.is === 'refused') return describeProblems(read.problems)
  for (const value of read.value) {
    const wrong = roundTrip(value)
    if (wrong !== undefined) return wrong
  }
  if (facts === undefined) return undefined
  const [value] = read.value
  return differenceOf(facts, isArtifact(value) ? factsOf(value) : value)
}

function judgeInvalid({ kind, expected_error }: Entry, text: string): Verdict {
  const read = expected_error?.probe === undefined ? readAs(kind, text) : probe(expected_error.probe, text)
  if (read.is === 'ok') return `accepted, but expected ${expected_error?.class ?? 'an error'}`
  const codes = read.problems.map(problem => problem.code)
  if (expected_error === undefined || codes.includes(expected_error.class)) return undefined
  return `expected ${expected_error.class}, got ${describeProblems(read.problems)}`
}

function judgeAny(kind: string, text: string): Verdict {
  readAs(kind, text)
  return undefined
}

function isArtifact(value: unknown): value is Artifact {
  return typeof value === 'object' && value !== null && 'kind' in value
}

function roundTrip(value: unknown): Verdict {
  if (!isArtifact(value)) return undefined
  const texts = [JSON.stringify(printJson(value)), printYaml(value)]
  for (const text of texts) {
    const again = parseArtifact(value.kind, text)
    if (again.is === 'refused') return `printed, it is not read back: ${describeProblems(again.problems)}\n${text}`
    if (!isDeepStrictEqual(again.value, value)) return `printed and read back it is another: ${text}`
  }
  return undefined
}

/** Everything that a file of this kind holds. */
function readAs(kind: string, text: string): Parsed<readonly unknown[]> {
  if (kind.startsWith('list:')) return readList(kind.slice('list:'.length), text)
  switch (kind) {
    case 'event': return factsOfEvents(parseEvents(text))
    case 'event-query': return factsOfQuery(parseEventQuery(text))
    case 'event-or-query': {
      const event = parseEvents(text)
      return event.is === 'ok' ? event : one(parseEventQuery(text))
    }
    case 'deployment': return one(parseDeploymentBody(text))
    case 'docker-compose': {
      const ports = one(parseComposePorts(text))
      return ports.is === 'ok' ? { is: 'ok', value: ports.value.map(result => ({ result: result.map(port => ({ $type: 'Port', ...port })) })) } : ports
    }
    case 'template-import': return readImports(text)
    case 'fragment':
    case 'raw-yaml': {
      const source = parseSource(text)
      return source.is === 'ok' ? { is: 'ok', value: source.value.map(document => plainValue(document.root)) } : source
    }
    default: {
      const known = kindOf(kind)
      if (known === undefined) throw new Error(`the corpus has an unknown kind: ${kind}`)
      return one<unknown>(WEAK.has(known) ? parseInPlace(known, text) : parseArtifact(known, text))
    }
  }
}

/** Documentation shows these as they stand inside other artifacts, where they have no name. */
const WEAK: ReadonlySet<Kind> = new Set(['scales', 'slas', 'escalations', 'conditions', 'rewrites', 'routes'])

function parseInPlace(kind: Kind, text: string): Parsed<Artifact> {
  return parseOne(text, root => {
    const named = root.is !== 'map' || root.entries.some(({ key }) => key === 'name')
    return named ? parseArtifact(kind, text) : artifactOf(kind, { name: 'unnamed', ...plainValue(root) as object })
  })
}

function factsOfEvents(events: ReturnType<typeof parseEvents>): Parsed<readonly unknown[]> {
  if (events.is === 'refused') return events
  return { is: 'ok', value: events.value.map(event => ({ ...event, type: event.type ?? 'event', ...(event.timestamp === undefined ? {} : { timestamp: { $type: 'OffsetDateTime', value: event.timestamp } }) })) }
}

function factsOfQuery(query: ReturnType<typeof parseEventQuery>): Parsed<readonly unknown[]> {
  if (query.is === 'refused') return query
  const { timestamp, aggregator, ...rest } = query.value
  return { is: 'ok', value: [{ ...rest, ...(timestamp ? { timestamp: { $type: 'TimeRange', ...timestamp } } : {}), ...(aggregator ? { aggregator: { $type: 'Aggregator', ...aggregator } } : {}) }] }
}

function one<T>(parsed: Parsed<T>): Parsed<readonly T[]> {
  return parsed.is === 'ok' ? { is: 'ok', value: [parsed.value] } : parsed
}

function readList(kind: string, text: string): Parsed<readonly unknown[]> {
  const source = parseSource(text)
  if (source.is === 'refused') return source
  const items = source.value.flatMap(({ root }) => root.is === 'list' ? root.items : [root]).map(plainValue)
  const read = items.map(item => {
    const known = kindOf(kind)
    return known ? one<unknown>(artifactOf(known, item)) : readAs(kind, JSON.stringify(item))
  })
  return read.find(result => result.is === 'refused') ?? { is: 'ok', value: read.flatMap(result => result.is === 'ok' ? result.value : []) }
}

function readImports(text: string): Parsed<readonly unknown[]> {
  const imports = parseImports(text)
  if (imports.is === 'refused') return imports
  const source = parseSource(text)
  const root = source.is === 'ok' ? plainValue(source.value[0]?.root ?? { is: 'list', items: [] }) : {}
  const { import: _, ...base } = root as Record<string, unknown>
  return { is: 'ok', value: [{ $type: 'Import', base, references: imports.value.map(({ kind, name }) => ({ $type: 'ImportReference', name, kind })) }] }
}

/** `<<![Int]("integer")`: the original asked its reader for a value of a type at a path. */
function probe(question: string, text: string): Parsed<readonly unknown[]> {
  const [, type = '', path = ''] = /\[(\w+)\]\((.*)\)$/.exec(question) ?? []
  const steps = path.split('::').map(step => step.trim().replace(/^"|"$/g, ''))
  return probePath(text, type, steps)
}

function probePath(text: string, type: string, steps: readonly string[]): Parsed<readonly unknown[]> {
  return parseOne(text, root => {
    const reading = new Reading()
    let cursor: Cursor | undefined = new Cursor(root, [], reading)
    for (const step of steps) cursor = cursor?.map().required(step)
    return reading.result([type === 'Int' ? cursor?.integer() : cursor?.text()])
  })
}

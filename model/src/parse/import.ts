/**
 * `import:` at the top of a document: stored templates and other artifacts that are merged below it. First ask which
 * (`parseImports`), fetch them, then read the document with them.
 */
import { type Kind, kindOf } from '../kind.ts'
import { isName } from '../name.ts'
import type { Parsed } from '../problem.ts'
import { Cursor, Reading } from './cursor.ts'
import { type SourceEntry, type SourceMap, type SourceNode, sourceOf } from './source.ts'

export interface ImportReference {
  readonly kind: Kind
  readonly name: string
}

/** The content of what is imported as plain data (of a template its definition); nothing if there is no such artifact. */
export type ImportLookup = (reference: ImportReference) => unknown

/** What a document imports, in order; none is the common case. */
export function importsOf(root: SourceNode): Parsed<readonly ImportReference[]> {
  const reading = new Reading()
  const found = root.is === 'map' ? readImports(new Cursor(root, [], reading)) : []
  return reading.result(found.map(([reference]) => reference))
}

/** The document with everything it imports merged in: from left to right, the document's own keys on top. */
export function expandImports(root: SourceNode, lookup: ImportLookup): Parsed<SourceNode> {
  const reading = new Reading()
  if (root.is !== 'map' || !root.entries.some(({ key }) => key === 'import')) return { is: 'ok', value: root }
  let merged: SourceNode = { is: 'map', entries: [] }
  for (const [reference, cursor] of readImports(new Cursor(root, [], reading))) {
    const found = lookup(reference)
    if (found === undefined) cursor.report('ImportReferenceError', `Import reference cannot be found: '${reference.kind}/${reference.name}'.`)
    else merged = mergeNodes(merged, withoutIdentity(sourceOf(found)))
  }
  const own: SourceMap = { ...root, entries: root.entries.filter(({ key }) => key !== 'import') }
  return reading.result(mergeNodes(merged, own))
}

function readImports(cursor: Cursor): (readonly [ImportReference, Cursor])[] {
  const { node } = cursor
  if (node.is !== 'map' || !node.entries.some(({ key }) => key === 'import')) return []
  const given = cursor.map().optional('import')
  const items = given?.items() ?? []
  if (items.length === 0) (given ?? cursor).report('EmptyImportError', 'Import definition cannot be empty.')
  return items.flatMap(item => {
    const reference = item.isScalar ? parseReference(item.text()) : undefined
    if (reference) return [[reference, item] as const]
    item.report('ImportDefinitionError', 'Import definition error - it must be a reference to an artifact.', 'write the name of a template, or kind/name')
    return []
  })
}

/** `name` is a template; `breeds/name` is a breed. */
function parseReference(text: string): ImportReference | undefined {
  const [first = '', second, ...more] = text.split('/')
  const kind = second === undefined ? 'templates' : kindOf(first)
  const name = second ?? first
  return kind && more.length === 0 && isName(name) ? { kind, name } : undefined
}

/** A document has its own kind; what it imports may be of another. */
function withoutIdentity(node: SourceNode): SourceNode {
  return node.is === 'map' ? { ...node, entries: node.entries.filter(({ key }) => key !== 'kind' && key !== 'lookup_name') } : node
}

/** Maps are merged, lists joined, anything else replaced by what is above. */
export function mergeNodes(below: SourceNode, above: SourceNode): SourceNode {
  if (below.is === 'list' && above.is === 'list') return { ...above, items: [...below.items, ...above.items] }
  if (below.is !== 'map' || above.is !== 'map') return above
  const entries = new Map<string, SourceEntry>(below.entries.map(entry => [entry.key, entry]))
  for (const entry of above.entries) {
    const old = entries.get(entry.key)
    entries.set(entry.key, old ? { ...entry, node: mergeNodes(old.node, entry.node) } : entry)
  }
  return { ...above, entries: [...entries.values()] }
}

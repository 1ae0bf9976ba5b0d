/**
 * Text → a small tree with positions. YAML 1.2 with what users of the original rely on: number keys, `[a/b]` as a key,
 * merge keys, several documents in one text. JSON is YAML here.
 *
 * Everything is bounded before it is built: size, depth, nodes, and what aliases multiply.
 */
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, Parser } from 'yaml'
import type { CST, Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { type Parsed, type Position, type Problem, refused } from '../problem.ts'
import { parseJsonSource } from './json-source.ts'

export interface SourceLimits {
  /** UTF-16 units, close enough to bytes for a limit. */
  readonly size: number
  readonly depth: number
  /** Nodes of all documents, with every alias counted as what it stands for. */
  readonly nodes: number
  readonly documents: number
}

export const SOURCE_LIMITS: SourceLimits = { size: 1024 * 1024, depth: 64, nodes: 200_000, documents: 1000 }

/** A place in a text. Nodes that were not written by anybody (a merged import) have none. */
export interface Mark {
  readonly text: string
  readonly offset: number
}

export type SourceNode = SourceMap | SourceList | SourceScalar

export interface SourceMap {
  readonly is: 'map'
  readonly entries: readonly SourceEntry[]
  readonly mark?: Mark
}

export interface SourceList {
  readonly is: 'list'
  readonly items: readonly SourceNode[]
  readonly mark?: Mark
}

export interface SourceScalar {
  readonly is: 'scalar'
  readonly value: string | number | boolean | null
  /** As written: `1.10` stays `1.10` where a text is wanted. */
  readonly text: string
  readonly mark?: Mark
}

export interface SourceEntry {
  readonly key: string
  readonly node: SourceNode
  readonly mark?: Mark
}

export interface SourceDocument {
  readonly root: SourceNode
  /** The document's own part of the text. */
  readonly text: string
}

/** Every document of a text; empty ones are left out. */
export function parseSource(text: string, limits: SourceLimits = SOURCE_LIMITS): Parsed<readonly SourceDocument[]> {
  if (text.length > limits.size) return refused(tooMuch(`The document is larger than ${limits.size} characters.`))
  const json = parseJsonSource(text, limits)
  if (json) return { is: 'ok', value: [{ root: json, text }] }
  const tokens = tokenize(text, limits)
  if (!Array.isArray(tokens)) return refused(tokens)

  const builder = new TreeBuilder(text, limits)
  const documents: SourceDocument[] = []
  for (const document of new Composer({ uniqueKeys: false, version: '1.2', merge: false, logLevel: 'silent', prettyErrors: false }).compose(tokens, false, text.length)) {
    const wrong = [...document.errors, ...document.warnings]
    // What follows from a mistake stands at the same place; the first is the one to mend.
    const told = new Set<number>()
    for (const { message, pos: [at] } of wrong) {
      if (told.has(at)) continue
      told.add(at)
      builder.report('YamlParsingError', `Error: ${message}`, at)
      if (builder.problems.length >= PROBLEMS_MAX) break
    }
    if (wrong.length > 0 || !document.contents) continue
    if (isEmpty(document.contents)) continue
    if (documents.length >= limits.documents) return refused(tooMuch(`More than ${limits.documents} documents in one text.`))
    const root = builder.build(document.contents as Node)
    documents.push({ root, text: textOf(text, document) })
    if (builder.exhausted) break
  }
  return builder.problems.length > 0 ? { is: 'refused', problems: builder.problems } : { is: 'ok', value: documents }
}

/** Plain data (an import, a stored fragment) as nodes without positions. */
export function sourceOf(value: unknown): SourceNode {
  if (Array.isArray(value)) return { is: 'list', items: value.map(sourceOf) }
  if (typeof value === 'object' && value !== null) {
    return { is: 'map', entries: Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => ({ key, node: sourceOf(item) })) }
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return { is: 'scalar', value, text: String(value) }
  return { is: 'scalar', value: null, text: '' }
}

/** Nodes as plain data: what is kept verbatim (metadata, dialects, definitions). */
export function plainValue(node: SourceNode): unknown {
  switch (node.is) {
    case 'scalar': return node.value
    case 'list': return node.items.map(plainValue)
    case 'map': return plainRecord(node.entries.map(({ key, node: value }) => [key, plainValue(value)]))
  }
}

/** A record that owns every key it is given, `__proto__` too. */
export function plainRecord<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries(entries)
}

export function isNull(node: SourceNode): boolean {
  return node.is === 'scalar' && node.value === null
}

const CARET_WIDTH = 120

/** Line and column from 1, with the offending line and a caret below. Long lines are cut around the place. */
export function positionOf({ text, offset }: Mark): Position {
  const place = Math.min(offset, text.length)
  const start = text.lastIndexOf('\n', place - 1) + 1
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < start; at = text.indexOf('\n', at + 1)) line++
  const end = text.indexOf('\n', place)
  const column = place - start
  const from = column > CARET_WIDTH / 2 ? column - CARET_WIDTH / 2 : 0
  const whole = text.slice(start, end === -1 ? text.length : end).replace(/\r$/, '')
  const shown = whole.slice(from, from + CARET_WIDTH)
  const indent = shown.slice(0, column - from).replace(/[^\t]/g, ' ')
  return { line, column: column + 1, caret: `${shown}\n${indent}^` }
}

/** More problems than this are not told of one text. */
const PROBLEMS_MAX = 100

/** What is written about a value: its key, its marks, the space before it. */
const LEXEMES_PER_NODE = 2

function tokenize(text: string, { depth, nodes }: SourceLimits): CST.Token[] | Problem {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let lexemes = 0
  let mistakes = 0
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      tokens.push(token)
      if (token.type === 'error') mistakes++
    }
    // More are not told, and each of them costs as much as the first.
    if (mistakes >= PROBLEMS_MAX) break
    if (++lexemes > nodes * LEXEMES_PER_NODE) return tooMuch(`More than ${nodes * LEXEMES_PER_NODE} words and signs in one text.`, { text, offset: parser.offset })
    // Every level of the document is at most two open tokens; checked here, before anything recursive sees them.
    if (parser.stack.length > depth * 2 + 4) return tooMuch(`Nested more than ${depth} levels deep.`, { text, offset: parser.offset })
  }
  for (const token of parser.end()) tokens.push(token)
  return tokens
}

function tooMuch(message: string, mark?: Mark): Problem {
  return { code: 'YamlParsingError', message: `Error: ${message}`, path: '', ...(mark ? { at: positionOf(mark) } : {}) }
}

/** The marker line `---` belongs to no document. */
function textOf(text: string, { range }: Document.Parsed): string {
  return text.slice(range[0], range[2]).replace(/^---[ \t]*\r?\n/, '').replace(/^\.\.\.[ \t]*$/m, '').trim() + '\n'
}

function isEmpty(node: unknown): boolean {
  return isScalar(node) && node.value === null && !node.source
}

const TAGS = new Set(['!!str', '!!int', '!!float', '!!bool', '!!null', '!!map', '!!seq'].map(tag => `tag:yaml.org,2002:${tag.slice(2)}`))

class TreeBuilder {
  readonly problems: Problem[] = []
  private readonly text: string
  private readonly limits: SourceLimits
  /** Converted anchors with their size and height; a list or map under construction is not there yet, so that it cannot hold itself. */
  private readonly anchors = new Map<string, { node: SourceNode; size: number; height: number }>()
  private nodes = 0
  private depth = 0
  exhausted = false

  constructor(text: string, limits: SourceLimits) {
    this.text = text
    this.limits = limits
  }

  build(root: Node): SourceNode {
    this.anchors.clear()
    return this.convert(root).node
  }

  report(code: string, message: string, offset: number, path = ''): void {
    if (this.problems.length >= PROBLEMS_MAX) return
    this.problems.push({ code, message, path, at: positionOf({ text: this.text, offset }) })
  }

  private convert(node: Node): { node: SourceNode; height: number } {
    if (this.exhausted) return { node: NOTHING, height: 0 }
    const offset = node.range?.[0] ?? 0
    if (isAlias(node)) return this.alias(node.source, offset)
    const before = this.nodes
    this.count(1, offset)
    if (node.tag && !TAGS.has(node.tag)) this.report('YamlParsingError', `Error: unknown tag ${node.tag}`, offset)
    this.depth++
    if (this.depth > this.limits.depth) this.exhaust(`Nested more than ${this.limits.depth} levels deep.`, offset)
    const built = isScalar(node) ? { node: this.scalar(node, offset), height: 1 } : isMap(node) ? this.map(node, offset) : this.list(node as YAMLSeq, offset)
    this.depth--
    const { anchor } = node as { anchor?: string }
    if (anchor) this.anchors.set(anchor, { ...built, size: this.nodes - before })
    return built
  }

  private alias(name: string, offset: number): { node: SourceNode; height: number } {
    const target = this.anchors.get(name)
    if (!target) {
      this.report('YamlParsingError', `Error: alias *${name} stands for nothing that is complete here`, offset)
      return { node: NOTHING, height: 0 }
    }
    this.count(target.size, offset)
    if (this.depth + target.height > this.limits.depth) this.exhaust(`Nested more than ${this.limits.depth} levels deep.`, offset)
    return target
  }

  private count(nodes: number, offset: number): void {
    this.nodes += nodes
    if (this.nodes > this.limits.nodes) this.exhaust(`More than ${this.limits.nodes} values, counting what aliases stand for.`, offset)
  }

  private exhaust(message: string, offset: number): void {
    if (!this.exhausted) this.report('YamlParsingError', `Error: ${message}`, offset)
    this.exhausted = true
  }

  private scalar(node: Scalar, offset: number): SourceNode {
    const { value } = node
    const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null
    const text = typeof value === 'string' ? value : node.source ?? String(value)
    return { is: 'scalar', value: plain ? value : text, text, mark: { text: this.text, offset } }
  }

  private list(node: YAMLSeq, offset: number): { node: SourceNode; height: number } {
    let height = 0
    const items = node.items.map(item => {
      const built = this.convert(item as Node)
      height = Math.max(height, built.height)
      return built.node
    })
    return { node: { is: 'list', items, mark: { text: this.text, offset } }, height: height + 1 }
  }

  private map(node: YAMLMap, offset: number): { node: SourceNode; height: number } {
    let height = 0
    const entries = new Map<string, SourceEntry>()
    const merged: SourceEntry[] = []
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      const at = key.range?.[0] ?? offset
      const name = this.key(key, at)
      const built = value ? this.convert(value) : { node: NOTHING, height: 1 }
      height = Math.max(height, built.height)
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') merged.push(...this.merge(built.node, at))
      else if (entries.has(name)) this.report('DuplicateKey', `Duplicate key: '${name}'.`, at)
      else entries.set(name, { key: name, node: built.node, mark: { text: this.text, offset: at } })
    }
    for (const entry of merged) if (!entries.has(entry.key)) entries.set(entry.key, entry)
    return { node: { is: 'map', entries: [...entries.values()], mark: { text: this.text, offset } }, height: height + 1 }
  }

  private merge(node: SourceNode, offset: number): readonly SourceEntry[] {
    if (node.is === 'map') {
      this.count(node.entries.length, offset)
      return node.entries
    }
    if (node.is === 'list') return node.items.flatMap(item => item.is === 'map' ? this.merge(item, offset) : this.notMergeable(offset))
    return this.notMergeable(offset)
  }

  private notMergeable(offset: number): readonly SourceEntry[] {
    this.report('YamlParsingError', 'Error: only a map can be merged with <<', offset)
    return []
  }

  /** `8080:` and `[10.0.0.1:80]:` are keys by their text. */
  private key(key: Node, offset: number): string {
    if (isScalar(key)) return typeof key.value === 'string' ? key.value : key.source ?? String(key.value)
    if (isSeq(key) && key.range) return this.text.slice(key.range[0], key.range[1]).replace(/\s+/g, ' ')
    this.report('YamlParsingError', 'Error: a key must be a text or a number', offset)
    return ''
  }
}

const NOTHING: SourceNode = { is: 'scalar', value: null, text: '' }

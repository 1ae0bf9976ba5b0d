/**
 * Readers walk a document with cursors. A cursor never throws: what is wrong is collected in the `Reading`, the reader
 * goes on with a stand-in, and the value is thrown away at the end if there was any problem.
 */
import type { Parsed, Problem } from '../problem.ts'
import { nearest } from './near.ts'
import { isNull, type Mark, positionOf, type SourceEntry, type SourceMap, type SourceNode, plainValue } from './source.ts'

export const PROBLEMS_MAX = 100
const SHOWN_MAX = 500

/** Everything found wrong while one document is read. */
export class Reading {
  readonly problems: Problem[] = []
  /** How many problems there were, also beyond the bound. */
  count = 0
  private readonly places = new WeakMap<object, Cursor>()

  report(code: string, message: string, path: string, mark?: Mark, hint?: string): void {
    this.count++
    if (this.problems.length >= PROBLEMS_MAX) return
    const at = mark && positionOf(mark)
    const told = this.problems.some(problem => problem.code === code && problem.message === message && problem.path === path && problem.at?.line === at?.line && problem.at?.column === at?.column)
    if (!told) this.problems.push({ code, message, path, ...(at ? { at } : {}), ...(hint ? { hint } : {}) })
  }

  /** Remembers where a value was read, for checks that look at several values at once. */
  place<T extends object>(value: T, cursor: Cursor): T {
    this.places.set(value, cursor)
    return value
  }

  /** Where `value` was read, or else `otherwise`. */
  placeOf(value: object, otherwise: Cursor): Cursor {
    return this.places.get(value) ?? otherwise
  }

  result<T>(value: T): Parsed<T> {
    return this.count > 0 ? { is: 'refused', problems: this.problems.toSorted(byPlace) } : { is: 'ok', value }
  }
}

/** As a person reads: from the top. Problems without a place come last. */
function byPlace(one: Problem, other: Problem): number {
  const [from, to] = [one.at, other.at]
  if (!from || !to) return from ? -1 : to ? 1 : 0
  return from.line - to.line || from.column - to.column
}

/** One value in a document and the way to it. */
export class Cursor {
  readonly node: SourceNode
  /** Keys and list indexes from the document to here. */
  readonly steps: readonly (string | number)[]
  readonly reading: Reading
  private readonly mark: Mark | undefined
  private readonly keyMark: Mark | undefined

  constructor(node: SourceNode, steps: readonly (string | number)[], reading: Reading, mark: Mark | undefined = node.mark, keyMark: Mark | undefined = mark) {
    this.node = node
    this.steps = steps
    this.reading = reading
    this.mark = mark
    this.keyMark = keyMark
  }

  /** The same value, for problems with its key. */
  get key(): Cursor {
    return new Cursor(this.node, this.steps, this.reading, this.keyMark)
  }

  /** `clusters/web/services[0]`, '' for the document. */
  get path(): string {
    return this.steps.reduce<string>((path, step) => typeof step === 'number' ? `${path}[${step}]` : path === '' ? step : `${path}/${step}`, '')
  }

  /** What is at this place and nothing else, from the document down: how the original showed what was left over. */
  get alone(): unknown {
    return this.steps.reduceRight<unknown>((inner, step) => typeof step === 'number' ? [inner] : { [step]: inner }, plainValue(this.node))
  }

  /** Reports inside the text of this value: at the character `index` of it, where the document has it as it is. */
  reportWithin(index: number, code: string, message: string, hint?: string): void {
    const { mark, node } = this
    const written = node.is === 'scalar' ? node.text : ''
    const start = node.mark && (/["']/.test(node.mark.text[node.mark.offset] ?? '') ? node.mark.offset + 1 : node.mark.offset)
    const verbatim = node.mark && start !== undefined && node.mark.text.startsWith(written, start)
    this.reading.report(code, message, this.path, verbatim ? { text: node.mark.text, offset: start + index } : mark, hint)
  }

  /** The language has no such thing here. */
  unexpected(hint?: string): void {
    const text = JSON.stringify(this.alone)
    this.report('UnexpectedElement', `Unexpected in DSL: ${text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text}`, hint)
  }

  report(code: string, message: string, hint?: string): void {
    this.reading.report(code, message, this.path, this.mark, hint)
  }

  get isNull(): boolean { return isNull(this.node) }
  get isMap(): boolean { return this.node.is === 'map' }
  get isList(): boolean { return this.node.is === 'list' }
  get isScalar(): boolean { return this.node.is === 'scalar' && !isNull(this.node) }

  unexpectedType(hint?: string): void {
    this.report('UnexpectedTypeError', `Unexpected type for path '${this.path}'.`, hint)
  }

  /** Any scalar, as written. */
  text(): string {
    if (this.node.is === 'scalar' && this.node.value !== null) return this.node.text
    this.unexpectedType('a text is expected here')
    return ''
  }

  number(): number {
    if (this.node.is === 'scalar' && this.node.value !== null && typeof this.node.value !== 'boolean') {
      const value = typeof this.node.value === 'number' ? this.node.value : this.node.text.trim() === '' ? Number.NaN : Number(this.node.text)
      if (Number.isFinite(value)) return value
    }
    this.unexpectedType('a number is expected here')
    return 0
  }

  integer(): number {
    const value = this.node.is === 'scalar' ? Number(this.node.value) : Number.NaN
    if (Number.isSafeInteger(value)) return this.number()
    this.unexpectedType('a whole number is expected here')
    return 0
  }

  /** `true`, `false`, and what YAML 1.1 took for them. */
  boolean(): boolean {
    const word = this.node.is === 'scalar' ? this.node.text.toLowerCase() : ''
    if (['true', 'yes', 'on'].includes(word)) return true
    if (['false', 'no', 'off'].includes(word)) return false
    this.unexpectedType('true or false is expected here')
    return false
  }

  oneOf<const T extends string>(words: readonly T[], fallback: T): T {
    const text = this.text()
    const found = words.find(word => word === text)
    if (found === undefined && text !== '') this.unexpectedType(`one of ${words.join(', ')} is expected here`)
    return found ?? fallback
  }

  /** A text in a notation of its own, such as `50%`; `expected` completes "… is expected here". */
  parsed<T>(parse: (text: string) => T | undefined, expected: string, fallback: T): T {
    if (!this.isScalar) {
      this.unexpectedType(`${expected} is expected here`)
      return fallback
    }
    const value = parse(this.text())
    if (value === undefined) this.unexpectedType(`${expected} is expected here`)
    return value ?? fallback
  }

  /** A map, or an empty one with a problem. */
  map(): Fields {
    if (this.node.is === 'map') return new Fields(this, this.node)
    if (this.steps.length === 0) this.unexpectedType('a map is expected here')
    else this.report('UnexpectedInnerElementError', `Can't find a nested element for path '${this.path}'.`, 'a map is expected here')
    return new Fields(this, { is: 'map', entries: [] })
  }

  /** The items of a list; a value that is none counts as a list of one. */
  items(): Cursor[] {
    if (this.isNull) return []
    return this.node.is === 'list' ? this.node.items.map((item, index) => new Cursor(item, [...this.steps, index], this.reading)) : [this]
  }

  /** The items of something that must be a list. */
  list(): Cursor[] {
    if (this.isList) return this.items()
    this.unexpectedType('a list is expected here')
    return []
  }

  value(): unknown { return plainValue(this.node) }
}

/** The fields of a map. Whatever was not asked for by `finish` is not part of the language. */
export class Fields {
  readonly cursor: Cursor
  private readonly entries: ReadonlyMap<string, SourceEntry>
  /** Every key that may stand here. */
  private readonly known = new Set<string>()
  private open = false

  constructor(cursor: Cursor, node: SourceMap) {
    this.cursor = cursor
    this.entries = new Map(node.entries.map(entry => [entry.key, entry]))
  }

  get reading(): Reading { return this.cursor.reading }
  get keys(): readonly string[] { return [...this.entries.keys()] }

  /** Also true for an explicit null. */
  has(key: string): boolean { return this.entries.has(key) }

  /** The value under the first of the names that is there and not null. */
  optional(...names: readonly string[]): Cursor | undefined {
    for (const name of names) this.known.add(name)
    const given = names.map(name => this.at(name)).filter(cursor => cursor !== undefined)
    const [first, second] = given
    if (first && second) second.unexpected(`'${names.join("' and '")}' are the same; give one of them`)
    return first
  }

  required(...names: readonly string[]): Cursor | undefined {
    const cursor = this.optional(...names)
    if (!cursor) this.missing(names[0] ?? '')
    return cursor
  }

  missing(name: string, hint?: string): void {
    this.cursor.report('MissingPathValueError', `Can't find any value for path: /${[this.cursor.path, name].filter(part => part !== '').join('/')}`, hint)
  }

  /** Keys that exports carry and nobody reads. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.known.add(name)
  }

  /**
   * Every field, nulls included; the keys are the user's own, so none is unknown. Whole numbers come first, as they will
   * wherever the artifact is JSON: what has such an order in one notation only has none.
   */
  all(): (readonly [key: string, value: Cursor])[] {
    return this.asWritten().sort(([one], [other]) => {
      const [before, after] = [wholeNumber(one), wholeNumber(other)]
      return before === after ? 0 : before - after
    })
  }

  /** As `all`, where order has a meaning. */
  asWritten(): (readonly [key: string, value: Cursor])[] {
    this.open = true
    return this.keys.map(key => [key, this.cursorOf(key)] as const)
  }

  /** The keys that nobody asked for so far. */
  unread(): (readonly [key: string, value: Cursor])[] {
    return this.keys.filter(key => !this.known.has(key)).map(key => [key, this.cursorOf(key)] as const)
  }

  finish(): void {
    if (this.open) return
    for (const [key, cursor] of this.unread()) {
      // Whoever sends tens of thousands of unknown keys is told of the first, and nobody waits for the rest.
      if (this.reading.problems.length >= PROBLEMS_MAX) { this.reading.count++; continue }
      const near = nearest(key, [...this.known].filter(name => !this.entries.has(name)))
      cursor.key.unexpected(near && `did you mean '${near}'?`)
    }
  }

  private at(key: string): Cursor | undefined {
    const entry = this.entries.get(key)
    return entry && !isNull(entry.node) ? this.cursorOf(key) : undefined
  }

  /** A problem of a scalar is shown at its value, of anything larger at its key, where a person looks first. */
  private cursorOf(key: string): Cursor {
    const entry = this.entries.get(key)
    const node = entry?.node ?? { is: 'scalar', value: null, text: '' } as const
    const scalar = node.is === 'scalar' && node.value !== null
    const keyMark = entry?.mark ?? node.mark
    return new Cursor(node, [...this.cursor.steps, key], this.reading, (scalar ? node.mark : undefined) ?? keyMark, keyMark)
  }
}

const INDEX_MAX = 2 ** 32 - 2

/** Of a key that JavaScript's objects keep before all others; for others infinity. */
function wholeNumber(key: string): number {
  const number = /^(0|[1-9]\d{0,9})$/.test(key) ? Number(key) : Infinity
  return number <= INDEX_MAX ? number : Infinity
}

/**
 * JSON → the tree of `source.ts`, fast. Anything that is not plain sound JSON within the limits gives nothing: the YAML
 * reader then reads the same text, and says what is wrong with it.
 */
import type { SourceEntry, SourceLimits, SourceNode } from './source.ts'

export function parseJsonSource(text: string, limits: SourceLimits): SourceNode | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined
  const reader = new JsonReader(text, limits)
  const root = reader.value(0)
  return root && reader.atEnd ? root : undefined
}

const SPACE = /[ \n\r\t]*/y
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null/y

class JsonReader {
  private readonly text: string
  private readonly limits: SourceLimits
  private offset = 0
  private nodes = 0

  constructor(text: string, limits: SourceLimits) {
    this.text = text
    this.limits = limits
  }

  get atEnd(): boolean {
    this.take(SPACE)
    return this.offset === this.text.length
  }

  value(depth: number): SourceNode | undefined {
    this.take(SPACE)
    if (depth >= this.limits.depth || ++this.nodes > this.limits.nodes) return undefined
    const mark = { text: this.text, offset: this.offset }
    switch (this.text[this.offset]) {
      case '{': {
        const entries = this.entries(depth)
        return entries && { is: 'map', entries, mark }
      }
      case '[': {
        const items = this.items(depth)
        return items && { is: 'list', items, mark }
      }
      case '"': {
        const value = this.string()
        return value === undefined ? undefined : { is: 'scalar', value, text: value, mark }
      }
      default: {
        const text = this.take(NUMBER) ?? this.take(WORD)
        return text === undefined ? undefined : { is: 'scalar', value: JSON.parse(text), text, mark }
      }
    }
  }

  private entries(depth: number): readonly SourceEntry[] | undefined {
    const entries = new Map<string, SourceEntry>()
    this.offset++
    if (this.sign('}')) return []
    do {
      this.take(SPACE)
      const mark = { text: this.text, offset: this.offset }
      const key = this.string()
      if (key === undefined || entries.has(key) || !this.sign(':')) return undefined
      const node = this.value(depth + 1)
      if (!node) return undefined
      entries.set(key, { key, node, mark })
    } while (this.sign(','))
    return this.sign('}') ? [...entries.values()] : undefined
  }

  private items(depth: number): readonly SourceNode[] | undefined {
    const items: SourceNode[] = []
    this.offset++
    if (this.sign(']')) return items
    do {
      const node = this.value(depth + 1)
      if (!node) return undefined
      items.push(node)
    } while (this.sign(','))
    return this.sign(']') ? items : undefined
  }

  private string(): string | undefined {
    const text = this.take(STRING)
    return text === undefined ? undefined : JSON.parse(text)
  }

  private sign(sign: string): boolean {
    this.take(SPACE)
    if (this.text[this.offset] !== sign) return false
    this.offset++
    return true
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset
    const [found] = pattern.exec(this.text) ?? []
    if (found !== undefined) this.offset = pattern.lastIndex
    return found
  }
}

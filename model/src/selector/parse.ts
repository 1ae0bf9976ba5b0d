/**
 * Selectors choose what runs by its properties: `namespace(shop) and image(^web:(.*)$) and not label(stage)(test)`.
 *
 *     operand = name | id | kind | type | namespace | group | image | ip | host  "(" pattern ")"
 *             | "label" "(" pattern ")" "(" pattern ")"
 *             | "port" "(" number ")" | ("port_index" | "index") "(" number ")"
 *
 * Patterns are regular expressions in RE2's syntax that must match as a whole; what a group in them captures names a group of targets.
 */
import type { Expression } from '../expression/expression.ts'
import { parseExpression } from '../expression/parse-expression.ts'
import { readConstant } from '../expression/parse-words.ts'
import type { Scanner } from '../expression/scanner.ts'
import { nearest } from '../parse/near.ts'
import type { Parsed } from '../problem.ts'
import { whyNoPattern } from './pattern.ts'

export type SelectorOperand =
  | { readonly is: TextProperty; readonly value: string }
  | { readonly is: 'label'; readonly name: string; readonly value: string }
  | { readonly is: 'port'; readonly port: number }
  | { readonly is: 'port_index'; readonly index: number }

export type TextProperty = 'name' | 'kind' | 'namespace' | 'image' | 'ip'

export type SelectorNode = Expression<SelectorOperand>

const PROPERTIES: ReadonlyMap<string, TextProperty> = new Map([
  ['name', 'name'], ['id', 'name'], ['kind', 'kind'], ['type', 'kind'], ['namespace', 'namespace'], ['group', 'namespace'],
  ['image', 'image'], ['ip', 'ip'], ['host', 'ip'],
])

const WORDS = [...PROPERTIES.keys(), 'label', 'port', 'port_index', 'index']

/** A text that is no selector is `InvalidSelectorError`, with the place in it. */
export function parseSelector(text: string, path = ''): Parsed<SelectorNode> {
  const parsed = parseExpression(text, readOperand, path)
  if (parsed.is === 'ok') return parsed
  return { is: 'refused', problems: parsed.problems.map(({ message, ...problem }) => ({ ...problem, code: 'InvalidSelectorError', message: `Invalid selector: '${text}'. ${message}` })) }
}

function readOperand(scanner: Scanner): SelectorOperand | { readonly is: 'true' | 'false' } | undefined {
  const start = scanner.offset
  const [, word] = scanner.take(/([a-z_]+)\s*(?=\()/iy) ?? []
  if (word === undefined) return readConstant(scanner) ?? scanner.fail('an operand such as name(…), image(…) or label(…)(…) is expected here')
  const keyword = word.toLowerCase()
  const property = PROPERTIES.get(keyword)
  if (property) {
    const value = readPattern(scanner)
    return value === undefined ? undefined : { is: property, value }
  }
  if (keyword === 'label') return readLabel(scanner)
  if (keyword === 'port') return readNumber(scanner, port => ({ is: 'port', port }))
  if (keyword === 'port_index' || keyword === 'index') return readNumber(scanner, index => ({ is: 'port_index', index }))
  const near = nearest(keyword, WORDS)
  return scanner.fail(`'${word}' is no property of a target`, near ? `did you mean '${near}'?` : `it is one of ${WORDS.join(', ')}`, start)
}

function readLabel(scanner: Scanner): SelectorOperand | undefined {
  const name = readPattern(scanner)
  scanner.take(/\s+(?=\()/y)
  const value = name === undefined ? undefined : readPattern(scanner)
  return name === undefined || value === undefined ? undefined : { is: 'label', name, value }
}

function readNumber(scanner: Scanner, operand: (value: number) => SelectorOperand): SelectorOperand | undefined {
  const [, digits] = scanner.take(/\(\s*(\d{1,9})\s*\)/y) ?? []
  return digits === undefined ? scanner.fail('a number between parentheses is expected here') : operand(Number(digits))
}

/** Up to the parenthesis that closes; the ones of the expression itself are balanced, escaped, or in a class. */
function readPattern(scanner: Scanner): string | undefined {
  const start = scanner.offset
  if (!scanner.take(/\(/y)) return scanner.fail("a '(' is expected here")
  const from = scanner.offset
  for (let depth = 1; depth > 0;) {
    const [piece] = scanner.take(/\\.|\[(?:\\.|[^\]\\])*\]|[^\\[()]+|[()[\\]/sy) ?? []
    if (piece === undefined) return scanner.fail("a ')' is missing", undefined, start)
    if (piece === '(') depth++
    if (piece === ')') depth--
  }
  const pattern = scanner.text.slice(from, scanner.offset - 1).trim()
  const wrong = whyNoPattern(pattern)
  return wrong === undefined ? pattern : scanner.fail(`'${pattern}' is no regular expression: ${wrong}`, undefined, start)
}

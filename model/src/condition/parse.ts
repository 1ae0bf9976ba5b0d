/**
 * The condition language: `(user-agent = Firefox or has cookie beta) and not path begins "/admin"`.
 *
 *     operand = ("host" | "user-agent") comparison value                  also `user.agent`, `useragent`
 *             | ("has" | "contains" | "misses") ("header" | "cookie") value
 *             | ("header" | "cookie") value ("has" | "contains" | "misses") value
 *             | "<" HAProxy ACL ">"
 *     comparison = "==" | "=" | "is" | "has" | "contains" | "!=" | "!" | "not" | "misses"
 *     value = text between quotes (the own quote doubled) | visible characters but for parentheses
 *
 * Beyond the original: `header N is V`, `cookie N is V`, `path is | begins | contains | matches V`, `method is GET`,
 * `country is GB`, `ip in 10.0.0.0/8`, `device is mobile`, each also with the negative comparisons; `true` and `false`.
 */
import type { ConditionNode } from '../condition.ts'
import { parseExpression } from '../expression/parse-expression.ts'
import type { Scanner } from '../expression/scanner.ts'
import { parseNetwork } from '../ip-network.ts'
import { nearest } from '../parse/near.ts'
import { ok, type Parsed } from '../problem.ts'
import { expressionPieces } from './path-expression.ts'

export interface ConditionOptions {
  /** As the original read: only its own operands, and a text that does not parse is one raw ACL. */
  readonly fallback?: boolean
  /** Where the condition stands in its document, for problems. */
  readonly path?: string
}

export type ConditionOperand = Exclude<ConditionNode, { is: 'and' | 'or' | 'not' | 'true' | 'false' }>
type Operand = ConditionOperand | { readonly is: 'not'; readonly operand: ConditionOperand } | { readonly is: 'true' | 'false' }

export const DEVICES = ['mobile', 'tablet', 'desktop', 'bot'] as const

export function parseCondition(text: string, { fallback = false, path = '' }: ConditionOptions = {}): Parsed<ConditionNode> {
  const parsed = parseExpression<ConditionOperand>(text, fallback ? readOriginal : readOperand, path)
  return parsed.is === 'refused' && fallback ? ok({ is: 'raw', acl: text.trim() }) : parsed
}

function readOperand(scanner: Scanner): Operand | undefined {
  const constant = /(true|false)(?![^\s()])/iy
  const [, word] = scanner.take(constant) ?? []
  if (word) return { is: word.toLowerCase() === 'true' ? 'true' : 'false' }
  const [, keyword] = scanner.take(/(path|method|country|ip|device)(?![\w.-])/iy) ?? []
  if (keyword) return readOwn(scanner, keyword.toLowerCase())
  return readOriginal(scanner, true)
}

function readOriginal(scanner: Scanner, ours?: boolean): Operand | undefined {
  if (scanner.take(/host(?![\w.-])/iy)) return readCompared(scanner, value => ({ is: 'host', value }))
  if (scanner.take(/user[-.]?agent(?![\w.-])/iy)) return readCompared(scanner, value => ({ is: 'user_agent', value }))
  const [, has, thing] = scanner.take(/(has|contains|misses)\s+(header|cookie)\s+/iy) ?? []
  if (has && thing) return readPresence(scanner, has.toLowerCase() !== 'misses', thing.toLowerCase() === 'header' ? 'header' : 'cookie')
  const [, part] = scanner.take(/(header|cookie)\s+/iy) ?? []
  if (part) return readPart(scanner, part.toLowerCase() === 'header' ? 'header' : 'cookie', ours === true)
  if (scanner.text[scanner.offset] === '<') return readRaw(scanner)
  return unknownOperand(scanner)
}

function readCompared(scanner: Scanner, operand: (value: string) => ConditionOperand): Operand | undefined {
  const comparison = readComparison(scanner)
  const value = comparison && readValue(scanner)
  return value === undefined ? undefined : signed(operand(value), comparison?.positive)
}

function readPresence(scanner: Scanner, positive: boolean, is: 'header' | 'cookie'): Operand | undefined {
  const name = readValue(scanner)
  return name === undefined ? undefined : signed({ is, name }, positive)
}

function readPart(scanner: Scanner, part: 'header' | 'cookie', ours: boolean): Operand | undefined {
  const name = readValue(scanner)
  const before = scanner.offset
  const comparison = name === undefined ? undefined : readComparison(scanner)
  if (comparison?.is === 'is' && !ours) return scanner.fail('has, contains or misses is expected here', undefined, before)
  const value = comparison && readValue(scanner)
  if (name === undefined || value === undefined) return undefined
  return signed({ is: comparison?.is === 'is' ? `${part}_is` : `${part}_contains`, name, value }, comparison?.positive)
}

/** Operands that the original does not have. */
function readOwn(scanner: Scanner, keyword: string): Operand | undefined {
  const [, not, special] = scanner.take(/\s+(not\s+)?(begins|matches|in)\s+/iy) ?? []
  const comparison = special ? { is: special.toLowerCase(), positive: not === undefined } : readComparison(scanner)
  if (!comparison) return undefined
  const start = scanner.offset
  const value = readValue(scanner)
  if (value === undefined) return undefined
  const operand = ownOperand(keyword, comparison.is, value)
  if (typeof operand === 'string') return scanner.fail(operand, undefined, start)
  return signed(operand, comparison.positive)
}

/** The operand, or why it is none. */
function ownOperand(keyword: string, comparison: string, value: string): ConditionOperand | string {
  if (keyword === 'path') return pathOperand(comparison, value)
  if (!(keyword === 'ip' ? ['is', 'in'] : ['is']).includes(comparison)) return `${keyword} can only be compared with ${keyword === 'ip' ? 'in, is' : 'is'}, not`
  switch (keyword) {
    case 'method': return /^[A-Za-z]+$/.test(value) ? { is: 'method', value: value.toUpperCase() } : `'${value}' is no method such as GET`
    case 'country': return /^[A-Za-z]{2}$/.test(value) ? { is: 'country', value: value.toUpperCase() } : `'${value}' is no country code of two letters such as GB`
    case 'ip': return parseNetwork(value) ? { is: 'ip', network: value } : `'${value}' is no address or network such as 10.0.0.0/8`
    default: {
      const device = DEVICES.find(name => name === value.toLowerCase())
      return device ? { is: 'device', value: device } : `'${value}' is none of ${DEVICES.join(', ')}`
    }
  }
}

function pathOperand(comparison: string, value: string): ConditionOperand | string {
  switch (comparison) {
    case 'is': return { is: 'path', match: 'is', value }
    case 'has': return { is: 'path', match: 'contains', value }
    case 'begins': return { is: 'path', match: 'begins', value }
    case 'matches': {
      const pieces = expressionPieces(value)
      return typeof pieces === 'string' ? `'${value}' is no regular expression: ${pieces}` : { is: 'path', match: 'matches', value }
    }
    default: return 'a path can be compared with is, begins, contains, matches'
  }
}

function readRaw(scanner: Scanner): Operand | undefined {
  const [, acl = ''] = scanner.take(/<([^<>]*)>/y) ?? []
  if (acl.trim() !== '') return hasControl(acl) ? scanner.fail('an ACL is one line') : { is: 'raw', acl: acl.trim() }
  return scanner.fail("an ACL between '<' and '>' is expected here")
}

interface Comparison { readonly is: 'is' | 'has'; readonly positive: boolean }

function readComparison(scanner: Scanner): Comparison | undefined {
  if (scanner.take(/\s*==?\s*|\s+is\s+/iy)) return { is: 'is', positive: true }
  if (scanner.take(/\s*!=?\s*|\s+not\s+/iy)) return { is: 'is', positive: false }
  if (scanner.take(/\s+(?:has|contains)\s+/iy)) return { is: 'has', positive: true }
  if (scanner.take(/\s+misses\s+/iy)) return { is: 'has', positive: false }
  scanner.take(/\s+/y)
  return scanner.fail('a comparison such as is, contains, not or misses, and a value, are expected here')
}

function readValue(scanner: Scanner): string | undefined {
  const start = scanner.offset
  const [quoted, double, single] = scanner.take(/"((?:[^"]|"")*)"(?!")|'((?:[^']|'')*)'(?!')/y) ?? []
  if (quoted === undefined && /["']/.test(scanner.text[start] ?? '')) return scanner.fail('the quote is not closed', 'a quote inside a text is written twice')
  const value = quoted === undefined ? scanner.take(/[^\s()]+/y)?.[0] : double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'")
  if (!value) return scanner.fail('a value is expected here')
  return hasControl(value) ? scanner.fail('a value has no control characters', undefined, start) : value
}

const hasControl = (text: string) => /[\u0000-\u001f\u007f]/.test(text)

function unknownOperand(scanner: Scanner): undefined {
  const [word = ''] = /^[^\s()=!<>]*/.exec(scanner.text.slice(scanner.offset)) ?? []
  if (word === '') return scanner.fail('an operand such as user-agent, host, header, cookie or path is expected here')
  const near = nearest(word, ['host', 'user-agent', 'header', 'cookie', 'has', 'contains', 'misses', 'path', 'method', 'country', 'ip', 'device'])
  return scanner.fail(`'${scanner.rest}' is no operand`, near ? `did you mean '${near}'?` : "a HAProxy ACL is written between '<' and '>'")
}

function signed(operand: ConditionOperand, positive = true): Operand {
  return positive ? operand : { is: 'not', operand }
}

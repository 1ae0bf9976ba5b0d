/**
 * A condition as one regular expression, so that a new condition is a map entry and no configuration.
 * The subject is the request as text (`frontend.ts` writes it), the generation's number at its end, and without what begins with a
 * colon where no condition of the gateway needs it:
 *
 *     :m ⏎ method ⏎ :u ⏎ path ⏎ :i ⏎ source address in hex ⏎ :c ⏎ country ⏎ :r ⏎ raw flags ⏎ name: value ⏎ name: value ⏎ …
 *
 * No header's name begins with a colon. Every operand is a look-ahead from the start of that text, so `and` is concatenation, `or` an alternative and `not` a
 * negative look-ahead. Literals are written byte by byte: nothing of a user's text is ever syntax.
 */
import { createHash } from 'node:crypto'
import type { ConditionNode } from '@vamp/model/condition'
import { expressionForPcre, expressionPieces, expressionSize } from '@vamp/model/condition/path-expression'
import { userAgentPieces } from '@vamp/model/condition/user-agent'
import { Fault } from '@vamp/model/fault'
import { parseNetwork } from '@vamp/model/ip-network'

/** HAProxy takes a command and its payload in one buffer of 16 kB. */
export const PATTERN_BYTES_MAX = 8_000
/** PCRE writes repetitions out, into 64 kB. */
const EXPRESSIONS_SIZE_MAX = 1_000

export function conditionPattern(node: ConditionNode): string {
  const pattern = assertion(node)
  if (pattern.length > PATTERN_BYTES_MAX) throw refused(`it takes ${pattern.length} bytes as a pattern, the limit is ${PATTERN_BYTES_MAX}`)
  if (expressionsOf(node).reduce((sum, text) => sum + expressionSize(text), 0) > EXPRESSIONS_SIZE_MAX) throw refused('the repetitions of its expressions make it too large')
  return pattern
}

/** The raw ACLs of a condition, which cannot be map entries. */
export function rawAcls(node: ConditionNode): string[] {
  if (node.is === 'raw') return [node.acl]
  if (node.is === 'not') return rawAcls(node.operand)
  return node.is === 'and' || node.is === 'or' ? [...rawAcls(node.left), ...rawAcls(node.right)] : []
}

/** The name under which a raw ACL is defined, and its flag in the subject. */
export const rawFlag = (acl: string): string => `raw_${createHash('sha256').update(acl.trim()).digest('hex').slice(0, 16)}`

/** Does any operand need the country of the source address? */
export function needsCountry(node: ConditionNode): boolean {
  if (node.is === 'not') return needsCountry(node.operand)
  return node.is === 'and' || node.is === 'or' ? needsCountry(node.left) || needsCountry(node.right) : node.is === 'country'
}

/** Does any operand need more than the headers? */
export function needsLine(node: ConditionNode): boolean {
  switch (node.is) {
    case 'not': return needsLine(node.operand)
    case 'and': case 'or': return needsLine(node.left) || needsLine(node.right)
    default: return ['path', 'method', 'country', 'ip', 'raw'].includes(node.is)
  }
}

/** The regular expressions of a condition. */
export function expressionsOf(node: ConditionNode): string[] {
  if (node.is === 'not') return expressionsOf(node.operand)
  if (node.is === 'and' || node.is === 'or') return [...expressionsOf(node.left), ...expressionsOf(node.right)]
  return node.is === 'path' && node.match === 'matches' ? [node.value] : []
}

function assertion(node: ConditionNode): string {
  switch (node.is) {
    case 'and': return assertion(node.left) + assertion(node.right)
    case 'or': return `(?:${assertion(node.left)}|${assertion(node.right)})`
    case 'not': return `(?!${assertion(node.operand)})`
    case 'true': return '(?=)'
    case 'false': return '(?!)'
    case 'host': return header('host', `(?i:${literal(node.value)})${node.value.includes(':') ? '' : '(?::[0-9]+)?'}[\\x20\\t]*\\r`)
    case 'user_agent': return userAgentPieces(node.value).map(piece => header('user-agent', `[^\\n]*${literal(piece)}`)).join('')
    case 'header': return `(?=${ANY}${literal(node.name.toLowerCase())}:)`
    case 'header_contains': return header(node.name, `[^\\n]*${literal(node.value)}`)
    case 'header_is': return header(node.name, `${literal(node.value)}[\\x20\\t]*\\r`)
    case 'cookie': return cookie(node.name, '')
    // What separates cookies is in none of them.
    case 'cookie_contains': return node.value.includes(';') ? '(?!)' : cookie(node.name, `[^;\\r\\n]*${literal(node.value)}`)
    case 'cookie_is': return node.value.includes(';') ? '(?!)' : cookie(node.name, `${literal(node.value)}[\\x20\\t]*[;\\r]`)
    case 'path': return path(node.match, node.value)
    case 'method': return `(?=${LINE.method}(?i:${literal(node.value)})\\n)`
    case 'country': return `(?=${LINE.country}(?i:${literal(node.value)})\\n)`
    case 'ip': return `(?=${LINE.ip}${network(node.network)}\\n)`
    case 'device': return device(node.value)
    case 'raw': return `(?=${LINE.raw}[^\\n]*;${rawFlag(node.acl)};)`
    default: return node satisfies never
  }
}

/** The beginning of any line. */
const ANY = '(?sm:.*?^)'
const lineOf = (name: string) => `${ANY}:${name}\\n`
const LINE = { method: lineOf('m'), path: lineOf('u'), ip: lineOf('i'), country: lineOf('c'), raw: lineOf('r') } as const

const header = (name: string, value: string) => `(?=${ANY}${literal(name.toLowerCase())}:[\\x20\\t]*${value})`
const cookie = (name: string, value: string) => `(?=${ANY}cookie:(?:[^\\n]*;)?[\\x20\\t]*${literal(name)}=${value})`

const DEVICES: Readonly<Record<string, string>> = {
  mobile: header('user-agent', '[^\\n]*(?:Mobi|iPhone|iPod|Windows\\x20Phone|BlackBerry|Opera\\x20Mini)'),
  tablet: `(?:${header('user-agent', '[^\\n]*(?:iPad|Tablet|Kindle|Silk/)')}|${header('user-agent', '[^\\n]*Android')}(?!${header('user-agent', '[^\\n]*Mobi')}))`,
  bot: header('user-agent', '[^\\n]*(?i:bot|crawl|spider|slurp)'),
}

function device(value: string): string {
  const name = value.toLowerCase()
  if (name === 'desktop') return `(?!${DEVICES['mobile']})(?!${DEVICES['tablet']})(?!${DEVICES['bot']})`
  const pattern = DEVICES[name]
  if (!pattern) throw refused(`the device '${value.slice(0, 40)}' is none of mobile, tablet, desktop, bot`)
  return pattern
}

function path(match: 'is' | 'begins' | 'contains' | 'matches', value: string): string {
  switch (match) {
    case 'is': return `(?=${LINE.path}${literal(value)}\\n)`
    case 'begins': return `(?=${LINE.path}${literal(value)})`
    case 'contains': return `(?=${LINE.path}[^\\n]*${literal(value)})`
    // The line of the address must follow where the expression ended: it cannot have left the path.
    case 'matches': return `(?=${LINE.path}[^\\n]*?(?m:${expression(value)})[^\\n]*\\n:i\\n)`
    default: return match satisfies never
  }
}

function expression(text: string): string {
  const pieces = expressionPieces(text)
  if (typeof pieces === 'string') throw refused(`'${text.slice(0, 80)}' is no regular expression: ${pieces}`)
  return expressionForPcre(pieces)
}

function literal(text: string): string {
  return [...new TextEncoder().encode(text)].map(byte => {
    const char = String.fromCharCode(byte)
    return /[A-Za-z0-9_]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, '0')}`
  }).join('')
}

/** An address or CIDR network over the address in hex digits, 8 of them for IPv4, 32 for IPv6. */
function network(text: string): string {
  const found = parseNetwork(text)
  if (!found) throw refused(`'${text.slice(0, 60)}' is no address or network`)
  const digits = found.bytes.flatMap(byte => [byte >> 4, byte & 15])
  return digits.map((digit, index) => {
    const free = 4 - Math.max(0, Math.min(4, found.bits - index * 4))
    const low = digit >> free << free
    const choices = Array.from({ length: 1 << free }, (_, each) => (low + each).toString(16).toUpperCase())
    return choices.length === 1 ? choices.join('') : `[${choices.join('')}]`
  }).join('')
}

const refused = (reason: string) => new Fault('proxy_refused', 'the condition cannot be carried out', { reason })

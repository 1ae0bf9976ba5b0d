/**
 * The regular expressions of `path matches`: RE2's syntax, as far as it means the same in PCRE, which HAProxy reads it with. RE2
 * needs time in proportion to the path, whatever the expression. There are no back-references and no look-around.
 */
import { RE2JS } from 're2js'
import { linearExpression } from '../linear-expression.ts'
import { isAmbiguous, type Syntax } from './ambiguity.ts'
import type { Truth } from './matches.ts'

export interface ExpressionPiece {
  readonly is: 'text' | 'dot' | 'class' | 'place' | 'open' | 'close' | 'or' | 'times'
  readonly text: string
}

/** Instructions of the compiled expression: what repetitions are written out to. */
export const EXPRESSION_SIZE_MAX = 250
const CHARS_MAX = 1000
/** HAProxy's PCRE takes 250, some of which are the condition's. */
const DEPTH_MAX = 50
/** Those that were used last stay compiled; each has at most 8 MB of states. */
const COMPILED_MAX = 200

const ONE = String.raw`\\(?:[tnfr]|x[0-7][0-9A-Fa-f]|[ -/:-@\[-^\x60{-~])`
const SET = String.raw`\\[dDwWsS]`
const NAMED = String.raw`\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]`
const MEMBER = `(?:${ONE}|[ -,./-Z^-~])`
const PIECES = new RegExp([
  String.raw`(?<times>(?:[*+?]|\{\d+(?:,\d*)?\})\??)`,
  String.raw`(?<open>(?<!.)\(\?i\)|\((?:\?i?:|(?!\?)))`,
  String.raw`(?<close>\))`, String.raw`(?<or>\|)`, String.raw`(?<dot>\.)`, String.raw`(?<place>[\^$]|\\[bB])`,
  String.raw`(?<class>\[\^?-?(?:${NAMED}|${SET}|${MEMBER}(?:-${MEMBER})?)*-?\]|${SET})`,
  `(?<text>${ONE}|[ -~])`,
].join('|'), 'y')
/** Text that would be something else, if it were not escaped. */
const MISPLACED = /^[()[\]{}*+?|\\]$/

/** The expression piece by piece, or why it is none that can be taken. */
export function expressionPieces(text: string): readonly ExpressionPiece[] | string {
  const compiled = compile(text)
  return typeof compiled === 'string' ? compiled : compiled.pieces
}

export function expressionMatches(text: string, path: string): Truth {
  const compiled = compile(text)
  return typeof compiled === 'string' ? 'unknown' : compiled.expression.test(path)
}

/** A proxy that tries one way after the other gives up beyond so many steps, and takes it that nothing matched. */
export const EXPRESSION_STEPS = '(*LIMIT_MATCH=100000)'

/**
 * The expression for PCRE, in visible characters, without a group that it could leave. None of it takes the end of a line. What is
 * repeated is a group, for only the repetitions of groups are steps that PCRE counts.
 */
export function expressionForPcre(pieces: readonly ExpressionPiece[]): string {
  return pieces.map((piece, index) => {
    const text = piece.text.replaceAll(/\\.|[ #]/g, found => found.endsWith(' ') ? '\\x20' : found.endsWith('#') ? '\\x23' : found)
    if (TAKES_LINE_END.test(text)) return `(?:(?!\\n)${text})`
    return pieces[index + 1]?.is === 'times' && ['text', 'dot', 'class'].includes(piece.is) ? `(?:${text})` : text
  }).join('')
}

const TAKES_LINE_END = /^(?:\[\^.*|\[.*(?:\\[DWsn]|\\x0|\[:).*|\\[DWsn]|\\x0.)$/

/** What it takes of the room that a proxy has for one condition. */
export function expressionSize(text: string): number {
  const compiled = compile(text)
  return typeof compiled === 'string' ? 0 : compiled.expression.programSize()
}

interface Compiled { readonly expression: RE2JS; readonly pieces: readonly ExpressionPiece[] }

const compiled = new Map<string, Compiled>()

function compile(text: string): Compiled | string {
  const known = compiled.get(text)
  if (known) {
    compiled.delete(text)
    compiled.set(text, known)
    return known
  }
  const pieces = split(text)
  if (typeof pieces === 'string') return pieces
  const expression = linearExpression(text)
  if (typeof expression === 'string') return expression
  if (expression.programSize() > EXPRESSION_SIZE_MAX) return 'its repetitions make it too large'
  if (isAmbiguous(syntaxOf(pieces)) !== false) return 'its repetitions could divide one path among themselves in too many ways, as those of (a+)+ do'
  for (const oldest of compiled.keys()) {
    if (compiled.size < COMPILED_MAX) break
    compiled.delete(oldest)
  }
  const fresh = { expression, pieces }
  compiled.set(text, fresh)
  return fresh
}

function split(text: string): readonly ExpressionPiece[] | string {
  if (text.length > CHARS_MAX) return `it is longer than ${CHARS_MAX} characters`
  const pieces: ExpressionPiece[] = []
  let depth = 0
  for (let offset = 0; offset < text.length;) {
    PIECES.lastIndex = offset
    const [is, piece] = Object.entries(PIECES.exec(text)?.groups ?? {}).find(([, found]) => found !== undefined) as [ExpressionPiece['is'], string] | undefined ?? []
    const before = pieces.at(-1)
    if (is === undefined || (is === 'text' && MISPLACED.test(piece ?? ''))) return notTaken(text.slice(offset))
    if (is === 'times' && (before === undefined || !['text', 'dot', 'class', 'close'].includes(before.is))) return `there is nothing that '${piece}' could repeat`
    depth += is === 'open' && piece !== '(?i)' ? 1 : is === 'close' ? -1 : 0
    if (depth > DEPTH_MAX) return `its groups are nested more than ${DEPTH_MAX} deep`
    pieces.push({ is, text: piece ?? '' })
    offset += piece?.length ?? 1
  }
  return pieces
}

/** The tree of pieces that RE2 has taken. */
function syntaxOf(pieces: readonly ExpressionPiece[]): Syntax {
  let at = 0
  return choice('')

  function choice(flags: string): Syntax {
    const parts = [sequence(flags)]
    while (pieces[at]?.is === 'or') {
      at += 1
      parts.push(sequence(flags))
    }
    return { is: 'choice', parts }
  }

  function sequence(flags: string): Syntax {
    const parts: Syntax[] = []
    for (let piece = pieces[at]; piece && piece.is !== 'or' && piece.is !== 'close'; piece = pieces[at]) {
      at += 1
      if (piece.text === '(?i)') return { is: 'sequence', parts: [...parts, choice('(?i)')] }
      if (piece.is === 'place') continue
      const part: Syntax = piece.is === 'open' ? choice(piece.text === '(?i:' ? '(?i)' : flags) : { is: 'character', set: characters(flags + piece.text) }
      if (piece.is === 'open') at += 1
      const times = pieces[at]?.is === 'times' ? pieces[at++]?.text : undefined
      parts.push(times === undefined ? part : { is: 'repeated', part, ...bounds(times) })
    }
    return { is: 'sequence', parts }
  }
}

function bounds(times: string): { readonly least: number; readonly most: number } {
  const [, least = times.startsWith('+') ? '1' : '0', comma = times.startsWith('?') ? '' : ',', most = times.startsWith('?') ? '1' : ''] = /^\{(\d+)(,?)(\d*)\}/.exec(times) ?? []
  return { least: Number(least), most: most !== '' ? Number(most) : comma === '' ? Number(least) : Number.POSITIVE_INFINITY }
}

function characters(text: string): bigint {
  const expression = RE2JS.compile(text)
  return Array.from({ length: 128 }, (_, code) => expression.test(String.fromCharCode(code)) ? 1n << BigInt(code) : 0n).reduce((set, bit) => set | bit, 0n)
}

function notTaken(rest: string): string {
  if (/^[^ -~]/.test(rest)) return 'a path has no other characters than those of ASCII; others are in it as %C3%A9'
  if (/^\\[1-9k]/.test(rest)) return 'it refers back to a group, which cannot be done in linear time'
  if (/^\(\?<?[=!]/.test(rest)) return 'it looks around, which cannot be done in linear time'
  const near = rest.slice(0, 12)
  return /^[\]{}]/.test(rest) ? `a literal '${rest[0]}' is written '\\${rest[0]}'` : `'${near}' is not read the same by every proxy; there are . [a-z] [^a-z] \\d \\w \\s ^ $ \\b ( ) (?:) (?i:) | * + ? {2,5}`
}

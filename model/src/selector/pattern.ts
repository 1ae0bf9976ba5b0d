/** The patterns of selectors. They must match as a whole. */
import type { RE2JS } from 're2js'
import { linearExpression } from '../linear-expression.ts'

const CHARS_MAX = 1000
/** Those that were used last stay compiled. */
const COMPILED_MAX = 200

const compiled = new Map<string, RE2JS>()

/** Nothing, if it is one. */
export function whyNoPattern(pattern: string): string | undefined {
  const expression = compile(pattern)
  return typeof expression === 'string' ? expression : undefined
}

/** What the groups captured of a text that matches; undefined for one that does not. */
export function captured(pattern: string, text: string): readonly string[] | undefined {
  const expression = compile(pattern)
  if (typeof expression === 'string') return undefined
  const matcher = expression.matcher(text)
  if (!matcher.matches()) return undefined
  return Array.from({ length: matcher.groupCount() }, (_, index) => matcher.group(index + 1)).filter(group => group !== null)
}

function compile(pattern: string): RE2JS | string {
  const known = compiled.get(pattern)
  if (known) {
    compiled.delete(pattern)
    compiled.set(pattern, known)
    return known
  }
  if (pattern.length > CHARS_MAX) return `it is longer than ${CHARS_MAX} characters`
  const expression = linearExpression(pattern)
  if (typeof expression === 'string') return expression
  for (const oldest of compiled.keys()) if (compiled.size >= COMPILED_MAX) compiled.delete(oldest); else break
  compiled.set(pattern, expression)
  return expression
}

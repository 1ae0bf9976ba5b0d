import { parseSelector } from '../selector/parse.ts'
import { indexOf } from './condition.ts'
import type { Cursor } from './cursor.ts'

/** The text of a selector, checked but kept as written. */
export function readSelector(cursor: Cursor): string {
  const text = cursor.text()
  if (!cursor.isScalar) return text
  const parsed = parseSelector(text)
  if (parsed.is === 'refused') for (const problem of parsed.problems) cursor.reportWithin(indexOf(text, problem), problem.code, problem.message, problem.hint)
  return text
}

import { parseCondition } from '../condition/parse.ts'
import type { Condition } from '../condition.ts'
import type { Problem } from '../problem.ts'
import { inline, type Reference } from '../reference.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readAnonymousHeader, readHeader } from './header.ts'
import { readWeakReference } from './reference.ts'

export function readCondition(fields: Fields): Condition {
  return { ...readHeader(fields, 'conditions'), condition: readExpression(fields.required('condition')) }
}

/** `condition: "user-agent is Firefox"`, `{condition: …}` or `{reference: name}`; an empty text is no condition. */
export function readConditionReference(cursor: Cursor): Reference<Condition> | undefined {
  if (cursor.isScalar) return given(inline({ kind: 'conditions', name: '', metadata: {}, condition: readExpression(cursor) }))
  return given(readWeakReference(cursor, 'conditions', fields => ({ ...readAnonymousHeader(fields, 'conditions'), condition: readExpression(fields.required('condition')) })))
}

function given(condition: Reference<Condition>): Reference<Condition> | undefined {
  return condition.is === 'inline' && condition.value.condition === '' ? undefined : condition
}

/** The text of a condition, checked but kept as written. */
export function readExpression(cursor: Cursor | undefined): string {
  if (!cursor) return ''
  const text = cursor.text()
  if (text.trim() === '') return ''
  const parsed = parseCondition(text)
  if (parsed.is === 'refused') for (const problem of parsed.problems) cursor.reportWithin(indexOf(text, problem), problem.code, problem.message, problem.hint)
  return text
}

/** Problems of an expression are counted in lines and columns of the expression. */
export function indexOf(text: string, { at }: Problem): number {
  const lines = text.split('\n').slice(0, (at?.line ?? 1) - 1)
  return lines.reduce((sum, line) => sum + line.length + 1, 0) + (at?.column ?? 1) - 1
}

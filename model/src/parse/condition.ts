import type { Condition } from '../condition.ts'
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
  return cursor.text().trim()
}

import type { Cursor } from './cursor.ts'

/** The text of a selector, checked but kept as written. */
export function readSelector(cursor: Cursor): string {
  return cursor.text().trim()
}

/** Numbers with the language's units. */
import { parsePercentage, parseTime } from '../quantity.ts'
import type { Cursor } from './cursor.ts'

/** 0–100, from `50%` or `2.5%`. */
export function readPercentage(cursor: Cursor | undefined): number | undefined {
  return cursor?.parsed(parsePercentage, 'a percentage from 0% to 100%', 0)
}

/** Seconds, from `30s` or `5m`. */
export function readTime(cursor: Cursor | undefined): number {
  return cursor?.parsed(parseTime, 'a time such as 30s or 5m', 0) ?? 0
}

export function readCount(cursor: Cursor): number {
  const count = cursor.integer()
  if (count < 0) cursor.unexpectedType('a number from 0 is expected here')
  return count
}

/** The path of a failed request as it is counted: no query, nothing that tells one visitor or order from another, and not too long. */
import { PATH_MAX } from '@vamp/model/failed-requests'

/** What is longer is a key or a token. */
const SEGMENT_MAX = 40
const NUMBER = /^\d+$/
/** Hexadecimal with a digit: UUIDs, hashes, dates. */
const HEXADECIMAL = /^(?=.*\d)[\da-f-]{8,}$/i
const ADDRESS = /@|%40/i
const LONG_NUMBER = /\d{4,}/g

/** Most are told as they are. */
const PLAIN = /^[^\d?#@%]{0,40}$/

export function askedPath(path: string): string {
  if (PLAIN.test(path)) return path
  const end = path.search(/[?#]/)
  const folded = (end < 0 ? path : path.slice(0, end)).slice(0, 4 * PATH_MAX).split('/').map(folding).join('/')
  return folded.length > PATH_MAX ? `${folded.slice(0, PATH_MAX - 1)}…` : folded
}

function folding(segment: string): string {
  if (NUMBER.test(segment) || segment.length > SEGMENT_MAX || HEXADECIMAL.test(segment) || ADDRESS.test(segment)) return ':id'
  return segment.replace(LONG_NUMBER, ':id')
}

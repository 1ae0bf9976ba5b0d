/** The path of a failed request as it is counted: no query, nothing that tells one visitor or order from another, and not too long. */
import { PATH_MAX } from '@vamp/model/failed-requests'

/** What is longer is a key or a token. */
const SEGMENT_MAX = 40
const NUMBER = /^\d+$/
/** Hexadecimal with a digit: UUIDs, hashes, dates. */
const HEXADECIMAL = /^(?=.*\d)[\da-f-]{8,}$/i
const ADDRESS = /@|%40/i
const LONG_NUMBER = /\d{4,}/g
/** Where so often a letter follows a digit or a digit a letter, it is a code by chance. */
const TURN = /[a-z](?=\d)|\d(?=[a-z])/gi
const TURNS_MIN = 5
/** Parameters of a segment: sessions are told by them. */
const PARAMETERS = /;.*/
/** Bytes of another alphabet, and what would steer the terminal or the page of whoever reads it. */
const INVISIBLE = /[^!-~]/g

/** Most are told as they are. */
const PLAIN = /^[!-"$&-/:<=>A-Z[-~]{0,40}$/

export function askedPath(path: string): string {
  if (PLAIN.test(path)) return path
  const end = path.search(/[?#]/)
  const visible = (end < 0 ? path : path.slice(0, end)).slice(0, 4 * PATH_MAX).replace(INVISIBLE, encoded)
  const folded = visible.split('/').map(folding).join('/')
  return folded.length > PATH_MAX ? `${folded.slice(0, PATH_MAX - 1)}…` : folded
}

/** The path is one of bytes. */
const encoded = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

function folding(whole: string): string {
  const segment = whole.replace(PARAMETERS, '')
  if (NUMBER.test(segment) || segment.length > SEGMENT_MAX || HEXADECIMAL.test(segment) || isCode(segment) || ADDRESS.test(segment)) return ':id'
  return segment.replace(LONG_NUMBER, ':id')
}

const isCode = (segment: string): boolean => (segment.match(TURN)?.length ?? 0) >= TURNS_MIN

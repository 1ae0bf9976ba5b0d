/** Records as the text that is stored, and back. What comes back is frozen: everybody who reads a revision sees the same. */
import { Fault } from '@vamp/model/fault'
import { deepFreeze } from '../base/deep-freeze.ts'
import { NAME_LENGTH_MAX, RECORD_BYTES_MAX } from './limits.ts'
import type { RecordKind, RecordOf } from './record.ts'
import type { Stored } from './store.ts'

/** Throws `Fault('invalid'|'too_large')`. */
export function recordText(kind: RecordKind, name: string, value: RecordOf[RecordKind]): string {
  if (name === '' || name.includes('\0')) throw new Fault('invalid', 'a record needs a name without NUL characters', { kind, name })
  if (name.length > NAME_LENGTH_MAX) throw new Fault('too_large', `a name may have ${NAME_LENGTH_MAX} characters`, { kind, length: name.length })
  const text = JSON.stringify(value)
  const bytes = Buffer.byteLength(text)
  if (bytes > RECORD_BYTES_MAX) throw new Fault('too_large', `a record may have ${RECORD_BYTES_MAX} bytes`, { kind, name, bytes })
  return text
}

export function stored<K extends RecordKind>(kind: K, name: string, text: string, revision: number): Stored<K> {
  return Object.freeze({ kind, name, value: deepFreeze(JSON.parse(text)) as RecordOf[K], revision })
}

/**
 * Records that were read before, as the frozen values they are: whoever lists a thousand of them each second does not take
 * the same texts apart again. A value is taken from here only if its text is still the same, so nothing has to be forgotten in time.
 */
import { RECORD_CACHE_CHARS_MAX } from './limits.ts'
import type { RecordKind } from './record.ts'
import { stored } from './record-text.ts'
import type { Stored } from './store.ts'

export interface RecordCache {
  /** The row as a record. */
  stored<K extends RecordKind>(kind: K, name: string, text: string, revision: number): Stored<K>
}

/** The least recently used go first. */
export function openRecordCache(charsMax: number = RECORD_CACHE_CHARS_MAX): RecordCache {
  const known = new Map<string, { readonly text: string; readonly record: Stored }>()
  let chars = 0
  const forget = (key: string, text: string) => {
    known.delete(key)
    chars -= text.length
  }
  return {
    stored<K extends RecordKind>(kind: K, name: string, text: string, revision: number): Stored<K> {
      const key = `${kind}\n${name}`
      const before = known.get(key)
      if (before && before.text === text && before.record.revision === revision) {
        known.delete(key)
        known.set(key, before)
        return before.record as Stored<K>
      }
      const record = stored(kind, name, text, revision)
      if (before) forget(key, before.text)
      if (text.length > charsMax) return record
      known.set(key, { text, record })
      chars += text.length
      for (const [oldest, { text: old }] of known) {
        if (chars <= charsMax) break
        forget(oldest, old)
      }
      return record
    },
  }
}

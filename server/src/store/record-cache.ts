/**
 * Records that were read or written lately, as the frozen values they are: whoever lists a thousand of them each second does
 * not take the same texts apart again. A value is taken by its text only if the text is still the same. Who hears of every
 * change before it matters, and tells it here, may also take what is there as the newest.
 */
import { RECORD_CACHE_CHARS_MAX } from './limits.ts'
import type { RecordKind } from './record.ts'
import { stored } from './record-text.ts'
import type { Stored } from './store.ts'

export interface Cached { readonly text: string; readonly record: Stored }

export interface RecordCache {
  /** The row as a record, to be known from now on. */
  stored<K extends RecordKind>(kind: K, name: string, text: string, revision: number): Stored<K>
  /** What is known of it. */
  known(kind: RecordKind, name: string): Cached | undefined
  /** It is not there any more. */
  forget(kind: RecordKind, name: string): void
}

const keyOf = (kind: RecordKind, name: string) => `${kind}\n${name}`

interface Entry extends Cached { /** Since it was last looked at for going. */ used: boolean }

/** What was not used lately goes first: the oldest go, but for those that were used, which get a second chance ("clock"). */
export function openRecordCache(charsMax: number = RECORD_CACHE_CHARS_MAX): RecordCache {
  const all = new Map<string, Entry>()
  let chars = 0
  const drop = (key: string, { text }: Cached) => {
    all.delete(key)
    chars -= text.length
  }
  const use = (key: string) => {
    const entry = all.get(key)
    if (entry) entry.used = true
    return entry
  }
  const makeRoom = () => {
    for (const [key, entry] of all) {
      if (chars <= charsMax) return
      if (!entry.used) { drop(key, entry); continue }
      all.delete(key)
      all.set(key, { ...entry, used: false })
    }
  }
  return {
    stored<K extends RecordKind>(kind: K, name: string, text: string, revision: number): Stored<K> {
      const key = keyOf(kind, name)
      const before = use(key)
      if (before && before.text === text && before.record.revision === revision) return before.record as Stored<K>
      const record = stored(kind, name, text, revision)
      if (before) drop(key, before)
      if (text.length > charsMax) return record
      all.set(key, { text, record, used: false })
      chars += text.length
      makeRoom()
      return record
    },
    known: (kind, name) => use(keyOf(kind, name)),
    forget(kind, name) {
      const key = keyOf(kind, name)
      const before = all.get(key)
      if (before) drop(key, before)
    },
  }
}

/**
 * Where pages of lists begin: a page that was turned to before is found by its first name, instead of by counting all the
 * names in front of it. Good until a record of the kind is made or deleted; only for who hears of every such change in time.
 */
import { BOOKMARKS_MAX } from '../limits.ts'
import type { RecordKind } from '../record.ts'

export interface Bookmarks {
  /** The nearest known place at or before the offset. */
  before(kind: RecordKind, offset: number): { readonly offset: number; readonly name: string } | undefined
  /** Called before a page is read; what it returns is told the page's first name, and ignores it if the kind has changed meanwhile. */
  reading(kind: RecordKind, offset: number): (name: string) => void
  /** A record of the kind was made or deleted. */
  forget(kind: RecordKind): void
}

export function openBookmarks(): Bookmarks {
  const kinds = new Map<RecordKind, Map<number, string>>()
  return {
    before(kind, offset) {
      const places = kinds.get(kind)
      const exact = places?.get(offset)
      if (!places || exact !== undefined) return exact === undefined ? undefined : { offset, name: exact }
      let best: { offset: number; name: string } | undefined
      for (const [known, name] of places) if (known < offset && known > (best?.offset ?? -1)) best = { offset: known, name }
      return best
    },
    reading(kind, offset) {
      const places = kinds.get(kind) ?? new Map<number, string>()
      kinds.set(kind, places)
      return name => {
        if (kinds.get(kind) !== places) return
        if (places.size >= BOOKMARKS_MAX) places.clear()
        places.set(offset, name)
      }
    },
    forget(kind) { kinds.delete(kind) },
  }
}

/**
 * What is stored of the kinds that shape a routing table, kept up to date by the store's watch: a change costs reading what changed,
 * and what did not change stays the same object. All of it is read anew from time to time, so a missed word costs time, never truth.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { RecordKind } from '../store/record.ts'
import type { Store, Stored } from '../store/store.ts'

export interface Mirror {
  /** As stored now. In order of name. */
  refresh(): Promise<void>
  list<K extends RecordKind>(kind: K): readonly Stored<K>[]
}

/** A watch that misses something is found out after so long at most. */
const REREAD_MS = 30_000
/** More changes than this are read as a list. */
const ONE_BY_ONE_MAX = 100

interface Kept { readonly records: Map<string, Stored>; readonly stale: Set<string>; sorted: readonly Stored[] | undefined; whole: boolean }

export function openMirror(store: Store, kinds: readonly RecordKind[], clock: Clock): Mirror {
  const kept = new Map<RecordKind, Kept>(kinds.map(kind => [kind, { records: new Map(), stale: new Set(), sorted: undefined, whole: false }]))
  let rereadAt = clock.monotonic()
  store.watch(({ kind, name }) => kept.get(kind)?.stale.add(name))
  const all = async (kind: RecordKind, mine: Kept) => {
    mine.stale.clear()
    const { items } = await store.list(kind)
    const names = new Set(items.map(({ name }) => name))
    for (const name of mine.records.keys()) if (!names.has(name)) mine.records.delete(name)
    for (const item of items) if (mine.records.get(item.name)?.revision !== item.revision) mine.records.set(item.name, item)
    mine.sorted = items.map(({ name }) => mine.records.get(name)).filter(record => record !== undefined)
    mine.whole = true
  }
  const some = async (kind: RecordKind, mine: Kept) => {
    const names = [...mine.stale]
    mine.stale.clear()
    if (names.length > 0) mine.sorted = undefined
    for (const name of names) {
      const found = await store.get(kind, name)
      if (!found) mine.records.delete(name)
      else if (mine.records.get(name)?.revision !== found.revision) mine.records.set(name, found)
    }
  }
  return {
    async refresh() {
      const due = clock.monotonic() - rereadAt > REREAD_MS
      if (due) rereadAt = clock.monotonic()
      for (const [kind, mine] of kept) {
        if (!mine.whole || due || mine.stale.size > ONE_BY_ONE_MAX) await all(kind, mine)
        else if (mine.stale.size > 0) await some(kind, mine)
      }
    },
    list<K extends RecordKind>(kind: K) {
      const mine = kept.get(kind)
      if (!mine) return []
      mine.sorted ??= [...mine.records.values()].sort((a, b) => a.name < b.name ? -1 : 1)
      return mine.sorted as readonly Stored<K>[]
    },
  }
}

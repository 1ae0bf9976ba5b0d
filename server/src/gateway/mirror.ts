/**
 * What is stored of the kinds that shape a routing table, kept up to date by the store's watch: a change costs reading what changed,
 * and what did not change stays the same object. All of it is read anew from time to time, so a missed word costs time, never truth.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { RecordKind, RecordOf } from '../store/record.ts'
import type { Store, Stored } from '../store/store.ts'

export interface Mirror {
  /** As stored now. In order of name. */
  refresh(): Promise<void>
  /** The same array as before where nothing of the kind changed. */
  list<K extends RecordKind>(kind: K): readonly Stored<K>[]
  /** By name, until the next refresh. */
  values<K extends RecordKind>(kind: K): ReadonlyMap<string, RecordOf[K]>
}

/** A watch that misses something is found out after so long at most. */
const REREAD_MS = 30_000
/** More changes than this are read as a list. */
const ONE_BY_ONE_MAX = 100

interface Kept { readonly records: Map<string, Stored>; readonly values: Map<string, unknown>; readonly stale: Set<string>; sorted: readonly Stored[]; whole: boolean }

export function openMirror(store: Store, kinds: readonly RecordKind[], clock: Clock): Mirror {
  const kept = new Map<RecordKind, Kept>(kinds.map(kind => [kind, { records: new Map(), values: new Map(), stale: new Set(), sorted: [], whole: false }]))
  let rereadAt = clock.monotonic()
  store.watch(({ kind, name }) => kept.get(kind)?.stale.add(name))
  const keep = (mine: Kept, name: string, found: Stored | undefined): boolean => {
    if (mine.records.get(name)?.revision === found?.revision) return false
    if (found) mine.records.set(name, found)
    else mine.records.delete(name)
    if (found) mine.values.set(name, found.value)
    else mine.values.delete(name)
    return true
  }
  const all = async (kind: RecordKind, mine: Kept) => {
    mine.stale.clear()
    const { items } = await store.list(kind)
    const names = new Set(items.map(({ name }) => name))
    const gone = [...mine.records.keys()].filter(name => !names.has(name) && keep(mine, name, undefined))
    const changed = items.filter(item => keep(mine, item.name, item))
    if (gone.length + changed.length > 0) mine.sorted = items.map(({ name }) => mine.records.get(name)).filter(record => record !== undefined)
    mine.whole = true
  }
  const some = async (kind: RecordKind, mine: Kept) => {
    const names = [...mine.stale]
    mine.stale.clear()
    let sorted: Stored[] | undefined
    for (const name of names) {
      const found = await store.get(kind, name)
      if (!keep(mine, name, found)) continue
      sorted ??= [...mine.sorted]
      const at = placeOf(sorted, name)
      sorted.splice(at, sorted[at]?.name === name ? 1 : 0, ...(found ? [found] : []))
    }
    if (sorted) mine.sorted = sorted
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
    list: <K extends RecordKind>(kind: K) => (kept.get(kind)?.sorted ?? []) as readonly Stored<K>[],
    values: <K extends RecordKind>(kind: K) => (kept.get(kind)?.values ?? new Map()) as ReadonlyMap<string, RecordOf[K]>,
  }
}

/** Where the name stands, or would. */
function placeOf(sorted: readonly Stored[], name: string): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((sorted[middle]?.name ?? '') < name) from = middle + 1
    else to = middle
  }
  return from
}

/**
 * What is stored of the kinds that shape a routing table, kept up to date by the store's watch: a change costs reading what changed,
 * and what did not change stays the same object. All of it is read anew from time to time, so a missed word costs time, never truth.
 */
import type { Clock } from '@vamp/agent/base/clock'
import { byName, replaced } from '@vamp/model/changed'
import type { SourceKind } from '@vamp/model/routing/table-memo'
import type { RecordOf } from '../store/record.ts'
import type { Store, Stored } from '../store/store.ts'

/** What shapes a routing table, and what was said of it. */
export type MirroredKind = 'gateways' | SourceKind | 'gateway-statuses'

export interface Mirror {
  /** As stored now. In order of name. */
  refresh(): Promise<void>
  /** The same array as before where nothing of the kind changed. */
  list<K extends MirroredKind>(kind: K): readonly Stored<K>[]
  /** What is in them; the same array as long as `list` is. */
  items<K extends MirroredKind>(kind: K): readonly RecordOf[K][]
  /** By name, until the next refresh. */
  values<K extends MirroredKind>(kind: K): ReadonlyMap<string, RecordOf[K]>
}

/** A watch that misses something is found out after so long at most. */
const REREAD_MS = 30_000
/** More changes than this are read as a list. */
const ONE_BY_ONE_MAX = 100

interface Kept { readonly records: Map<string, Stored<MirroredKind>>; readonly values: Map<string, unknown>; readonly stale: Set<string>; sorted: readonly Stored<MirroredKind>[]; items: readonly RecordOf[MirroredKind][]; whole: boolean }

export function openMirror(store: Store, kinds: readonly MirroredKind[], clock: Clock): Mirror {
  const kept = new Map<MirroredKind, Kept>(kinds.map(kind => [kind, { records: new Map(), values: new Map(), stale: new Set(), sorted: [], items: [], whole: false }]))
  let rereadAt = clock.monotonic()
  store.watch(({ kind, name }) => kept.get(kind as MirroredKind)?.stale.add(name))
  const keep = (mine: Kept, name: string, found: Stored<MirroredKind> | undefined): boolean => {
    if (mine.records.get(name)?.revision === found?.revision) return false
    if (found) mine.records.set(name, found)
    else mine.records.delete(name)
    if (found) mine.values.set(name, found.value)
    else mine.values.delete(name)
    return true
  }
  const list = (mine: Kept, names: readonly string[]) => {
    mine.sorted = names.map(name => mine.records.get(name)).filter(record => record !== undefined)
    mine.items = mine.sorted.map(({ value }) => value)
  }
  const all = async (kind: MirroredKind, mine: Kept) => {
    mine.stale.clear()
    const { items } = await store.list(kind)
    const names = new Set(items.map(({ name }) => name))
    const gone = [...mine.records.keys()].filter(name => !names.has(name) && keep(mine, name, undefined))
    const changed = items.filter(item => keep(mine, item.name, item))
    if (gone.length + changed.length > 0) list(mine, items.map(({ name }) => name))
    mine.whole = true
  }
  const some = async (kind: MirroredKind, mine: Kept) => {
    const names = [...mine.stale]
    mine.stale.clear()
    const found = await Promise.all(names.map(name => store.get(kind, name))).catch((error: unknown) => {
      for (const name of names) mine.stale.add(name)
      throw error
    })
    let there = true
    const changed = new Map<string, Stored<MirroredKind>>()
    for (const [at, name] of names.entries()) {
      const [known, now] = [mine.records.has(name), found[at]]
      if (!keep(mine, name, now)) continue
      if (known && now) changed.set(name, now)
      else there = false
    }
    if (there) {
      mine.sorted = replaced(mine.sorted, changed, byName)
      mine.items = replaced(mine.items, new Map([...changed].map(([name, { value }]) => [name, value])), byName)
    } else list(mine, [...mine.records.keys()].sort())
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
    list: <K extends MirroredKind>(kind: K) => (kept.get(kind)?.sorted ?? []) as readonly Stored<K>[],
    items: <K extends MirroredKind>(kind: K) => (kept.get(kind)?.items ?? []) as readonly RecordOf[K][],
    values: <K extends MirroredKind>(kind: K) => (kept.get(kind)?.values ?? new Map()) as ReadonlyMap<string, RecordOf[K]>,
  }
}

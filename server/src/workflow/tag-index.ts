/**
 * Which event workflows an event matches: those whose tags it has all. Each workflow stands under one of its tags, the one that
 * the fewest others stand under; an event looks under its own tags only. What it costs grows with the tags of the event and
 * with what nearly matches, not with how many workflows there are.
 */

export interface TagIndex {
  /** In place of what was there under the name. Without tags it matches every event. */
  set(name: string, tags: readonly string[]): void
  delete(name: string): void
  /** Names, in the order in which they came. `tags` are the event's, expanded. */
  match(tags: readonly string[]): readonly string[]
  readonly size: number
}

/** Under which workflows without tags stand. */
const EVERY = ''

interface Entry { readonly name: string; readonly tags: readonly string[]; readonly under: string; readonly order: number }

export function openTagIndex(): TagIndex {
  const entries = new Map<string, Entry>()
  const under = new Map<string, Map<string, Entry>>()
  let orders = 0

  function remove(name: string): void {
    const entry = entries.get(name)
    if (!entry) return
    entries.delete(name)
    const shelf = under.get(entry.under)
    shelf?.delete(name)
    if (shelf?.size === 0) under.delete(entry.under)
  }

  return {
    get size() { return entries.size },
    set(name, tags) {
      const known = entries.get(name)
      if (known && known.tags.length === tags.length && known.tags.every((tag, index) => tag === tags[index])) return
      remove(name)
      const rarest = tags.reduce<string | undefined>((best, tag) => best === undefined || (under.get(tag)?.size ?? 0) < (under.get(best)?.size ?? 0) ? tag : best, undefined) ?? EVERY
      const entry: Entry = { name, tags, under: rarest, order: orders++ }
      entries.set(name, entry)
      const shelf = under.get(rarest)
      if (shelf) shelf.set(name, entry)
      else under.set(rarest, new Map([[name, entry]]))
    },
    delete: remove,
    match(tags) {
      const found: Entry[] = []
      const own = new Set(tags)
      for (const tag of [EVERY, ...own])
        for (const entry of under.get(tag)?.values() ?? []) if (entry.tags.every(each => own.has(each))) found.push(entry)
      return found.length < 2 ? found.map(({ name }) => name) : found.sort((a, b) => a.order - b.order).map(({ name }) => name)
    },
  }
}

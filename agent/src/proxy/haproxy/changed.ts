/**
 * What differs between two lists of things with ids. Almost everything is the same object at the same place, so telling what is not
 * costs one comparison of pointers for each, and nothing is looked up but what moved.
 */
interface Named { readonly id: string }

/** At least one of both is there. */
export interface Change<T> { readonly before?: T; readonly after?: T }

/** In the order of `after`; what is gone comes last. */
export function changes<T extends Named>(before: readonly T[], after: readonly T[]): readonly Change<T>[] {
  const places: number[] = []
  for (let at = 0; at < Math.max(before.length, after.length); at++) if (before[at] !== after[at]) places.push(at)
  if (places.every(at => before[at]?.id === after[at]?.id)) return places.map(at => ({ before: before[at], after: after[at] }) as Change<T>)
  const left = new Map(places.flatMap(at => { const item = before[at]; return item ? [[item.id, item] as const] : [] }))
  const found = places.flatMap((at): Change<T>[] => {
    const item = after[at]
    if (!item) return []
    const old = left.get(item.id)
    left.delete(item.id)
    return old === item ? [] : [old ? { before: old, after: item } : { after: item }]
  })
  return [...found, ...[...left.values()].map(item => ({ before: item }))]
}

/** Where each id stands. Lists that come of one another by `replaced` share it, as long as nothing new is in them. */
const places = new WeakMap<readonly Named[], ReadonlyMap<string, number>>()

function placesOf(items: readonly Named[]): ReadonlyMap<string, number> {
  const known = places.get(items) ?? new Map(items.map(({ id }, at) => [id, at]))
  places.set(items, known)
  return known
}

export const hasId = (items: readonly Named[], id: string): boolean => placesOf(items).has(id)

export function withId<T extends Named>(items: readonly T[], id: string): T | undefined {
  const at = placesOf(items).get(id)
  return at === undefined ? undefined : items[at]
}

/** The list with these things in the places of those with their ids; new ones at its end. */
export function replaced<T extends Named>(items: readonly T[], those: ReadonlyMap<string, T>): readonly T[] {
  if (those.size === 0) return items
  const known = placesOf(items)
  const next = [...items]
  for (const [id, item] of those) {
    const at = known.get(id)
    if (at === undefined) next.push(item)
    else next[at] = item
  }
  if (next.length === items.length) places.set(next, known)
  return next
}

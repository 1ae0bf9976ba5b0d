/**
 * What differs between two lists of things with keys. Almost everything is the same object at the same place, so telling what is not
 * costs one comparison of pointers for each, and nothing is looked into but what moved; a list that was made of the other one by
 * `replaced` or `derived` knows it without one. Lists are never changed in place.
 */
export type KeyOf<T> = (item: T) => string

export const byName: KeyOf<{ readonly name: string }> = ({ name }) => name
export const byId: KeyOf<{ readonly id: string }> = ({ id }) => id

/** At least one of both is there. */
export interface Change<T> { readonly before?: T; readonly after?: T }

/** In the order of `after`; what is gone comes last. */
export function changes<T>(before: readonly T[], after: readonly T[], keyOf: KeyOf<T>): readonly Change<T>[] {
  const places = differing(before, after)
  if (places.length === 0) return []
  if (places.every(at => samePlace(before[at], after[at], keyOf))) return places.map(at => ({ before: before[at], after: after[at] }) as Change<T>)
  const left = new Map(places.flatMap(at => at < before.length ? [[keyOf(before[at] as T), before[at] as T] as const] : []))
  const found = places.flatMap((at): Change<T>[] => {
    if (at >= after.length) return []
    const item = after[at] as T
    const old = left.get(keyOf(item))
    left.delete(keyOf(item))
    return old === item ? [] : [old === undefined ? { after: item } : { before: old, after: item }]
  })
  return [...found, ...[...left.values()].map(item => ({ before: item }))]
}

/** The keys of what differs. */
export const changedKeys = <T>(before: readonly T[], after: readonly T[], keyOf: KeyOf<T>): readonly string[] =>
  changes(before, after, keyOf).flatMap(each => { const item = each.after ?? each.before; return item === undefined ? [] : [keyOf(item)] })

/** Are all keys where they were? */
export const sameKeys = <T>(before: readonly T[], after: readonly T[], keyOf: KeyOf<T>): boolean =>
  before.length === after.length && differing(before, after).every(at => samePlace(before[at], after[at], keyOf))

/** Of what each list was made, and where it differs from that. */
const origins = new WeakMap<readonly unknown[], { readonly of: WeakRef<readonly unknown[]>; readonly differs: readonly number[] }>()

/** The places at which something else stands. */
export function differing<T>(before: readonly T[], after: readonly T[]): readonly number[] {
  if (before === after) return []
  const origin = origins.get(after)
  if (origin?.of.deref() === before) return origin.differs
  const differs: number[] = []
  const length = Math.max(before.length, after.length)
  for (let at = 0; at < length; at++) if (before[at] !== after[at]) differs.push(at)
  origins.set(after, { of: new WeakRef(before), differs })
  return differs
}

/** The list with other things at some places. */
export function placed<T>(items: readonly T[], those: ReadonlyMap<number, T>): readonly T[] {
  const differs = [...those].flatMap(([at, item]) => items[at] === item ? [] : [at]).sort((a, b) => a - b)
  if (differs.length === 0) return items
  const next = [...items]
  for (const [at, item] of those) next[at] = item
  origins.set(next, { of: new WeakRef(items), differs })
  return next
}

const samePlace = <T>(before: T | undefined, after: T | undefined, keyOf: KeyOf<T>): boolean =>
  before !== undefined && after !== undefined && keyOf(before) === keyOf(after)

/** Where each key stands. Lists that come of one another by `replaced` share it, as long as nothing new is in them. */
const places = new WeakMap<readonly unknown[], ReadonlyMap<string, number>>()

function placesOf<T>(items: readonly T[], keyOf: KeyOf<T>): ReadonlyMap<string, number> {
  const known = places.get(items) ?? new Map(items.map((item, at) => [keyOf(item), at]))
  places.set(items, known)
  return known
}

/** The place of the key; undefined if it has none. */
export const placeOf = <T>(items: readonly T[], key: string, keyOf: KeyOf<T>): number | undefined => placesOf(items, keyOf).get(key)

export function withKey<T>(items: readonly T[], key: string, keyOf: KeyOf<T>): T | undefined {
  const at = placeOf(items, key, keyOf)
  return at === undefined ? undefined : items[at]
}

/** The list with these things in the places of those with their keys; new ones at its end. */
export function replaced<T>(items: readonly T[], those: ReadonlyMap<string, T>, keyOf: KeyOf<T>): readonly T[] {
  if (those.size === 0) return items
  const known = placesOf(items, keyOf)
  let end = items.length
  const next = placed(items, new Map([...those].map(([key, item]) => [known.get(key) ?? end++, item])))
  if (next.length === items.length) places.set(next, known)
  return next
}

/** The list as made of another one, with what was made of it before: nothing is made again of what is the same. */
export function derived<T, R>(before: { readonly items: readonly T[]; readonly made: readonly R[] } | undefined, items: readonly T[], make: (item: T) => R): readonly R[] {
  if (before?.items.length !== items.length) return items.map(make)
  return placed(before.made, new Map(differing(before.items, items).map(at => [at, make(items[at] as T)])))
}

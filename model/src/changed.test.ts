import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byId, changedKeys, changes, derived, differing, placed, replaced, sameKeys, withKey } from './changed.ts'

interface Thing { readonly id: string; readonly value: number }

const things = fc.uniqueArray(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), value: fc.nat(3) }), { selector: ({ id }) => id })

/** Two lists of which some things are the same objects. */
const pair = fc.tuple(things, things, fc.func(fc.boolean())).map(([before, drawn, keeps]) => {
  const old = new Map(before.map(each => [each.id, each]))
  return { before, old, after: drawn.map(each => keeps(each.id) ? old.get(each.id) ?? each : each) }
})

test('what differs is told as a look at all of them tells it, in whatever order they are', () => {
  fc.assert(fc.property(pair, ({ before, old, after }) => {
    const found = changes(before, after, byId)
    const now = new Set(after.map(({ id }) => id))
    expect(found.filter(({ after: next }) => next)).toEqual(after.filter(each => old.get(each.id) !== each).map(each => old.has(each.id) ? { before: old.get(each.id), after: each } : { after: each }))
    expect(found.filter(({ after: next }) => !next).map(each => each.before?.id).sort()).toEqual(before.map(({ id }) => id).filter(id => !now.has(id)).sort())
    expect(changedKeys(before, after, byId)).toEqual(found.map(each => (each.after ?? each.before)?.id))
    expect(sameKeys(before, after, byId)).toBe(before.map(byId).join() === after.map(byId).join())
  }))
})

test('what is put in the places of others is found there, and what is new at the end', () => {
  const [a, b, c] = [{ id: 'a', value: 1 }, { id: 'b', value: 1 }, { id: 'c', value: 1 }]
  const before: readonly Thing[] = [a, b]
  const after = replaced(before, new Map([['c', c], ['a', { id: 'a', value: 2 }]]), byId)
  expect(after).toEqual([{ id: 'a', value: 2 }, b, c])
  expect(withKey(after, 'c', byId)).toBe(c)
  expect(withKey(before, 'c', byId)).toBeUndefined()
  expect(withKey(replaced(after, new Map([['c', { id: 'c', value: 3 }]]), byId), 'c', byId)).toEqual({ id: 'c', value: 3 })
})

test('a list that was made of another one knows where it differs, and where from any other', () => {
  fc.assert(fc.property(things, fc.array(fc.tuple(fc.nat(5), fc.nat(3)), { maxLength: 4 }), things, (items: readonly Thing[], drawn, others: readonly Thing[]) => {
    const those = new Map(drawn.map(([at, value]) => [Math.min(at, items.length), { id: `new ${value}`, value }]))
    const next = placed(items, those)
    const expected = [...items]
    for (const [at, item] of those) expected[at] = item
    expect(next).toEqual(expected)
    for (const [before, after] of [[items, next], [others, next], [items, next], [next, others], [next, next]] as const) {
      const everywhere = Array.from({ length: Math.max(before.length, after.length) }, (_, at) => at).filter(at => before[at] !== after[at])
      expect(differing(before, after)).toEqual(before === after ? [] : everywhere)
    }
  }))
})

test('a list that is made of another one is as made anew, and the same list where nothing came of what differs', () => {
  fc.assert(fc.property(pair, ({ before, after }) => {
    const make = ({ value }: Thing) => value
    const made = before.map(make)
    const next = derived({ items: before, made }, after, make)
    expect(next).toEqual(after.map(make))
    if (before.length === after.length && made.join() === after.map(make).join()) expect(next).toBe(made)
  }))
})

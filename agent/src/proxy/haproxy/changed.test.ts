import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changes, replaced, withId } from './changed.ts'

interface Thing { readonly id: string; readonly value: number }

const things = fc.uniqueArray(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), value: fc.nat(3) }), { selector: ({ id }) => id })

test('what differs is told as a look at all of them tells it, in whatever order they are', () => {
  fc.assert(fc.property(things, things, fc.func(fc.boolean()), (before, drawn, keeps) => {
    const old = new Map(before.map(each => [each.id, each]))
    const after = drawn.map(each => keeps(each.id) ? old.get(each.id) ?? each : each)
    const found = changes(before, after)
    const now = new Set(after.map(({ id }) => id))
    expect(found.filter(({ after: next }) => next)).toEqual(after.filter(each => old.get(each.id) !== each).map(each => old.has(each.id) ? { before: old.get(each.id), after: each } : { after: each }))
    expect(found.filter(({ after: next }) => !next).map(each => each.before?.id).sort()).toEqual(before.map(({ id }) => id).filter(id => !now.has(id)).sort())
  }))
})

test('what is put in the places of others is found there, and what is new at the end', () => {
  const [a, b, c] = [{ id: 'a', value: 1 }, { id: 'b', value: 1 }, { id: 'c', value: 1 }]
  const before: readonly Thing[] = [a, b]
  const after = replaced(before, new Map([['c', c], ['a', { id: 'a', value: 2 }]]))
  expect(after).toEqual([{ id: 'a', value: 2 }, b, c])
  expect(withId(after, 'c')).toBe(c)
  expect(withId(before, 'c')).toBeUndefined()
  expect(withId(replaced(after, new Map([['c', { id: 'c', value: 3 }]])), 'c')).toEqual({ id: 'c', value: 3 })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Claim, orderable, share } from './pool.ts'

const claim = (name: string, priority: number, minimum: number, wanted: number): Claim => ({ name, priority, minimum, wanted })
const grants = (claims: readonly Claim[], slots: number) => Object.fromEntries(share(claims, slots))

test('with enough slots everybody gets what is wanted', () => {
  expect(grants([claim('web', 10, 1, 5), claim('batch', 1, 0, 4)], 10)).toEqual({ web: 5, batch: 4 })
})

test('a spike of a high priority takes from a low one, down to its minimum', () => {
  expect(grants([claim('web', 10, 1, 9), claim('batch', 1, 1, 9)], 10)).toEqual({ web: 9, batch: 1 })
  expect(grants([claim('web', 10, 1, 12), claim('batch', 1, 2, 9)], 10)).toEqual({ web: 8, batch: 2 })
})

test('minimums go from the highest priority down when there are too few slots', () => {
  expect(grants([claim('web', 10, 3, 3), claim('batch', 1, 3, 3)], 4)).toEqual({ web: 3, batch: 1 })
})

test('equals share evenly', () => {
  expect(grants([claim('a', 1, 0, 9), claim('b', 1, 0, 9), claim('c', 1, 0, 2)], 10)).toEqual({ a: 4, b: 4, c: 2 })
})

test('no slot is given twice, none is left while somebody wants it, and nobody gets more than is wanted', () => {
  const claims = fc.uniqueArray(fc.record({ name: fc.string({ minLength: 1, maxLength: 3 }), priority: fc.integer({ min: 0, max: 3 }), minimum: fc.integer({ min: 0, max: 5 }), more: fc.integer({ min: 0, max: 8 }) }), { selector: ({ name }) => name, maxLength: 6 })
    .map(all => all.map(({ more, ...rest }) => ({ ...rest, wanted: rest.minimum + more })))
  fc.assert(fc.property(claims, fc.integer({ min: 0, max: 30 }), (all, slots) => {
    const granted = share(all, slots)
    const total = [...granted.values()].reduce((sum, each) => sum + each, 0)
    expect(total).toBe(Math.min(slots, all.reduce((sum, { wanted }) => sum + wanted, 0)))
    for (const { name, wanted } of all) expect(granted.get(name)).toBeLessThanOrEqual(wanted)
  }))
})

test('a slot is ordered only when it is free', () => {
  const granted = new Map([['web', 8], ['batch', 2]])
  expect(Object.fromEntries(orderable(granted, [{ name: 'web', serving: 4, draining: 0 }, { name: 'batch', serving: 2, draining: 4 }], 10, ['web', 'batch']))).toEqual({ web: 4, batch: 2 })
  expect(Object.fromEntries(orderable(granted, [{ name: 'web', serving: 4, draining: 0 }, { name: 'batch', serving: 2, draining: 1 }], 10, ['web', 'batch']))).toEqual({ web: 7, batch: 2 })
  // Nor by the one that drains itself.
  expect(Object.fromEntries(orderable(granted, [{ name: 'web', serving: 4, draining: 3 }, { name: 'batch', serving: 2, draining: 0 }], 10, ['web', 'batch']))).toEqual({ web: 5, batch: 2 })
})

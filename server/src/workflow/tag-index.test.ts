import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openTagIndex } from './tag-index.ts'

test('a workflow matches events that have all of its tags', () => {
  const index = openTagIndex()
  index.set('both', ['deployments:shop', 'archive:update'])
  index.set('one', ['deployments'])
  index.set('all', [])

  expect(index.match(['deployments', 'deployments:shop', 'archive', 'archive:update'])).toEqual(['both', 'one', 'all'])
  expect(index.match(['deployments', 'deployments:shop'])).toEqual(['one', 'all'])
  expect(index.match(['something'])).toEqual(['all'])
})

test('it finds what a scan finds, through every change', () => {
  const tag = fc.constantFrom<string>('a', 'b', 'c', 'd', 'e')
  const change = fc.record({ name: fc.constantFrom('w1', 'w2', 'w3', 'w4', 'w5', 'w6'), tags: fc.option(fc.uniqueArray(tag, { maxLength: 3 })) })
  fc.assert(fc.property(fc.array(change, { maxLength: 30 }), fc.uniqueArray(tag), (changes, event) => {
    const index = openTagIndex()
    const plain = new Map<string, readonly string[]>()
    for (const { name, tags } of changes) {
      if (tags) { index.set(name, tags); plain.set(name, tags) } else { index.delete(name); plain.delete(name) }
    }
    const expected = [...plain].filter(([, tags]) => tags.every(each => event.includes(each))).map(([name]) => name)
    expect([...index.match(event)].sort()).toEqual(expected.sort())
    expect(index.size).toBe(plain.size)
  }))
})

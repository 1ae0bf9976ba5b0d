import { expect, test } from 'vitest'
import { openRecordCache } from './record-cache.ts'

const text = (n: number) => JSON.stringify({ uuid: `u${n}` })

test('what was read before is the same value, until its text is another one', () => {
  const cache = openRecordCache()
  const first = cache.stored('settings', 'a', text(1), 1)

  expect(cache.stored('settings', 'a', text(1), 1)).toBe(first)
  expect(cache.stored('settings', 'a', text(2), 2)).toEqual({ kind: 'settings', name: 'a', value: { uuid: 'u2' }, revision: 2 })
  expect(cache.stored('settings', 'b', text(1), 1)).toMatchObject({ name: 'b' })
  expect(cache.stored('settings', 'a', text(2), 3)).toMatchObject({ revision: 3 })
})

test('it holds so many characters and lets what was used least recently go', () => {
  const cache = openRecordCache(3 * text(1).length)
  const [a, b, c] = ['a', 'b', 'c'].map(name => cache.stored('settings', name, text(1), 1))
  cache.stored('settings', 'a', text(1), 1)

  cache.stored('settings', 'd', text(1), 1)

  expect(cache.stored('settings', 'a', text(1), 1)).toBe(a)
  expect(cache.stored('settings', 'c', text(1), 1)).toBe(c)
  expect(cache.stored('settings', 'b', text(1), 1)).not.toBe(b)
  expect(cache.stored('settings', 'long', JSON.stringify({ uuid: 'x'.repeat(100) }), 1)).toMatchObject({ name: 'long' })
  expect(cache.stored('settings', 'b', text(1), 1)).toBe(cache.stored('settings', 'b', text(1), 1))
})

import { expect, test } from 'vitest'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import { openBookmarks } from './bookmarks.ts'
import { openSqlStore } from './sql-store.ts'

test('a place is known, or the nearest before it, until the kind changes', () => {
  const bookmarks = openBookmarks()
  for (const [offset, name] of [[10, 'b'], [30, 'd']] as const) bookmarks.reading('scales', offset)(name)

  expect([5, 10, 20, 99].map(offset => bookmarks.before('scales', offset)?.name)).toEqual([undefined, 'b', 'b', 'd'])
  expect(bookmarks.before('breeds', 10)).toBe(undefined)
  bookmarks.forget('scales')
  expect(bookmarks.before('scales', 10)).toBe(undefined)
})

test('what was read while the kind changed is not kept', () => {
  const bookmarks = openBookmarks()
  const found = bookmarks.reading('scales', 10)
  bookmarks.forget('scales')

  found('b')

  expect(bookmarks.before('scales', 10)).toBe(undefined)
})

test('pages are the same however often they were turned and whatever was made, changed and deleted between', async () => {
  await using database = openEmbeddedDatabase({ file: ':memory:' })
  await using store = await openSqlStore(database)
  let seed = 7
  const random = (below: number) => { seed = (seed * 48_271) % 2_147_483_647; return seed % below }
  const model = new Map<string, string>()

  for (let step = 0; step < 1500; step++) {
    const name = `n${random(60)}`
    const what = random(6)
    if (what === 0) { await store.put('settings', name, { uuid: String(step) }); model.set(name, String(step)) }
    else if (what === 1) { await store.delete('settings', name); model.delete(name) }
    else if (what === 2) {
      const other = `n${random(60)}`
      await store.transaction([{ do: 'delete', kind: 'settings', name, expected: 'any' }, { do: 'put', kind: 'settings', name: other, value: { uuid: 'x' }, expected: 'any' }])
      model.delete(name)
      model.set(other, 'x')
    } else {
      const [offset, limit] = [random(50), 1 + random(5)]
      const { items, total } = await store.list('settings', { offset, limit })
      expect([items.map(item => [item.name, item.value['uuid']]), total]).toEqual([[...model].toSorted(([a], [b]) => a < b ? -1 : 1).slice(offset, offset + limit), model.size])
    }
  }
})

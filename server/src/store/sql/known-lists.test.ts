/** Whoever lists a kind again and again does not read again what it knows. */
import { sql } from 'kysely'
import type { Scale } from '@vamp/model/scale'
import { expect, test } from 'vitest'
import type { Database } from '../../base/sql/database.ts'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import { openSqlStore } from './sql-store.ts'

const scale = (name: string, cpu: number): Scale => ({ kind: 'scales', name, metadata: {}, cpu, memory: 1, instances: 1 })

async function counting() {
  const embedded = openEmbeddedDatabase({ file: ':memory:' })
  const asked: string[] = []
  const kysely = embedded.kysely.withPlugin({
    transformQuery: ({ node }) => { asked.push(JSON.stringify(node)); return node },
    transformResult: async ({ result }) => result,
  })
  const database: Database = { ...embedded, kysely }
  return { database, store: await openSqlStore(database), asked, values: () => asked.filter(node => /"select [^"]*value/.test(node)).length }
}

test('of a kind of a few records only their names are read, once they are known', async () => {
  const { database, store, asked, values } = await counting()
  for (let number = 0; number < 20; number++) await store.put('scales', `s${number}`, scale(`s${number}`, number))
  const first = await store.list('scales')
  asked.length = 0

  const again = await store.list('scales')

  expect(again.items).toEqual(first.items)
  expect(again.items).toHaveLength(20)
  expect(asked.length).toBeGreaterThan(0)
  expect(values()).toBe(0)
  await store.put('scales', 's3', scale('s3', 99))
  await store.delete('scales', 's4')
  const names = (await sql<{ name: string }>`select name from records where kind = 'scales' order by name`.execute(database.kysely)).rows.map(({ name }) => name)
  const last = await store.list('scales')
  expect(last.items.map(({ name }) => name)).toEqual(names)
  expect(last.items.find(({ name }) => name === 's3')?.value).toMatchObject({ cpu: 99 })
  await database[Symbol.asyncDispose]()
})

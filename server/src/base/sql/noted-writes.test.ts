import { Fault } from '@vamp/model/fault'
import { expect, test } from 'vitest'
import type { Database } from './database.ts'
import { openEmbeddedDatabase } from './embedded-database.ts'
import { noteWrites } from './noted-writes.ts'

/** A database in memory whose disk can be full. */
function world() {
  const real = openEmbeddedDatabase({ file: ':memory:' })
  let full = false
  const database: Database = {
    ...real,
    write: (durability, work) => real.write(durability, async transaction => {
      const done = await work(transaction)
      if (full && rows > 0) throw new Fault('disk_full', 'no space left')
      return done
    }),
    async insertMany(...given) { rows += given[3].length; await real.insertMany(...given) },
  }
  let rows = 0
  const noted = noteWrites(database)
  return {
    noted, fill(is: boolean) { full = is },
    async create() { await real.kysely.schema.createTable('t').addColumn('n', 'integer').execute() },
    write: async (count: number) => {
      rows = 0
      await noted.database.write('process', async transaction => {
        if (count > 0) await noted.database.insertMany(transaction, 't', { n: 'bigint' }, Array.from({ length: count }, (_, n) => [n]))
      })
    },
    async [Symbol.asyncDispose]() { await real[Symbol.asyncDispose]() },
  }
}

test('a refused write is remembered until one with rows in it is committed', async () => {
  await using w = world()
  await w.create()
  await w.write(1)
  expect(w.noted.refusal()).toBeUndefined()

  w.fill(true)
  await expect(w.write(1)).rejects.toMatchObject({ code: 'disk_full' })
  expect(w.noted.refusal()).toMatchObject({ code: 'disk_full' })
  await w.write(0)
  expect(w.noted.refusal()).toMatchObject({ code: 'disk_full' })

  w.fill(false)
  await w.write(1)
  expect(w.noted.refusal()).toBeUndefined()
})

test('a writer\'s own mistake is not the database\'s', async () => {
  await using w = world()

  await expect(w.noted.database.write('process', async () => { throw new Fault('revision_mismatch', 'somebody was first') })).rejects.toThrow('somebody')
  expect(w.noted.refusal()).toBeUndefined()
})

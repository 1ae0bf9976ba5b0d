import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backupDatabase, restoreDatabase } from './backup.ts'
import { openEmbeddedDatabase } from './embedded-database.ts'
import { migrate } from './migrate.ts'

let directory: string
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'vamp-backup-')) })
afterEach(() => { rmSync(directory, { recursive: true }) })

const at = (name: string) => join(directory, name)

async function filled(file: string) {
  const database = openEmbeddedDatabase({ file })
  await migrate(database, 'test', [() => ['create table pairs (a integer, b integer)']])
  return {
    database,
    /** Both halves of a pair come in one transaction, in two statements. */
    pair: (n: number) => database.write('process', async transaction => {
      await sql`insert into pairs (a) values (${n})`.execute(transaction)
      await sql`update pairs set b = ${n} where a = ${n}`.execute(transaction)
    }),
    async [Symbol.asyncDispose]() { await database[Symbol.asyncDispose]() },
  }
}

const pairs = (file: string) => { const database = new DatabaseSync(file, { readOnly: true }); try { return database.prepare('select * from pairs order by a').all() as { a: number; b: number | null }[] } finally { database.close() } }

test('a copy taken while the server writes is whole, and restores as the database', async () => {
  await using source = await filled(at('data/vamp.db'))
  for (let n = 0; n < 50; n++) await source.pair(n)
  let writing = true
  const writer = (async () => { for (let n = 50; writing; n++) await source.pair(n) })()

  const copy = await backupDatabase({ file: at('data/vamp.db'), to: at('backup.db') })
  writing = false
  await writer

  const copied = pairs(copy.file)
  expect(copied.length).toBeGreaterThanOrEqual(50)
  expect(copied.map(({ a, b }) => [a, b])).toEqual(copied.map((_, n) => [n, n]))
  expect(copy.bytes).toBe(readFileSync(copy.file).length)
  await restoreDatabase({ from: at('backup.db'), file: at('other/vamp.db') })
  await using restored = openEmbeddedDatabase({ file: at('other/vamp.db') })
  expect((await sql<{ a: number }>`select a from pairs`.execute(restored.kysely)).rows).toHaveLength(copied.length)
})

test('nothing is written over', async () => {
  await using source = await filled(at('vamp.db'))
  writeFileSync(at('backup.db'), 'mine')

  await expect(backupDatabase({ file: at('vamp.db'), to: at('backup.db') })).rejects.toMatchObject({ code: 'conflict' })
  await expect(restoreDatabase({ from: at('backup.db'), file: at('vamp.db') })).rejects.toMatchObject({ code: 'conflict' })

  expect(readFileSync(at('backup.db'), 'utf8')).toBe('mine')
  await source.pair(1)
})

test('what is no backup is not restored, and leaves nothing behind', async () => {
  await (await filled(at('vamp.db')))[Symbol.asyncDispose]()
  const other = new DatabaseSync(at('theirs.db'))
  other.exec('create table theirs (x)')
  other.close()
  writeFileSync(at('text.db'), 'not a database, whatever its name says. '.repeat(50))
  const bytes = readFileSync(at('vamp.db'))
  writeFileSync(at('damaged.db'), bytes.fill(0xa5, 5000, 9000))
  const before = readdirSync(directory)

  await expect(restoreDatabase({ from: at('none.db'), file: at('new.db') })).rejects.toMatchObject({ code: 'not_found' })
  for (const from of ['theirs.db', 'text.db', 'damaged.db']) await expect(restoreDatabase({ from: at(from), file: at('new.db') }), from).rejects.toMatchObject({ code: 'store_unavailable', facts: { file: at(from) } })
  await expect(backupDatabase({ file: at('theirs.db'), to: at('new.db') })).rejects.toMatchObject({ code: 'store_unavailable' })
  await expect(backupDatabase({ file: at('none.db'), to: at('new.db') })).rejects.toMatchObject({ code: 'not_found' })

  expect(readdirSync(directory)).toEqual(before)
})

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { silent } from '@vamp/agent/base/log'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { Fault } from '@vamp/model/fault'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from './database.ts'
import { openEmbeddedDatabase } from './embedded-database.ts'
import { type Migration, migrate } from './migrate.ts'

let directory: string
let file: string
const opened: Database[] = []
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'vamp-database-')); file = join(directory, 'data', 'vamp.db') })
afterEach(async () => {
  for (const database of opened.splice(0)) await database[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

const open = () => { const database = openEmbeddedDatabase({ file }); opened.push(database); return database }
const close = async () => { await opened.pop()?.[Symbol.asyncDispose]() }
const fault = (code: string, message: string) => expect.toSatisfy((error: unknown) => error instanceof Fault && error.code === code && error.message.includes(message), `a fault '${code}': ${message}`)
const thrown = (action: () => unknown): unknown => { try { action(); return undefined } catch (error) { return error } }
const things: Migration = () => ['create table things (id integer primary key, text text)']
const more: Migration = () => ['alter table things add column more text', 'update things set more = upper(text)']
const rows = async (database: Database) => (await sql<{ id: number; text: string }>`select * from things`.execute(database.kysely)).rows

describe('the file', () => {
  test('is made with its directory, for its owner only', () => {
    open()

    expect(statSync(file).mode & 0o077).toBe(0)
  })

  test('that is no database is refused and left as it is', () => {
    mkdirSync(join(directory, 'data'))
    writeFileSync(file, 'this is a text file, and not a short one, in which nobody has ever seen a table of any kind. '.repeat(20))

    expect(thrown(open)).toEqual(fault('store_unavailable', 'not a database'))
    expect(readFileSync(file, 'utf8')).toContain('this is a text file')
  })

  test('of another program is refused', () => {
    mkdirSync(join(directory, 'data'))
    const other = new DatabaseSync(file)
    other.exec('create table theirs (x)')
    other.close()

    expect(thrown(open)).toEqual(fault('store_unavailable', 'another program'))
  })

  test('in a place that cannot be used is refused with the reason', () => {
    writeFileSync(join(directory, 'data'), '')

    expect(thrown(open)).toEqual(fault('store_unavailable', 'data directory'))
  })

  test('that is damaged says so instead of giving what is not there', async () => {
    const database = open()
    await migrate(database, 'test', [things])
    await database.write('power', async transaction => database.insertMany(transaction, 'things', { id: 'bigint', text: 'text' }, Array.from({ length: 2000 }, (_, id) => [id, 'x'.repeat(100)])))
    await close()
    const bytes = readFileSync(file)
    bytes.fill(0xa5, 8192, bytes.length - 4096)
    writeFileSync(file, bytes)

    await expect(rows(open())).rejects.toEqual(fault('store_unavailable', 'damaged'))
  })
})

describe('a file that is taken away under an open database', () => {
  const add = (database: Database, text: string, durability: 'power' | 'process' = 'power') => database.write(durability, async transaction => { await sql`insert into things (text) values (${text})`.execute(transaction) })
  const texts = async (database: Database) => (await rows(database)).map(({ text }) => text)
  const filled = async () => {
    const database = open()
    await migrate(database, 'test', [things])
    await add(database, 'before')
    return database
  }

  test.each(['power', 'process'] as const)('is there again with everything in it before the next write is answered, durable against the loss of %s', async durability => {
    const database = await filled()
    rmSync(join(directory, 'data'), { recursive: true })

    await add(database, 'after', durability)

    expect(await texts(open())).toEqual(['before', 'after'])
    await close()
    await add(database, 'later')
    expect(await texts(database)).toEqual(['before', 'after', 'later'])
    await close()
    expect(await texts(open())).toEqual(['before', 'after', 'later'])
  })

  test('during a write is there with what that one wrote', async () => {
    const database = await filled()

    await database.write('power', async transaction => {
      await sql`insert into things (text) values ('meanwhile')`.execute(transaction)
      rmSync(join(directory, 'data'), { recursive: true })
    })

    expect(await texts(open())).toEqual(['before', 'meanwhile'])
  })

  test.each(['-wal', '-wal -shm'])('if it is the log alone (%s), everything in it is in the database before the next write is answered', async gone => {
    const database = await filled()
    for (const suffix of gone.split(' ')) rmSync(file + suffix)

    await add(database, 'after')

    // As a process finds it that shares nothing with this one.
    const copied = join(directory, 'copied')
    cpSync(join(directory, 'data'), copied, { recursive: true })
    const next = openEmbeddedDatabase({ file: join(copied, basename(file)) })
    opened.push(next)
    expect(await texts(next)).toEqual(['before', 'after'])
    await add(database, 'later')
    expect(await texts(database)).toEqual(['before', 'after', 'later'])
  })

  test('is there again also where nobody writes, and that is told', async () => {
    const [clock, warnings] = [virtualClock(), [] as string[]]
    const database = openEmbeddedDatabase({ file, watch: { clock, log: { ...silent, warn: message => { warnings.push(message) } } } })
    opened.push(database)
    await migrate(database, 'test', [things])
    await add(database, 'before')
    rmSync(join(directory, 'data'), { recursive: true })

    await clock.advance(1000)
    await database.read(async () => {})

    expect(await texts(open())).toEqual(['before'])
    expect(warnings).toEqual(['the database was taken away, and is there again with everything in it'])
  })

  test('and cannot be written anew: writes are refused until it can', async () => {
    const database = await filled()
    rmSync(join(directory, 'data'), { recursive: true })
    writeFileSync(join(directory, 'data'), '')
    await expect(add(database, 'refused')).rejects.toEqual(fault('store_unavailable', 'cannot be written'))

    rmSync(join(directory, 'data'))
    await add(database, 'after')

    expect(await texts(open())).toEqual(['before', 'after'])
  })

  test('and has another one in its place is not written to any more, and leaves that one alone', async () => {
    const database = await filled()
    rmSync(join(directory, 'data'), { recursive: true })
    mkdirSync(join(directory, 'data'))
    writeFileSync(file, 'another one')

    await expect(add(database, 'refused')).rejects.toEqual(fault('store_unavailable', 'another file'))

    expect(readFileSync(file, 'utf8')).toBe('another one')
  })
})

describe('migrations', () => {
  test('roll forward, once', async () => {
    const database = open()
    await migrate(database, 'test', [things])
    await sql`insert into things (text) values ('a')`.execute(database.kysely)
    await close()
    const later = open()

    await migrate(later, 'test', [things, more])
    await migrate(later, 'test', [things, more])

    expect(await rows(later)).toEqual([{ id: 1, text: 'a', more: 'A' }])
  })

  test('of one part do not count for another', async () => {
    const database = open()

    await migrate(database, 'one', [things])
    await migrate(database, 'two', [() => ['create table others (x)']])

    expect(await rows(database)).toEqual([])
  })

  test('that fail leave the database as it was', async () => {
    const database = open()
    await migrate(database, 'test', [things])

    await expect(migrate(database, 'test', [things, more, () => ['create nonsense']])).rejects.toThrow()

    await migrate(database, 'test', [things, more])
    expect(await rows(database)).toEqual([])
  })

  test('from a newer version are refused with what to do', async () => {
    await migrate(open(), 'test', [things, more])
    await close()

    await expect(migrate(open(), 'test', [things])).rejects.toEqual(fault('unsupported', 'newer version'))
  })
})

describe('transactions', () => {
  test('are taken back when the work throws, and nobody sees the half of them', async () => {
    const database = open()
    await migrate(database, 'test', [things])
    const seen: unknown[] = []

    const writing = database.write('process', async transaction => {
      await sql`insert into things (text) values ('a')`.execute(transaction)
      seen.push(await Promise.race([rows(database), new Promise(resolve => setImmediate(() => resolve('must wait')))]))
      throw new Error('no')
    })
    await expect(writing).rejects.toThrow('no')

    expect(seen).toEqual(['must wait'])
    expect(await rows(database)).toEqual([])
  })

  test('that end in a full disk keep nothing, and the database goes on when there is space', async () => {
    const database = open()
    await migrate(database, 'test', [things])
    await sql`pragma max_page_count = 50`.execute(database.kysely)
    const fill = (from: number) => database.write('power', async transaction => database.insertMany(transaction, 'things', { id: 'bigint', text: 'text' }, Array.from({ length: 3000 }, (_, id) => [from + id, 'x'.repeat(100)])))

    await expect(fill(0)).rejects.toEqual(fault('disk_full', 'no space left'))
    expect(await rows(database)).toEqual([])
    await sql`pragma max_page_count = 100000`.execute(database.kysely)
    await fill(0)

    expect(await rows(database)).toHaveLength(3000)
  })

  test('wait for each other', async () => {
    const database = open()
    await migrate(database, 'test', [things])

    await Promise.all(Array.from({ length: 20 }, () => database.write('process', async transaction => {
      const { rows: [count] } = await sql<{ n: number }>`select count(*) as n from things`.execute(transaction)
      await new Promise(resolve => setImmediate(resolve))
      await sql`insert into things (id) values (${count?.n ?? -1})`.execute(transaction)
    })))

    expect((await rows(database)).map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => index))
  })

  test('of a closed database are refused', async () => {
    const database = open()
    await close()

    await expect(database.write('power', async () => 1)).rejects.toThrow()
  })
})

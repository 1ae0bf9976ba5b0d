/**
 * The embedded database: one SQLite file in the data directory, in WAL mode, so that a reader never stops the writer and a
 * backup can be taken while it runs. A commit in WAL mode has reached the operating system: no end of this process loses it.
 * That no loss of power does either takes a flush of the log, which SQLite would do itself with `synchronous=FULL`
 * (https://sqlite.org/pragma.html#pragma_synchronous), and keep the event loop waiting for the disk. Here it is flushed beside
 * the event loop, before anybody else gets the connection: what can be read is on the disk, as with SQLite's own.
 */
import { chmodSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '@vamp/model/fault'
import { Kysely } from 'kysely'
import { makeDirectory } from '../make-directory.ts'
import { type Database, type NoTables, replaced } from './database.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { sqliteFault } from './sqlite-fault.ts'

/** 'Vamp' in ASCII, in the file's header: tells our files from other programs'. */
const APPLICATION_ID = 0x56616d70
/** SQLite's name for a database that is gone when it is closed: for tests. */
const IN_MEMORY = ':memory:'
/** How long another process, like a backup, may keep the file locked. */
const BUSY_TIMEOUT_MS = 5000
const CACHE_KIB = 16_384
/** SQLite answers without ever leaving the turn of the event loop: whoever writes in a loop gives way to the others after so many writes. */
const WRITES_PER_TURN = 8
/** The write-ahead log is cut back to this after a checkpoint. */
const WAL_BYTES_MAX = 64 * 1024 * 1024

/** Throws `Fault('store_unavailable')` when the file is no database, damaged, another program's or cannot be opened. */
export function openEmbeddedDatabase({ file }: { file: string }): Database {
  const database = openFile(file)
  const { dialect, connection } = sqliteDialect(database)
  const kysely = new Kysely<NoTables>({ dialect })
  const disk = openFlush(file)
  let writes = 0
  let check: Parameters<Database['guard']>[0] | undefined

  return {
    flavour: 'sqlite', shared: false, kysely,
    async write(durability, work) {
      if (++writes % WRITES_PER_TURN === 0) await new Promise(resolve => setImmediate(resolve))
      return await kysely.connection().execute(async alone => {
        disk.demandWhole()
        const written = await alone.transaction().execute(async transaction => { await check?.(transaction); return work(transaction) })
        if (durability === 'power') await disk.flush()
        return written
      })
    },
    // Whoever holds the connection is alone with the data.
    read: work => kysely.connection().execute(work),
    guard(given) { check = given },
    async insertMany(_, table, columns, rows) {
      connection.insertMany(table, Object.keys(columns), rows)
    },
    async upsertMany(_, table, keys, columns, rows) {
      const names = Object.keys(columns)
      connection.runMany(`insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')}) on conflict (${keys.join(', ')}) do update set ${replaced(keys, names)}`, rows)
    },
    async deleteMany(_, table, columns, rows) {
      connection.runMany(`delete from ${table} where ${Object.keys(columns).map(name => `${name} = ?`).join(' and ')}`, rows)
    },
    async notify() {},
    async listen() { return () => {} },
    async [Symbol.asyncDispose]() {
      if (!database.isOpen) return
      // Behind everything that is under way.
      await kysely.connection().execute(async () => { database.close() })
      await disk.close()
      await kysely.destroy()
    },
  }
}

interface Flush {
  /** When everything that was committed is on the disk. Throws `Fault('store_unavailable')`. */
  flush(): Promise<void>
  /** Throws `Fault('store_unavailable')` once a flush has failed: nobody knows what the disk holds then, until the file is opened anew. */
  demandWhole(): void
  close(): Promise<void>
}

/** The log stays the same file for as long as the database is open; SQLite holds no locks on it that closing it could lose. */
function openFlush(file: string): Flush {
  let log: FileHandle | undefined
  let broken: Fault | undefined
  return {
    async flush() {
      if (file === IN_MEMORY) return
      try {
        log ??= await open(`${file}-wal`, 'r+')
        await log.datasync()
      } catch (cause) {
        broken = new Fault('store_unavailable', 'the disk did not take what was written: start the server again', { file }, { cause })
        throw broken
      }
    },
    demandWhole() { if (broken) throw broken },
    async close() { await log?.close() },
  }
}

function openFile(file: string): DatabaseSync {
  try {
    makeDirectory(dirname(file))
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
    try {
      claim(database, file)
      if (file !== IN_MEMORY) chmodSync(file, 0o600)
      database.exec(`
        pragma journal_mode = wal;
        pragma synchronous = normal;
        pragma cache_size = -${CACHE_KIB};
        pragma journal_size_limit = ${WAL_BYTES_MAX};
        pragma temp_store = memory;
        pragma trusted_schema = off;
      `)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  } catch (error) {
    const fault = sqliteFault(error, { file })
    if (fault instanceof Fault || !(error instanceof Error) || !('syscall' in error)) throw fault
    throw new Fault('store_unavailable', 'the data directory cannot be used', { file, reason: error.message }, { cause: error })
  }
}

/** A file without tables is nobody's yet. */
function claim(database: DatabaseSync, file: string): void {
  const { tables } = database.prepare('select count(*) as tables from sqlite_master').get() as { tables: number }
  if (tables === 0 && applicationId(database) === 0) database.exec(`pragma application_id = ${APPLICATION_ID}`)
  demandOurs(database, file)
}

/** Throws `Fault('store_unavailable')` when another program made the database. */
export function demandOurs(database: DatabaseSync, file: string): void {
  if (applicationId(database) !== APPLICATION_ID) throw new Fault('store_unavailable', 'this file is the database of another program', { file })
}

function applicationId(database: DatabaseSync): unknown {
  return database.prepare('pragma application_id').get()?.['application_id']
}

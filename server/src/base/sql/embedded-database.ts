/**
 * The embedded database: one SQLite file in the data directory, in WAL mode, so that a reader never stops the writer and a
 * backup can be taken while it runs. A commit in WAL mode has reached the operating system: no end of this process loses it.
 * That no loss of power does either takes a flush of the log, which SQLite would do itself with `synchronous=FULL`
 * (https://sqlite.org/pragma.html#pragma_synchronous), and keep the event loop waiting for the disk. Here it is flushed beside
 * the event loop, before anybody else gets the connection: what can be read is on the disk, as with SQLite's own.
 */
import { chmodSync, closeSync, existsSync, fstatSync, openSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '@vamp/model/fault'
import { Kysely } from 'kysely'
import { type Clock, every } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { makeDirectory } from '../make-directory.ts'
import { placeCopy } from './backup.ts'
import { type Database, type NoTables, replaced } from './database.ts'
import { claim } from './own-file.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { sqliteFault } from './sqlite-fault.ts'

/** SQLite's name for a database that is gone when it is closed: for tests. */
const IN_MEMORY = ':memory:'
/** How long another process, like a backup, may keep the file locked. */
const BUSY_TIMEOUT_MS = 5000
const CACHE_KIB = 16_384
/** SQLite answers without ever leaving the turn of the event loop: whoever writes in a loop gives way to the others after so many writes. */
const WRITES_PER_TURN = 8
/** The write-ahead log is cut back to this after a checkpoint. */
const WAL_BYTES_MAX = 64 * 1024 * 1024
const LOOK_MS = 1000

export interface EmbeddedDatabaseOptions {
  readonly file: string
  /** Looks every second whether the file is still there, also while nobody writes, and tells when it was not. */
  readonly watch?: { readonly clock: Clock; readonly log: Logger }
}

/** Throws `Fault('store_unavailable')` when the file is no database, damaged, another program's or cannot be opened. */
export function openEmbeddedDatabase({ file, watch }: EmbeddedDatabaseOptions): Database {
  let database = openFile(file)
  let hold = holdFile(file)
  const { dialect, connection } = sqliteDialect(database)
  const kysely = new Kysely<NoTables>({ dialect })
  const disk = openFlush(file)
  let lost = false
  /** Where somebody has taken the log away, all of it still goes into the file, and the next one is another. */
  const withLog = async () => {
    if (database.isOpen) {
      connection.exec('pragma wal_checkpoint(truncate)')
      database.close()
    }
    database = openFile(file)
    connection.turnTo(database)
    hold.forgetLog()
    await disk.renew()
    watch?.log.warn('the log of the database was taken away, and everything in it is in the database', { file })
  }
  /**
   * Where somebody has taken the file away, SQLite goes on writing to it, and it is gone with this process: all that is in it is
   * written there anew. Whoever calls it holds the connection.
   */
  const keepInPlace = async () => {
    const at = hold.place()
    if (at === 'its own') return
    if (at === 'without its log') return await withLog()
    if (at === "another's") throw new Fault('store_unavailable', 'another file has taken the place of the database: start the server again', { file })
    await placeCopy(database, file).catch(error => {
      if (error instanceof Fault && error.code === 'disk_full') throw error
      throw new Fault('store_unavailable', 'the database was taken away and cannot be written anew', { file, reason: error instanceof Fault ? error.facts['reason'] : String(error) }, { cause: error })
    })
    const before = { database, hold }
    database = openFile(file)
    hold = holdFile(file)
    connection.turnTo(database)
    await disk.renew()
    before.database.close()
    before.hold.close()
    watch?.log.warn('the database was taken away, and is there again with everything in it', { file })
  }
  const stopWatching = watch ? every(watch.clock, LOOK_MS, async () => {
    if (hold.place() !== 'its own') await kysely.connection().execute(keepInPlace)
    lost = false
  }, error => {
    if (!lost) watch.log.error('the database was taken away, and cannot be written anew', { file, error })
    lost = true
  }) : () => {}
  let writes = 0
  let check: Parameters<Database['guard']>[0] | undefined

  return {
    flavour: 'sqlite', shared: false, kysely,
    async write(durability, work) {
      if (++writes % WRITES_PER_TURN === 0) await new Promise(resolve => setImmediate(resolve))
      return await kysely.connection().execute(async alone => {
        disk.demandWhole()
        await keepInPlace()
        const written = await alone.transaction().execute(async transaction => { await check?.(transaction); return work(transaction) })
        await keepInPlace()
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
      stopWatching()
      if (!database.isOpen) return
      // Behind everything that is under way.
      await kysely.connection().execute(async () => {
        database.close()
        hold.close()
      })
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
  /** The database is another file now. */
  renew(): Promise<void>
  close(): Promise<void>
}

/** The log stays the same file for as long as a file of the database is open; SQLite holds no locks on it that closing it could lose. */
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
    async renew() {
      const before = log
      log = undefined
      await before?.close()
    },
    async close() { await log?.close() },
  }
}

interface Hold {
  /** What is under the file's name now, and whether the log that was seen beside it is there. */
  place(): 'its own' | 'without its log' | 'nothing' | "another's"
  /** There is none until somebody writes. */
  forgetLog(): void
  /** After the database: whoever closes a file gives up all locks that its process has on it. */
  close(): void
}

/** Numbers of files may change with time on some file systems, so both are asked for at once. */
function holdFile(file: string): Hold {
  if (file === IN_MEMORY) return { place: () => 'its own', forgetLog() {}, close() {} }
  const descriptor = openSync(file, 'r')
  let logSeen = false
  return {
    place() {
      const [named, own] = [statSync(file, { throwIfNoEntry: false }), fstatSync(descriptor)]
      if (!named) return 'nothing'
      if (named.ino !== own.ino || named.dev !== own.dev) return "another's"
      const log = existsSync(`${file}-wal`)
      if (!log && logSeen) return 'without its log'
      logSeen = log
      return 'its own'
    },
    forgetLog() { logSeen = false },
    close: () => closeSync(descriptor),
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

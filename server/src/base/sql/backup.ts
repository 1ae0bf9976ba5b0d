/**
 * Copies of the embedded database, taken while a server writes to it, and brought back into an empty place. PostgreSQL has
 * tools of its own for this (`pg_dump`, `pg_restore`).
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { Fault } from '@vamp/model/fault'
import { makeDirectory } from '../make-directory.ts'
import { demandOurs } from './own-file.ts'
import { isNoDatabase, sqliteFault } from './sqlite-fault.ts'

/** How long a writer may keep the file locked. */
const BUSY_TIMEOUT_MS = 5000
/** All in one go: a copy in steps begins again whenever somebody writes, and may never end. */
const PAGES_PER_STEP = 0x7fffffff

export interface Copy { readonly file: string; readonly bytes: number }

/** Writes a consistent, checked copy. Throws `Fault('not_found'|'conflict'|'disk_full'|'store_unavailable')`; then there is no copy. */
export async function backupDatabase({ file, to }: { file: string; to: string }): Promise<Copy> {
  demandThere(file, 'there is no database to back up')
  return await placeFrom(file, to)
}

/** Brings a backup back as the database of a server that is not running. Throws `Fault('not_found'|'conflict'|'disk_full'|'store_unavailable')`; then nothing was changed. */
export async function restoreDatabase({ from, file }: { from: string; file: string }): Promise<Copy> {
  demandThere(from, 'there is no such backup')
  return await placeFrom(from, file).catch(error => { throw isNoDatabase(error) ? new Fault('store_unavailable', 'this file is no backup', { file: from }, { cause: error }) : error })
}

function demandThere(file: string, message: string): void {
  if (!existsSync(file)) throw new Fault('not_found', message, { file })
}

async function placeFrom(from: string, file: string): Promise<Copy> {
  if (existsSync(file)) throw inTheWay(file)
  const source = open(from)
  try {
    return await placeCopy(source, file, from)
  } finally {
    source.close()
  }
}

function open(from: string): DatabaseSync {
  let source: DatabaseSync | undefined
  try {
    source = new DatabaseSync(from, { timeout: BUSY_TIMEOUT_MS })
    demandOurs(source, from)
    return source
  } catch (error) {
    source?.close()
    throw sqliteFault(error, { file: from })
  }
}

const inTheWay = (file: string) => new Fault('conflict', 'there is a file already: move it away first, or choose another name', { file })

/** The file appears under its name when it is whole, sound and on the disk, or not at all. `from`: what the source is called. Throws as `backupDatabase`. */
export async function placeCopy(source: DatabaseSync, file: string, from = file): Promise<Copy> {
  if (existsSync(file)) throw inTheWay(file)
  const part = `${file}.part`
  try {
    makeDirectory(dirname(file))
    // What a lost database left behind would be taken for news of this one.
    for (const left of [part, `${file}-wal`, `${file}-shm`]) rmSync(left, { force: true })
    // The tokens in it are hashed, and still nobody else's business.
    closeSync(openSync(part, 'wx', 0o600))
    await backup(source, part, { rate: PAGES_PER_STEP })
    check(part, from)
    flush(part)
    renameSync(part, file)
    flush(dirname(file))
    return { file, bytes: statSync(file).size }
  } catch (error) {
    for (const left of [part, `${part}-wal`, `${part}-shm`]) if (existsSync(left)) rmSync(left, { force: true })
    throw sqliteFault(systemFault(error, file), { file })
  }
}

/** Of a copy, what was copied is to blame. */
function check(copied: string, from: string): void {
  const database = new DatabaseSync(copied)
  try {
    demandOurs(database, from)
    const found = database.prepare('pragma integrity_check(1)').get()?.['integrity_check']
    if (found !== 'ok') throw new Fault('store_unavailable', 'the database file is damaged', { file: from, found })
  } finally {
    database.close()
  }
}

function flush(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function systemFault(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  return (error as { code?: string }).code === 'ENOSPC'
    ? new Fault('disk_full', 'no space left for the copy', { file }, { cause: error })
    : new Fault('store_unavailable', 'the copy cannot be written', { file, reason: error.message }, { cause: error })
}

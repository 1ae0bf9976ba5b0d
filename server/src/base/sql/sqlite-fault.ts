/** What SQLite says when the disk or the file is the trouble (https://sqlite.org/rescode.html); everything else is a bug and stays as it is. */
import { Fault } from '@vamp/model/fault'

const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

/** Also of a fault that was made of it. */
export function isNoDatabase(error: unknown): boolean {
  const { errcode } = (error instanceof Fault ? error.cause : error) as { errcode?: number } | undefined ?? {}
  return errcode !== undefined && (errcode & 0xff) === NOTADB
}

export function sqliteFault(error: unknown, facts: Readonly<Record<string, unknown>> = {}): unknown {
  if (!(error instanceof Error)) return error
  const { code, errcode } = error as { code?: string; errcode?: number }
  const unavailable = (message: string) => new Fault('store_unavailable', message, { ...facts, reason: error.message }, { cause: error })
  if (code === 'ERR_INVALID_STATE') return unavailable('the database is closed')
  // The low byte is the primary code; the rest says more about it.
  switch (errcode === undefined ? -1 : errcode & 0xff) {
    case FULL: return new Fault('disk_full', 'no space left for the database; nothing of this write was kept', { ...facts }, { cause: error })
    case IOERR: return unavailable('the disk of the database does not work')
    case CORRUPT: return unavailable('the database file is damaged: restore a backup')
    case NOTADB: return unavailable('this file is not a database: restore a backup, or move it away')
    case CANTOPEN: return unavailable('the database file cannot be opened')
    case READONLY: return unavailable('the database file cannot be written')
    case BUSY: case LOCKED: return unavailable('another program keeps the database locked')
    default: return error
  }
}

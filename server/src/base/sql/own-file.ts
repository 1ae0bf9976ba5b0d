/** Tells the database files of Vamp from other programs'. */
import type { DatabaseSync } from 'node:sqlite'
import { Fault } from '@vamp/model/fault'

/** 'Vamp' in ASCII, in the file's header. */
const APPLICATION_ID = 0x56616d70

/** A file without tables is nobody's yet. Throws `Fault('store_unavailable')` when another program made the database. */
export function claim(database: DatabaseSync, file: string): void {
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

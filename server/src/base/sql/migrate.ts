/**
 * Tables change by numbered steps that only roll forward. Each part of the server has a list of its own; the database remembers
 * how far each list was carried out. A step is never edited after it was released: a new one follows it.
 */
import { Fault } from '@vamp/model/fault'
import { sql } from 'kysely'
import type { Database } from './database.ts'

/** The statements of one step, in the words of either database. */
export type Migration = (flavour: Database['flavour']) => readonly string[]

/** A number of our own: servers that start together migrate one after the other. */
const ADVISORY_LOCK = 0x56616d70

/** All missing steps or none. Throws `Fault('unsupported')` when the database is from a newer version. */
export async function migrate(database: Database, part: string, migrations: readonly Migration[]): Promise<void> {
  await database.write('power', async transaction => {
    if (database.flavour === 'postgres') await sql`select pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(transaction)
    await sql`create table if not exists schema_versions (part text primary key, version integer not null)`.execute(transaction)
    const { rows } = await sql<{ version: number }>`select version from schema_versions where part = ${part}`.execute(transaction)
    const version = rows[0]?.version ?? 0
    if (version > migrations.length)
      throw new Fault('unsupported', `the database was written by a newer version of Vamp: its ${part} tables are at step ${version}, this version knows ${migrations.length}. Start the newer version, or restore an older backup`, { part, version, known: migrations.length })
    if (version === migrations.length) return
    for (const migration of migrations.slice(version))
      for (const statement of migration(database.flavour)) await sql.raw(statement).execute(transaction)
    await sql`insert into schema_versions (part, version) values (${part}, ${migrations.length})
      on conflict (part) do update set version = excluded.version`.execute(transaction)
  })
}

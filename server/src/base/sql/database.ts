/**
 * One SQL database, whichever it is: the embedded file or PostgreSQL. Queries are written once, with kysely; what differs
 * between the two beyond a query's text is here.
 */
import type { Kysely, Transaction } from 'kysely'

/** Parts of the server bring their own tables: `database.kysely.withTables<…>()`. */
export type NoTables = Record<never, never>

/**
 * What an acknowledged write survives. `process`: the end of this process, however sudden. `power`: also that of the machine.
 * PostgreSQL gives `power` always.
 */
export type Durability = 'process' | 'power'

export type SqlValue = string | number | null | Uint8Array

/** Names and PostgreSQL types, in the order of the rows' values. */
export type Columns = Readonly<Record<string, 'bigint' | 'text' | 'bytea'>>

export type Rows = readonly (readonly SqlValue[])[]

export interface Database extends AsyncDisposable {
  readonly flavour: 'sqlite' | 'postgres'
  /** Other servers may write to it at the same time: what they do is heard through `listen`. */
  readonly shared: boolean
  readonly kysely: Kysely<NoTables>
  /** A transaction. Rolled back when the work throws. Throws `Fault('disk_full'|'store_unavailable')`. */
  write<T>(durability: Durability, work: (transaction: Transaction<NoTables>) => Promise<T>): Promise<T>
  /** Several questions to one state of the data. */
  read<T>(work: (transaction: Kysely<NoTables>) => Promise<T>): Promise<T>
  /** From now on each transaction of `write` begins with this, and is taken back where it throws. */
  guard(check: (transaction: Transaction<NoTables>) => Promise<void>): void
  insertMany(transaction: Transaction<NoTables>, table: string, columns: Columns, rows: Rows): Promise<void>
  /** Inserts, or replaces where a row with the same keys (a unique index) is there. No two rows may have the same. */
  upsertMany(transaction: Transaction<NoTables>, table: string, keys: readonly string[], columns: Columns, rows: Rows): Promise<void>
  /** Rows that are equal in the columns go. */
  deleteMany(transaction: Transaction<NoTables>, table: string, columns: Columns, rows: Rows): Promise<void>
  /** When the transaction commits, everybody who listens hears the payload (< 8000 bytes), in order of commit. Nothing happens where nothing is shared. */
  notify(transaction: Transaction<NoTables>, channel: string, payload: string): Promise<void>
  /** Resolves when listening. `missed` is called when the connection was lost for a while and is back. */
  listen(channel: string, heard: (payload: string) => void, missed: () => void): Promise<() => void>
}

/** What an upsert sets where the row is there. */
export function replaced(keys: readonly string[], names: readonly string[]): string {
  return names.filter(name => !keys.includes(name)).map(name => `${name} = excluded.${name}`).join(', ')
}

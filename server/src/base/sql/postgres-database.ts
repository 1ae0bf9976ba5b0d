/** PostgreSQL, for several servers on one database. What one writes the others hear through LISTEN and NOTIFY, in order of commit. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely'
import type { CustomTypesConfig, Pool, PoolClient } from 'pg'
import { type Columns, type Database, type NoTables, replaced, type Rows } from './database.ts'
import { openPostgresListener } from './postgres-listener.ts'
import { postgresFault } from './postgres-fault.ts'

const CONNECTIONS_MAX = 10
const CONNECT_TIMEOUT_MS = 5000
/** A statement that takes longer is given up. */
const QUERY_TIMEOUT_MS = 30_000
/** A server that stops in the middle of a transaction must not keep the others waiting. */
const IDLE_TRANSACTION_MS = 5000
const INT8 = 20
/** `sum(bigint)` and the like. */
const NUMERIC = 1700

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, or with `?host=/directory` for a socket. */
  readonly url: string
  readonly clock: Clock
  readonly log: Logger
}

/** Throws `Fault('store_unavailable')` when it does not answer. */
export async function openPostgresDatabase({ url, clock, log }: PostgresOptions): Promise<Database> {
  // Loaded only where it is used.
  const pg = (await import('pg')).default
  const types: CustomTypesConfig = { getTypeParser: (id: number, format?: 'text' | 'binary') => id === INT8 || id === NUMERIC ? Number : pg.types.getTypeParser(id, format as 'text') }
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS_MAX, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: QUERY_TIMEOUT_MS, idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS, application_name: 'vamp', types })
  // An idle connection that breaks is replaced by the next query; unheard, the error would end the process.
  pool.on('error', error => log.warn('a connection to PostgreSQL broke', { error }))
  const kysely = new Kysely<NoTables>({ dialect: new PostgresDialect({ pool: withFaults(pool) }) })
  let check: Parameters<Database['guard']>[0] | undefined
  const listener = openPostgresListener({ connect: () => new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, application_name: 'vamp listener', keepAlive: true }), clock, log })
  try {
    await sql`select 1`.execute(kysely)
  } catch (error) {
    await kysely.destroy()
    throw error
  }
  return {
    flavour: 'postgres', shared: true, kysely,
    write: (_, work) => kysely.transaction().setIsolationLevel('read committed').execute(async transaction => { await check?.(transaction); return work(transaction) }),
    guard(given) { check = given },
    read: work => kysely.transaction().setIsolationLevel('repeatable read').execute(work),
    async insertMany(transaction, table, columns, rows) {
      if (rows.length === 0) return
      await sql`insert into ${sql.id(table)} (${sql.join(names(columns))}) select * from ${unnest(columns, rows)}`.execute(transaction)
    },
    async upsertMany(transaction, table, keys, columns, rows) {
      if (rows.length === 0) return
      await sql`insert into ${sql.id(table)} (${sql.join(names(columns))}) select * from ${unnest(columns, rows)}
        on conflict (${sql.join(keys.map(key => sql.id(key)))}) do update set ${sql.raw(replaced(keys, Object.keys(columns)))}`.execute(transaction)
    },
    async deleteMany(transaction, table, columns, rows) {
      if (rows.length === 0) return
      const equal = Object.keys(columns).map(name => sql`${sql.ref(`${table}.${name}`)} = ${sql.ref(`gone.${name}`)}`)
      await sql`delete from ${sql.id(table)} using ${unnest(columns, rows)} as gone (${sql.join(names(columns))}) where ${sql.join(equal, sql` and `)}`.execute(transaction)
    },
    async notify(transaction, channel, payload) { await sql`select pg_notify(${channel}, ${payload})`.execute(transaction) },
    listen: (channel, heard, missed) => listener.listen(channel, heard, missed),
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]()
      await kysely.destroy()
    },
  }
}

const names = (columns: Columns) => Object.keys(columns).map(name => sql.id(name))

/** The rows column by column: one parameter per column, however many rows there are. */
function unnest(columns: Columns, rows: Rows) {
  return sql`unnest(${sql.join(Object.values(columns).map((type, column) => sql`${rows.map(row => row[column] ?? null)}::${sql.raw(type)}[]`))})`
}

/** kysely sees what goes wrong as faults. */
function withFaults(pool: Pool): PostgresPool {
  return {
    async connect() {
      const client: PoolClient = await pool.connect().catch(error => { throw postgresFault(error) })
      // Broken while it is held: the query that finds out is the one to say so.
      const ignore = () => {}
      client.on('error', ignore)
      let broken = false
      return {
        query: (async (text: string, parameters: unknown[]) => {
          try {
            return await client.query(text, [...parameters])
          } catch (error) {
            const fault = postgresFault(error)
            broken ||= fault !== error
            throw fault
          }
        }) as unknown as Awaited<ReturnType<PostgresPool['connect']>>['query'],
        release: () => { client.off('error', ignore); client.release(broken) },
      }
    },
    end: () => pool.end(),
  }
}

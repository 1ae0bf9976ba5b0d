/** kysely over `node:sqlite`. One connection: whoever holds it is alone, and everybody else waits in line. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
  type CompiledQuery, type DatabaseConnection, type Dialect, type Driver, type QueryResult,
  SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler,
} from 'kysely'
import type { Rows, SqlValue } from './database.ts'
import { sqliteFault } from './sqlite-fault.ts'

/** Rows that one statement inserts: fewer ways into SQLite and back. */
const ROWS_PER_INSERT = 40
/** Prepared statements kept; the least recently used go first. */
const STATEMENTS_MAX = 256

export interface SqliteConnection extends DatabaseConnection {
  /** Runs one statement for each row of parameters. */
  runMany(sql: string, rows: Rows): void
  /** Inserts rows, many with one statement. */
  insertMany(table: string, columns: readonly string[], rows: Rows): void
  /** From now on, of another one with the same in it. Whoever calls it holds the connection, outside a transaction. */
  turnTo(database: DatabaseSync): void
  exec(sql: string): void
  readonly inTransaction: boolean
}

export function sqliteDialect(database: DatabaseSync): { readonly dialect: Dialect; readonly connection: SqliteConnection } {
  const connection = sqliteConnection(database)
  return {
    connection,
    dialect: {
      createDriver: () => sqliteDriver(connection),
      createAdapter: () => new SqliteAdapter(),
      createIntrospector: db => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }
}

function sqliteDriver(connection: SqliteConnection): Driver {
  let last: Promise<void> = Promise.resolve()
  let release = () => {}
  return {
    async init() {},
    async acquireConnection() {
      const before = last
      let done = () => {}
      last = new Promise(resolve => { done = resolve })
      await before
      release = done
      return connection
    },
    async releaseConnection() { release() },
    // Immediately a writer: a transaction that begins as a reader may find that it cannot become one.
    async beginTransaction() { connection.exec('begin immediate') },
    async commitTransaction() { connection.exec('commit') },
    // A full disk has rolled back already.
    async rollbackTransaction() { if (connection.inTransaction) connection.exec('rollback') },
    async destroy() {},
  }
}

interface Prepared { readonly statement: StatementSync; readonly returnsRows: boolean }

function sqliteConnection(opened: DatabaseSync): SqliteConnection {
  let database = opened
  const prepared = new Map<string, Prepared>()

  function prepare(sql: string): Prepared {
    const known = prepared.get(sql)
    if (known) {
      prepared.delete(sql)
      prepared.set(sql, known)
      return known
    }
    const statement = database.prepare(sql)
    const fresh = { statement, returnsRows: statement.columns().length > 0 }
    prepared.set(sql, fresh)
    const oldest = prepared.keys().next().value
    if (prepared.size > STATEMENTS_MAX && oldest !== undefined) prepared.delete(oldest)
    return fresh
  }

  function runMany(sql: string, rows: Rows): void {
    try {
      const { statement } = prepare(sql)
      for (const row of rows) statement.run(...row)
    } catch (error) {
      throw sqliteFault(error)
    }
  }

  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      try {
        const { statement, returnsRows } = prepare(sql)
        if (returnsRows) return { rows: statement.all(...parameters as SqlValue[]) as R[] }
        const { changes, lastInsertRowid } = statement.run(...parameters as SqlValue[])
        return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
      } catch (error) {
        throw sqliteFault(error)
      }
    },
    async *streamQuery<R>({ sql, parameters }: CompiledQuery): AsyncGenerator<QueryResult<R>> {
      for (const row of prepare(sql).statement.iterate(...parameters as SqlValue[])) yield { rows: [row as R] }
    },
    runMany,
    turnTo(next) {
      prepared.clear()
      database = next
    },
    exec(sql) { try { database.exec(sql) } catch (error) { throw sqliteFault(error) } },
    get inTransaction() { return database.isTransaction },
    insertMany(table, columns, rows) {
      const row = `(${columns.map(() => '?').join(', ')})`
      const into = (count: number) => `insert into ${table} (${columns.join(', ')}) values ${Array(count).fill(row).join(', ')}`
      const whole = rows.length - rows.length % ROWS_PER_INSERT
      const bunches: SqlValue[][] = []
      for (let start = 0; start < whole; start += ROWS_PER_INSERT) bunches.push(rows.slice(start, start + ROWS_PER_INSERT).flat())
      if (bunches.length > 0) runMany(into(ROWS_PER_INSERT), bunches)
      if (whole < rows.length) runMany(into(1), rows.slice(whole))
    },
  }
}

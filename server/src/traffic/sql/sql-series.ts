/**
 * Series in an SQL database. The process holds nothing of them: a window is one row as soon as it has come; when a minute is over,
 * its windows become one chunk per series, and chunks become coarser ones (`fold.ts`). Questions read chunks, and windows where
 * there are none yet.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Cell, Window } from '@vamp/model/metric'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database, NoTables } from '../../base/sql/database.ts'
import { migrate } from '../../base/sql/migrate.ts'
import { withoutParts } from '../cells.ts'
import { PackedCounts } from '../packed-counts.ts'
import { AHEAD_SECONDS_MAX, type CellKey, KEEP_SECONDS, type Mark, type Point, type Resolution, secondOf, type Series, type SeriesQuery } from '../series.ts'
import { fold } from './fold.ts'
import { readPoints } from './read.ts'
import { removeOld } from './remove-old.ts'
import { SERIES_MIGRATIONS, WINDOW_COLUMNS } from './tables.ts'

/** Whose ids are remembered; the others are asked for again. */
const IDS_MAX = 20_000
/** Different series: beyond it, new instances count as one that nobody took. Thirty days of them. */
export const SERIES_MAX = 200_000

/** Throws `Fault('unsupported')` when the database is from a newer version. Closing the series leaves the database open. */
export async function openSqlSeries({ database, clock, seriesMax = SERIES_MAX }: { database: Database; clock: Clock; seriesMax?: number }): Promise<Series> {
  await migrate(database, 'series', SERIES_MIGRATIONS)
  return new SqlSeries(database, clock, seriesMax)
}

class SqlSeries implements Series {
  readonly #database: Database
  readonly #clock: Clock
  readonly #seriesMax: number
  readonly #ids = new Map<string, number>()
  #maintaining: Promise<void> | undefined

  constructor(database: Database, clock: Clock, seriesMax: number) {
    this.#database = database
    this.#clock = clock
    this.#seriesMax = seriesMax
  }

  get #nowSecond(): number { return Math.floor(this.#clock.now() / 1000) }

  async add(window: Window): Promise<void> {
    const { agent, sequence } = window
    const second = secondOf(window)
    const now = this.#nowSecond
    if (window.cells.length === 0 || second > now + AHEAD_SECONDS_MAX || second < now - KEEP_SECONDS[60]) return
    const cells = withoutParts(window.cells)
    const fresh = new Map<string, number>()
    await this.#database.write('process', async transaction => {
      if (!await takes(transaction, agent, window)) return
      const packed = new PackedCounts()
      for (const cell of cells) packed.append(await this.#idOf(transaction, cell, fresh), cell)
      await this.#database.insertMany(transaction, 'series_windows', WINDOW_COLUMNS, [[agent, sequence, second, packed.bytes]])
    })
    for (const [key, id] of fresh) this.#remember(key, id)
  }

  /** Ids that are new are known to others when the transaction is committed, not before. */
  async #idOf(transaction: Transaction<NoTables>, cell: Cell, fresh: Map<string, number>): Promise<number> {
    const key = keyText(cell)
    const known = this.#ids.get(key) ?? fresh.get(key)
    if (known !== undefined) return known
    const { gateway, route, by } = cell
    const instance = await this.#isFull(transaction, cell) ? '' : cell.instance
    const { rows } = await sql<{ id: number }>`insert into series (gateway, route, instance, way, since) values (${gateway}, ${route}, ${instance}, ${by}, ${this.#nowSecond})
      on conflict (gateway, route, instance, way) do update set way = excluded.way returning id`.execute(transaction)
    const id = rows[0]?.id ?? 0
    fresh.set(key, id)
    return id
  }

  async #isFull(transaction: Transaction<NoTables>, { gateway, route, instance, by }: CellKey): Promise<boolean> {
    const { rows } = await sql<{ count: number; known: number }>`select (select count(*) from series) as count,
      (select count(*) from series where gateway = ${gateway} and route = ${route} and instance = ${instance} and way = ${by}) as known`.execute(transaction)
    return (rows[0]?.known ?? 0) === 0 && (rows[0]?.count ?? 0) >= this.#seriesMax
  }

  #remember(key: string, id: number): void {
    this.#ids.set(key, id)
    const oldest = this.#ids.size > IDS_MAX ? this.#ids.keys().next().value : undefined
    if (oldest !== undefined) this.#ids.delete(oldest)
  }

  async read(query: SeriesQuery): Promise<readonly Point[]> {
    return await readPoints(this.#database, query)
  }

  since(resolution: Resolution): number { return this.#nowSecond - KEEP_SECONDS[resolution] }

  /** One at a time; who asks meanwhile waits for the one that runs. */
  maintain(): Promise<void> {
    this.#maintaining ??= this.#maintain().finally(() => { this.#maintaining = undefined })
    return this.#maintaining
  }

  async #maintain(): Promise<void> {
    await fold(this.#database, this.#nowSecond)
    // An id may be given to another series when its own is gone.
    if (await removeOld(this.#database, this.#nowSecond) > 0) this.#ids.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> { await this.#maintaining }
}

const keyText = ({ gateway, route, instance, by }: CellKey) => `${gateway}\n${route}\n${instance}\n${by}`

/** False for a window that came before (`isRepetition`). One statement: of two that arrive together, the second one waits for the first. */
async function takes(transaction: Kysely<NoTables>, agent: string, { sequence, second }: Mark): Promise<boolean> {
  const { rows } = await sql`insert into series_agents (agent, sequence, second) values (${agent}, ${sequence}, ${second})
    on conflict (agent) do update set sequence = excluded.sequence, second = excluded.second
    where excluded.sequence > series_agents.sequence or excluded.second > series_agents.second returning agent`.execute(transaction)
  return rows.length > 0
}

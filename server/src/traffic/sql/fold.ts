/**
 * What has come becomes chunks: the windows of minutes that are over, then chunks of ten minutes from those, then of two hours
 * from those. Each step is one transaction that begins by locking the levels, so that servers who share a database never count
 * anything twice; packing is done before it, in turns that leave room for others.
 */
import { sql, type Transaction } from 'kysely'
import type { Database, NoTables } from '../../base/sql/database.ts'
import { CountSum } from '../count-sum.ts'
import { addPacked, PackedCounts, packedEntries } from '../packed-counts.ts'
import type { Resolution } from '../series.ts'
import { type Chunk, chunkStart, coarser, LEVELS, packedTotal } from './chunk.ts'
import { CHUNK_COLUMNS } from './tables.ts'

/** Younger than this, a second still waits for slow agents. */
const OPEN_SECONDS = 15
/** Windows that become chunks in one transaction. */
const WINDOWS_AT_ONCE = 600
/** Series whose chunks are made coarser in one turn of the event loop. */
const SERIES_PER_TURN = 100

export interface Level { readonly step: Resolution; readonly folded: number; readonly version: number }
export type Levels = Readonly<Record<Resolution, Level>>

export async function readLevels(transaction: Transaction<NoTables> | Database['kysely']): Promise<Levels> {
  const { rows } = await sql<Level>`select step, folded, version from series_levels`.execute(transaction)
  return Object.fromEntries(rows.map(level => [level.step, level])) as unknown as Levels
}

/** Everything that is due. */
export async function fold(database: Database, nowSecond: number): Promise<void> {
  while (await foldWindows(database, nowSecond));
  for (const step of [10, 60] as const) while (await foldChunks(database, step));
}

interface WindowRow { readonly agent: string; readonly sequence: number; readonly second: number; readonly cells: Uint8Array }

/** True if there may be more. */
async function foldWindows(database: Database, nowSecond: number): Promise<boolean> {
  const until = chunkStart(1, nowSecond - OPEN_SECONDS)
  const before = await readLevels(database.kysely)
  const { rows } = await sql<WindowRow>`select agent, sequence, second, cells from series_windows where second < ${until} order by second limit ${WINDOWS_AT_ONCE}`.execute(database.kysely)
  if (rows.length === 0 && before[1].folded >= until) return false
  const chunks = await minutesOf(rows)
  const folded = rows.length < WINDOWS_AT_ONCE ? until : chunkStart(1, rows.at(-1)?.second ?? 0)
  return await exclusively(database, before, 1, folded, async transaction => {
    await database.deleteMany(transaction, 'series_windows', { agent: 'text', sequence: 'bigint' }, rows.map(({ agent, sequence }) => [agent, sequence]))
    await insertChunks(database, transaction, chunks)
    // What comes for a time that is in coarser chunks already goes there too.
    for (const step of [10, 60] as const) await insertChunks(database, transaction, coarser(step, chunks.filter(({ start }) => start < before[step].folded)))
  }) && rows.length === WINDOWS_AT_ONCE
}

async function minutesOf(windows: readonly WindowRow[]): Promise<Chunk[]> {
  const minutes = new Map<number, Map<number, { readonly points: PackedCounts; readonly total: CountSum }>>()
  for (const [index, { second, cells }] of windows.entries()) {
    const start = chunkStart(1, second)
    const bySeries = minutes.get(start) ?? new Map<number, { points: PackedCounts; total: CountSum }>()
    minutes.set(start, bySeries)
    const of = (series: number) => {
      const known = bySeries.get(series) ?? { points: new PackedCounts(), total: new CountSum() }
      bySeries.set(series, known)
      return known
    }
    for (const [series, counts] of packedEntries(cells)) of(series).points.appendPacked(second - start, counts)
    addPacked(cells, series => of(series).total)
    if (index % 16 === 15) await turn()
  }
  return [...minutes].flatMap(([start, bySeries]) => [...bySeries].map(([series, { points, total }]) => ({ step: 1 as const, start, series, points: points.bytes.slice(), total: packedTotal(total) })))
}

/** One span of the step from the chunks below it. True if there may be more. */
async function foldChunks(database: Database, step: 10 | 60): Promise<boolean> {
  const { span, below } = LEVELS[step]
  const before = await readLevels(database.kysely)
  const until = chunkStart(step, before[below].folded)
  if (before[step].folded >= until) return false
  const { rows: [first] } = await sql<{ start: number | null }>`select min(start) as start from series_chunks where step = ${below} and start >= ${before[step].folded} and start < ${until}`.execute(database.kysely)
  const start = first?.start === null || first?.start === undefined ? undefined : chunkStart(step, first.start)
  const chunks = start === undefined ? [] : await coarserOf(database, step, start)
  const folded = start === undefined ? until : start + span
  return await exclusively(database, before, step, folded, async transaction => await insertChunks(database, transaction, chunks))
}

async function coarserOf(database: Database, step: 10 | 60, start: number): Promise<Chunk[]> {
  const { span, below } = LEVELS[step]
  const within = sql`step = ${below} and start >= ${start} and start < ${start + span}`
  const { rows } = await sql<{ series: number }>`select distinct series from series_chunks where ${within}`.execute(database.kysely)
  const chunks: Chunk[] = []
  for (let from = 0; from < rows.length; from += SERIES_PER_TURN) {
    const some = rows.slice(from, from + SERIES_PER_TURN).map(({ series }) => series)
    const finer = await sql<Chunk>`select step, start, series, points from series_chunks where ${within} and series in (${sql.join(some)})`.execute(database.kysely)
    chunks.push(...coarser(step, finer.rows))
    await turn()
  }
  return chunks
}

/** Does the work, and says so in the level, unless another server was faster; then nothing is done. */
async function exclusively(database: Database, before: Levels, step: Resolution, folded: number, work: (transaction: Transaction<NoTables>) => Promise<void>): Promise<boolean> {
  return await database.write('process', async transaction => {
    const lock = database.flavour === 'postgres' ? sql`for update` : sql``
    const { rows } = await sql<Level>`select step, folded, version from series_levels order by step ${lock}`.execute(transaction)
    if (rows.some(({ step: of, version }) => before[of].version !== version)) return false
    await work(transaction)
    await sql`update series_levels set folded = ${Math.max(folded, before[step].folded)}, version = version + 1 where step = ${step}`.execute(transaction)
    return true
  })
}

async function insertChunks(database: Database, transaction: Transaction<NoTables>, chunks: readonly Chunk[]): Promise<void> {
  await database.insertMany(transaction, 'series_chunks', CHUNK_COLUMNS, chunks.map(({ step, start, series, points, total }) => [step, start, series, points, total]))
}

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

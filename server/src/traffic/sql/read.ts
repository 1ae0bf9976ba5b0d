/** Questions to the chunks: the coarsest that are fine enough, then finer ones where there are no coarser ones yet, then windows. */
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database, NoTables } from '../../base/sql/database.ts'
import { pointSums, type PointSums } from '../count-sum.ts'
import { addPacked } from '../packed-counts.ts'
import { type CellKey, type Point, type Resolution, RESOLUTIONS, type SeriesQuery } from '../series.ts'
import { type Chunk, LEVELS } from './chunk.ts'
import { type Levels, readLevels } from './fold.ts'

/** Beyond, all series of the time are read, and those that are not wanted are passed over. */
const SERIES_NAMED_MAX = 500
/** Chunks that are added up in one turn of the event loop. */
const CHUNKS_PER_TURN = 2000

interface Part { readonly step: Resolution; readonly from: number; readonly to: number }

export async function readPoints(database: Database, query: SeriesQuery): Promise<Point[]> {
  const { from, to, resolution, step = resolution } = query
  const sums = pointSums<number>({ from, to, step })
  const { keys, older } = await database.read(async transaction => {
    const keys = await wantedKeys(transaction, query)
    const parts = partsOf(query, await readLevels(transaction))
    const reader: PartReader = { connection: transaction, query, keys, sums }
    // Windows become chunks at any moment: both are of one state of the data.
    await addWindows(reader)
    for (const part of parts) if (part.step === 1) await addChunks(reader, part)
    return { keys, older: parts.filter(part => part.step !== 1) }
  })
  for (const part of older) await addChunks({ connection: database.kysely, query, keys, sums }, part)
  return sums.points(id => keys.get(id))
}

async function wantedKeys(connection: Kysely<NoTables>, { wants }: SeriesQuery): Promise<Map<number, CellKey>> {
  const { rows } = await sql<{ id: number; gateway: string; route: string; instance: string; by: CellKey['by'] }>`select id, gateway, route, instance, way as by from series`.execute(connection)
  return new Map(rows.flatMap(({ id, ...key }) => wants(key) ? [[id, key] as const] : []))
}

/** Which chunks tell of which time, coarsest first. */
function partsOf({ from, to, resolution }: SeriesQuery, levels: Levels): Part[] {
  const parts: Part[] = []
  let at = from
  for (const step of RESOLUTIONS.filter(each => each <= resolution).reverse()) {
    const end = step === 1 ? to : Math.min(to, levels[step].folded)
    if (end > at) parts.push({ step, from: at, to: end })
    at = Math.max(at, end)
  }
  return parts
}

interface PartReader { readonly connection: Kysely<NoTables>; readonly query: SeriesQuery; readonly keys: ReadonlyMap<number, CellKey>; readonly sums: PointSums<number> }

async function addWindows({ connection, query: { from, to, resolution }, keys, sums }: PartReader): Promise<void> {
  const { rows } = await sql<{ second: number; cells: Uint8Array }>`select second, cells from series_windows where second >= ${from} and second < ${to}`.execute(connection)
  for (const { second, cells } of rows) addPacked(cells, series => keys.has(series) ? sums.at(series, Math.floor(second / resolution) * resolution) : undefined)
}

async function addChunks({ connection, query: { resolution }, keys, sums }: PartReader, { step, from, to }: Part): Promise<void> {
  const { span } = LEVELS[step]
  const named = keys.size <= SERIES_NAMED_MAX
  if (keys.size === 0) return
  const conditions: RawBuilder<unknown>[] = [sql`step = ${step}`, sql`start < ${to}`, ...(named ? [sql`series in (${sql.join([...keys.keys()])})`] : [])]
  // By time, a day or less at once: what is read is in memory.
  const slice = named ? to - from + span : Math.max(span, Math.floor(86_400 * CHUNKS_PER_TURN / keys.size / span) * span)
  for (let first = from - span + 1; first < to; first += slice) {
    const within = sql.join([...conditions, sql`start >= ${first}`, sql`start < ${first + slice}`], sql` and `)
    const { rows } = await sql<Pick<Chunk, 'start' | 'series' | 'points' | 'total'>>`select start, series, points, total from series_chunks where ${within}`.execute(connection)
    for (const [index, { start, series, points, total }] of rows.entries()) {
      if (!keys.has(series)) continue
      if (start >= from && start + span <= to && sums.inOne(start, start + span)) addPacked(total, () => sums.at(series, start))
      else addPacked(points, at => {
        const second = start + at * step
        return second >= from && second < to ? sums.at(series, Math.floor(second / resolution) * resolution) : undefined
      })
      if (index % CHUNKS_PER_TURN === CHUNKS_PER_TURN - 1) await new Promise(resolve => setImmediate(resolve))
    }
  }
}

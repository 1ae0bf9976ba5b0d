/** What is older than its level is kept for goes, in small transactions; never before the coarser level has it. */
import { sql } from 'kysely'
import type { Database } from '../../base/sql/database.ts'
import { packedEntries } from '../packed-counts.ts'
import { KEEP_SECONDS, type Resolution } from '../series.ts'
import { LEVELS } from './chunk.ts'
import { readLevels } from './fold.ts'

const CHUNKS_AT_ONCE = 2000
/** Agents that have told nothing for so long begin anew. */
const AGENT_SECONDS_MAX = 30 * 86_400

/** How many series have no points any more and are gone. */
export async function removeOld(database: Database, nowSecond: number): Promise<number> {
  const levels = await readLevels(database.kysely)
  const folded: Readonly<Record<Resolution, number>> = { 1: levels[10].folded, 10: levels[60].folded, 60: Number.POSITIVE_INFINITY }
  const remove = async (step: Resolution) => await removeChunks(database, step, Math.min(nowSecond - KEEP_SECONDS[step], folded[step]) - LEVELS[step].span)
  await remove(1)
  await remove(10)
  // Series go when nothing is left of them, which is not before their last minutes go.
  return await remove(60) > 0 ? await removeSeries(database, nowSecond) : 0
}

async function removeSeries(database: Database, nowSecond: number): Promise<number> {
  return await database.write('process', async transaction => {
    await sql`delete from series_agents where second < ${nowSecond - AGENT_SECONDS_MAX}`.execute(transaction)
    const waiting = await sql<{ cells: Uint8Array }>`select cells from series_windows`.execute(transaction)
    const used = new Set(waiting.rows.flatMap(({ cells }) => [...packedEntries(cells)].map(([series]) => series)))
    const { rows } = await sql<{ id: number }>`select id from series where since < ${nowSecond - KEEP_SECONDS[60]} and not exists (select 1 from series_chunks where series_chunks.series = series.id)`.execute(transaction)
    const gone = rows.filter(({ id }) => !used.has(id))
    await database.deleteMany(transaction, 'series', { id: 'bigint' }, gone.map(({ id }) => [id]))
    return gone.length
  })
}

async function removeChunks(database: Database, step: Resolution, before: number): Promise<number> {
  for (let removed = 0; ;) {
    const { rows } = await database.write('process', async transaction => await sql`delete from series_chunks where id in (select id from series_chunks where step = ${step} and start < ${before} limit ${CHUNKS_AT_ONCE}) returning id`.execute(transaction))
    removed += rows.length
    if (rows.length < CHUNKS_AT_ONCE) return removed
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** The lease as a row of PostgreSQL. Every transaction of the leader locks it for sharing, so it cannot change hands in the middle of one. */
import { Fault } from '@vamp/model/fault'
import { sql, type Transaction } from 'kysely'
import type { Database, NoTables } from '../base/sql/database.ts'
import { type Migration, migrate } from '../base/sql/migrate.ts'
import { LEASE_MS, type Lease } from './lease.ts'

const MIGRATIONS: readonly Migration[] = [() => [
  'create table leader_lease (id integer primary key, holder text not null, url text not null, fence bigint not null, until timestamptz not null)',
  "insert into leader_lease (id, holder, url, fence, until) values (1, '', '', 0, to_timestamp(0))",
]]

const NEXT = sql`clock_timestamp() + ${LEASE_MS} * interval '1 millisecond'`

export async function openSqlLease(database: Database): Promise<Lease> {
  await migrate(database, 'lease', MIGRATIONS)
  const { kysely } = database
  return {
    take: ({ holder, url }) => kysely.transaction().execute(async transaction => {
      const { rows: [row] } = await sql<{ holder: string; url: string; fence: number; free: boolean }>`select holder, url, fence, until <= clock_timestamp() as free from leader_lease where id = 1 for update`.execute(transaction)
      if (row && !row.free && row.holder !== holder) return { is: 'held', url: row.url }
      const fence = (row?.fence ?? 0) + 1
      await sql`update leader_lease set holder = ${holder}, url = ${url}, fence = ${fence}, until = ${NEXT} where id = 1`.execute(transaction)
      return { is: 'taken', fence }
    }),
    async renew({ holder }, fence) {
      const { numAffectedRows } = await sql`update leader_lease set until = ${NEXT} where id = 1 and holder = ${holder} and fence = ${fence}`.execute(kysely)
      return numAffectedRows === 1n
    },
    async release({ holder }, fence) { await sql`update leader_lease set until = to_timestamp(0) where id = 1 and holder = ${holder} and fence = ${fence}`.execute(kysely) },
  }
}

/** What each transaction of a server begins with. `fence`: of its leadership; nothing while it follows. Throws `Fault('not_leader')`. */
export function fenced(fence: () => number | undefined): (transaction: Transaction<NoTables>) => Promise<void> {
  return async transaction => {
    const mine = fence()
    const { rows: [row] } = mine === undefined ? { rows: [] } : await sql<{ fence: number }>`select fence from leader_lease where id = 1 for share`.execute(transaction)
    if (mine === undefined || row?.fence !== mine) throw new Fault('not_leader', 'another server leads; this one writes nothing', { fence: mine, now: row?.fence })
  }
}

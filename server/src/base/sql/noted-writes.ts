/** Whether the database takes what is written: found out by what is written anyway, because a disk that is full still answers questions. */
import { Fault } from '@vamp/model/fault'
import type { Database } from './database.ts'

export interface NotedWrites {
  readonly database: Database
  /** Why the last transaction was refused; until one with rows in it has been committed again. */
  refusal(): Fault | undefined
}

export function noteWrites(database: Database): NotedWrites {
  let refused: Fault | undefined
  /** Transactions with rows in them. One without needs no room. */
  const withRows = new WeakSet<object>()
  const noted: Database = {
    ...database,
    async write(durability, work) {
      let rows = false
      try {
        const written = await database.write(durability, async transaction => {
          const done = await work(transaction)
          rows = withRows.has(transaction)
          return done
        })
        if (rows) refused = undefined
        return written
      } catch (error) {
        if (error instanceof Fault && (error.code === 'disk_full' || error.code === 'store_unavailable')) refused = error
        throw error
      }
    },
    insertMany(transaction, ...rest) { withRows.add(transaction); return database.insertMany(transaction, ...rest) },
    upsertMany(transaction, ...rest) { withRows.add(transaction); return database.upsertMany(transaction, ...rest) },
  }
  return { database: noted, refusal: () => refused }
}

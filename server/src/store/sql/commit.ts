/**
 * Transactions of many writers as one of the database. Each is decided on what the ones before it leave behind, and has a
 * revision of its own or is refused alone; only then is anything written, each record once.
 */
import type { NewEvent } from '@vamp/model/event'
import { sql, type Transaction } from 'kysely'
import type { Database, NoTables } from '../../base/sql/database.ts'
import { type Current, decide } from '../decide.ts'
import { TOMBSTONES_MAX } from '../limits.ts'
import type { RecordKind } from '../record.ts'
import type { Change, Write } from '../store.ts'

/** Where the store tells of its writes: in the same transaction. */
export interface History<E> {
  /** Throws what is wrong with them, before anything is written. */
  prepare(events: readonly NewEvent[]): readonly E[]
  /** Returns what is to be called as soon as the transaction has been committed. */
  appendIn(transaction: Transaction<NoTables>, prepared: readonly E[]): Promise<() => void>
}

export interface Item<E> {
  readonly writes: readonly Write[]
  /** Of the puts. */
  readonly texts: readonly (string | undefined)[]
  readonly told: readonly E[]
}

export interface Row extends Current { readonly kind: RecordKind; readonly name: string }

export type Outcome =
  | { readonly is: 'done'; readonly results: readonly (Row | undefined)[]; readonly changes: readonly Change[] }
  | { readonly is: 'refused'; readonly error: unknown }

export interface Batch {
  readonly outcomes: readonly Outcome[]
  /** Kinds of which a record was made or is gone. */
  readonly reshaped: ReadonlySet<RecordKind>
  readonly committed: () => void
}

export interface Committing<E> {
  readonly database: Database
  readonly channel: string
  readonly history: History<E> | undefined
  /** What the record is without looking into the database; absent: it has to be looked up. */
  readonly known: (kind: RecordKind, name: string) => Current | undefined
}

interface Place { readonly kind: RecordKind; readonly name: string; /** In the database. */ readonly before: Current | undefined; now: Current | undefined }

export async function commit<E>(committing: Committing<E>, transaction: Transaction<NoTables>, items: readonly Item<E>[]): Promise<Batch> {
  const { database, history } = committing
  const { rows: [state] } = await sql<{ revision: number }>`select revision from store_state ${sql.raw(database.flavour === 'postgres' ? 'for update' : '')}`.execute(transaction)
  const first = state?.revision ?? 0
  const places = await placesOf(committing, transaction, items)
  const outcomes: Outcome[] = []
  let revision = first
  const told: E[] = []
  for (const item of items) {
    const outcome = outcomeOf(item, places, revision + 1)
    outcomes.push(outcome)
    if (outcome.is === 'refused' || outcome.changes.length === 0) continue
    revision++
    told.push(...item.told)
  }
  if (revision === first) return { outcomes, reshaped: new Set(), committed: () => {} }
  await sql`update store_state set revision = ${revision}`.execute(transaction)
  const changed = [...places.values()].filter(({ before, now }) => before !== now)
  await write(database, transaction, changed)
  const committed = told.length > 0 ? await history?.appendIn(transaction, told) : undefined
  if (database.shared) await announce(committing, transaction, outcomes.flatMap(outcome => outcome.is === 'done' ? outcome.changes : []))
  return { outcomes, reshaped: new Set(changed.flatMap(({ kind, before, now }) => before && now ? [] : [kind])), committed: () => committed?.() }
}

const keyOf = (kind: RecordKind, name: string) => `${kind}\n${name}`

async function placesOf<E>({ known }: Committing<E>, transaction: Transaction<NoTables>, items: readonly Item<E>[]): Promise<Map<string, Place>> {
  const places = new Map<string, Place>()
  for (const { writes } of items)
    for (const { kind, name } of writes) {
      const key = keyOf(kind, name)
      if (places.has(key)) continue
      const before = known(kind, name) ?? await lookUp(transaction, kind, name)
      places.set(key, { kind, name, before, now: before })
    }
  return places
}

async function lookUp(transaction: Transaction<NoTables>, kind: RecordKind, name: string): Promise<Current | undefined> {
  if (name.includes('\0')) return undefined
  const { rows: [row] } = await sql<{ revision: number; value: string }>`select revision, value from records where kind = ${kind} and name = ${name}`.execute(transaction)
  return row && { revision: row.revision, text: row.value }
}

/** Changes the places, or leaves them as they are where one of its writes is refused. */
function outcomeOf<E>({ writes, texts }: Item<E>, places: ReadonlyMap<string, Place>, revision: number): Outcome {
  const undo: (() => void)[] = []
  const changes = new Map<string, Change>()
  try {
    const results = writes.map((write, index): Row | undefined => {
      const { kind, name } = write
      const key = keyOf(kind, name)
      const place = places.get(key)
      const current = place?.now
      const decision = decide(write, texts[index], current)
      if (decision.is !== 'nothing' && place) {
        undo.push(() => { place.now = current })
        place.now = decision.is === 'put' ? { revision, text: decision.text } : undefined
        changes.set(key, { kind, name, revision, deleted: decision.is === 'delete' })
      }
      return place?.now && { kind, name, ...place.now }
    })
    return { is: 'done', results, changes: [...changes.values()] }
  } catch (error) {
    for (const back of undo.reverse()) back()
    return { is: 'refused', error }
  }
}

async function write(database: Database, transaction: Transaction<NoTables>, changed: readonly Place[]): Promise<void> {
  const put = changed.flatMap(({ kind, name, now }) => now ? [[kind, name, now.revision, now.text]] : [])
  const gone = changed.flatMap(({ kind, name, now }) => now ? [] : [[kind, name]])
  await database.upsertMany(transaction, 'records', ['kind', 'name'], { kind: 'text', name: 'text', revision: 'bigint', value: 'text' }, put)
  await database.deleteMany(transaction, 'records', { kind: 'text', name: 'text' }, gone)
  const grown = new Map<RecordKind, number>()
  for (const { kind, before, now } of changed) grown.set(kind, (grown.get(kind) ?? 0) + Number(now !== undefined) - Number(before !== undefined))
  for (const [kind, by] of grown)
    if (by !== 0) await sql`insert into record_counts (kind, count) values (${kind}, ${by}) on conflict (kind) do update set count = record_counts.count + excluded.count`.execute(transaction)
}

async function announce<E>({ database, channel }: Committing<E>, transaction: Transaction<NoTables>, changes: readonly Change[]): Promise<void> {
  const deleted = changes.filter(change => change.deleted)
  if (deleted.length > 0) {
    await database.insertMany(transaction, 'record_tombstones', { revision: 'bigint', kind: 'text', name: 'text' }, deleted.map(({ revision, kind, name }) => [revision, kind, name]))
    await sql`delete from record_tombstones where revision < ${(deleted[0]?.revision ?? 0) - TOMBSTONES_MAX}`.execute(transaction)
  }
  for (const change of changes) await database.notify(transaction, channel, JSON.stringify(change))
}

/** The store in an SQL database. A write is one transaction; everybody who shares the database hears of it after it is committed. */
import { Fault } from '@vamp/model/fault'
import type { Transaction } from 'kysely'
import { type Listeners, openListeners } from '../../base/listeners.ts'
import type { Database, Durability, NoTables } from '../../base/sql/database.ts'
import { migrate } from '../../base/sql/migrate.ts'
import { type Current, decide } from '../decide.ts'
import { TOMBSTONES_MAX, TRANSACTION_WRITES_MAX } from '../limits.ts'
import type { RecordKind } from '../record.ts'
import { openRecordCache, type RecordCache } from '../record-cache.ts'
import { recordText } from '../record-text.ts'
import type { Change, Expected, Page, Store, Stored, Write } from '../store.ts'
import { type Bookmarks, openBookmarks } from './bookmarks.ts'
import { STORE_MIGRATIONS, type StoreTables } from './tables.ts'

const CHANNEL = 'vamp_store'
/** What reconcilers remember of the world can be seen again after a loss of power: once a second it must not wait for the disk. */
const SEEN_AGAIN: ReadonlySet<RecordKind> = new Set(['deployment-statuses', 'gateway-statuses', 'release-statuses'])
const durabilityOf = (writes: readonly Write[]): Durability => writes.every(({ kind }) => SEEN_AGAIN.has(kind)) ? 'process' : 'power'

/** Greater than every name that starts with the prefix, in byte order. */
const AFTER_ALL = '\u{10FFFF}'

/** Throws `Fault('unsupported')` when the database is from a newer version. Closing the store leaves the database open. */
export async function openSqlStore(database: Database): Promise<Store> {
  await migrate(database, 'store', STORE_MIGRATIONS)
  const store = new SqlStore(database)
  await store.listen()
  return store
}

class SqlStore implements Store {
  readonly #database: Database
  readonly #listeners: Listeners<Change> = openListeners<Change>()
  readonly #cache: RecordCache = openRecordCache()
  readonly #bookmarks: Bookmarks = openBookmarks()
  #unlisten = () => {}
  #closed = false

  constructor(database: Database) {
    this.#database = database
  }

  async listen(): Promise<void> {
    if (!this.#database.shared) return
    let told = await this.revision()
    /** What was told by reading is old when it is heard. */
    let read = 0
    let behind = false
    let reading = false
    let heardMore = false
    const catchUp = async () => {
      heardMore = true
      if (reading) return
      reading = true
      try {
        while (heardMore) {
          heardMore = false
          const changes = await changesSince(this.#database, told)
          for (const change of changes) this.#listeners.tell(change)
          read = told = Math.max(told, changes.at(-1)?.revision ?? 0)
        }
        behind = false
      } catch {
        // The database does not answer again: the next word from it is the next chance.
      } finally {
        reading = false
      }
    }
    this.#unlisten = await this.#database.listen(CHANNEL, payload => {
      if (behind) return void catchUp()
      const change = JSON.parse(payload) as Change
      if (change.revision <= read) return
      told = change.revision
      this.#listeners.tell(change)
    }, () => { behind = true; void catchUp() })
  }

  get #tables() {
    if (this.#closed) throw new Fault('store_unavailable', 'the store is closed')
    return this.#database.kysely.withTables<StoreTables>()
  }

  async get<K extends RecordKind>(kind: K, name: string): Promise<Stored<K> | undefined> {
    const tables = this.#tables
    if (name.includes('\0')) return undefined
    const row = await tables.selectFrom('records').select(['revision', 'value']).where('kind', '=', kind).where('name', '=', name).executeTakeFirst()
    return row && this.#cache.stored(kind, name, row.value, row.revision)
  }

  async list<K extends RecordKind>(kind: K, { prefix = '', offset = 0, limit }: { prefix?: string; offset?: number; limit?: number } = {}): Promise<Page<Stored<K>>> {
    let query = this.#tables.selectFrom('records').where('kind', '=', kind)
    if (prefix) query = query.where('name', '>=', prefix).where('name', '<', prefix + AFTER_ALL)
    const wanted = query.select(['name', 'revision', 'value']).orderBy('name').limit(limit ?? Number.MAX_SAFE_INTEGER)
    // Others who share the database make and delete records as well, and are heard of too late.
    const bookmarks = this.#database.shared || prefix || offset === 0 ? undefined : this.#bookmarks
    const known = bookmarks?.before(kind, offset)
    const found = bookmarks?.reading(kind, offset)
    // Skipping is done on names alone, which the index holds: deep pages cost little more than the first.
    const rest = known ? query.where('name', '>=', known.name) : query
    const first = rest.select('name').orderBy('name').limit(1).offset(offset - (known?.offset ?? 0))
    const rows = await (offset === 0 ? wanted : wanted.where('name', '>=', known?.offset === offset ? known.name : first)).execute()
    if (rows[0]) found?.(rows[0].name)
    const total = limit === undefined && offset === 0 ? rows.length
      : prefix ? (await query.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirst())?.total
        : (await this.#tables.selectFrom('record_counts').select('count').where('kind', '=', kind).executeTakeFirst())?.count
    return { items: rows.map(row => this.#cache.stored(kind, row.name, row.value, row.revision)), total: total ?? 0 }
  }

  async put<K extends RecordKind>(kind: K, name: string, value: Stored<K>['value'], expected: Expected = 'any'): Promise<Stored<K>> {
    const write: Write<K> = { do: 'put', kind, name, value, expected }
    const text = recordText(kind, name, value)
    // Most puts of reconcilers say what is known: those need no transaction.
    const current = await this.get(kind, name)
    const known = current && { revision: current.revision, text: JSON.stringify(current.value) }
    if (current && decide(write as Write, text, known).is === 'nothing') return current
    return (await this.transaction([write as Write]))[0] as Stored<K>
  }

  async delete(kind: RecordKind, name: string, expected: Expected = 'any'): Promise<boolean> {
    const write: Write = { do: 'delete', kind, name, expected }
    return (await this.#commit([write])).changes.length > 0
  }

  async transaction(writes: readonly Write[]): Promise<readonly (Stored | undefined)[]> {
    return (await this.#commit(writes)).results
  }

  async #commit(writes: readonly Write[]): Promise<Outcome> {
    if (this.#closed) throw new Fault('store_unavailable', 'the store is closed')
    if (writes.length > TRANSACTION_WRITES_MAX) throw new Fault('too_large', `a transaction may have ${TRANSACTION_WRITES_MAX} writes`, { writes: writes.length })
    const texts = writes.map(write => write.do === 'put' ? recordText(write.kind, write.name, write.value) : undefined)
    if (writes.length === 0) return { results: [], changes: [] }
    try {
      const outcome = await this.#database.write(durabilityOf(writes), transaction => commit({ database: this.#database, cache: this.#cache, bookmarks: this.#bookmarks }, transaction, writes, texts))
      if (!this.#database.shared) for (const change of outcome.changes) this.#listeners.tell(change)
      return outcome
    } catch (error) {
      if (error instanceof NothingChanged) return { results: error.results, changes: [] }
      throw error
    }
  }

  watch(listener: (change: Change) => void): () => void {
    return this.#listeners.add(listener)
  }

  async revision(): Promise<number> {
    return (await this.#tables.selectFrom('store_state').select('revision').executeTakeFirstOrThrow()).revision
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#unlisten()
  }
}

interface Outcome { readonly results: readonly (Stored | undefined)[]; readonly changes: readonly Change[] }

/** Takes the transaction back, so that what changes nothing has no revision. */
class NothingChanged extends Error {
  readonly results: Outcome['results']

  constructor(results: Outcome['results']) {
    super('nothing changed')
    this.results = results
  }
}

interface Committing { readonly database: Database; readonly cache: RecordCache; readonly bookmarks: Bookmarks }

async function commit({ database, cache, bookmarks }: Committing, transaction: Transaction<NoTables>, writes: readonly Write[], texts: readonly (string | undefined)[]): Promise<Outcome> {
  const tables = transaction.withTables<StoreTables>()
  const { revision } = await tables.updateTable('store_state').set(({ eb }) => ({ revision: eb('revision', '+', 1) })).returning('revision').executeTakeFirstOrThrow()
  const results: (Stored | undefined)[] = []
  const changes = new Map<string, Change>()
  const grown = new Map<RecordKind, number>()
  for (const [index, write] of writes.entries()) {
    const { kind, name } = write
    const row = await tables.selectFrom('records').select(['revision', 'value']).where('kind', '=', kind).where('name', '=', name).executeTakeFirst()
    const current: Current | undefined = row && { revision: row.revision, text: row.value }
    const decision = decide(write, texts[index], current)
    if (decision.is === 'nothing') {
      results.push(current && cache.stored(kind, name, current.text, current.revision))
      continue
    }
    const deleted = decision.is === 'delete'
    if (deleted) await tables.deleteFrom('records').where('kind', '=', kind).where('name', '=', name).execute()
    else await tables.insertInto('records').values({ kind, name, revision, value: decision.text })
      .onConflict(conflict => conflict.columns(['kind', 'name']).doUpdateSet({ revision, value: decision.text })).execute()
    changes.set(JSON.stringify([kind, name]), { kind, name, revision, deleted })
    grown.set(kind, (grown.get(kind) ?? 0) + Number(!deleted) - Number(current !== undefined))
    results.push(deleted ? undefined : cache.stored(kind, name, decision.text, revision))
  }
  if (changes.size === 0) throw new NothingChanged(results)
  await count(tables, grown)
  for (const [kind, by] of grown) if (by !== 0 || [...changes.values()].some(change => change.kind === kind && change.deleted)) bookmarks.forget(kind)
  if (database.shared) await announce(database, transaction, [...changes.values()])
  return { results, changes: [...changes.values()] }
}

async function count(tables: Transaction<StoreTables>, grown: ReadonlyMap<RecordKind, number>): Promise<void> {
  for (const [kind, by] of grown) {
    if (by === 0) continue
    await tables.insertInto('record_counts').values({ kind, count: by })
      .onConflict(conflict => conflict.column('kind').doUpdateSet(({ eb }) => ({ count: eb('record_counts.count', '+', by) }))).execute()
  }
}

async function announce(database: Database, transaction: Transaction<NoTables>, changes: readonly Change[]): Promise<void> {
  const deleted = changes.filter(change => change.deleted)
  if (deleted.length > 0) {
    const tables = transaction.withTables<StoreTables>()
    await database.insertMany(transaction, 'record_tombstones', { revision: 'bigint', kind: 'text', name: 'text' }, deleted.map(({ revision, kind, name }) => [revision, kind, name]))
    const oldest = (deleted[0]?.revision ?? 0) - TOMBSTONES_MAX
    await tables.deleteFrom('record_tombstones').where('revision', '<', oldest).execute()
  }
  for (const change of changes) await database.notify(transaction, CHANNEL, JSON.stringify(change))
}

/** The newest change of each record since the revision; in order. */
async function changesSince(database: Database, revision: number): Promise<Change[]> {
  const tables = database.kysely.withTables<StoreTables>()
  const live = await tables.selectFrom('records').select(['kind', 'name', 'revision']).where('revision', '>', revision).execute()
  const gone = await tables.selectFrom('record_tombstones').select(['kind', 'name', 'revision']).where('revision', '>', revision).execute()
  return [...live.map(row => ({ ...row, deleted: false })), ...gone.map(row => ({ ...row, deleted: true }))]
    .map(row => ({ ...row, kind: row.kind as RecordKind }))
    .sort((a, b) => a.revision - b.revision)
}

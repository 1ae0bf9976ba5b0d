/** The store in an SQL database. A write is one transaction; everybody who shares the database hears of it after it is committed. */
import type { NewEvent } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { type RawBuilder, sql } from 'kysely'
import { type GroupCommit, openGroupCommit } from '../../base/group-commit.ts'
import { type Listeners, openListeners } from '../../base/listeners.ts'
import type { Database, Durability } from '../../base/sql/database.ts'
import { migrate } from '../../base/sql/migrate.ts'
import { type Current, decide } from '../decide.ts'
import { COMMIT_WRITES_MAX, KNOWN_PAGE_MAX, PENDING_BYTES_MAX, PENDING_WRITES_MAX, TRANSACTION_WRITES_MAX } from '../limits.ts'
import type { RecordKind } from '../record.ts'
import { type Cached, openRecordCache, type RecordCache } from '../record-cache.ts'
import { recordText, stored } from '../record-text.ts'
import type { Change, Expected, Page, Store, Stored, Write } from '../store.ts'
import { type Bookmarks, openBookmarks } from './bookmarks.ts'
import { commit, type History, type Item } from './commit.ts'
import { STORE_MIGRATIONS, type StoreTables } from './tables.ts'

const CHANNEL = 'vamp_store'
/** What reconcilers remember of the world can be seen again after a loss of power: once a second it must not wait for the disk. */
const SEEN_AGAIN: ReadonlySet<RecordKind> = new Set(['deployment-statuses', 'gateway-statuses', 'release-statuses'])

/** Greater than every name that starts with the prefix, in byte order. */
const AFTER_ALL = '\u{10FFFF}'

/** Throws `Fault('unsupported')` when the database is from a newer version. Closing the store leaves the database open. */
export async function openSqlStore<E = never>(database: Database, history?: History<E>): Promise<Store> {
  await migrate(database, 'store', STORE_MIGRATIONS)
  const store = new SqlStore(database, history)
  await store.listen()
  return store
}

class SqlStore<E> implements Store {
  readonly #database: Database
  readonly #listeners: Listeners<Change> = openListeners<Change>()
  readonly #cache: RecordCache = openRecordCache()
  readonly #bookmarks: Bookmarks = openBookmarks()
  readonly #history: History<E> | undefined
  readonly #group: GroupCommit<Item<E>, Done & { is: 'done' } | { is: 'refused'; error: unknown }>
  /** Records of a kind, until one is made or gone. */
  readonly #totals = new Map<RecordKind, number>()
  /** Of this process, so far. */
  #commits = 0
  #unlisten = () => {}
  #closed = false

  constructor(database: Database, history: History<E> | undefined) {
    this.#database = database
    this.#history = history
    this.#group = openGroupCommit({
      commit: items => this.#commit(items), batchCountMax: COMMIT_WRITES_MAX, waitingMax: { count: PENDING_WRITES_MAX, bytes: PENDING_BYTES_MAX },
      tooFast: 'writes arrive faster than the database takes them: send them more slowly',
    })
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

  /** Only who is alone with the database knows what is there without asking it. */
  #known(kind: RecordKind, name: string): Cached | undefined {
    return this.#database.shared ? undefined : this.#cache.known(kind, name)
  }

  /** What was read before somebody wrote is given, but not remembered. */
  #read<K extends RecordKind>(since: number, kind: K, name: string, text: string, revision: number): Stored<K> {
    return since === this.#commits ? this.#cache.stored(kind, name, text, revision) : stored(kind, name, text, revision)
  }

  async get<K extends RecordKind>(kind: K, name: string): Promise<Stored<K> | undefined> {
    const tables = this.#tables
    const known = this.#known(kind, name)
    if (known) return known.record as Stored<K>
    if (name.includes('\0')) return undefined
    const since = this.#commits
    const { rows: [row] } = await sql<{ revision: number; value: string }>`select revision, value from records where kind = ${kind} and name = ${name}`.execute(tables)
    return row && this.#read(since, kind, name, row.value, row.revision)
  }

  async list<K extends RecordKind>(kind: K, { prefix = '', offset = 0, limit }: { prefix?: string; offset?: number; limit?: number } = {}): Promise<Page<Stored<K>>> {
    const tables = this.#tables
    // Others who share the database make and delete records as well, and are heard of too late.
    const bookmarks = this.#database.shared || prefix || offset === 0 ? undefined : this.#bookmarks
    const known = bookmarks?.before(kind, offset)
    const found = bookmarks?.reading(kind, offset)
    const within = prefix ? sql`kind = ${kind} and name >= ${prefix} and name < ${prefix + AFTER_ALL}` : sql`kind = ${kind}`
    // Skipping is done on names alone, which the index holds: deep pages cost little more than the first.
    const begin = known?.offset === offset ? sql`${known.name}` : sql`(select name from records where ${within} ${known ? sql`and name >= ${known.name}` : sql``} order by name limit 1 offset ${offset - (known?.offset ?? 0)})`
    const page = sql`where ${within} ${offset === 0 ? sql`` : sql`and name >= ${begin}`} order by name limit ${limit ?? Number.MAX_SAFE_INTEGER}`
    // A page of what is known by heart needs the names only, which the index holds; so does the whole of a kind that has no more than a page.
    const most = this.#database.shared ? undefined : limit ?? (prefix || offset > 0 ? undefined : await this.#total(kind))
    const items = most !== undefined && most <= KNOWN_PAGE_MAX ? await this.#knownPage(kind, page) : await this.#page(kind, page)
    if (items[0]) found?.(items[0].name)
    if (limit === undefined && offset === 0) return { items, total: items.length }
    return { items, total: prefix ? (await sql<{ total: number }>`select count(*) as total from records where ${within}`.execute(tables)).rows[0]?.total ?? 0 : await this.#total(kind) }
  }

  async #page<K extends RecordKind>(kind: K, page: RawBuilder<unknown>): Promise<Stored<K>[]> {
    const since = this.#commits
    const { rows } = await sql<{ name: string; revision: number; value: string }>`select name, revision, value from records ${page}`.execute(this.#tables)
    return rows.map(row => this.#read(since, kind, row.name, row.value, row.revision))
  }

  async #knownPage<K extends RecordKind>(kind: K, page: RawBuilder<unknown>): Promise<Stored<K>[]> {
    const since = this.#commits
    const { rows } = await sql<{ name: string }>`select name from records ${page}`.execute(this.#tables)
    const known = rows.flatMap(({ name }) => this.#cache.known(kind, name)?.record ?? []) as Stored<K>[]
    return known.length === rows.length && since === this.#commits ? known : await this.#page(kind, page)
  }

  async #total(kind: RecordKind): Promise<number> {
    const known = this.#database.shared ? undefined : this.#totals.get(kind)
    if (known !== undefined) return known
    const since = this.#commits
    const { rows: [row] } = await sql<{ count: number }>`select count from record_counts where kind = ${kind}`.execute(this.#tables)
    if (since === this.#commits) this.#totals.set(kind, row?.count ?? 0)
    return row?.count ?? 0
  }

  async put<K extends RecordKind>(kind: K, name: string, value: Stored<K>['value'], expected: Expected = 'any'): Promise<Stored<K>> {
    const write: Write<K> = { do: 'put', kind, name, value, expected }
    const text = recordText(kind, name, value)
    // Most puts of reconcilers say what is known: those need no transaction.
    const current = await this.get(kind, name)
    const known = current && { revision: current.revision, text: this.#known(kind, name)?.text ?? JSON.stringify(current.value) }
    if (current && decide(write as Write, text, known).is === 'nothing') return current
    return (await this.transaction([write as Write]))[0] as Stored<K>
  }

  async delete(kind: RecordKind, name: string, expected: Expected = 'any'): Promise<boolean> {
    const write: Write = { do: 'delete', kind, name, expected }
    if (await this.get(kind, name) === undefined && decide(write, undefined, undefined).is === 'nothing') return false
    return (await this.#add([write], [])).changes.length > 0
  }

  async transaction(writes: readonly Write[], told: readonly NewEvent[] = []): Promise<readonly (Stored | undefined)[]> {
    return (await this.#add(writes, told)).results
  }

  async #add(writes: readonly Write[], told: readonly NewEvent[]): Promise<Done> {
    if (this.#closed) throw new Fault('store_unavailable', 'the store is closed')
    if (writes.length > TRANSACTION_WRITES_MAX) throw new Fault('too_large', `a transaction may have ${TRANSACTION_WRITES_MAX} writes`, { writes: writes.length })
    if (told.length > 0 && !this.#history) throw new Error('this store was opened without a history')
    const texts = writes.map(write => write.do === 'put' ? recordText(write.kind, write.name, write.value) : undefined)
    const item: Item<E> = { writes, texts, told: told.length > 0 ? this.#history?.prepare(told) ?? [] : [] }
    if (writes.length === 0) return { results: [], changes: [] }
    return await this.#group.add(item, { count: writes.length, bytes: texts.reduce((sum, text) => sum + (text?.length ?? 0), 0) }).then(each => {
      if (each.is === 'refused') throw each.error
      return each
    })
  }

  async #commit(items: readonly Item<E>[]): Promise<(Done & { is: 'done' } | { is: 'refused'; error: unknown })[]> {
    const [database, history] = [this.#database, this.#history]
    const known = (kind: RecordKind, name: string): Current | undefined => { const cached = this.#known(kind, name); return cached && { text: cached.text, revision: cached.record.revision } }
    const durability: Durability = items.some(({ writes }) => writes.some(({ kind }) => !SEEN_AGAIN.has(kind))) ? 'power' : 'process'
    const { outcomes, reshaped, committed } = await database.write(durability, transaction => commit({ database, channel: CHANNEL, history, known }, transaction, items))
    this.#commits++
    const done = outcomes.map(outcome => outcome.is === 'refused' ? outcome : {
      is: 'done' as const, changes: outcome.changes,
      results: outcome.results.map(row => row && this.#cache.stored(row.kind, row.name, row.text, row.revision)),
    })
    const changes = done.flatMap(outcome => outcome.is === 'done' ? outcome.changes : [])
    // A name that was written again in the same batch is known again.
    const newest = new Map(changes.map(change => [`${change.kind}\n${change.name}`, change]))
    for (const { kind, name, deleted } of newest.values()) if (deleted) this.#cache.forget(kind, name)
    for (const kind of reshaped) {
      this.#bookmarks.forget(kind)
      this.#totals.delete(kind)
    }
    committed()
    if (!database.shared) for (const change of changes) this.#listeners.tell(change)
    return done
  }

  watch(listener: (change: Change) => void): () => void {
    return this.#listeners.add(listener)
  }

  async revision(): Promise<number> {
    return (await this.#tables.selectFrom('store_state').select('revision').executeTakeFirstOrThrow()).revision
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#group.drained()
    this.#unlisten()
  }
}

interface Done { readonly results: readonly (Stored | undefined)[]; readonly changes: readonly Change[] }

/** The newest change of each record since the revision; in order. */
async function changesSince(database: Database, revision: number): Promise<Change[]> {
  const tables = database.kysely.withTables<StoreTables>()
  const live = await tables.selectFrom('records').select(['kind', 'name', 'revision']).where('revision', '>', revision).execute()
  const gone = await tables.selectFrom('record_tombstones').select(['kind', 'name', 'revision']).where('revision', '>', revision).execute()
  return [...live.map(row => ({ ...row, deleted: false })), ...gone.map(row => ({ ...row, deleted: true }))]
    .map(row => ({ ...row, kind: row.kind as RecordKind }))
    .sort((a, b) => a.revision - b.revision)
}

/**
 * The event log in an SQL database. Events are not worth a disk flush each: in the embedded database they survive every end of
 * the process, and a loss of power may take the last moments. In PostgreSQL they survive both.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Event, NewEvent } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { sql, type Transaction } from 'kysely'
import { type GroupCommit, openGroupCommit } from '../../base/group-commit.ts'
import type { Database, Durability, NoTables } from '../../base/sql/database.ts'
import { migrate } from '../../base/sql/migrate.ts'
import { aggregation, criteria, grouping, pageBounds, tooManyGroups } from '../criteria.ts'
import { type Entry, entries, eventId, eventOf, sequenceOf, sizeOf } from '../entry.ts'
import type { Aggregator, EventLog, EventQuery, Group, Grouping, PrunedTypes } from '../event-log.ts'
import { CATCH_UP_EVENTS, COMMIT_EVENTS_MAX, GROUPS_MAX, PENDING_BYTES_MAX, PENDING_EVENTS_MAX, PRUNE_EVENTS } from '../limits.ts'
import { following, openSubscriptions, type Source, type Subscriptions } from '../subscriptions.ts'
import { afterQuery, countQuery, type EventRow, groupsQuery, pageQuery, typesCondition } from './select.ts'
import { EVENT_COLUMNS, EVENT_MIGRATIONS, TAG_COLUMNS } from './tables.ts'

const CHANNEL = 'vamp_events'
const DURABILITY: Durability = 'process'

/** Also for whoever has a transaction of their own in the same database: what is appended in it comes into force with it. */
export interface SqlEventLog extends EventLog {
  /** All of them or none. Throws `Fault('invalid'|'too_large')`. */
  prepare(events: readonly NewEvent[]): readonly Entry[]
  /** Returns what is to be called as soon as the transaction has been committed. */
  appendIn(transaction: Transaction<NoTables>, prepared: readonly Entry[]): Promise<() => void>
}

/** Throws `Fault('unsupported')` when the database is from a newer version. Closing the log leaves the database open. */
export async function openSqlEventLog({ database, clock }: { database: Database; clock: Clock }): Promise<SqlEventLog> {
  await migrate(database, 'event', EVENT_MIGRATIONS)
  const log = new OpenSqlEventLog(database, clock)
  await log.listen()
  return log
}

class OpenSqlEventLog implements SqlEventLog {
  readonly #database: Database
  readonly #clock: Clock
  readonly #source: Source
  readonly #subscriptions: Subscriptions
  readonly #group: GroupCommit<readonly Entry[], number>
  /** The newest sequence that subscribers may know. */
  #last = 0
  /** The newest sequence heard of; what is between is being read. */
  #heard = 0
  #following = false
  #unlisten = () => {}
  #closed = false

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
    this.#group = openGroupCommit({
      commit: batch => this.#commit(batch), batchCountMax: COMMIT_EVENTS_MAX, waitingMax: { count: PENDING_EVENTS_MAX, bytes: PENDING_BYTES_MAX },
      tooFast: 'events arrive faster than the database takes them: send them more slowly',
    })
    this.#source = { last: () => this.#last, newest: () => this.#heard, read: (after, limit) => this.#read(after, limit) }
    this.#subscriptions = openSubscriptions(this.#source)
  }

  async listen(): Promise<void> {
    const newest = async () => (await sql<{ last: number }>`select last from event_state`.execute(this.#database.kysely)).rows[0]?.last ?? 0
    this.#unlisten = await this.#database.listen(CHANNEL, payload => this.#hear(Number(payload)), () => {
      void newest().then(last => this.#hear(last), () => {})
    })
    this.#last = this.#heard = await newest()
  }

  async append(events: readonly NewEvent[]): Promise<readonly Event[]> {
    const given = this.prepare(events)
    if (given.length === 0) return []
    const first = await this.#group.add(given, sizeOf(given))
    return given.map((entry, index) => eventOf(first + index, entry))
  }

  prepare(events: readonly NewEvent[]): readonly Entry[] {
    this.#demandOpen()
    return entries(events, this.#clock.now())
  }

  async appendIn(transaction: Transaction<NoTables>, prepared: readonly Entry[]): Promise<() => void> {
    const first = await this.#insert(transaction, prepared)
    return () => this.#committed(first, prepared)
  }

  async #commit(batch: readonly (readonly Entry[])[]): Promise<number[]> {
    const all = batch.flat()
    let next = await this.#database.write(DURABILITY, transaction => this.#insert(transaction, all))
    this.#committed(next, all)
    return batch.map(({ length }) => { const first = next; next += length; return first })
  }

  /** The sequence of the first one. */
  async #insert(transaction: Transaction<NoTables>, all: readonly Entry[]): Promise<number> {
    const moved = sql`update event_state set last = last + ${all.length} returning last`
    // Whoever listens hears it when the transaction is committed, so it may be said at once, on the same way there and back.
    const { rows } = await (this.#database.shared ? sql<{ last: number }>`with moved as (${moved}) select last, pg_notify(${CHANNEL}, last::text) from moved` : sql<{ last: number }>`${moved}`).execute(transaction)
    const start = (rows[0]?.last ?? 0) - all.length + 1
    await this.#database.insertMany(transaction, 'events', EVENT_COLUMNS, all.map(({ at, type, tags, value }, index) => [start + index, at, type, JSON.stringify(tags), value ?? null]))
    await this.#database.insertMany(transaction, 'event_tags', TAG_COLUMNS, all.flatMap(({ at, tags }, index) => tags.map(tag => [tag, at, start + index])))
    return start
  }

  #committed(first: number, all: readonly Entry[]): void {
    const last = first + all.length - 1
    if (this.#database.shared) { this.#hear(last); return }
    // Two that were committed one after the other may be told of the other way round; subscriptions read what they miss.
    this.#last = this.#heard = Math.max(this.#last, last)
    if (this.#subscriptions.size > 0) this.#subscriptions.committed(all.map((entry, index) => eventOf(first + index, entry)))
  }

  #hear(sequence: number): void {
    this.#heard = Math.max(this.#heard, sequence)
    void this.#follow()
  }

  /** Where others append too: reads what was committed, once for all subscribers, in order. */
  async #follow(): Promise<void> {
    if (this.#following) return
    this.#following = true
    try {
      while (this.#last < this.#heard && !this.#closed) {
        const heard = this.#heard
        const events = this.#subscriptions.size > 0 ? await this.#read(this.#last, CATCH_UP_EVENTS) : []
        const newest = events.at(-1)
        // A short page reaches to the end that was there before it was read.
        this.#last = Math.max(newest ? sequenceOf(newest.id) : 0, events.length < CATCH_UP_EVENTS ? heard : 0)
        this.#subscriptions.committed(events)
      }
    } catch {
      // The database does not answer: the next word from it starts again from here.
    } finally {
      this.#following = false
    }
  }

  async #read(after: number, limit: number): Promise<Event[]> {
    const { rows } = await afterQuery(after, limit).execute(this.#database.kysely)
    return rows.map(eventOfRow)
  }

  async query(query: EventQuery, page?: { offset?: number; limit?: number }): Promise<{ events: readonly Event[]; total: number }> {
    this.#demandOpen()
    const wanted = criteria(query)
    const { rows } = await pageQuery(wanted, pageBounds(page)).execute(this.#database.kysely)
    const counted = await countQuery(wanted).execute(this.#database.kysely)
    return { events: rows.map(eventOfRow), total: counted.rows[0]?.count ?? 0 }
  }

  async aggregate(query: EventQuery, aggregator: Aggregator): Promise<number | null> {
    this.#demandOpen()
    const how = aggregation(aggregator)
    const wanted = criteria(query)
    const { flavour, kysely } = this.#database
    if (how.is === 'count') return (await countQuery(wanted).execute(kysely)).rows[0]?.count ?? 0
    const { rows: [all] } = await groupsQuery(flavour, wanted, how, {}, 1).execute(kysely)
    return all && all.count > 0 ? all.value : null
  }

  async aggregateBy(query: EventQuery, aggregator: Aggregator, by: Grouping): Promise<readonly Group[]> {
    this.#demandOpen()
    const { rows } = await groupsQuery(this.#database.flavour, criteria(query), aggregation(aggregator), grouping(by), GROUPS_MAX + 1).execute(this.#database.kysely)
    if (rows.length > GROUPS_MAX) throw tooManyGroups()
    return rows.flatMap(({ time, tag, value, count }) => count > 0 && value !== null ? [{ ...(time === null ? {} : { time }), ...(tag === null ? {} : { tag }), value }] : [])
  }

  async following(after: string, query: EventQuery, limit: number): Promise<{ events: readonly Event[]; next: string; atEnd: boolean }> {
    this.#demandOpen()
    return await following(this.#source, after, criteria(query), limit)
  }

  subscribe(query: EventQuery, listener: (event: Event) => void, after?: string): () => void {
    this.#demandOpen()
    return this.#subscriptions.add(criteria(query), listener, after === undefined ? undefined : sequenceOf(after))
  }

  newest(): string {
    return eventId(this.#heard)
  }

  async prune(olderThan: number, types?: PrunedTypes): Promise<number> {
    this.#demandOpen()
    let pruned = 0
    for (;;) {
      const removed = await this.#database.write(DURABILITY, async transaction => {
        const { rows } = await sql<EventRow>`select sequence, at, tags from events where at < ${Math.ceil(olderThan)} and ${typesCondition(types)} order by at limit ${PRUNE_EVENTS}`.execute(transaction)
        await this.#database.deleteMany(transaction, 'event_tags', TAG_COLUMNS, rows.flatMap(({ tags, at, sequence }) => (JSON.parse(tags) as string[]).map(tag => [tag, at, sequence])))
        await this.#database.deleteMany(transaction, 'events', { sequence: 'bigint' }, rows.map(({ sequence }) => [sequence]))
        return rows.length
      })
      pruned += removed
      if (removed < PRUNE_EVENTS) return pruned
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  #demandOpen(): void {
    if (this.#closed) throw new Fault('store_unavailable', 'the event log is closed')
  }

  /** What was accepted before is still made durable. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#group.drained()
    this.#unlisten()
    this.#subscriptions.close()
  }
}

function eventOfRow({ sequence, at, type, tags, value }: EventRow): Event {
  return eventOf(sequence, { at, type, tags: JSON.parse(tags) as string[], value: value ?? undefined })
}

/**
 * Subscriptions are cursors into the log. One that is at the end is told of each commit directly; one that is behind, because
 * it asked for the past or missed something, reads its way to the end in pages. Nothing is buffered for anybody, so there is
 * neither a gap nor a double between the past and the present, and a subscription costs no memory.
 *
 * A listener is called synchronously and must take what it is told: how much it keeps for a slow reader is its own bound.
 */
import type { Event } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { type Criteria, matches } from './criteria.ts'
import { eventId, sequenceOf } from './entry.ts'
import { CATCH_UP_EVENTS, QUERY_EVENTS_MAX, SUBSCRIPTIONS_MAX } from './limits.ts'

export interface Source {
  /** The newest sequence that subscribers may be told of. */
  last(): number
  /** The newest sequence that is known to be there; what lies between is on its way. */
  newest(): number
  /** Events after the sequence, in order, at most `limit`; fewer than that means that there are no more. */
  read(after: number, limit: number): Promise<readonly Event[]>
}

/** `EventLog.following` over a source; of what is on its way nothing is given yet. */
export async function following(source: Source, after: string, criteria: Criteria, limit: number): Promise<{ events: Event[]; next: string; atEnd: boolean }> {
  const end = source.last()
  // An id from the future is one of another database.
  const position = Math.min(after === '' ? 0 : sequenceOf(after), end)
  const count = Math.max(1, Math.min(QUERY_EVENTS_MAX, Math.trunc(limit)))
  const seen = (await source.read(position, count)).filter(({ id }) => sequenceOf(id) <= end)
  const newest = seen.at(-1)
  const next = seen.length < count ? end : newest ? sequenceOf(newest.id) : end
  return { events: seen.filter(event => matches(criteria, event)), next: eventId(next), atEnd: next >= source.last() }
}

export interface Subscriptions {
  /** `after`: a sequence; from now on by default. Returns what ends it. */
  add(criteria: Criteria, listener: (event: Event) => void, after?: number): () => void
  /** To be called once per commit, in order, after `last` has moved. Without the events each subscription reads them. */
  committed(events?: readonly Event[]): void
  /** Open ones. */
  readonly size: number
  close(): void
}

interface Cursor { readonly criteria: Criteria; readonly listener: (event: Event) => void; position: number; catchingUp: boolean; ended: boolean }

export function openSubscriptions(source: Source): Subscriptions {
  const cursors = new Set<Cursor>()

  function tell(cursor: Cursor, event: Event): void {
    if (cursor.ended || !matches(cursor.criteria, event)) return
    try {
      cursor.listener(event)
    } catch (error) {
      queueMicrotask(() => { throw error })
    }
  }

  async function catchUp(cursor: Cursor): Promise<void> {
    cursor.catchingUp = true
    try {
      while (!cursor.ended && cursor.position < source.last()) {
        const end = source.last()
        const events = await source.read(cursor.position, CATCH_UP_EVENTS)
        for (const event of events) tell(cursor, event)
        const newest = events.at(-1)
        // What was pruned is no gap: a short page reaches to the end that was there before it was read.
        cursor.position = Math.max(newest ? sequenceOf(newest.id) : 0, events.length < CATCH_UP_EVENTS ? end : 0)
        // A database in this process answers without ever leaving the turn; others must get theirs.
        await new Promise(resolve => setImmediate(resolve))
      }
    } catch {
      // The database does not answer: the next commit finds this cursor behind, and it starts again from where it is.
    } finally {
      cursor.catchingUp = false
    }
  }

  return {
    add(criteria, listener, after) {
      if (cursors.size >= SUBSCRIPTIONS_MAX) throw new Fault('too_large', `${SUBSCRIPTIONS_MAX} subscriptions are open`, {})
      const newest = source.newest()
      // An id from the future is one of another database: there is nothing to repeat.
      const cursor: Cursor = { criteria, listener, position: Math.min(after ?? newest, newest), catchingUp: false, ended: false }
      cursors.add(cursor)
      if (cursor.position < source.last()) void catchUp(cursor)
      return () => { cursor.ended = true; cursors.delete(cursor) }
    },
    committed(events = []) {
      const first = events[0] ? sequenceOf(events[0].id) : undefined
      for (const cursor of cursors) {
        if (cursor.catchingUp) continue
        if (cursor.position + 1 === first) {
          // A listener may append: what it appends is for after these.
          cursor.catchingUp = true
          for (const event of events) tell(cursor, event)
          cursor.position += events.length
          cursor.catchingUp = false
        }
        if (cursor.position < source.last()) void catchUp(cursor)
      }
    },
    get size() { return cursors.size },
    close() {
      for (const cursor of cursors) cursor.ended = true
      cursors.clear()
    },
  }
}

/** The log without a disk: for tests, and for installations that may forget. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Event, NewEvent } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { type Aggregation, aggregate, aggregation, type Criteria, criteria, grouping, matches, numberAt, pageBounds, tooManyGroups } from '../criteria.ts'
import { type Entry, entries, eventId, eventOf, sequenceOf } from '../entry.ts'
import type { EventLog, Group, Grouping } from '../event-log.ts'
import { GROUPS_MAX, MEMORY_EVENTS_MAX } from '../limits.ts'
import { following, openSubscriptions, type Source } from '../subscriptions.ts'

/** Also for the store in memory, which tells of its writes in the same moment. */
export interface MemoryEventLog extends EventLog {
  /** All of them or none. Throws `Fault('invalid'|'too_large')`. */
  prepare(events: readonly NewEvent[]): readonly Entry[]
  appendNow(prepared: readonly Entry[]): readonly Event[]
}

export function openMemoryEventLog({ clock }: { clock: Clock }): MemoryEventLog {
  let events: Event[] = []
  let last = 0
  let closed = false
  const source: Source = {
    last: () => last,
    newest: () => last,
    read: async (after, limit) => {
      const start = firstAfter(events, eventId(after))
      return events.slice(start, start + limit)
    },
  }
  const subscriptions = openSubscriptions(source)

  function demandOpen(): void {
    if (closed) throw new Fault('store_unavailable', 'the event log is closed')
  }

  function prepare(given: readonly NewEvent[]): readonly Entry[] {
    demandOpen()
    return entries(given, clock.now())
  }

  function appendNow(prepared: readonly Entry[]): readonly Event[] {
    const appended = prepared.map(entry => eventOf(++last, entry))
    events.push(...appended)
    if (events.length > MEMORY_EVENTS_MAX) events = events.slice(-MEMORY_EVENTS_MAX)
    if (appended.length > 0) subscriptions.committed(appended)
    return appended
  }

  return {
    prepare, appendNow,
    async append(given) { return appendNow(prepare(given)) },
    async query(query, page) {
      demandOpen()
      const { offset, limit } = pageBounds(page)
      const wanted = criteria(query)
      // Sorting is stable, and reversed order of append is what is left between equal times.
      const found = events.filter(event => matches(wanted, event)).reverse().sort((a, b) => a.timestamp < b.timestamp ? 1 : a.timestamp > b.timestamp ? -1 : 0)
      return { events: found.slice(offset, offset + limit), total: found.length }
    },
    async aggregate(query, aggregator) {
      demandOpen()
      const how = aggregation(aggregator)
      const [all] = groups(events, criteria(query), how, {})
      return all?.value ?? (how.is === 'count' ? 0 : null)
    },
    async aggregateBy(query, aggregator, by) {
      demandOpen()
      const found = groups(events, criteria(query), aggregation(aggregator), grouping(by))
      if (found.length > GROUPS_MAX) throw tooManyGroups()
      return found
    },
    async following(after, query, limit) { demandOpen(); return await following(source, after, criteria(query), limit) },
    subscribe: (query, listener, after) => { demandOpen(); return subscriptions.add(criteria(query), listener, after === undefined ? undefined : sequenceOf(after)) },
    newest: () => eventId(last),
    async prune(olderThan, types = { except: [] }) {
      demandOpen()
      const before = events.length
      const wanted = (type: string) => typeof types === 'string' ? type === types : !types.except.includes(type)
      events = events.filter(event => Date.parse(event.timestamp) >= olderThan || !wanted(event.type))
      return before - events.length
    },
    async [Symbol.asyncDispose]() { closed = true; subscriptions.close() },
  }
}

/** The index of the first one with a greater id; ids are in order, and of one length. */
function firstAfter(events: readonly Event[], id: string): number {
  let [low, high] = [0, events.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((events[middle]?.id ?? '') > id) high = middle
    else low = middle + 1
  }
  return low
}

function groups(events: readonly Event[], wanted: Criteria, how: Aggregation, { every, tag }: Grouping): Group[] {
  const found = new Map<string, { readonly key: Omit<Group, 'value'>; count: number; readonly numbers: number[] }>()
  for (const event of events) {
    if (!matches(wanted, event)) continue
    const at = Date.parse(event.timestamp)
    for (const name of tag === undefined ? [undefined] : event.tags.filter(name => name.startsWith(`${tag}:`))) {
      const key = { ...(every === undefined ? {} : { time: at - at % every }), ...(name === undefined ? {} : { tag: name }) }
      const id = JSON.stringify([key.time, key.tag])
      const group = found.get(id) ?? { key, count: 0, numbers: [] }
      found.set(id, group)
      group.count++
      const number = how.is === 'count' ? undefined : numberAt(event.value, how.path)
      if (number !== undefined) group.numbers.push(number)
    }
  }
  return [...found.values()]
    .flatMap(({ key, count, numbers }) => { const value = how.is === 'count' ? count : aggregate(how, numbers); return value === undefined ? [] : [{ ...key, value }] })
    .sort((a, b) => (a.time ?? 0) - (b.time ?? 0) || ((a.tag ?? '') < (b.tag ?? '') ? -1 : 1))
}

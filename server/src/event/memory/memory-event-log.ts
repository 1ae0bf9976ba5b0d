/** The log without a disk: for tests, and for installations that may forget. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Event } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { aggregation, criteria, matches, numberAt, pageBounds, percentileRank } from '../criteria.ts'
import { entries, eventOf, sequenceOf } from '../entry.ts'
import type { EventLog } from '../event-log.ts'
import { MEMORY_EVENTS_MAX } from '../limits.ts'
import { openSubscriptions } from '../subscriptions.ts'

export function openMemoryEventLog({ clock }: { clock: Clock }): EventLog {
  let events: Event[] = []
  let last = 0
  let closed = false
  const subscriptions = openSubscriptions({
    last: () => last,
    newest: () => last,
    read: async (after, limit) => {
      const start = events.findIndex(({ id }) => sequenceOf(id) > after)
      return start < 0 ? [] : events.slice(start, start + limit)
    },
  })

  function demandOpen(): void {
    if (closed) throw new Fault('store_unavailable', 'the event log is closed')
  }

  return {
    async append(given) {
      demandOpen()
      const appended = entries(given, clock.now()).map(entry => eventOf(++last, entry))
      events.push(...appended)
      if (events.length > MEMORY_EVENTS_MAX) events = events.slice(-MEMORY_EVENTS_MAX)
      if (appended.length > 0) subscriptions.committed(appended)
      return appended
    },
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
      const wanted = criteria(query)
      const how = aggregation(aggregator)
      const found = events.filter(event => matches(wanted, event))
      if (how.is === 'count') return found.length
      const numbers = found.flatMap(({ value }) => numberAt(value, how.path) ?? []).sort((a, b) => a - b)
      const [min, max] = [numbers[0], numbers.at(-1)]
      if (min === undefined || max === undefined) return null
      switch (how.is) {
        case 'min': return min
        case 'max': return max
        case 'sum': return numbers.reduce((sum, number) => sum + number, 0)
        case 'average': return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
        case 'percentile': {
          const { below, share } = percentileRank(how.fraction, numbers.length)
          const [low = min, high = low] = numbers.slice(below, below + 2)
          return low + (high - low) * share
        }
      }
    },
    subscribe: (query, listener, after) => { demandOpen(); return subscriptions.add(criteria(query), listener, after === undefined ? undefined : sequenceOf(after)) },
    async prune(olderThan, type) {
      demandOpen()
      const before = events.length
      events = events.filter(event => Date.parse(event.timestamp) >= olderThan || (type !== undefined && event.type !== type))
      return before - events.length
    },
    async [Symbol.asyncDispose]() { closed = true; subscriptions.close() },
  }
}

/** What every event log promises; each driver's test runs it with a database of its own. */
import { type VirtualClock, virtualClock } from '@vamp/agent/base/virtual-clock'
import type { Event, NewEvent } from '@vamp/model/event'
import { Fault, type FaultCode } from '@vamp/model/fault'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Aggregator, EventLog, EventQuery } from './event-log.ts'
import { APPEND_EVENTS_MAX, CATCH_UP_EVENTS, GROUPS_MAX, TAG_LENGTH_MAX, TAGS_MAX, TYPE_LENGTH_MAX, VALUE_BYTES_MAX } from './limits.ts'

export interface EventHarness {
  readonly log: EventLog
  /** The server ends and another one starts on the same database; absent where nothing is kept. */
  reopen?(): Promise<EventLog>
  /** A second server on the same database, at the same time; absent where there can be only one. */
  another?(): Promise<EventLog>
  close(): Promise<void>
}

const START = Date.UTC(2026, 0, 1)
const at = (ms: number) => new Date(START + ms).toISOString()
const refused = (code: FaultCode) => expect.toSatisfy((error: unknown) => error instanceof Fault && error.code === code, `a fault '${code}'`)
const values = (events: readonly Event[]) => events.map(({ value }) => value)

export function eventContract(name: string, open: (clock: VirtualClock) => Promise<EventHarness>): void {
  describe(`a ${name} event log`, () => {
    let clock: VirtualClock
    let harness: EventHarness
    let log: EventLog
    beforeEach(async () => { clock = virtualClock(START); harness = await open(clock); log = harness.log })
    afterEach(async () => { await harness.close() })

    const append = async (...events: NewEvent[]) => await log.append(events)
    const found = async (query: EventQuery, page?: { offset?: number; limit?: number }) => { const { events, total } = await log.query(query, page); return [...values(events), `of ${total}`] }

    test('an event gets an id, a time and its tags expanded', async () => {
      const [event] = await append({ tags: ['gateways:shop:web', 'deployed'], value: { weight: 5 } })

      expect(event).toEqual({ id: expect.stringMatching(/^[0-9a-f]{16}$/), timestamp: at(0), type: 'event', tags: ['gateways', 'gateways:shop:web', 'deployed'], value: { weight: 5 } })
      expect(await log.query({})).toEqual({ events: [event], total: 1 })
    })

    test('ids grow in order of append, also when many append at once', async () => {
      const appends = await Promise.all(Array.from({ length: 50 }, (_, index) => append({ tags: ['t'], value: [index, 0] }, { tags: ['t'], value: [index, 1] })))

      expect(values(appends.flat())).toEqual(Array.from({ length: 100 }, (_, index) => [index >> 1, index & 1]))
      const ids = appends.flat().map(({ id }) => id)
      expect(ids).toEqual([...new Set(ids)].sort())
      expect((await log.query({})).total).toBe(100)
    })

    test('any value survives, and none stays none', async () => {
      const given = [null, false, 0, -1.5e300, '', 'größe 漢字 🚀\u0000\ud800"\'', [], {}, { a: [{ b: null }] }]
      await log.append(given.map(value => ({ tags: ['t'], value })))
      await append({ tags: ['none'] })

      const { events } = await log.query({ tags: ['t'] })
      expect(values(events).reverse()).toEqual(given)
      expect((await log.query({ tags: ['none'] })).events[0]).not.toHaveProperty('value')
    })

    test('a timestamp of the producer is kept, in UTC', async () => {
      const [event] = await append({ tags: ['t'], timestamp: '2019-09-17T12:00:00.1234+02:00' })

      expect(event?.timestamp).toBe('2019-09-17T10:00:00.123Z')
    })

    test('queries find by all tags, by type and by time, newest first', async () => {
      await append({ tags: ['a:1', 'b'], value: 1, timestamp: at(-3000) })
      await append({ tags: ['a:2', 'b'], value: 2, timestamp: at(-1000), type: 'metrics' })
      await append({ tags: ['a:1'], value: 3, timestamp: at(-2000) })
      await append({ tags: ['c'], value: 4, timestamp: at(-2000), type: 'metrics' })

      expect(await found({})).toEqual([2, 4, 3, 1, 'of 4'])
      expect(await found({ tags: ['a'] })).toEqual([2, 3, 1, 'of 3'])
      expect(await found({ tags: ['a:1'] })).toEqual([3, 1, 'of 2'])
      expect(await found({ tags: ['a', 'b'] })).toEqual([2, 1, 'of 2'])
      expect(await found({ tags: ['b', 'a', 'a:1', 'b'] })).toEqual([1, 'of 1'])
      expect(await found({ tags: ['a:1', 'a:2'] })).toEqual(['of 0'])
      expect(await found({ tags: ['1'] })).toEqual(['of 0'])
      expect(await found({ type: 'metrics' })).toEqual([2, 4, 'of 2'])
      expect(await found({ tags: ['a'], type: 'metrics' })).toEqual([2, 'of 1'])
      expect(await found({ type: 'no such type' })).toEqual(['of 0'])
      expect(await found({ time: { gte: START - 2000 } })).toEqual([2, 4, 3, 'of 3'])
      expect(await found({ time: { gt: START - 2000 } })).toEqual([2, 'of 1'])
      expect(await found({ time: { lte: START - 2000 } })).toEqual([4, 3, 1, 'of 3'])
      expect(await found({ time: { lt: START - 2000 } })).toEqual([1, 'of 1'])
      expect(await found({ tags: ['a'], time: { gt: START - 3000, lt: START - 1000 } })).toEqual([3, 'of 1'])
      expect(await found({ time: { gt: Number.NEGATIVE_INFINITY, lt: Number.POSITIVE_INFINITY } })).toEqual([2, 4, 3, 1, 'of 4'])
      expect(await found({ time: { gt: START - 2000.5, lt: START - 1999.5 } })).toEqual([4, 3, 'of 2'])
    })

    test('pages follow each other, with the total', async () => {
      for (let value = 0; value < 5; value++) await append({ tags: ['t:x'], value })

      expect(await found({ tags: ['t'] }, { limit: 2 })).toEqual([4, 3, 'of 5'])
      expect(await found({ tags: ['t'] }, { offset: 3, limit: 2 })).toEqual([1, 0, 'of 5'])
      expect(await found({}, { offset: 4 })).toEqual([0, 'of 5'])
      expect(await found({}, { offset: 9 })).toEqual(['of 5'])
      expect(await found({}, { limit: 0 })).toEqual(['of 5'])
    })

    test('tags with the signs of a query language are tags like others', async () => {
      for (const tag of ['%', '_', '\'; drop table events; --', '"', '\\', '$1', '?', 'größe:漢字', 'a:b:c', ':x', 'x:']) {
        await append({ tags: [tag], value: tag })
        expect(await found({ tags: [tag] })).toEqual([tag, 'of 1'])
      }
    })

    test('numbers are aggregated, at the value or inside it', async () => {
      await log.append([4, 1, 3, 2].map(value => ({ tags: ['t'], value, type: 'metrics' })))
      await append({ tags: ['t'], value: 'five', type: 'metrics' }, { tags: ['t'], type: 'metrics' }, { tags: ['t'], value: null, type: 'metrics' }, { tags: ['other'], value: 100 })
      await log.append([10, 20].map(ms => ({ tags: ['n'], value: { latency: { ms }, 'p 99': ms } })))
      await append({ tags: ['n'], value: { latency: 5 } }, { tags: ['n'], value: { latency: { ms: '7' } } }, { tags: ['n'], value: [{ ms: 1 }] }, { tags: ['n'], value: { latency: { ms: true } } })
      const of = (type: Aggregator['type'], tag = 't', field?: string) => log.aggregate({ tags: [tag] }, { type, ...(field === undefined ? {} : { field }) })

      expect(await Promise.all((['count', 'min', 'max', 'sum', 'average'] as const).map(type => of(type)))).toEqual([7, 1, 4, 10, 2.5])
      expect(await Promise.all((['p0', 'p25', 'p50', 'p99', 'p99.9', 'p100'] as const).map(type => of(type)))).toEqual([1, 1.75, 2.5, expect.closeTo(3.97), expect.closeTo(3.997), 4])
      expect(await of('sum', 'n', 'latency.ms')).toBe(30)
      expect(await of('p50', 'n', 'latency.ms')).toBe(15)
      expect(await of('max', 'n', 'p 99')).toBe(20)
      expect(await of('count', 'n', 'latency.ms')).toBe(6)
      expect(await of('max', 'n', 'no.such.field')).toBeNull()
      expect(await of('average', 'nothing')).toBeNull()
      expect(await of('p99', 'nothing')).toBeNull()
      expect(await of('count', 'nothing')).toBe(0)
      expect(await log.aggregate({ type: 'metrics', time: { gt: START } }, { type: 'max' })).toBeNull()
    })

    test('aggregates agree with arithmetic', async () => {
      const numbers = Array.from({ length: 101 }, (_, index) => (index * 37) % 101)
      await log.append(numbers.map(value => ({ tags: ['t'], value: { x: value } })))

      for (const percent of [0, 1, 50, 90, 99, 100]) expect(await log.aggregate({}, { type: `p${percent}`, field: 'x' })).toBeCloseTo(percent, 9)
    })

    test('aggregates come by time bucket, by tag, and by both', async () => {
      const minute = 60_000
      for (const [index, tags] of [['g:a'], ['g:b'], ['g:a', 'g:b'], ['g:a'], ['other']].entries())
        await append({ tags, value: { n: (index + 1) * 10 }, timestamp: at(-2 * minute + index * 30_000) })
      await append({ tags: ['g:c'], value: 'no number', timestamp: at(0) })
      const by = (type: Aggregator['type'], grouping: Parameters<EventLog['aggregateBy']>[2], query: EventQuery = {}) => log.aggregateBy(query, { type, field: 'n' }, grouping)

      expect(await by('sum', { every: minute })).toEqual([{ time: START - 2 * minute, value: 30 }, { time: START - minute, value: 70 }, { time: START, value: 50 }])
      expect(await by('count', { every: minute })).toEqual([{ time: START - 2 * minute, value: 2 }, { time: START - minute, value: 2 }, { time: START, value: 2 }])
      expect(await by('average', { tag: 'g' })).toEqual([{ tag: 'g:a', value: 80 / 3 }, { tag: 'g:b', value: 25 }].map(group => ({ ...group, value: expect.closeTo(group.value) })))
      expect(await by('p50', { tag: 'g' })).toEqual([{ tag: 'g:a', value: 30 }, { tag: 'g:b', value: 25 }])
      expect(await by('count', { tag: 'g' })).toEqual([{ tag: 'g:a', value: 3 }, { tag: 'g:b', value: 2 }, { tag: 'g:c', value: 1 }])
      expect(await by('max', { tag: 'g', every: 2 * minute }, { tags: ['g:b'] })).toEqual([{ time: START - 2 * minute, tag: 'g:a', value: 30 }, { time: START - 2 * minute, tag: 'g:b', value: 30 }])
      expect(await by('p100', { every: minute }, { tags: ['g:a'], type: 'event' })).toEqual([{ time: START - 2 * minute, value: 10 }, { time: START - minute, value: 40 }])
      expect(await by('sum', {})).toEqual([{ value: 150 }])
      expect(await by('sum', { tag: 'nothing' })).toEqual([])
      expect(await by('sum', { every: minute }, { tags: ['nothing'] })).toEqual([])
      await expect(by('sum', { every: 0 })).rejects.toEqual(refused('invalid'))
      await expect(by('sum', { every: 0.5 })).rejects.toEqual(refused('invalid'))
    })

    test('more groups than anybody reads are refused', async () => {
      for (let start = 0; start <= GROUPS_MAX; start += 5000) await log.append(Array.from({ length: 5000 }, (_, index) => ({ tags: [`g:${start + index}`], value: 1 })))
      await append({ tags: ['g:one-more'], value: 1 })

      await expect(log.aggregateBy({}, { type: 'count' }, { tag: 'g' })).rejects.toEqual(refused('too_large'))
      expect(await log.aggregateBy({}, { type: 'count' }, { every: 1000 })).toHaveLength(1)
    })

    test('a question that cannot be understood is refused', async () => {
      for (const query of [{ time: { gt: 1, gte: 1 } }, { time: { lt: 1, lte: 1 } }, { time: { gt: Number.NaN } }, { tags: [''] }]) await expect(log.query(query)).rejects.toEqual(refused('invalid'))
      for (const aggregator of [{ type: 'median' as 'p50' }, { type: 'p101' as const }, { type: 'max', field: 'a..b' } as const, { type: 'max', field: 'a"b' } as const])
        await expect(log.aggregate({}, aggregator)).rejects.toEqual(refused('invalid'))
      expect(() => log.subscribe({}, () => {}, 'x')).toThrow(expect.objectContaining({ code: 'invalid' }))
    })

    test('absurd events are refused whole, with the limit', async () => {
      const wrong: [NewEvent, FaultCode][] = [
        [{ tags: [] }, 'invalid'], [{ tags: [''] }, 'invalid'], [{ tags: ['a\0'] }, 'invalid'], [{ tags: ['a\nb'] }, 'invalid'], [{ tags: ['\ud800'] }, 'invalid'],
        [{ tags: ['t'.repeat(TAG_LENGTH_MAX + 1)] }, 'too_large'], [{ tags: Array.from({ length: TAGS_MAX + 1 }, (_, index) => `t${index}`) }, 'too_large'],
        [{ tags: ['t'], type: 'a b' }, 'invalid'], [{ tags: ['t'], type: '' }, 'invalid'], [{ tags: ['t'], type: 't'.repeat(TYPE_LENGTH_MAX + 1) }, 'too_large'],
        [{ tags: ['t'], value: 'x'.repeat(VALUE_BYTES_MAX) }, 'too_large'],
        [{ tags: ['t'], timestamp: 'yesterday' }, 'invalid'], [{ tags: ['t'], timestamp: '2026-01-01T00:00:00' }, 'invalid'], [{ tags: ['t'], timestamp: '1969-01-01T00:00:00Z' }, 'invalid'],
        [{ tags: ['t'], timestamp: '2026-13-01T00:00:00Z' }, 'invalid'], [{ tags: ['t'], timestamp: at(3_600_000) }, 'invalid'],
      ]
      for (const [event, code] of wrong) await expect(append({ tags: ['fine'] }, event), JSON.stringify(event).slice(0, 80)).rejects.toEqual(refused(code))
      await expect(log.append(Array.from({ length: APPEND_EVENTS_MAX + 1 }, () => ({ tags: ['t'] })))).rejects.toEqual(refused('too_large'))

      expect((await log.query({})).total).toBe(0)
    })

    test('a clock that is wrong is told by how much', async () => {
      await expect(append({ tags: ['t'], timestamp: at(3_600_000) })).rejects.toThrow('3600 s ahead')
      await expect(append({ tags: ['t'], timestamp: at(300_000) })).resolves.toHaveLength(1)
      await expect(append({ tags: ['t'], timestamp: at(-3_600_000) })).resolves.toHaveLength(1)
    })

    test('a subscriber is told of what matches from now on, in order, once', async () => {
      await append({ tags: ['a'], value: 'before' })
      const told: unknown[] = []
      const all: Event[] = []
      log.subscribe({ tags: ['a'], type: 'event' }, ({ value }) => told.push(value))
      log.subscribe({}, event => all.push(event))

      await append({ tags: ['a:1'], value: 1 }, { tags: ['b'], value: 2 })
      const appended = await append({ tags: ['a'], value: 3, type: 'other' }, { tags: ['a'], value: 4 })

      await vi.waitFor(() => expect(all).toHaveLength(4))
      expect(told).toEqual([1, 4])
      expect(all.slice(2)).toEqual(appended)
    })

    test('a subscriber that comes back with an id misses nothing and gets nothing twice, while others append', async () => {
      const before = await log.append(Array.from({ length: CATCH_UP_EVENTS * 2 + 10 }, (_, index) => ({ tags: [index % 2 ? 'odd' : 'even'], value: index })))
      const [everything, odd]: [unknown[], unknown[]] = [[], []]

      log.subscribe({}, ({ value }) => everything.push(value), before[4]?.id)
      log.subscribe({ tags: ['odd'] }, ({ value }) => odd.push(value), before[4]?.id)
      const more = Array.from({ length: 40 }, (_, index) => before.length + index)
      for (const value of more) await append({ tags: [value % 2 ? 'odd' : 'even'], value })

      const expected = Array.from({ length: before.length + more.length - 5 }, (_, index) => index + 5)
      await vi.waitFor(() => expect(everything).toHaveLength(expected.length))
      expect(everything).toEqual(expected)
      await vi.waitFor(() => expect(odd).toEqual(expected.filter(value => value % 2)))
    })

    test('the newest id is where a subscriber begins, also in an empty log', async () => {
      const empty = log.newest()
      await append({ tags: ['t'], value: 1 })
      await vi.waitFor(() => expect(log.newest() > empty).toBe(true))
      const second = log.newest()
      const [all, later]: [unknown[], unknown[]] = [[], []]
      log.subscribe({}, ({ value }) => all.push(value), empty)
      log.subscribe({}, ({ value }) => later.push(value), second)

      await append({ tags: ['t'], value: 2 })

      await vi.waitFor(() => expect([all, later]).toEqual([[1, 2], [2]]))
    })

    test('an id from before what was pruned, or from another database, is no error', async () => {
      const [first] = await append({ tags: ['t'], value: 1 })
      await append({ tags: ['t'], value: 2 })
      await log.prune(START + 1)
      const [past, future]: [unknown[], unknown[]] = [[], []]

      log.subscribe({}, ({ value }) => past.push(value), first?.id)
      log.subscribe({}, ({ value }) => future.push(value), '000000ffffffffff')
      await append({ tags: ['t'], value: 3 })

      await vi.waitFor(() => expect([past, future]).toEqual([[3], [3]]))
    })

    test('a consumer at its own speed goes from id to id, sees what matches once, and learns where the end is', async () => {
      await log.append(Array.from({ length: 7 }, (_, index) => ({ tags: [index % 3 ? 't' : 'third'], value: index })))
      // In its own time the log hears of what it shares with others.
      await vi.waitFor(async () => expect((await log.following('', {}, 100)).events).toHaveLength(7))
      const seen: unknown[] = []
      const steps: boolean[] = []

      for (let after = '', atEnd = false; !atEnd;) {
        const step = await log.following(after, { tags: ['t'] }, 2)
        seen.push(...values(step.events))
        steps.push(step.atEnd);
        ({ next: after, atEnd } = step)
      }
      const { next } = await log.following('', {}, 100)
      expect(await log.following(next, {}, 100)).toEqual({ events: [], next, atEnd: true })
      await append({ tags: ['t'], value: 'later' })

      expect(seen).toEqual([1, 2, 4, 5])
      expect(steps).toEqual([false, false, false, true])
      await vi.waitFor(async () => expect(values((await log.following(next, {}, 100)).events)).toEqual(['later']))
      expect(values((await log.following('00000000ffffffff', {}, 100)).events)).toEqual([])
    })

    test('a subscriber that ended is told nothing more, and one may append while it is told', async () => {
      const [gone, echo]: [unknown[], unknown[]] = [[], []]
      const end = log.subscribe({}, ({ value }) => { gone.push(value); end() })
      log.subscribe({ tags: ['t'] }, ({ value }) => { echo.push(value); if (value === 1) void append({ tags: ['t'], value: 'echo' }) })

      await append({ tags: ['t'], value: 1 }, { tags: ['t'], value: 2 })

      await vi.waitFor(() => expect(echo).toEqual([1, 2, 'echo']))
      expect(gone).toEqual([1])
    })

    test('what is older than the retention goes, of one type or of all, and ids are not used again', async () => {
      await append({ tags: ['a:1'], value: 1, timestamp: at(-3000) }, { tags: ['a:1'], value: 2, timestamp: at(-3000), type: 'archive' }, { tags: ['a:1'], value: 3, timestamp: at(-1000) })

      expect(await log.prune(START - 1000, 'event')).toBe(1)
      expect(await found({ tags: ['a'] })).toEqual([3, 2, 'of 2'])
      expect(await log.prune(START - 1000, 'event')).toBe(0)
      expect(await log.prune(START + 1)).toBe(2)
      expect(await found({ tags: ['a:1'] })).toEqual(['of 0'])
      expect((await append({ tags: ['a'] }))[0]?.id).toBe('0000000000000004')
    })

    test('types that are kept longer are left out of a prune', async () => {
      for (const type of ['event', 'archive', 'metrics']) await append({ tags: ['t'], value: type, type, timestamp: at(-3000) })

      expect(await log.prune(START, { except: ['archive', 'health'] })).toBe(2)

      expect(await found({})).toEqual(['archive', 'of 1'])
    })

    test('a prune of many events leaves the rest whole', async () => {
      await log.append(Array.from({ length: 5000 }, (_, index) => ({ tags: ['t:x'], value: index, timestamp: at(index - 10_000) })))

      expect(await log.prune(START - 10_000 + 4990)).toBe(4990)

      expect(await found({ tags: ['t:x'] })).toEqual([...Array.from({ length: 10 }, (_, index) => 4999 - index), 'of 10'])
    })

    test('nothing appended is nothing', async () => {
      expect(await log.append([])).toEqual([])
    })

    test('a closed log says so', async () => {
      await log[Symbol.asyncDispose]()

      await expect(append({ tags: ['t'] })).rejects.toEqual(refused('store_unavailable'))
      await expect(log.query({})).rejects.toEqual(refused('store_unavailable'))
    })

    test('another server finds every event, and ids go on', async context => {
      if (!harness.reopen) return context.skip('nothing is kept')
      const appended = await append({ tags: ['a:1'], value: { x: 1 } }, { tags: ['b'] })
      await log.prune(START + 1, 'event')
      const [last] = await append({ tags: ['c'], value: 1 })

      const next = await harness.reopen()

      expect((await next.query({})).events).toEqual([last])
      expect((await next.append([{ tags: ['d'] }]))[0]?.id).toBe('0000000000000004')
      expect(appended).toHaveLength(2)
    })

    test('two servers append to one log, and subscribers of both are told of everything in the same order', async context => {
      if (!harness.another) return context.skip('one server at a time')
      const other = await harness.another()
      const [here, there]: [Event[], Event[]] = [[], []]
      log.subscribe({}, event => here.push(event))
      other.subscribe({}, event => there.push(event))

      await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 ? log : other).append([{ tags: ['t'], value: index }])))

      await vi.waitFor(() => expect([here.length, there.length]).toEqual([40, 40]))
      expect(here).toEqual(there)
      expect(here.map(({ id }) => id)).toEqual([...here.map(({ id }) => id)].sort())
      expect(new Set(values(here)).size).toBe(40)
    })
  })
}

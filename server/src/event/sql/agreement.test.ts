import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { Event, NewEvent } from '@vamp/model/event'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import type { Aggregator, EventLog, EventQuery } from '../event-log.ts'
import { openMemoryEventLog } from '../memory/memory-event-log.ts'
import { openSqlEventLog } from './sql-event-log.ts'

const START = Date.UTC(2026, 0, 1)
const tag = fc.constantFrom('a', 'a:1', 'a:2', 'b', 'b:1:2', 'größe')
const type = fc.constantFrom('event', 'metrics', 'health')
const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), fc.constantFrom(null, 'text', true, { x: 1 }, { x: { y: -3 } }, { x: 'text' }, [1]), fc.constant(undefined))
const ms = fc.integer({ min: -5, max: 5 })
const event: fc.Arbitrary<NewEvent> = fc.record({ tags: fc.array(tag, { minLength: 1, maxLength: 3 }), type, value, timestamp: ms.map(offset => new Date(START + offset).toISOString()) })
const bounds = fc.record({ gt: ms, lte: ms }, { requiredKeys: [] }).map(time => Object.fromEntries(Object.entries(time).map(([key, offset]) => [key, START + offset])))
const query: fc.Arbitrary<EventQuery> = fc.record({ tags: fc.array(tag, { maxLength: 3 }), type, time: bounds }, { requiredKeys: [] })
const aggregator: fc.Arbitrary<Aggregator> = fc.record({ type: fc.constantFrom<Aggregator['type'][]>('count', 'min', 'max', 'sum', 'average', 'p50', 'p99', 'p12.5'), field: fc.constantFrom('', 'x', 'x.y', 'z') })

interface Script {
  readonly appends: readonly (readonly NewEvent[])[]
  readonly prunes: readonly { readonly before: number; readonly type: string | undefined }[]
  readonly queries: readonly { readonly query: EventQuery; readonly page: { readonly offset: number; readonly limit: number }; readonly aggregator: Aggregator }[]
}

async function play(log: EventLog, { appends, prunes, queries }: Script): Promise<unknown[]> {
  const results: unknown[] = []
  const told: Event[] = []
  for (const { query } of queries) log.subscribe(query, event => told.push(event))
  for (const events of appends) results.push(await log.append(events))
  for (const { before, type } of prunes) results.push(await log.prune(START + before, type))
  for (const { query, page, aggregator } of queries) {
    results.push(await log.query(query, page))
    const number = await log.aggregate(query, aggregator)
    // The order in which a sum is taken is nobody's promise.
    results.push(rounded(number))
    for (const by of [{ every: 3 }, { tag: 'a' }, { every: 2, tag: 'a' }]) results.push((await log.aggregateBy(query, aggregator, by)).map(group => ({ ...group, value: rounded(group.value) })))
  }
  return [...results, ...told]
}

function rounded(number: number | null): number | null {
  return number === null ? null : Number(number.toPrecision(9)) + 0
}

test('whatever is appended and asked, the embedded log answers as the one in memory does', async () => {
  const script = fc.record({
    appends: fc.array(fc.array(event, { maxLength: 6 }), { maxLength: 5 }),
    prunes: fc.array(fc.record({ before: ms, type: fc.option(type, { nil: undefined }) }), { maxLength: 1 }),
    queries: fc.array(fc.record({ query, page: fc.record({ offset: fc.nat(3), limit: fc.nat(10) }), aggregator }), { maxLength: 5 }),
  })

  await fc.assert(fc.asyncProperty(script, async played => {
    const clock = virtualClock(START)
    await using database = openEmbeddedDatabase({ file: ':memory:' })

    expect(await play(await openSqlEventLog({ database, clock }), played)).toEqual(await play(openMemoryEventLog({ clock }), played))
  }), { numRuns: 200 })
})

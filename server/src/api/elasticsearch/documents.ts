/** Searches of events, and events that are written as documents. */
import type { Event, NewEvent } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { eventDocument } from '../../event/elasticsearch.ts'
import type { EventLog, EventQuery } from '../../event/event-log.ts'
import { eventTime } from '../event-time.ts'
import { type Aggregation, jsonObject, percentName, type Search } from './search.ts'

export interface FoundEvents { readonly total: number; readonly events: readonly Event[]; readonly aggregations: Readonly<Record<string, unknown>> }

/** A type of Elasticsearch that says nothing about the events. */
const ANY_TYPE = '_doc'

export async function searchEvents(log: EventLog, type: string, search: Search, nowMs: number): Promise<FoundEvents> {
  const query = queryOf(type, search, nowMs)
  const { events, total } = await log.query(query, { offset: search.from, limit: search.size })
  const aggregations: Record<string, unknown> = {}
  for (const asked of search.aggregations) aggregations[asked.name] = await aggregated(log, query, asked)
  return { total, events, aggregations }
}

function queryOf(type: string, { terms, ranges }: Search, nowMs: number): EventQuery {
  const tags = terms.flatMap(([field, value]) => field === 'tags' ? [value] : [])
  const types = new Set([...(type === ANY_TYPE ? [] : [type]), ...terms.flatMap(([field, value]) => field === 'type' ? [value] : [])])
  const wrong = [...terms, ...ranges].find(([field]) => !['tags', 'type', 'timestamp', '@timestamp'].includes(field))
  if (wrong) throw new Fault('invalid', `Events are found by tags, type and timestamp, not by '${wrong[0]}'.`)
  if (types.size > 1) throw new Fault('invalid', `An event has one type: ${[...types].join(' or ')}.`)
  const time = Object.fromEntries(ranges.flatMap(([, range]) => Object.entries(range)).map(([bound, value]) => {
    const at = eventTime(String(value), nowMs)
    if (at === undefined) throw new Fault('invalid', `'${value}' is no time.`)
    return [bound, at] as const
  }))
  const [only] = types
  return { tags, ...(only === undefined ? {} : { type: only }), time }
}

const NAMES = { avg: 'average', min: 'min', max: 'max', sum: 'sum', value_count: 'count' } as const

async function aggregated(log: EventLog, query: EventQuery, { is, field: given, percents }: Aggregation): Promise<unknown> {
  // A document has its value as text under 'value', and as it is under its type.
  const path = given.split('.')
  const field = path[0] === 'value' || path[0] === query.type ? path.slice(1).join('.') : given
  const number = async (type: Parameters<EventLog['aggregate']>[1]['type']) => await log.aggregate(query, { type, ...(field === '' ? {} : { field }) })
  if (is === 'percentiles') return { values: Object.fromEntries(await Promise.all(percents.map(async percent => [percentName(percent), await number(`p${percent}`)] as const))) }
  if (is === 'stats' || is === 'extended_stats') {
    if (is === 'extended_stats') throw new Fault('invalid', 'Of events there are stats, and no extended_stats.')
    return { count: await number('count'), min: await number('min'), max: await number('max'), avg: await number('average'), sum: await number('sum') ?? 0 }
  }
  return { value: await number(NAMES[is]) }
}

export function hit(event: Event, index: string) {
  return { _index: index, _type: event.type, _id: event.id, _score: null, _source: eventDocument(event) }
}

/** A document as scripts write it: the value as JSON text under `value`, and as it is under the name of its type. */
export function eventIn(text: string, type: string): NewEvent {
  const document = jsonObject(text)
  const own = typeof document['type'] === 'string' && document['type'] !== '' ? document['type'] : type === ANY_TYPE ? 'event' : type
  const { tags, timestamp } = document
  if (!Array.isArray(tags) || tags.some(tag => typeof tag !== 'string')) throw new Fault('invalid', 'An event has a list of tags.')
  const value = own in document && own !== 'value' ? document[own] : valueIn(document['value'])
  return { tags: tags as string[], type: own, ...(value === undefined ? {} : { value }), ...(typeof timestamp === 'string' ? { timestamp } : {}) }
}

function valueIn(given: unknown): unknown {
  if (typeof given !== 'string') return given
  try {
    return JSON.parse(given) as unknown
  } catch {
    return given
  }
}

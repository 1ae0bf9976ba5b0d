/**
 * Events to Elasticsearch or OpenSearch through the bulk API
 * (https://www.elastic.co/guide/en/elasticsearch/reference/current/docs-bulk.html). The id of the document is that of the event, so
 * a repeated delivery changes nothing. The value is also there under a name that is the type, as tools of old expect it.
 */
import type { Event } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import type { EventQuery } from './event-log.ts'
import type { Sink } from './sink.ts'
import { send } from './sink-request.ts'

export interface ElasticsearchSettings {
  readonly url: string
  /** Indices are `<index>-<type>-<yyyy-mm-dd>`. */
  readonly index: string
  readonly query: EventQuery
  readonly headers?: Readonly<Record<string, string>>
}

interface BulkAnswer { readonly errors?: boolean; readonly items?: readonly Readonly<Record<string, { readonly status?: number; readonly error?: unknown }>>[] }

/** Refused for the moment, not for what they are. */
const BUSY = new Set([429, 503])

export function elasticsearchSink({ url, index, query, headers = {} }: ElasticsearchSettings): Sink {
  const bulk = new URL('_bulk', url.endsWith('/') ? url : `${url}/`).href
  return {
    query,
    async deliver(events, signal) {
      const text = await send(bulk, { body: bulkBody(index, events), type: 'application/x-ndjson', headers }, signal)
      const busy = failures(text).filter(({ status }) => BUSY.has(status))
      // What the index refuses for good, like a value of another type than before, would be refused again: it stays in the log only.
      if (busy.length > 0) throw new Fault('sink_unreachable', 'the index is too busy to take all events', { events: events.length, refused: busy.length })
    },
  }
}

export function bulkBody(index: string, events: readonly Event[]): string {
  return events.map(event => {
    const action = { index: { _index: `${index}-${event.type}-${event.timestamp.slice(0, 10)}`.toLowerCase(), _id: event.id } }
    return `${JSON.stringify(action)}\n${JSON.stringify(eventDocument(event))}\n`
  }).join('')
}

/** The value as text, and as it is under the name of the type, which has one kind of value. */
export function eventDocument(event: Event): Readonly<Record<string, unknown>> {
  const { value, ...rest } = event
  return value === undefined ? rest : { ...rest, value: typeof value === 'string' ? value : JSON.stringify(value), ...(event.type in rest || event.type === 'value' ? {} : { [event.type]: value }) }
}

function failures(text: string): { readonly status: number }[] {
  try {
    const answer = JSON.parse(text) as BulkAnswer
    if (!answer.errors) return []
    return (answer.items ?? []).flatMap(item => Object.values(item).flatMap(({ status = 0, error }) => error === undefined ? [] : [{ status }]))
  } catch (error) {
    throw new Fault('sink_unreachable', 'the answer is not that of a bulk API', { says: text.slice(0, 200) }, { cause: error })
  }
}

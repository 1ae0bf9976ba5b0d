/** What happened, and what happens. */
import { Type } from '@sinclair/typebox'
import type { Event } from '../event.ts'
import { duration, type Endpoint, endpoint, opaque, paging } from './endpoint.ts'

export const EventView = opaque<Event>('an event')

const Tags = Type.Union([Type.String(), Type.Array(Type.String())])
const NewEvent = Type.Object({
  tags: Tags,
  type: Type.Optional(Type.String()),
  value: Type.Optional(Type.Unknown()),
  timestamp: Type.Optional(Type.String({ description: 'ISO-8601 with offset' })),
  version: Type.Optional(Type.String()),
}, { additionalProperties: false })
/** ISO-8601, or `now`, `now-5m` with s, m, h, d, w. */
const Time = Type.Union([Type.String(), Type.Number()])
export const EventQueryBody = Type.Object({
  tags: Type.Optional(Tags),
  type: Type.Optional(Type.String()),
  timestamp: Type.Optional(Type.Object({ lt: Type.Optional(Time), lte: Type.Optional(Time), gt: Type.Optional(Time), gte: Type.Optional(Time) }, { additionalProperties: false })),
  aggregator: Type.Optional(Type.Object({ type: Type.String({ description: 'count, min, max, average, sum, or a percentile: p99' }), field: Type.Optional(Type.String()) }, { additionalProperties: false })),
}, { additionalProperties: false })

/** With `every` or `by`: in order of time, then tag; what has nothing to aggregate is left out. */
const EventGroup = Type.Object({ time: Type.Optional(Type.String({ description: 'ISO-8601, where it begins' })), tag: Type.Optional(Type.String()), value: Type.Number() })

const filter = {
  tag: Type.Optional(Type.Array(Type.String(), { description: 'repeatable; all of them' })),
  type: Type.Optional(Type.String()),
}

export const events = {
  query: endpoint({
    method: 'GET', path: '/events', role: 'viewer', group: 'events', summary: 'Ask what happened, newest first; with an aggregator the answer is one value, or one for each bucket of time and tag',
    query: Type.Object({ ...paging, ...filter, from: Type.Optional(Time), to: Type.Optional(Time), aggregate: Type.Optional(Type.String()), field: Type.Optional(Type.String()),
      every: Type.Optional(duration('with an aggregator: one value for each so long, 5m')), by: Type.Optional(Type.String({ minLength: 1, description: 'with an aggregator: one value for each tag that begins with this word, gateways for gateways:shop/web' })) }),
    body: { is: 'language', schema: EventQueryBody, optional: true },
    answer: { is: 'data', status: 200, schema: Type.Unsafe<readonly Event[]>({ anyOf: [Type.Array(EventView), Type.Object({ value: Type.Union([Type.Number(), Type.Null()]) }), Type.Array(EventGroup)] }), paged: true },
  }),
  publish: endpoint({
    method: 'POST', path: '/events', role: 'operator', group: 'events', summary: 'Tell one event, or several that are kept together or not at all',
    body: { is: 'language', schema: Type.Union([NewEvent, Type.Array(NewEvent)]) },
    answer: { is: 'data', status: 201, schema: Type.Unsafe<Event | readonly Event[]>({ anyOf: [EventView, Type.Array(EventView)] }) },
  }),
  stream: endpoint({
    method: 'GET', path: '/events/stream', role: 'viewer', group: 'events', summary: 'Events as they happen, as server-sent events; Last-Event-ID goes on where a connection broke',
    query: Type.Object({ ...filter, after: Type.Optional(Type.String({ description: 'as Last-Event-ID' })) }),
    body: { is: 'language', schema: Type.Object({ tags: Type.Optional(Tags), type: Type.Optional(Type.String()) }, { additionalProperties: false }), optional: true },
    answer: { is: 'stream', status: 200, schema: EventView },
  }),
} satisfies Record<string, Endpoint>

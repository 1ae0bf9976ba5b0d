/** What happened: told, asked for, followed. */
import { events } from '@vamp/model/api/events'
import type { EventQuery as AskedQuery } from '@vamp/model/event-query'
import { parseEventQuery, parseEvents } from '@vamp/model/parse/event'
import type { Aggregator, EventLog, EventQuery } from '../event/event-log.ts'
import { openAttribution } from './attribution.ts'
import { eventTime } from './event-time.ts'
import { pageOf, slice } from './paging.ts'
import { accepted, refuse } from './refused.ts'
import { type Call, type Route, route, value } from './route.ts'
import { aborted, type StreamSource } from './sse.ts'
import { durationOf } from './traffic.ts'
import type { World } from './world.ts'

export function eventRoutes(world: World): Route[] {
  const { events: log, clock } = world
  const attributed = openAttribution(world.fleet)
  return [
    route(events.query, async call => {
      const asked = call.body.trim() === '' ? askedIn(call.query) : accepted(parseEventQuery(call.body))
      const query = queryOf(asked, clock.now())
      if (asked.aggregator) return value(await aggregated(log, query, aggregatorOf(asked.aggregator, asked.type), call.query))
      const found = await log.query(query, slice(pageOf(call.query)))
      return value(found.events, { total: found.total })
    }),
    route(events.publish, async call => {
      const given = accepted(parseEvents(call.body)).map(event => ({ ...event, tags: attributed(event.tags) }))
      const told = await log.append(given)
      return value(/^\s*(\[|-\s)/.test(call.body) ? told : told[0])
    }),
    route(events.stream, async ({ query, body, header }) => {
      const { tags, type } = body.trim() === '' ? { tags: query.tag ?? [], type: query.type } : accepted(parseEventQuery(body))
      return { is: 'stream', source: streamOf(world, { tags, ...(type === undefined ? {} : { type }) }, header('Last-Event-ID') ?? query.after) }
    }),
  ]
}

/** One value, or one for each group. */
async function aggregated(log: EventLog, query: EventQuery, how: Aggregator, { every, by }: Call<typeof events.query>['query']): Promise<unknown> {
  if (every === undefined && by === undefined) return { value: await log.aggregate(query, how) }
  const groups = await log.aggregateBy(query, how, { ...(every === undefined ? {} : { every: durationOf(every) * 1000 }), ...(by === undefined ? {} : { tag: by }) })
  return groups.map(({ time, ...group }) => ({ ...(time === undefined ? {} : { time: new Date(time).toISOString() }), ...group }))
}

function streamOf({ events: log }: World, query: EventQuery, after: string | undefined): StreamSource {
  return async outlet => {
    // Whoever goes before anything happened must be able to come back without a gap.
    if (after === undefined) outlet.send({ id: log.newest() })
    const end = log.subscribe(query, event => { outlet.send({ id: event.id, event: event.type, data: event }) }, after)
    await aborted(outlet.signal)
    end()
  }
}

/** The same question as query parameters. */
function askedIn({ tag, type, from, to, aggregate, field }: Call<typeof events.query>['query']): AskedQuery {
  const timestamp = { ...(from === undefined ? {} : { gte: String(from) }), ...(to === undefined ? {} : { lt: String(to) }) }
  const plain: AskedQuery = { tags: tag ?? [], ...(type === undefined ? {} : { type }), ...(from === undefined && to === undefined ? {} : { timestamp }) }
  // Whether there is such an aggregator is the log's to say.
  return aggregate === undefined ? plain : { ...plain, aggregator: { type: aggregate as Aggregator['type'], ...(field === undefined ? {} : { field }) } }
}

function queryOf({ tags, type, timestamp = {} }: AskedQuery, nowMs: number): EventQuery {
  const bounds = Object.entries(timestamp).map(([bound, text]) => [bound, eventTime(text, nowMs) ?? refuse('EventQueryTimeError', `'${text}' is no time.`, `timestamp/${bound}`, 'write a moment such as 2030-01-01T08:00:00Z, or now-5m')] as const)
  return { tags, ...(type === undefined ? {} : { type }), ...(bounds.length === 0 ? {} : { time: Object.fromEntries(bounds) }) }
}

/** Clients of the original name the event's type as the field of its value, because its documents carried the value there. */
function aggregatorOf({ type, field }: NonNullable<AskedQuery['aggregator']>, eventType: string | undefined): Aggregator {
  return field === undefined || field === 'value' || field === eventType ? { type } : { type, field }
}

import type { NewEvent } from '../event.ts'
import type { EventAggregator, EventQuery } from '../event-query.ts'
import type { Parsed } from '../problem.ts'
import { Cursor, type Fields, Reading } from './cursor.ts'
import { parseOne, readOne } from './document.ts'
import { plainValue, type SourceNode } from './source.ts'
import { isMoment } from './workflow.ts'

/** One event, or a list of them. */
export function parseEvents(text: string): Parsed<readonly NewEvent[]> {
  return parseOne(text, eventsOf)
}

export function parseEvent(text: string): Parsed<NewEvent> {
  return parseOne(text, root => readOne(root, readEvent))
}

export function parseEventQuery(text: string): Parsed<EventQuery> {
  return parseOne(text, root => readOne(root, readEventQuery))
}

function eventsOf(root: SourceNode): Parsed<readonly NewEvent[]> {
  if (root.is !== 'list') {
    const one = readOne(root, readEvent)
    return one.is === 'ok' ? { is: 'ok', value: [one.value] } : one
  }
  const reading = new Reading()
  return reading.result(new Cursor(root, [], reading).items().map(item => {
    const fields = item.map()
    const event = readEvent(fields)
    fields.finish()
    return event
  }))
}

/** What an export carries and the log gives anew (`id`, `digest`, `version`) is passed over. */
function readEvent(fields: Fields): NewEvent {
  fields.ignore('id', 'digest', 'version')
  const type = fields.optional('type')
  const timestamp = fields.optional('timestamp')
  const value = fields.optional('value')
  return {
    tags: readTags(fields),
    ...(type && type.value() !== '' ? { type: readType(type) } : {}),
    ...(value ? { value: plainValue(value.node) } : {}),
    ...(timestamp ? { timestamp: readTimestamp(timestamp) } : {}),
  }
}

function readTags(fields: Fields): string[] {
  const cursor = fields.required('tags')
  const tags = cursor?.items().map(item => item.text()) ?? []
  if (cursor && tags.length === 0) cursor.report('NoTagEventError', 'Publishing an event without tags is not allowed.')
  return tags
}

function readType(cursor: Cursor): string {
  const type = cursor.text()
  if (cursor.isScalar && !/^[A-Za-z0-9_-]+$/.test(type)) cursor.report('EventTypeError', `Unsupported event type '${type}', only alphanumerics, '-' and '_' are allowed.`)
  return type
}

function readTimestamp(cursor: Cursor): string {
  const timestamp = cursor.text()
  if (cursor.isScalar && !isMoment(timestamp)) cursor.report('EventTimestampError', `Event timestamp cannot be parsed: '${timestamp}'.`, 'write a moment such as 2030-01-01T08:00:00Z')
  return timestamp
}

function readEventQuery(fields: Fields): EventQuery {
  const type = fields.optional('type')
  const timestamp = fields.optional('timestamp')
  const aggregator = fields.optional('aggregator')
  return {
    tags: readTags(fields),
    ...(type ? { type: readType(type) } : {}),
    ...(timestamp ? { timestamp: readRange(timestamp) } : {}),
    ...(aggregator ? { aggregator: readAggregator(aggregator) } : {}),
  }
}

function readRange(cursor: Cursor): NonNullable<EventQuery['timestamp']> {
  const fields = cursor.map()
  const bounds = Object.fromEntries((['lt', 'lte', 'gt', 'gte'] as const).flatMap(name => {
    const bound = fields.optional(name)
    return bound ? [[name, bound.text()] as const] : []
  }))
  fields.finish()
  if (('lt' in bounds && 'lte' in bounds) || ('gt' in bounds && 'gte' in bounds)) {
    cursor.report('EventQueryTimeError', "Event query time range is wrong: give 'lt' or 'lte', and 'gt' or 'gte', not both of a pair.")
  }
  return bounds
}

const AGGREGATORS = ['min', 'max', 'average', 'sum', 'count'] as const

function readAggregator(cursor: Cursor): EventAggregator {
  const fields = cursor.map()
  const type = fields.required('type')
  const field = fields.optional('field')?.text()
  fields.finish()
  return { type: type ? readAggregatorType(type) : 'count', ...(field === undefined ? {} : { field }) }
}

function readAggregatorType(cursor: Cursor): EventAggregator['type'] {
  const text = cursor.text().toLowerCase()
  const [, digits] = /^p(\d{1,3}(?:\.\d+)?)$/.exec(text) ?? []
  if (digits !== undefined && Number(digits) <= 100) return `p${Number(digits)}`
  const known = AGGREGATORS.find(word => word === text)
  if (!known && cursor.isScalar) cursor.report('UnsupportedAggregatorError', `Unsupported aggregator: '${cursor.text()}'.`, `one of ${AGGREGATORS.join(', ')}, or a percentile such as p99 is expected here`)
  return known ?? 'count'
}

/** What a producer gives, checked and made ready to be stored: the door of the log. */
import { type Event, expandTags, type NewEvent } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { APPEND_EVENTS_MAX, CLOCK_AHEAD_MAX_MS, TAG_LENGTH_MAX, TAGS_MAX, TYPE_LENGTH_MAX, VALUE_BYTES_MAX } from './limits.ts'

export interface Entry {
  /** Unix time, milliseconds. */
  readonly at: number
  readonly type: string
  /** Expanded. */
  readonly tags: readonly string[]
  /** JSON text; absent when the event has no value. */
  readonly value: string | undefined
}

/** All of them or none. Throws `Fault('invalid'|'too_large')`. */
export function entries(events: readonly NewEvent[], now: number): Entry[] {
  if (events.length > APPEND_EVENTS_MAX) throw new Fault('too_large', `${APPEND_EVENTS_MAX} events can be appended at once`, { events: events.length })
  return events.map(event => entry(event, now))
}

function entry({ tags, type = 'event', value, timestamp }: NewEvent, now: number): Entry {
  if (tags.length === 0) throw new Fault('invalid', 'an event needs at least one tag')
  if (tags.length > TAGS_MAX) throw new Fault('too_large', `an event may have ${TAGS_MAX} tags`, { tags: tags.length })
  for (const tag of tags) demandTag(tag)
  if (!/^[A-Za-z0-9_-]+$/.test(type)) throw new Fault('invalid', 'the type of an event is made of letters, digits, \'_\' and \'-\'', { type: type.slice(0, TYPE_LENGTH_MAX) })
  if (type.length > TYPE_LENGTH_MAX) throw new Fault('too_large', `the type of an event may have ${TYPE_LENGTH_MAX} characters`, { length: type.length })
  const text = value === undefined ? undefined : JSON.stringify(value) as string | undefined
  const bytes = text === undefined ? 0 : Buffer.byteLength(text)
  if (bytes > VALUE_BYTES_MAX) throw new Fault('too_large', `the value of an event may have ${VALUE_BYTES_MAX} bytes`, { bytes })
  return { at: timestamp === undefined ? now : time(timestamp, now), type, tags: expandTags(tags), value: text }
}

const CONTROL = /[\0-\x1f\x7f-\x9f]/

export function demandTag(tag: string): void {
  if (tag === '') throw new Fault('invalid', 'a tag must not be empty')
  if (tag.length > TAG_LENGTH_MAX) throw new Fault('too_large', `a tag may have ${TAG_LENGTH_MAX} characters`, { length: tag.length, starts: tag.slice(0, 40) })
  if (CONTROL.test(tag) || !tag.isWellFormed()) throw new Fault('invalid', 'a tag must not have control characters or broken surrogates', { tag: JSON.stringify(tag.slice(0, 40)) })
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$/i

/** ISO-8601 with an offset → milliseconds. */
function time(timestamp: string, now: number): number {
  const at = ISO.test(timestamp) ? Date.parse(timestamp.replace(' ', 'T').replace(',', '.').replace(/([+-]\d\d)(\d\d)?$/, (_, hours: string, minutes?: string) => `${hours}:${minutes ?? '00'}`)) : Number.NaN
  if (!Number.isFinite(at) || at < 0) throw new Fault('invalid', 'a timestamp is an ISO-8601 date and time with an offset, like 2026-01-31T12:00:00.000Z', { timestamp: timestamp.slice(0, 40) })
  if (at > now + CLOCK_AHEAD_MAX_MS)
    throw new Fault('invalid', `the timestamp is ${Math.round((at - now) / 1000)} s ahead of the server's clock, ${CLOCK_AHEAD_MAX_MS / 1000} s are allowed: check the producer's clock`, { timestamp, aheadMs: at - now })
  return at
}

/** How much they weigh while they wait. */
export function sizeOf(all: readonly Entry[]): { readonly count: number; readonly bytes: number } {
  return { count: all.length, bytes: all.reduce((sum, { value, tags }) => sum + (value?.length ?? 0) + tags.reduce((length, tag) => length + tag.length, 0), 0) }
}

/** `sequence` is the position in the log, from 1. */
export function eventOf(sequence: number, { at, type, tags, value }: Entry): Event {
  return value === undefined
    ? { id: eventId(sequence), timestamp: isoTime(at), type, tags }
    : { id: eventId(sequence), timestamp: isoTime(at), type, tags, value: JSON.parse(value) as unknown }
}

/** Events come in bunches of the same millisecond. */
let latest = { at: 0, iso: new Date(0).toISOString() }

function isoTime(at: number): string {
  if (at !== latest.at) latest = { at, iso: new Date(at).toISOString() }
  return latest.iso
}

export function eventId(sequence: number): string {
  return sequence.toString(16).padStart(16, '0')
}

/** Throws `Fault('invalid')`. */
export function sequenceOf(id: string): number {
  const sequence = /^[0-9a-f]{16}$/i.test(id) ? Number.parseInt(id, 16) : Number.NaN
  if (!Number.isSafeInteger(sequence)) throw new Fault('invalid', 'an event id has 16 hex digits', { id: id.slice(0, 40) })
  return sequence
}

/** Resilience of a gateway or a route. */
import type { HeaderChanges, Policy, PolicySettings } from '../policy.ts'
import type { Reference } from '../reference.ts'
import { readExpression } from './condition.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readAnonymousHeader, readHeader } from './header.ts'
import { readCount, readPercentage, readTime } from './quantity.ts'
import { readWeakReference } from './reference.ts'

export function readPolicy(fields: Fields): Policy {
  return { ...readHeader(fields, 'policies'), ...readSettings(fields) }
}

export function readPolicyReference(cursor: Cursor): Reference<PolicySettings> {
  return readWeakReference(cursor, 'policies', fields => {
    readAnonymousHeader(fields, 'policies')
    return readSettings(fields)
  })
}

/** Longer than most programs need to start, shorter than most clients wait. */
const HOLD_SECONDS = 30
const HELD_MAX = 1000
const SLOW_START_SECONDS_MAX = 3600

const RETRY_REASONS = ['connect', 'timeout', '5xx', '500', '502', '503', '504'] as const

function readSettings(fields: Fields): PolicySettings {
  return {
    ...part(fields, 'timeouts', inner => present({ connect: time(inner, 'connect'), request: time(inner, 'request'), idle: time(inner, 'idle'), tunnel: time(inner, 'tunnel') })),
    ...part(fields, 'retries', inner => ({
      attempts: count(inner.required('attempts')),
      on: inner.optional('on')?.items().map(item => item.oneOf(RETRY_REASONS, 'connect')) ?? ['connect'],
      methods: inner.optional('methods')?.oneOf(['idempotent', 'any'], 'idempotent') ?? 'idempotent',
    })),
    ...part(fields, 'circuit_breaker', inner => ({
      consecutive_errors: count(inner.required('consecutive_errors')),
      eject: time(inner, 'eject') ?? 30,
      max_ejected: readPercentage(inner.optional('max_ejected')) ?? 50,
    })),
    ...part(fields, 'rate_limit', readRateLimit),
    ...part(fields, 'connection_limit', inner => ({ maximum: count(inner.required('maximum')), ...present({ queue: optionalCount(inner.optional('queue')), queue_timeout: time(inner, 'queue_timeout') }) })),
    ...part(fields, 'fault', readFault),
    ...part(fields, 'mirror', inner => ({
      to: text(inner.required('to')),
      share: readPercentage(inner.optional('share')) ?? 100,
      methods: inner.optional('methods')?.oneOf(['GET', 'any'], 'GET') ?? 'GET',
    })),
    ...part(fields, 'hold', inner => ({ time: time(inner, 'time') ?? HOLD_SECONDS, maximum: optionalCount(inner.optional('maximum')) ?? HELD_MAX })),
    ...present({ slow_start: slowStart(fields.optional('slow_start')) }),
    ...present({ failover: fields.optional('failover')?.items().map(item => item.text()) }),
    ...part(fields, 'headers', inner => present({ request: changes(inner.optional('request')), response: changes(inner.optional('response')) })),
    ...part(fields, 'redirect', inner => ({ to: text(inner.required('to')), status: readStatus(inner.optional('status'), 302), ...present({ condition: condition(inner.optional('condition')) }) })),
    ...part(fields, 'tls', inner => ({ certificate: text(inner.required('certificate')), ...present({ key: inner.optional('key')?.text(), redirect_http: inner.optional('redirect_http')?.boolean() }) })),
    ...part(fields, 'maintenance', inner => ({ status: readStatus(inner.optional('status'), 503), body: inner.optional('body')?.text() ?? '', ...present({ retry_after: time(inner, 'retry_after') }) })),
  }
}

function readRateLimit(fields: Fields): NonNullable<PolicySettings['rate_limit']> {
  const by = fields.optional('by')?.oneOf(['gateway', 'ip', 'header'], 'gateway') ?? 'gateway'
  const limit = { requests: count(fields.required('requests')), per: time(fields, 'per') ?? 1, by }
  if (by !== 'header') return limit
  return { ...limit, header: text(fields.required('header')) }
}

function readFault(fields: Fields): NonNullable<PolicySettings['fault']> {
  return {
    ...part(fields, 'delay', inner => ({ time: readTime(inner.required('time')), share: readPercentage(inner.optional('share')) ?? 100 })),
    ...part(fields, 'abort', inner => ({ status: readStatus(inner.required('status'), 503), share: readPercentage(inner.optional('share')) ?? 100 })),
  }
}

function changes(cursor: Cursor | undefined): HeaderChanges | undefined {
  if (!cursor) return undefined
  const fields = cursor.map()
  const record = (name: string) => {
    const entries = fields.optional(name)?.map().all()
    return entries && Object.fromEntries(entries.map(([header, value]) => [header, value.text()]))
  }
  const read = present({ set: record('set'), add: record('add'), remove: fields.optional('remove')?.items().map(item => item.text()) })
  fields.finish()
  return read
}

function readStatus(cursor: Cursor | undefined, fallback: number): number {
  if (!cursor) return fallback
  const status = cursor.integer()
  if (status < 100 || status > 599) cursor.unexpectedType('an HTTP status from 100 to 599 is expected here')
  return status
}

/** `{name: value}` if the document has the part. */
function part<const K extends string, T>(fields: Fields, name: K, read: (inner: Fields) => T): { readonly [key in K]?: T } {
  const cursor = fields.optional(name)
  if (!cursor) return {}
  const inner = cursor.map()
  const value = read(inner)
  inner.finish()
  return { [name]: value } as { readonly [key in K]: T }
}

/** Without the fields that the document does not have. */
function present<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

function time(fields: Fields, name: string): number | undefined {
  const cursor = fields.optional(name)
  return cursor && readTime(cursor)
}

function condition(cursor: Cursor | undefined): string | undefined {
  return cursor && readExpression(cursor)
}

function slowStart(cursor: Cursor | undefined): number | undefined {
  const seconds = cursor && readTime(cursor)
  if (seconds !== undefined && (seconds < 1 || seconds > SLOW_START_SECONDS_MAX)) cursor?.unexpectedType(`a time from 1s to ${SLOW_START_SECONDS_MAX}s is expected here`)
  return seconds
}

function optionalCount(cursor: Cursor | undefined): number | undefined {
  return cursor && readCount(cursor)
}

function count(cursor: Cursor | undefined): number {
  return cursor ? readCount(cursor) : 0
}

function text(cursor: Cursor | undefined): string {
  return cursor?.text() ?? ''
}

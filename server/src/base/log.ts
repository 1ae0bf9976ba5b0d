/** The log of the server: pino behind our four verbs, as JSON lines or for the eye, to standard error or a file. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import { type DestinationStream, destination, pino } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogOptions {
  readonly level: LogLevel
  readonly format: 'json' | 'human'
  readonly clock: Clock
  /** A path, appended to; a stream for tests; standard error by default. */
  readonly to?: string | { write(line: string): unknown }
}

/** Facts with these names never reach a log. */
const SECRET = /^(authorization|cookie|password|secret|token)$/i
const FACT_DEPTH_MAX = 6

/** Written synchronously: the line before a crash is the one that is needed. */
export interface ServerLog extends Logger { setLevel(level: LogLevel): void }

export function openLog({ level, format, clock, to }: LogOptions): ServerLog {
  const out: DestinationStream = typeof to === 'object'
    ? { write: line => { to.write(line) } }
    : destination({ dest: to ?? 2, sync: true, append: true, mkdir: true })
  const stream: DestinationStream = format === 'json' ? out : { write: line => out.write(human(line)) }
  const log = pino({
    level, base: null, messageKey: 'message',
    timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
    formatters: { level: label => ({ level: label }) },
  }, stream)
  return {
    debug(message, facts) { log.debug(plain(facts), message) },
    info(message, facts) { log.info(plain(facts), message) },
    warn(message, facts) { log.warn(plain(facts), message) },
    error(message, facts) { log.error(plain(facts), message) },
    setLevel(next) { log.level = next },
  }
}

/** Facts as data: errors with code, facts and causes, secrets hidden, names that pino uses itself moved out of the way. */
function plain(facts: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(facts))
    result[key === 'message' || key === 'level' || key === 'time' ? `${key}_` : key] = SECRET.test(key) ? '[hidden]' : fact(value, 0)
  return result
}

function fact(value: unknown, depth: number): unknown {
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? String(value) : value
  if (depth >= FACT_DEPTH_MAX) return '[deep]'
  if (value instanceof Error) return errorFact(value, depth)
  if (Array.isArray(value)) return value.map(item => fact(item, depth + 1))
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, SECRET.test(key) ? '[hidden]' : fact(inner, depth + 1)]))
}

/** A fault says where it stands by its code and facts; anything else is a bug, and needs its stack. */
function errorFact(error: Error, depth: number): unknown {
  return {
    message: error.message,
    ...(error instanceof Fault ? { code: error.code, facts: fact(error.facts, depth + 1) } : { name: error.name, stack: error.stack }),
    ...(error.cause === undefined ? {} : { cause: fact(error.cause, depth + 1) }),
  }
}

/** `08:01:02.345 INFO  routes applied  gateway=shop/web steps=3` */
function human(line: string): string {
  const { time, level, message, ...facts } = JSON.parse(line) as Record<string, unknown>
  const words = Object.entries(facts).map(([key, value]) => `${key}=${typeof value === 'string' && !/\s|=|"/.test(value) ? value : JSON.stringify(value)}`)
  return `${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)} ${[String(message), ...words].join('  ')}\n`
}

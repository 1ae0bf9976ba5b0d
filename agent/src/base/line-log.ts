/** A log of JSON lines for a program of its own: time, level, message, facts. */
import type { Clock } from './clock.ts'
import type { Logger } from './log.ts'

export function lineLog(clock: Clock, write: (line: string) => void): Logger {
  const at = (level: string) => (message: string, facts: Readonly<Record<string, unknown>> = {}) =>
    write(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message, ...facts }, plain)}\n`)
  return { debug() {}, info: at('info'), warn: at('warn'), error: at('error') }
}

/** Errors as what they say. */
function plain(_: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value
  return { message: value.message, ...('code' in value ? { code: value.code } : {}), ...('facts' in value ? { facts: value.facts } : {}), ...(value.cause === undefined ? {} : { cause: value.cause }) }
}

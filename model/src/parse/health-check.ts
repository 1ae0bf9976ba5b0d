import type { HealthCheck } from '../health-check.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readTime } from './quantity.ts'

/** One check or a list under `health_checks`; an empty list is kept: it switches checks off. */
export function readHealthChecks(fields: Fields): { readonly health_checks?: readonly HealthCheck[] } {
  const cursor = fields.optional('health_checks')
  return cursor ? { health_checks: cursor.items().map(readHealthCheck) } : {}
}

function readHealthCheck(cursor: Cursor): HealthCheck {
  const fields = cursor.map()
  const check = {
    path: fields.optional('path')?.text() ?? '/',
    port: fields.required('port')?.text() ?? '',
    initial_delay: readTime(fields.required('initial_delay')),
    timeout: readTime(fields.required('timeout')),
    interval: readTime(fields.required('interval')),
    failures: readFailures(fields.required('failures')),
    protocol: fields.optional('protocol')?.text() ?? 'HTTP',
  }
  fields.finish()
  return cursor.reading.place(check, cursor)
}

function readFailures(cursor: Cursor | undefined): number {
  const failures = cursor?.integer() ?? 0
  if (failures < 0) cursor?.report('NegativeFailuresNumberError', `Failures can not be negative: ${failures}.`)
  return failures
}

/** Checks that name a port which none of the services has. `ports` is absent while a breed is only a reference. */
export function checkHealthCheckPorts(checks: readonly HealthCheck[] | undefined, ports: ReadonlySet<string> | undefined, otherwise: Cursor): void {
  for (const check of checks ?? []) {
    if (ports && check.port !== '' && !ports.has(check.port)) otherwise.reading.placeOf(check, otherwise).report('UnresolvedPortReferenceError', `Unresolved port reference: ${check.port}.`)
  }
}

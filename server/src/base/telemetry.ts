/**
 * The control plane's own work, told to OpenTelemetry's API, which does nothing until an SDK is registered (`api/otlp.ts`); and
 * counted, for `/metrics`. The counts are of the process: what is counted twice when two servers share one.
 */
import { type Attributes, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'

export interface WorkCount { runs: number; failures: number; seconds: number }

/** By the name of the work, such as the queue of a reconciler: as many as there are in the code. */
const counts = new Map<string, WorkCount>()

export const workCounts: ReadonlyMap<string, WorkCount> = counts

/** One run of a work: a span and a count. What it throws is thrown on. */
export async function traced<T>(kind: string, name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  const span = trace.getTracer('vamp').startSpan(`${kind} ${name}`, { attributes })
  const started = performance.now()
  let failed = true
  try {
    const result = await work()
    failed = false
    return result
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
    throw error
  } finally {
    span.end()
    const count = counts.get(name) ?? { runs: 0, failures: 0, seconds: 0 }
    counts.set(name, count)
    count.runs++
    count.seconds += (performance.now() - started) / 1000
    if (failed) count.failures++
  }
}

export interface ServedRequest { readonly method: string; /** The pattern, not the path: there are few of them. */ readonly route: string; readonly status: number; readonly ms: number; readonly endedMs: number }

/** A request to the API that was answered, as a span. */
export function tellRequest({ method, route, status, ms, endedMs }: ServedRequest): void {
  const span = trace.getTracer('vamp').startSpan(`${method} ${route}`, {
    kind: SpanKind.SERVER, startTime: endedMs - ms, attributes: { 'http.request.method': method, 'http.route': route, 'http.response.status_code': status },
  })
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end(endedMs)
}

/**
 * Metrics and traces to an OpenTelemetry collector, over OTLP with HTTP and JSON (https://opentelemetry.io/docs/specs/otlp/). The SDK is
 * loaded here and nowhere else. A collector that is away costs what it missed: queues are bounded by the SDK, nobody waits.
 */
import { type Attributes, metrics, type ObservableCounter, trace } from '@opentelemetry/api'
import { workCounts } from '../base/telemetry.ts'
import { CLASSES, type Meters } from './meters.ts'
import { VERSION } from './version.ts'

const EXPORT_EVERY_MS = 10_000
const EXPORT_TIMEOUT_MS = 5000

export interface OtlpOptions {
  /** `http://collector:4318`, to which `/v1/traces` and `/v1/metrics` are added. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** What this server calls itself. */
  readonly instance: string
  readonly everyMs?: number
}

/** Returns what tells the rest and ends it. */
export async function openOtlp({ url, headers, instance, everyMs = EXPORT_EVERY_MS }: OtlpOptions, meters: Meters): Promise<() => Promise<void>> {
  const [{ BatchSpanProcessor, TracerProvider }, { MeterProvider, PeriodicExportingMetricReader }, { resourceFromAttributes }, { OTLPTraceExporter }, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/sdk-trace'), import('@opentelemetry/sdk-metrics'), import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'), import('@opentelemetry/exporter-metrics-otlp-http'),
  ])
  const to = (signal: string) => ({ url: new URL(`v1/${signal}`, url.endsWith('/') ? url : `${url}/`).href, headers: { ...headers }, timeoutMillis: EXPORT_TIMEOUT_MS })
  const resource = resourceFromAttributes({ 'service.name': 'vamp', 'service.version': VERSION, 'service.instance.id': instance })
  const tracers = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(to('traces')), scheduledDelayMillis: everyMs })] })
  const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(to('metrics')), exportIntervalMillis: everyMs, exportTimeoutMillis: Math.min(EXPORT_TIMEOUT_MS, everyMs) })
  const provider = new MeterProvider({ resource, readers: [reader] })
  trace.setGlobalTracerProvider(tracers)
  metrics.setGlobalMeterProvider(provider)
  observe(meters)
  return async () => {
    // What does not reach the collector now is nobody's loss but its own.
    await Promise.allSettled([tracers.shutdown(), provider.shutdown()])
    trace.disable()
    metrics.disable()
  }
}

/** The same counters as `/metrics`, under the names that OpenTelemetry's conventions want. */
function observe({ traffic, api }: Meters): void {
  const meter = metrics.getMeter('vamp')
  const counter = (name: string, unit: string, description: string, values: () => Iterable<readonly [number, Attributes]>) => {
    const made: ObservableCounter = meter.createObservableCounter(name, { unit, description })
    made.addCallback(result => { for (const [value, attributes] of values()) result.observe(value, attributes) })
  }
  const routes = () => [...traffic.values()]
  const way = ({ gateway, route }: { readonly gateway: string; readonly route: string }) => ({ 'vamp.gateway': gateway, 'vamp.route': route })
  counter('vamp.gateway.requests', '{request}', 'Requests that ended', () => routes().flatMap(totals => totals.statuses.flatMap((count, index) => count > 0 ? [[count, { ...way(totals), 'http.response.status_class': CLASSES[index] ?? 'other' }] as const] : [])))
  counter('vamp.gateway.errors', '{request}', 'Requests that failed', () => routes().map(totals => [totals.errors, way(totals)] as const))
  counter('vamp.gateway.response.size', 'By', 'Bytes that were answered', () => routes().map(totals => [totals.bytes, way(totals)] as const))
  counter('vamp.gateway.request.time', 's', 'Time to the first byte of the answer, of all requests together', () => routes().map(totals => [totals.seconds, way(totals)] as const))
  counter('vamp.api.requests', '{request}', 'Requests to the API', () => [...api.values()].map(({ method, route, status, requests }) => [requests, { 'http.request.method': method, 'http.route': route, 'http.response.status_code': Number(status) }] as const))
  counter('vamp.reconcile.runs', '{run}', 'Runs of reconcilers', () => [...workCounts].map(([queue, { runs }]) => [runs, { 'vamp.queue': queue }] as const))
  counter('vamp.reconcile.failures', '{run}', 'Runs that failed', () => [...workCounts].map(([queue, { failures }]) => [failures, { 'vamp.queue': queue }] as const))
  counter('vamp.reconcile.time', 's', 'Time of all runs together', () => [...workCounts].map(([queue, { seconds }]) => [seconds, { 'vamp.queue': queue }] as const))
}

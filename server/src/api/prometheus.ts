/**
 * Counters in Prometheus' format: the server itself, and every request that the proxies saw. Counting is adding to a few
 * numbers; the library that writes them down is loaded when somebody asks for the first time.
 */
import { pages } from '@vamp/model/api/system'
import { type Route, route } from './route.ts'
import type { World } from './world.ts'

export interface Meters {
  readonly routes: readonly Route[]
  /** One answered API request. */
  answered(method: string, status: number): void
  close(): void
}

interface Totals { readonly labels: Readonly<Record<string, string>>; requests: number; errors: number; bytes: number }

interface Counted {
  /** By gateway and route. */
  readonly traffic: ReadonlyMap<string, Totals>
  /** By method and status. */
  readonly api: ReadonlyMap<string, Totals>
}

/** Routes come and go with versions; what is beyond this is counted as `other`. */
const SERIES_MAX = 20_000

export function openMeters(world: World): Meters {
  const counted = { traffic: new Map<string, Totals>(), api: new Map<string, Totals>() }
  let writer: Promise<() => Promise<string>> | undefined
  const close = world.fleet.onWindow(({ cells }) => {
    for (const { gateway, route: path, requests, errors, bytes } of cells) add(counted.traffic, { gateway, route: path }, { requests, errors, bytes })
  })
  return {
    routes: [route(pages.prometheus, async () => {
      writer ??= openWriter(world, counted)
      return { is: 'text', text: await (await writer)() }
    })],
    answered(method, status) { add(counted.api, { method, status: String(status) }, { requests: 1, errors: 0, bytes: 0 }) },
    close,
  }
}

function add(series: Map<string, Totals>, labels: Readonly<Record<string, string>>, { requests, errors, bytes }: { readonly requests: number; readonly errors: number; readonly bytes: number }): void {
  const key = Object.values(labels).join('\n')
  const told = series.has(key) || series.size < SERIES_MAX ? labels : Object.fromEntries(Object.keys(labels).map(name => [name, 'other']))
  const totals = series.get(Object.values(told).join('\n')) ?? { labels: told, requests: 0, errors: 0, bytes: 0 }
  totals.requests += requests
  totals.errors += errors
  totals.bytes += bytes
  series.set(Object.values(told).join('\n'), totals)
}

/** Gives what is true at the moment of asking. */
async function openWriter({ fleet, store, traffic }: World, counted: Counted): Promise<() => Promise<string>> {
  const { collectDefaultMetrics, Counter, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = (name: string, help: string, labelNames: readonly string[], series: ReadonlyMap<string, Totals>, of: (totals: Totals) => number) =>
    new Counter({ name, help, labelNames: [...labelNames], registers, collect() { this.reset(); for (const totals of series.values()) this.inc(totals.labels, of(totals)) } })
  const way = ['gateway', 'route'] as const
  counter('vamp_gateway_requests_total', 'Requests that ended, by gateway and route', way, counted.traffic, ({ requests }) => requests)
  counter('vamp_gateway_errors_total', 'Requests that failed', way, counted.traffic, ({ errors }) => errors)
  counter('vamp_gateway_bytes_total', 'Bytes that were answered', way, counted.traffic, ({ bytes }) => bytes)
  counter('vamp_api_requests_total', 'Requests to this API', ['method', 'status'], counted.api, ({ requests }) => requests)
  new Gauge({ name: 'vamp_lost_log_lines', help: 'Requests that were served but not measured', registers, collect() { this.set(traffic.dropped) } })
  new Gauge({ name: 'vamp_table_revision', help: 'Newest routing table', registers, collect() { this.set(fleet.table.revision) } })
  new Gauge({ name: 'vamp_table_acknowledged', help: 'Routing table that every proxy carries', registers, collect() { this.set(fleet.acknowledged()) } })
  new Gauge({
    name: 'vamp_instances', help: 'Instances by state', labelNames: ['deployment', 'cluster', 'service', 'state'], registers,
    async collect() {
      this.reset()
      for (const { value: { name, instances } } of (await store.list('deployment-statuses')).items)
        for (const { cluster, service, state } of instances) this.inc({ deployment: name, cluster, service, state })
    },
  })
  return () => registry.metrics()
}

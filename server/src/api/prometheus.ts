/** Counters in Prometheus' format: the server itself, and every request that the proxies saw. */
import { pages } from '@vamp/model/api/system'
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { type Route, route } from './route.ts'
import type { World } from './world.ts'

export interface Meters {
  readonly routes: readonly Route[]
  /** One answered API request. */
  answered(method: string, status: number): void
  close(): void
}

export function openMeters({ fleet, store, traffic }: World): Meters {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const labels = ['gateway', 'route'] as const
  const requests = new Counter({ name: 'vamp_gateway_requests_total', help: 'Requests that ended, by gateway and route', labelNames: labels, registers: [registry] })
  const errors = new Counter({ name: 'vamp_gateway_errors_total', help: 'Requests that failed', labelNames: labels, registers: [registry] })
  const bytes = new Counter({ name: 'vamp_gateway_bytes_total', help: 'Bytes that were answered', labelNames: labels, registers: [registry] })
  const api = new Counter({ name: 'vamp_api_requests_total', help: 'Requests to this API', labelNames: ['method', 'status'], registers: [registry] })
  new Gauge({ name: 'vamp_lost_log_lines', help: 'Requests that were served but not measured', registers: [registry], collect() { this.set(traffic.dropped) } })
  new Gauge({ name: 'vamp_table_revision', help: 'Newest routing table', registers: [registry], collect() { this.set(fleet.table.revision) } })
  new Gauge({ name: 'vamp_table_acknowledged', help: 'Routing table that every proxy carries', registers: [registry], collect() { this.set(fleet.acknowledged()) } })
  new Gauge({
    name: 'vamp_instances', help: 'Instances by state', labelNames: ['deployment', 'cluster', 'service', 'state'], registers: [registry],
    async collect() {
      this.reset()
      for (const { value: { name, instances } } of (await store.list('deployment-statuses')).items)
        for (const { cluster, service, state } of instances) this.inc({ deployment: name, cluster, service, state })
    },
  })
  const close = fleet.onWindow(({ cells }) => {
    for (const cell of cells) {
      const of = { gateway: cell.gateway, route: cell.route }
      requests.inc(of, cell.requests)
      errors.inc(of, cell.errors)
      bytes.inc(of, cell.bytes)
    }
  })
  return {
    routes: [route(pages.prometheus, async () => ({ is: 'text', text: await registry.metrics() }))],
    answered(method, status) { api.inc({ method, status }) },
    close,
  }
}

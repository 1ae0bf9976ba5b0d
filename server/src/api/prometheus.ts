/**
 * `/metrics`: counters in Prometheus' format, with names and labels as its conventions want them (https://prometheus.io/docs/practices/naming/).
 * Labels are names of gateways, routes and patterns of the API: their number has a bound. The library that writes them down
 * is loaded when somebody asks for the first time.
 */
import { pages } from '@vamp/model/api/system'
import type { Gauge, Registry } from 'prom-client'
import { workCounts } from '../base/telemetry.ts'
import { BOUNDS, CLASSES, type Meters } from './meters.ts'
import { type Route, route } from './route.ts'
import type { World } from './world.ts'

export function prometheusRoutes(world: World, meters: Meters): readonly Route[] {
  let writer: Promise<() => Promise<string>> | undefined
  return [route(pages.prometheus, async () => {
    writer ??= openWriter(world, meters)
    return { is: 'text', text: await (await writer)() }
  })]
}

interface Value { readonly metricName?: string; readonly labels: Readonly<Record<string, string | number>>; readonly value: number }
interface Family { readonly name: string; readonly help: string; readonly type: 'counter' | 'summary' | 'histogram'; readonly values: () => Iterable<Value> }

/** Gives what is true at the moment of asking. */
async function openWriter(world: World, meters: Meters): Promise<() => Promise<string>> {
  const { collectDefaultMetrics, Gauge: OneGauge, Registry: OneRegistry } = await import('prom-client')
  const registry = new OneRegistry()
  collectDefaultMetrics({ register: registry })
  for (const family of [...trafficFamilies(meters), ...ownFamilies(meters, world)]) register(registry, family)
  const gauge = (name: string, help: string, value: () => number) => new OneGauge({ name, help, registers: [registry], collect() { this.set(value()) } })
  gauge('vamp_table_revision', 'Newest routing table', () => world.fleet.table.revision)
  gauge('vamp_table_acknowledged', 'Routing table that every proxy carries', () => world.fleet.acknowledged())
  gauge('vamp_agents', 'Agents that report', () => world.fleet.reports().length)
  new OneGauge({
    name: 'vamp_instances', help: 'Instances by state', labelNames: ['deployment', 'cluster', 'service', 'state'], registers: [registry],
    async collect() { await setInstances(this, world) },
  })
  return () => registry.metrics()
}

async function setInstances(gauge: Gauge, { store }: World): Promise<void> {
  gauge.reset()
  for (const { value: { name, instances } } of (await store.list('deployment-statuses')).items)
    for (const { cluster, service, state } of instances) gauge.inc({ deployment: name, cluster, service, state })
}

function* trafficFamilies({ traffic }: Meters): Generator<Family> {
  const of = (value: (totals: Meters['traffic'] extends ReadonlyMap<string, infer T> ? T : never) => number) => () => [...traffic.values()].map(totals => ({ labels: { gateway: totals.gateway, route: totals.route }, value: value(totals) }))
  yield { name: 'vamp_gateway_requests_total', help: 'Requests that ended, by gateway and route', type: 'counter', values: of(({ requests }) => requests) }
  yield { name: 'vamp_gateway_errors_total', help: 'Requests that failed: 5xx, time-outs, refused and reset connections', type: 'counter', values: of(({ errors }) => errors) }
  yield { name: 'vamp_gateway_response_bytes_total', help: 'Bytes that were answered', type: 'counter', values: of(({ bytes }) => bytes) }
  yield {
    name: 'vamp_gateway_responses_total', help: 'Requests by class of status', type: 'counter',
    values: () => [...traffic.values()].flatMap(({ gateway, route: path, statuses }) => statuses.flatMap((value, index) => value > 0 ? [{ labels: { gateway, route: path, code: CLASSES[index] ?? 'other' }, value }] : [])),
  }
  const name = 'vamp_gateway_request_duration_seconds'
  yield {
    name, help: 'Time from the request to the first byte of the answer', type: 'histogram',
    *values() {
      for (const { gateway, route: path, within, requests, seconds } of traffic.values()) {
        const labels = { gateway, route: path }
        let below = 0
        for (const [index, bound] of BOUNDS.entries()) {
          below += within[index] ?? 0
          yield { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below }
        }
        yield { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: requests }
        yield { metricName: `${name}_sum`, labels, value: seconds }
        yield { metricName: `${name}_count`, labels, value: requests }
      }
    },
  }
}

function* ownFamilies({ api }: Meters, { traffic }: World): Generator<Family> {
  yield { name: 'vamp_lost_log_lines_total', help: 'Requests that were served but not measured', type: 'counter', values: () => [{ labels: {}, value: traffic.dropped }] }
  const requests = 'vamp_api_request_duration_seconds'
  yield {
    name: requests, help: 'Requests to this API', type: 'summary',
    values: () => [...api.values()].flatMap(({ method, route: path, status, requests: count, seconds }) => [
      { metricName: `${requests}_sum`, labels: { method, route: path, code: status }, value: seconds }, { metricName: `${requests}_count`, labels: { method, route: path, code: status }, value: count },
    ]),
  }
  const work = 'vamp_reconcile_duration_seconds'
  yield {
    name: work, help: 'Runs of what closes the gap between what should be and what is', type: 'summary',
    values: () => [...workCounts].flatMap(([queue, { runs, seconds }]) => [{ metricName: `${work}_sum`, labels: { queue }, value: seconds }, { metricName: `${work}_count`, labels: { queue }, value: runs }]),
  }
  yield { name: 'vamp_reconcile_failures_total', help: 'Runs that failed and are tried again', type: 'counter', values: () => [...workCounts].map(([queue, { failures }]) => ({ labels: { queue }, value: failures })) }
}

/** A family whose values are kept elsewhere: the library wants a class that counts itself, and asks it for no more than this. */
function register(registry: Registry, { name, help, type, values }: Family): void {
  const metric = { name, help, type, aggregator: 'sum', get: async () => ({ name, help, type, aggregator: 'sum', values: [...values()] }) }
  registry.registerMetric(metric as unknown as Gauge)
}

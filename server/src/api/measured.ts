/**
 * Health and metrics as single numbers. What a workflow published as an event wins, as in the original; without one the
 * number comes from the requests themselves.
 */
import { health, metrics } from '@vamp/model/api/system'
import type { Cell } from '@vamp/model/metric'
import { Fault } from '@vamp/model/fault'
import { merge, quantile } from '@vamp/stats/sketch'
import type { Traffic, TrafficQuery } from '../traffic/traffic.ts'
import { type Reply, type Route, route, value } from './route.ts'
import type { World } from './world.ts'

const WINDOW_SECONDS = 30
const WINDOW_SECONDS_MAX = 3600

/** What is measured: requests through a gateway, perhaps of one route or instance; or through every gateway of a cluster or deployment. */
interface Subject extends Omit<TrafficQuery, 'from' | 'to'> {
  readonly prefix?: string
  /** As the workflows tag it. */
  readonly tags: readonly string[]
}

type Query = { readonly window?: string }

export function measuredRoutes(world: World): Route[] {
  const healthOf = (subject: Subject, query: Query) => answer(world, 'health', 'health', subject, query)
  const metricOf = (metric: string, subject: Subject, query: Query) => answer(world, 'metrics', metric, subject, query)
  return [
    route(health.gateway, ({ path, query }) => healthOf(gateway(path.gateway), query)),
    route(health.route, ({ path, query }) => healthOf(gatewayRoute(path.gateway, path.route), query)),
    route(health.deployment, ({ path, query }) => healthOf({ prefix: `${path.deployment}/`, tags: [`deployments:${path.deployment}`] }, query)),
    route(health.cluster, ({ path, query }) => healthOf({ prefix: `${path.deployment}/${path.cluster}/`, tags: [`deployments:${path.deployment}`, `clusters:${path.cluster}`] }, query)),
    route(health.service, ({ path, query }) => healthOf({ prefix: `${path.deployment}/${path.cluster}/`, route: service(path), tags: [`deployments:${path.deployment}`, `clusters:${path.cluster}`, `services:${path.service}`] }, query)),
    route(health.instance, ({ path, query }) => healthOf({ prefix: `${path.deployment}/${path.cluster}/`, instance: path.instance, tags: [`instances:${path.instance}`] }, query)),
    route(metrics.gateway, ({ path, query }) => metricOf(path.metric, gateway(path.gateway), query)),
    route(metrics.route, ({ path, query }) => metricOf(path.metric, gatewayRoute(path.gateway, path.route), query)),
    route(metrics.port, ({ path, query }) => metricOf(path.metric, gateway(`${path.deployment}/${path.cluster}/${path.port}`), query)),
    route(metrics.service, ({ path, query }) => metricOf(path.metric, gatewayRoute(`${path.deployment}/${path.cluster}/${path.port}`, `${service(path)}/${path.port}`), query)),
    route(metrics.instance, ({ path, query }) => metricOf(path.metric, { gateway: `${path.deployment}/${path.cluster}/${path.port}`, instance: path.instance, tags: [`instances:${path.instance}`] }, query)),
  ]
}

const gateway = (name: string): Subject => ({ gateway: name, tags: [`gateways:${name}`] })
const gatewayRoute = (name: string, path: string): Subject => ({ gateway: name, route: path, tags: [`gateways:${name}`, `routes:${path}`] })
const service = ({ deployment, cluster, service: breed }: { readonly deployment: string; readonly cluster: string; readonly service: string }) => `${deployment}/${cluster}/${breed}`

async function answer(world: World, type: 'health' | 'metrics', metric: string, subject: Subject, { window }: Query): Promise<Reply> {
  const seconds = Number(window) > 0 ? Math.min(Number(window), WINDOW_SECONDS_MAX) : WINDOW_SECONDS
  const told = await toldValue(world, type, metric, subject, seconds)
  const known = told ?? measure(await cellsOf(world.traffic, subject, world.clock.now() / 1000, seconds), metric, seconds)
  if (known === undefined) throw new Fault('not_found', `Nothing was measured in the last ${seconds} s.`)
  return value(known)
}

async function toldValue({ events, clock }: World, type: string, metric: string, { tags }: Subject, seconds: number): Promise<number | undefined> {
  const { events: [newest] } = await events.query({ type, tags: [...tags, ...(type === 'metrics' ? [`metrics:${metric}`] : [])], time: { gte: clock.now() - seconds * 1000 } }, { limit: 1 })
  const given = typeof newest?.value === 'string' ? Number(newest.value) : newest?.value
  return typeof given === 'number' && Number.isFinite(given) ? given : undefined
}

async function cellsOf(traffic: Traffic, { prefix, gateway: name, route: path, instance }: Subject, now: number, seconds: number): Promise<Cell[]> {
  const [from, to] = [Math.floor(now - seconds), Math.ceil(now)]
  const points = await traffic.read({ from, to, resolution: 1, step: to - from, wants: key => (name === undefined || key.gateway === name) && (instance === undefined || key.instance === instance)
    && (prefix === undefined || key.gateway.startsWith(prefix)) && (path === undefined || key.route === path || key.route.startsWith(`${path}/`)) })
  return points.flatMap(({ cells }) => cells)
}

/** Nothing where there is nothing to measure. `responseTime` is the median; a mean says little of latencies. */
export function measure(cells: readonly Cell[], metric: string, seconds: number): number | undefined {
  const requests = sum(cells, cell => cell.requests)
  if (requests === 0) return metric === 'rate' ? 0 : undefined
  const errors = sum(cells, cell => cell.errors) / requests
  const percentile = /^p(\d{2,3})$/.exec(metric)?.[1]
  if (metric === 'rate') return requests / seconds
  if (metric === 'health') return 1 - errors
  if (metric === 'errorRate') return errors
  if (metric === 'responseTime') return quantile(merge(cells.map(cell => cell.latency)), 0.5)
  if (percentile !== undefined) return quantile(merge(cells.map(cell => cell.latency)), Number(`0.${percentile}`))
  throw new Fault('not_found', `There is no metric '${metric}'; there are rate, responseTime, errorRate and percentiles such as p99.`)
}

const sum = (cells: readonly Cell[], of: (cell: Cell) => number) => cells.reduce((total, cell) => total + of(cell), 0)

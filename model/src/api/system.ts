/** The server itself. */
import { type Static, Type } from '@sinclair/typebox'
import { type Endpoint, endpoint, paging, writing } from './endpoint.ts'

export const Info = Type.Object({
  message: Type.String(),
  version: Type.String(),
  uuid: Type.String(),
  /** ISO-8601. */
  running_since: Type.String(),
  namespace: Type.String(),
  persistence: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  pulse: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  gateway_driver: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  container_driver: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  runtime: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
export type Info = Static<typeof Info>

export const Ready = Type.Object({ ready: Type.Boolean(), parts: Type.Record(Type.String(), Type.String()) })
export type Ready = Static<typeof Ready>

const Value = Type.Unsafe<number>({ type: 'number' })
const LogEntry = Type.Object({ logger: Type.String(), level: Type.String(), message: Type.String(), timestamp: Type.String(), facts: Type.Optional(Type.Unknown()) })
const Texts = Type.Record(Type.String(), Type.String())
const RoutingGroup = Type.Object({
  name: Type.String(), kind: Type.String(), namespace: Type.String(), labels: Texts, image: Type.String(),
  instances: Type.Array(Type.Object({ ip: Type.String(), ports: Type.Array(Type.Object({ host: Type.Integer(), container: Type.Integer() })) })),
})
const Settings = Type.Record(Type.String(), Type.Unknown())
const windowed = { query: Type.Object({ window: Type.Optional(Type.String({ description: 'seconds; anything else is the default' })) }), answer: { is: 'data', status: 200, schema: Value } } as const
const reading = { method: 'GET', role: 'viewer', group: 'system' } as const
const options = Type.Object({
  type: Type.Optional(Type.String({ description: 'applied, dynamic, system (flags), environment, application or reference (defaults); anything else is applied' })),
  flatten: Type.Boolean({ default: false, description: 'names are never nested here' }),
})
const configuring = {
  role: 'admin', group: 'system', path: '/config', summary: 'Replaces the dynamic layer of the options, which goes over flags and environment; the answer is what is in force then',
  query: Type.Object({ validate_only: writing.validate_only }), body: { is: 'language', schema: Settings, optional: true }, answer: { is: 'data', status: 202, schema: Settings },
} as const
const measured = { method: 'GET', role: 'viewer', group: 'health and metrics', ...windowed } as const
const CLUSTER = '/deployments/{deployment}/clusters/{cluster}'

export const system = {
  info: endpoint({ ...reading, path: '/info', summary: 'Who answers, and with which drivers', query: Type.Object({ on: Type.Optional(Type.Array(Type.String())) }), answer: { is: 'data', status: 200, schema: Info } }),
  config: endpoint({ ...reading, role: 'operator', path: '/config', summary: 'The options in force, or one of the layers that they come from', query: options, answer: { is: 'data', status: 200, schema: Settings } }),
  configKey: endpoint({ ...reading, role: 'operator', path: '/config/{key}', summary: 'One option', query: options, answer: { is: 'data', status: 200, schema: Type.Unknown() } }),
  putConfig: endpoint({ ...configuring, method: 'PUT' }),
  createConfig: endpoint({ ...configuring, method: 'POST' }),
  stats: endpoint({ ...reading, path: '/stats', summary: 'Counts of what is stored and what runs', answer: { is: 'data', status: 200, schema: Settings } }),
  schema: endpoint({ ...reading, role: 'anyone', path: '/schemas/{kind}', summary: 'JSON Schema of a kind, for editors; `document` is for files with several kinds', answer: { is: 'data', status: 200, schema: Settings } }),
  logs: endpoint({ ...reading, role: 'operator', path: '/logs', summary: 'The server\'s log as it is written', query: Type.Object({ level: Type.Optional(Type.String()) }), answer: { is: 'stream', status: 200, schema: LogEntry } }),
  routing: endpoint({ ...reading, path: '/scheduler/routing', summary: 'The services that run, with their instances and ports, as selectors see them', query: Type.Object({ ...paging, selector: Type.String({ default: 'true', description: 'which of them' }) }), answer: { is: 'data', status: 200, schema: Type.Array(RoutingGroup), paged: true } }),
  proxyConfiguration: endpoint({ ...reading, role: 'operator', path: '/vga/haproxy/{version}/configuration', summary: 'The configuration of this server\'s own HAProxy as it was written last', answer: { is: 'text', status: 200, media: 'text/plain; charset=utf-8' } }),
  proxyConfig: endpoint({ ...reading, role: 'operator', path: '/vga/haproxy/{version}/config', summary: 'The same', answer: { is: 'text', status: 200, media: 'text/plain; charset=utf-8' } }),
} satisfies Record<string, Endpoint>

export const health = {
  live: endpoint({ method: 'GET', path: '/health/live', role: 'anyone', group: 'system', summary: 'The process answers', answer: { is: 'data', status: 200, schema: Type.Object({ live: Type.Boolean() }) } }),
  ready: endpoint({ method: 'GET', path: '/health/ready', role: 'anyone', group: 'system', summary: 'The database answers and takes what is written, and a proxy carries the newest table; 503 otherwise', answer: { is: 'data', status: 200, schema: Ready } }),
  gateway: endpoint({ ...measured, path: '/health/gateways/{gateway}', summary: '0 to 1' }),
  route: endpoint({ ...measured, path: '/health/gateways/{gateway}/routes/{route}', summary: '0 to 1' }),
  deployment: endpoint({ ...measured, path: '/health/deployments/{deployment}', summary: '0 to 1' }),
  cluster: endpoint({ ...measured, path: `/health${CLUSTER}`, summary: '0 to 1' }),
  service: endpoint({ ...measured, path: `/health${CLUSTER}/services/{service}`, summary: '0 to 1' }),
  instance: endpoint({ ...measured, path: `/health${CLUSTER}/services/{service}/instances/{instance}`, summary: '0 to 1' }),
} satisfies Record<string, Endpoint>

export const metrics = {
  gateway: endpoint({ ...measured, path: '/metrics/gateways/{gateway}/{metric}', summary: '`rate` (requests per second), `responseTime` (ms), `errorRate`, `p50` … `p999` (ms)' }),
  route: endpoint({ ...measured, path: '/metrics/gateways/{gateway}/routes/{route}/{metric}', summary: 'The same of one route' }),
  port: endpoint({ ...measured, path: `/metrics${CLUSTER}/ports/{port}/{metric}`, summary: 'The same of a cluster\'s port' }),
  service: endpoint({ ...measured, path: `/metrics${CLUSTER}/services/{service}/ports/{port}/{metric}`, summary: 'The same of one version' }),
  instance: endpoint({ ...measured, path: `/metrics${CLUSTER}/services/{service}/instances/{instance}/ports/{port}/{metric}`, summary: 'The same of one instance' }),
} satisfies Record<string, Endpoint>

export const pages = {
  openapi: endpoint({ method: 'GET', path: '//openapi.json', role: 'anyone', group: 'system', summary: 'This document', answer: { is: 'text', status: 200, media: 'application/json' } }),
  docs: endpoint({ method: 'GET', path: '//docs', role: 'anyone', group: 'system', summary: 'This document, for people', answer: { is: 'text', status: 200, media: 'text/html; charset=utf-8' } }),
  prometheus: endpoint({ method: 'GET', path: '//metrics', role: 'viewer', group: 'system', summary: 'Counters for Prometheus', answer: { is: 'text', status: 200, media: 'text/plain; version=0.0.4; charset=utf-8' } }),
} satisfies Record<string, Endpoint>

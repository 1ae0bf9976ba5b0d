/** Every endpoint of the original's API in one long dialogue with the whole server, once in JSON and once in YAML. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allEndpoints } from '@vamp/model/api/contract'
import { openWorld, type World } from '../acceptance/world.ts'
import { ask, MEDIA, type Media } from './ask.ts'

interface Step {
  readonly call: string
  readonly body?: unknown
  readonly status: number
  /** What the answer is or holds. */
  readonly shows?: unknown
}

const has = (fields: object) => expect.objectContaining(fields) as unknown
const list = (...items: unknown[]) => expect.arrayContaining(items) as unknown

const breed = (name: string) => ({ name, deployable: { type: 'process', definition: 'web' }, ports: { http: '8080/http' } })
const SCALE = { cpu: 0.1, memory: '64MB', instances: 1 }

const STATIC: Readonly<Record<string, object>> = {
  breeds: { deployable: 'acme/web' },
  blueprints: { clusters: { c: 'a' } },
  scales: SCALE,
  slas: { type: 'escalation_only' },
  escalations: { type: 'scale_instances', minimum: 1, maximum: 3, scale_by: 1 },
  routes: { weight: '100%' },
  conditions: { condition: '< path_beg /x >' },
  rewrites: { path: '/new if path_beg /old' },
  templates: { definition: { a: 1 } },
  autoscalers: { deployment: 'shop', cluster: 'web', minimum: 1, maximum: 3, signals: [{ metric: 'requests', target: 10 }] },
  policies: { timeouts: { request: '1s' } },
}

const artifacts: readonly Step[] = Object.entries(STATIC).flatMap(([kind, body]): Step[] => [
  { call: `GET /${kind}/one`, status: 404, shows: has({ message: expect.stringContaining("'one'") }) },
  { call: `POST /${kind}`, body: { name: 'one', ...body }, status: 201, shows: list(has({ name: 'one', kind })) },
  { call: `POST /${kind}`, body: { name: 'one', ...body }, status: 201 },
  { call: `GET /${kind}`, status: 200, shows: [has({ name: 'one' })] },
  { call: `GET /${kind}/one`, status: 200, shows: has({ name: 'one', kind, metadata: {} }) },
  { call: `PUT /${kind}/two`, body: { name: 'two', ...body }, status: 200, shows: list(has({ name: 'two' })) },
  { call: `PUT /${kind}/three`, body: { name: 'two', ...body }, status: 400, shows: has({ message: "Inconsistent name: given 'three' but found 'two'." }) },
  { call: `DELETE /${kind}/two`, status: 204 },
  { call: `DELETE /${kind}/two`, status: 204 },
  { call: `DELETE /${kind}/one`, status: 204 },
])

const CLUSTER = '/deployments/shop/clusters/web'
const shop = { name: 'shop', gateways: { 9050: 'web/http' }, clusters: { web: { services: [{ breed: 'web:1', scale: SCALE }] } } }

const deployments: readonly Step[] = [
  { call: 'PUT /breeds/web:1', body: breed('web:1'), status: 200 },
  { call: 'PUT /breeds/web:2', body: breed('web:2'), status: 200 },
  { call: 'POST /blueprints', body: shop, status: 201 },
  { call: 'GET /deployments/shop', status: 404 },
  { call: 'DELETE /deployments/shop', body: { name: 'shop' }, status: 404 },
  { call: 'POST /deployments', body: { name: 'nothing-of-this-name' }, status: 404 },
  { call: 'POST /deployments', body: { name: 'shop' }, status: 202, shows: has({ name: 'shop', kind: 'deployments' }) },
  { call: 'GET /deployments', status: 200, shows: [has({ name: 'shop' })] },
  { call: 'GET /deployments?as_blueprint=true', status: 200, shows: [has({ name: 'shop', kind: 'blueprints' })] },
  { call: 'PUT /deployments/shop', body: { name: 'shop', clusters: { web: { services: [{ breed: 'web:2', scale: SCALE }] } } }, status: 202 },
  { call: 'GET /deployments/shop', status: 200, shows: has({ name: 'shop', clusters: has({ web: has({ services: [has({ breed: has({ name: 'web:1' }) }), has({ breed: has({ name: 'web:2' }) })], gateways: has({ http: expect.anything() }) }) }) }) },
  { call: 'GET /instances', status: 200 },
  { call: `GET ${CLUSTER}/services/web:1/scale`, status: 200, shows: has({ cpu: 0.1, instances: 1 }) },
  { call: `PUT ${CLUSTER}/services/web:1/scale`, body: { ...SCALE, instances: 2 }, status: 202, shows: has({ instances: 2 }) },
  { call: `GET ${CLUSTER}/services/none/scale`, status: 404 },
  { call: `GET ${CLUSTER}/sla`, status: 404 },
  { call: `POST ${CLUSTER}/sla`, body: { type: 'escalation_only' }, status: 202, shows: has({ type: 'escalation_only' }) },
  { call: `GET ${CLUSTER}/sla`, status: 200, shows: has({ type: 'escalation_only' }) },
  { call: `PUT ${CLUSTER}/sla`, body: { type: 'response_time_sliding_window', threshold: { upper: 1000, lower: 100 }, window: { interval: 60, cooldown: 60 }, escalations: [] }, status: 202 },
  { call: `PUT ${CLUSTER}/sla`, body: { no: 'type' }, status: 400 },
  { call: `DELETE ${CLUSTER}/sla`, status: 204 },
  { call: `GET ${CLUSTER}/sla`, status: 404 },
  { call: 'GET /gateways', status: 200, shows: list(has({ name: 'shop/9050', internal: false }), has({ name: 'shop/web/http', internal: true })) },
  { call: 'GET /gateways/shop/web/http', status: 200, shows: has({ lookup_name: expect.stringMatching(/^[0-9a-f]{39,40}$/), routes: has({ 'shop/web/web:1/http': has({ weight: '100%' }), 'shop/web/web:2/http': has({ weight: '0%' }) }) }) },
  { call: 'GET /gateways/shop%2Fweb%2Fhttp', status: 200, shows: has({ name: 'shop/web/http' }) },
  { call: 'PUT /gateways/shop/web/http', body: { name: 'shop/web/http', routes: { 'shop/web/web:1/http': { weight: '50%' }, 'shop/web/web:2/http': { weight: '50%' } } }, status: 202 },
  { call: 'DELETE /deployments/shop', body: { name: 'shop', clusters: { web: { services: [{ breed: 'web:1' }] } } }, status: 400, shows: has({ message: expect.stringContaining("Invalid route weight in cluster 'shop/web' - after updating the services and routes, weight 50% is invalid for port: 'http'.") }) },
  { call: 'PUT /gateways/shop/web/http', body: { name: 'shop/web/http', routes: { 'shop/web/web:1/http': { weight: '0%' }, 'shop/web/web:2/http': { weight: '100%' } } }, status: 202 },
  { call: 'PUT /deployments/shop?delete=true', body: { name: 'shop', clusters: { web: { services: [{ breed: 'web:1' }] } } }, status: 202 },
  { call: 'DELETE /deployments/shop', status: 202, shows: has({ name: 'shop' }) },
  { call: 'DELETE /gateways/shop/web/http', status: 400, shows: has({ message: expect.stringContaining('Internal gateway cannot be removed') }) },
]

const rest: readonly Step[] = [
  { call: 'POST /gateways', body: { name: 'edge', port: 9060, routes: { 'shop/web/http': { weight: '100%' } } }, status: 202, shows: has({ name: 'edge', port: '9060/http' }) },
  { call: 'GET /gateways/edge', status: 200, shows: has({ name: 'edge' }) },
  { call: 'PUT /gateways/edge', body: { name: 'edge', port: 9060, sticky: 'route', routes: { 'shop/web/http': { weight: '100%' } } }, status: 202, shows: has({ sticky: 'route' }) },
  { call: 'POST /gateways', body: { name: 'a/b/c', port: 9061 }, status: 400, shows: has({ message: expect.stringContaining('Internal gateway cannot be created') }) },
  { call: 'DELETE /gateways/edge', status: 202 },
  { call: 'GET /gateways/edge', status: 404 },
  { call: 'POST /workflows', body: { name: 'w', breed: 'web:1', schedule: 'daemon' }, status: 202, shows: has({ name: 'w', kind: 'workflows', schedule: 'daemon' }) },
  { call: 'GET /workflows', status: 200, shows: [has({ name: 'w' })] },
  { call: 'GET /workflows/w', status: 200, shows: has({ name: 'w' }) },
  { call: 'PUT /workflows/w', body: { name: 'w', breed: 'web:1', schedule: { event: ['deployments'] } }, status: 202 },
  { call: 'GET /workflows/w/status', status: 200, shows: expect.any(String) },
  { call: 'PUT /workflows/w/status', body: 'suspending', status: 202, shows: 'suspending' },
  { call: 'PUT /workflows/w/status', body: 'flying', status: 400 },
  { call: 'GET /workflows/w/runs', status: 200 },
  { call: 'POST /workflows/w/runs', body: { dry: true }, status: 409 },
  { call: 'GET /workflows/w/runs/none', status: 404 },
  { call: 'DELETE /workflows/w/runs/none', status: 404 },
  { call: 'PUT /workflows/w/state/seen', body: [3], status: 204 },
  { call: 'GET /workflows/w/state/seen', status: 200, shows: [3] },
  { call: 'GET /workflows/w/state', status: 200, shows: { seen: [3] } },
  { call: 'DELETE /workflows/w/state/seen', status: 204 },
  { call: 'GET /workflows/w/state/seen', status: 404 },
  { call: 'DELETE /workflows/w', status: 202 },
  { call: 'POST /events', body: { tags: ['a:b'], type: 'numbers', value: 3 }, status: 201, shows: has({ tags: ['a', 'a:b'], type: 'numbers', value: 3 }) },
  { call: 'POST /events', body: { tags: [] }, status: 400, shows: has({ message: 'Publishing an event without tags is not allowed.' }) },
  { call: 'GET /events?tag=a:b&type=numbers', status: 200, shows: [has({ value: 3 })] },
  { call: 'GET /events', body: { tags: ['a'], aggregator: { type: 'sum' }, type: 'numbers' }, status: 200, shows: { value: 3 } },
  { call: 'POST /events', body: { tags: ['gateways:g', 'metrics:rate'], type: 'metrics', value: '12.5' }, status: 201 },
  { call: 'POST /events', body: { tags: ['deployments:d', 'clusters:c', 'services:s'], type: 'health', value: 0.5 }, status: 201 },
  { call: 'GET /metrics/gateways/g/rate', status: 200, shows: 12.5 },
  { call: 'GET /metrics/gateways/g/rate?window=-1', status: 200, shows: 12.5 },
  { call: 'GET /metrics/gateways/g/routes/r/responseTime', status: 404 },
  { call: 'GET /metrics/deployments/d/clusters/c/ports/p/responseTime', status: 404 },
  { call: 'GET /metrics/deployments/d/clusters/c/services/s/ports/p/responseTime', status: 404 },
  { call: 'GET /metrics/deployments/d/clusters/c/services/s/instances/i/ports/p/responseTime', status: 404 },
  { call: 'GET /health/gateways/g', status: 404 },
  { call: 'GET /health/gateways/g/routes/r', status: 404 },
  { call: 'GET /health/deployments/d', status: 200, shows: 0.5 },
  { call: 'GET /health/deployments/d/clusters/c', status: 200, shows: 0.5 },
  { call: 'GET /health/deployments/d/clusters/c/services/s', status: 200, shows: 0.5 },
  { call: 'GET /health/deployments/d/clusters/c/services/s/instances/i', status: 404 },
  { call: 'GET /info', status: 200, shows: has({ message: expect.any(String), version: expect.any(String), uuid: expect.any(String), running_since: expect.any(String), persistence: expect.anything(), gateway_driver: expect.anything() }) },
  { call: 'GET /information?on=pulse', status: 200, shows: expect.not.objectContaining({ persistence: expect.anything() }) },
  { call: 'GET /stats', status: 200, shows: has({ persistence: expect.anything() }) },
  { call: 'GET /statistics', status: 200 },
  { call: 'GET /config', status: 200 },
  { call: 'GET /configuration?flatten=true', status: 200 },
  { call: 'GET /config/port', status: 200, shows: expect.anything() },
  { call: 'PUT /config', body: { vamp: { operation: { gateway: { 'port-range': '41000-41100' } }, 'http-api': { port: 1 } }, 'events-keep': 7 }, status: 202, shows: has({ 'gateway-ports': { from: 41_000, to: 41_100 }, 'events-keep': 7 }) },
  { call: 'GET /config?type=dynamic', status: 200, shows: { 'gateway-ports': '41000-41100', 'events-keep': '7' } },
  { call: 'POST /config', body: { 'events-kept': 7 }, status: 400, shows: has({ problems: [has({ code: 'UnexpectedElement', hint: "did you mean 'events-keep'?" })] }) },
  { call: 'PUT /config', body: {}, status: 202, shows: has({ 'events-keep': 30 }) },
  { call: 'POST /', body: [{ kind: 'scales', name: 'm1', ...SCALE }, { kind: 'condition', name: 'm2', condition: 'has header a' }], status: 202, shows: [has({ name: 'm1' }), has({ name: 'm2' })] },
  { call: 'PUT /', body: [{ kind: 'scales', name: 'm1', ...SCALE }], status: 202 },
  { call: 'DELETE /', body: [{ kind: 'scales', name: 'm1', ...SCALE }, { kind: 'condition', name: 'm2', condition: 'has header a' }], status: 202 },
  { call: 'GET /scales/m1', status: 404 },
  { call: 'POST /', body: [{ kind: 'bread', name: 'x' }], status: 400, shows: has({ message: "Unexpected resource: 'bread'." }) },
]

describe.each(MEDIA)('in %s', media => {
  let world: World
  beforeAll(async () => { world = await openWorld({ seed: 1, answer: () => ({ status: 200, latencyMs: 10 }) }) })
  afterAll(async () => { await world.close() })

  test.each([...artifacts, ...deployments, ...rest].map(step => [step.call, step.status, step] as const))('%s is answered with %i', (_, __, step) => take(world, media, step))
})

async function take(world: World, media: Media, { call, body, status, shows }: Step): Promise<void> {
  const [method = '', path = ''] = call.split(' ')
  const answered = await ask(world.url, path, { method, media, ...(body === undefined ? {} : { body: typeof body === 'string' ? JSON.stringify(body) : body }) })

  expect([call, answered.status, answered.text]).toEqual([call, status, expect.any(String)])
  expect(answered.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' })
  if (status === 204) return expect(answered.text).toBe('')
  // Whoever is refused reads JSON in either case, as with the original.
  expect(answered.headers['content-type']).toContain(status < 400 ? media : 'application/json')
  if (shows !== undefined) expect(answered.value).toEqual(shows)
}

test('the dialogue meets every endpoint of the contract that the original had', () => {
  const originals = /^\/$|^\/(breeds|blueprints|scales|slas|escalations|routes|conditions|rewrites|templates|deployments|gateways|workflows|events|health|metrics|info|stats|config)\b/
  const elsewhere = /^\/health\/(live|ready)$|\/(stream|logs|logs\/file)$/
  const met = [...artifacts, ...deployments, ...rest].map(({ call }) => call.split('?')[0] ?? '')
  const pattern = (path: string) => path === '/' ? '/' : path.replaceAll(/\{\w+\.\.\.\}/g, '.+').replaceAll(/\{\w+\}/g, '[^/]+')

  expect(allEndpoints().filter(([, { method, path }]) => originals.test(path) && !elsewhere.test(path) && !met.some(call => new RegExp(`^${method} ${pattern(path)}$`).test(call))).map(([id]) => id)).toEqual([])
})

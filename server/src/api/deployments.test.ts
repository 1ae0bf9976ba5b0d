import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestServer, testServer } from './testdata/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
  for (const version of ['1', '2']) await server.ask('/breeds', { method: 'POST', body: `name: web:${version}\ndeployable: x\nports: {http: 80/http}` })
})
afterAll(async () => { await server[Symbol.asyncDispose]() })

const body = (name: string, version = '1', more = '') => `name: ${name}\nclusters: {web: {services: [{breed: "web:${version}", scale: {cpu: 1, memory: 64MB, instances: 2}}]${more}}}\n`
const deploy = (name: string) => server.ask(`/deployments/${name}`, { method: 'PUT', body: body(name) })

type View = { clusters: { web: { services: { breed: { name: string }; scale: { instances: number }; status: { intention: string; phase: { name: string } }; instances: unknown[] }[]; gateways: { http: { routes: Record<string, { weight: string }> } } } } }
const services = (json: View) => json.clusters.web.services.map(({ breed, status }) => `${breed.name} ${status.intention}`)
const weights = (json: View) => Object.fromEntries(Object.entries(json.clusters.web.gateways.http.routes).map(([route, { weight }]) => [route, weight]))

test('a blueprint is deployed under its name, with a gateway for each port', async () => {
  const { status, json } = await server.ask('/deployments', { method: 'POST', body: `${body('one')}gateways: {8080: web/http}` })

  expect(status).toBe(202)
  expect(services(json)).toEqual(['web:1 Deployment'])
  expect((json as View).clusters.web.services[0]?.status.phase.name).toBe('Initiated')
  expect((await server.ask('/gateways/one/web/http')).json).toEqual(expect.objectContaining({ internal: true, deployed: false }))
  expect((await server.ask('/gateways/one%2F8080')).json).toEqual(expect.objectContaining({ port: '8080/http', internal: false }))
})

test('that a gateway was given its port meanwhile is no change that somebody asked for', async () => {
  await deploy('assigned')
  const gateway = await server.store.get('gateways', 'assigned/web/http')
  if (gateway) await server.store.put('gateways', 'assigned/web/http', { ...gateway.value, port: { ...gateway.value.port, number: 41_234 } })

  const plan = async (text: string) => ((await server.ask('/deployments/assigned?plan=true', { method: 'PUT', body: text })).json as { changes: { kind: string; do: string }[] }).changes.find(({ kind }) => kind === 'deployments')?.do
  expect(await plan(body('assigned'))).toBe('keep')
  expect(await plan(body('assigned').replace('instances: 2', 'instances: 3'))).toBe('update')
})

test('a stored blueprint is deployed by its name', async () => {
  await server.ask('/blueprints', { method: 'POST', body: body('stored') })

  expect((await server.ask('/deployments', { method: 'POST', body: 'name: stored' })).status).toBe(202)
  expect((await server.ask('/deployments/other', { method: 'PUT', body: 'name: stored' })).status).toBe(202)
  expect((await server.ask('/deployments', { method: 'POST', body: 'name: nowhere' })).status).toBe(404)
})

test('a size that an autoscaler would undo is refused, with the way out; what it leaves alone is not', async () => {
  await deploy('kept')
  const scale = (fields: object) => server.ask('/deployments/kept/clusters/web/services/web:1/scale', { method: 'PUT', body: fields })
  const keep = (mode: string) => server.ask('/autoscalers/keeper', { method: 'PUT', body: `{name: keeper, deployment: kept, cluster: web, minimum: 2, maximum: 9, mode: ${mode}, signals: [{metric: requests, target: 10}]}` })
  await keep('act')

  const refused = await scale({ instances: 5 })
  expect([refused.status, refused.json]).toEqual([409, expect.objectContaining({ message: expect.stringMatching(/'keeper'.*between 2 and 9.*minimum or maximum.*mode: shadow/) })])
  expect((await scale({ cpu: 2 })).status).toBe(202)

  await keep('shadow')
  expect((await scale({ instances: 5 })).status).toBe(202)
})

test('a document read again leaves the size that an autoscaler has found, and says so; without one it gives the size', async () => {
  await deploy('found')
  const scaleOf = async () => (await server.ask('/deployments/found/clusters/web/services/web:1/scale')).json as { instances: number; cpu: number }
  const again = (text = body('found'), query = '') => server.ask(`/deployments/found${query}`, { method: 'PUT', body: text })
  await server.ask('/deployments/found/clusters/web/services/web:1/scale', { method: 'PUT', body: 'instances: 6' })
  const autoscaler = (mode: string) => `{kind: autoscalers, name: finder, deployment: found, cluster: web, minimum: 2, maximum: 9, mode: ${mode}, signals: [{metric: requests, target: 10}]}`
  await server.ask('/autoscalers/finder', { method: 'PUT', body: autoscaler('act') })
  const said = 'web/web:1: instances stay 6, not 2: autoscaler finder sizes it.'

  expect((await again(body('found'), '?plan=true')).json).toEqual({ changes: [expect.objectContaining({ kind: 'deployments', do: 'keep', note: said })] })
  const answered = await again(body('found').replace('cpu: 1', 'cpu: 2'))
  expect([answered.status, answered.headers.get('x-vamp-note'), await scaleOf()]).toEqual([202, said, expect.objectContaining({ instances: 6, cpu: 2 })])
  expect((await again(body('found', '2'))).headers.get('x-vamp-note')).toBeNull()

  await server.ask('/autoscalers/finder', { method: 'PUT', body: autoscaler('shadow') })
  expect([(await again()).headers.get('x-vamp-note'), (await scaleOf()).instances]).toEqual([null, 2])
})

test('an SLA that scales instances has found the size of what runs, too; one that only tells has not', async () => {
  const promising = (type: string) => body('promise', '1', `, sla: {type: response_time_sliding_window, threshold: {upper: 1000, lower: 100}, window: {interval: 600, cooldown: 600}, escalations: [{to_one: [{type: ${type}}]}]}`)
  const path = '/deployments/promise'
  const scales = promising('scale_instances, minimum: 1, maximum: 9, scale_by: 1')
  await server.ask(path, { method: 'PUT', body: scales })
  await server.ask(`${path}/clusters/web/services/web:1/scale`, { method: 'PUT', body: 'instances: 3' })
  const sizeAfter = async (text: string) => { await server.ask(path, { method: 'PUT', body: text }); return ((await server.ask(`${path}/clusters/web/services/web:1/scale`)).json as { instances: number }).instances }

  expect((await server.ask(`${path}?plan=true`, { method: 'PUT', body: scales })).json).toEqual({ changes: [expect.objectContaining({ do: 'keep', note: expect.stringContaining('stay 3, not 2: the SLA of promise/web sizes it; vamp scale promise/web/web:1') })] })
  expect(await sizeAfter(scales)).toBe(3)
  expect(await sizeAfter(promising('notify, message: slow'))).toBe(2)
})

test('the canary dialogue: merge, weights, slice', async () => {
  await deploy('shop')
  const merged = await server.ask('/deployments/shop', { method: 'PUT', body: body('shop', '2') })
  expect([merged.status, services(merged.json), weights(merged.json)]).toEqual([202, ['web:1 Deployment', 'web:2 Deployment'], { 'web:1': '100%', 'web:2': '0%' }])

  const tooEarly = await server.ask('/deployments/shop', { method: 'DELETE', body: body('shop') })
  expect([tooEarly.status, tooEarly.json]).toEqual([400, expect.objectContaining({ problems: [expect.objectContaining({ code: 'InvalidRouteWeight' })] })])

  const gateway = await server.ask('/gateways/shop/web/http')
  const next = { ...gateway.json as { routes: object }, routes: { 'shop/web/web:1/http': { weight: '0%' }, 'shop/web/web:2/http': { weight: '100%' } } }
  expect((await server.ask('/gateways/shop/web/http', { method: 'PUT', body: next })).status).toBe(202)
  const sliced = await server.ask('/deployments/shop?delete=true', { method: 'PUT', body: body('shop') })
  expect([sliced.status, services(sliced.json), weights(sliced.json)]).toEqual([202, ['web:1 Undeployment', 'web:2 Deployment'], { 'web:2': '100%' }])
})

test('a deletion without a body changes nothing; with all=true everything goes', async () => {
  await server.ask('/deployments', { method: 'POST', body: `${body('gone')}gateways: {8081: web/http}` })

  const slip = await server.ask('/deployments/gone', { method: 'DELETE' })
  expect([slip.status, services(slip.json)]).toEqual([202, ['web:1 Deployment']])
  const all = await server.ask('/deployments/gone?all=true', { method: 'DELETE' })
  expect([all.status, services(all.json)]).toEqual([202, ['web:1 Undeployment']])
  expect((await server.ask('/gateways/gone%2F8081')).status).toBe(404)
  expect((await server.ask('/deployments/never', { method: 'DELETE', body: body('never') })).status).toBe(404)
})

test('what a deployment prints can be sent back: as a merge that changes no traffic, and as the end of it', async () => {
  await deploy('again')
  const printed = (await server.ask('/deployments/again')).json as object

  const plan = (await server.ask('/deployments/again?plan=true', { method: 'PUT', body: printed })).json as { changes: { kind: string; after: View }[] }
  expect(plan.changes.map(({ kind, after }) => [kind, services(after)])).toEqual([['deployments', ['web:1 Deployment']]])
  const ended = await server.ask('/deployments/again', { method: 'DELETE', body: printed })
  expect([ended.status, services(ended.json)]).toEqual([202, ['web:1 Undeployment']])
})

test('a deployment is shown as a blueprint that can be deployed again', async () => {
  await deploy('copy')

  const blueprint = await server.ask('/deployments/copy?as_blueprint=true&only_references=true')

  expect(blueprint.json).toEqual(expect.objectContaining({ kind: 'blueprints', name: 'copy' }))
  expect((await server.ask('/deployments/second', { method: 'PUT', body: blueprint.json })).status).toBe(202)
})

test('a plan shows the deployment and its gateways, and stores nothing', async () => {
  const { status, json } = await server.ask('/deployments/imagined?plan=true', { method: 'PUT', body: body('imagined') })

  expect(status).toBe(200)
  expect((json as { changes: { do: string; kind: string; name: string }[] }).changes.map(({ do: verb, kind, name }) => `${verb} ${kind} ${name}`)).toEqual(['create deployments imagined', 'create gateways imagined/web/http'])
  expect((await server.ask('/deployments/imagined')).status).toBe(404)
})

test('the size of a service is read and changed, in part or by a stored scale', async () => {
  await deploy('sized')
  const path = '/deployments/sized/clusters/web/services/web:1/scale'
  await server.ask('/scales', { method: 'POST', body: '{name: huge, cpu: 8, memory: 2GB, instances: 9}' })

  expect((await server.ask(path)).json).toEqual(expect.objectContaining({ instances: 2, memory: '64.00MB' }))
  expect((await server.ask(path, { method: 'PUT', body: 'instances: 5' })).json).toEqual(expect.objectContaining({ instances: 5, memory: '64.00MB', cpu: 1 }))
  expect((await server.ask(path, { method: 'PUT', body: 'reference: huge' })).status).toBe(202)
  expect((await server.ask(path)).json).toEqual(expect.objectContaining({ instances: 9, cpu: 8 }))
  expect((await server.ask(path, { method: 'PUT', body: 'instances: many' })).status).toBe(400)
  expect((await server.ask('/deployments/sized/clusters/web/services/web:9/scale')).status).toBe(404)
})

test('a cluster is promised something, and then nothing', async () => {
  await deploy('promised')
  const path = '/deployments/promised/clusters/web/sla'

  expect((await server.ask(path)).status).toBe(404)
  expect((await server.ask(path, { method: 'POST', body: '{type: response_time_sliding_window, threshold: {upper: 1000, lower: 100}, window: {interval: 600, cooldown: 600}, escalations: []}' })).status).toBe(202)
  expect((await server.ask(path)).json).toEqual(expect.objectContaining({ type: 'response_time_sliding_window' }))
  expect((await server.ask(path, { method: 'DELETE' })).status).toBe(204)
  expect((await server.ask(path)).status).toBe(404)
})

test('a missing breed and a taken port are problems of the request, and nothing is stored', async () => {
  const missing = await server.ask('/deployments/broken', { method: 'PUT', body: body('broken', '9') })
  expect([missing.status, missing.json]).toEqual([400, expect.objectContaining({ problems: [expect.objectContaining({ code: 'ArtifactNotFound' })] })])
  const taken = await server.ask('/deployments/broken', { method: 'PUT', body: `${body('broken')}gateways: {8080: web/http}` })
  expect([taken.status, taken.json]).toEqual([400, expect.objectContaining({ problems: [expect.objectContaining({ code: 'UnavailableGatewayPortError', message: expect.stringContaining("'one/8080'") })] })])
  expect((await server.ask('/deployments/broken')).status).toBe(404)
})

test('concurrent merges of one deployment all arrive', async () => {
  for (let index = 10; index < 16; index++) await server.ask('/breeds', { method: 'POST', body: `name: web:${index}\ndeployable: x\nports: {http: 80/http}` })
  await deploy('busy')

  const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => server.ask('/deployments/busy', { method: 'PUT', body: body('busy', String(10 + index)) })))

  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 202))
  expect(services((await server.ask('/deployments/busy')).json)).toHaveLength(7)
})

test('a deployment on another revision than expected is refused', async () => {
  await deploy('guarded')
  const etag = (await server.ask('/deployments/guarded')).headers.get('etag') ?? ''

  expect((await server.ask('/deployments/guarded', { method: 'PUT', body: body('guarded', '2'), headers: { 'If-Match': etag } })).status).toBe(202)
  expect((await server.ask('/deployments/guarded', { method: 'PUT', body: body('guarded', '2'), headers: { 'If-Match': etag } })).status).toBe(412)
})

test('phases, instances and health come from the status', async () => {
  await deploy('seen')
  const since = '2026-01-31T12:00:00.000Z'
  await server.store.put('deployment-statuses', 'seen', {
    name: 'seen', services: [{ cluster: 'web', service: 'web:1', intention: 'Deployment', phase: 'Updating', since, notification: '1 of 2 ready' }],
    instances: [
      { id: 'seen-1', cluster: 'web', service: 'web:1', host: '10.0.0.1', ports: { http: 31000 }, state: 'ready', since },
      { id: 'seen-2', cluster: 'web', service: 'web:1', host: '10.0.0.1', ports: {}, state: 'failed', since, reason: 'exited with code 1' },
    ],
  })

  const seen = async () => ((await server.ask('/deployments/seen')).json as View).clusters.web.services[0]
  expect(await seen(), 'no proxy leads there yet').toEqual(expect.objectContaining({ instances: [expect.objectContaining({ name: 'seen-1', deployed: false }), expect.objectContaining({ name: 'seen-2', deployed: false })] }))
  server.fleet.join('a').report({ agent: 'a', driver: 'memory', acknowledged: 1, endpoints: [{ id: 'seen-1', state: 'ready', connections: 0 }], shares: [], reloads: 0 })

  expect(await seen()).toEqual(expect.objectContaining({
    status: { intention: 'Deployment', since, phase: { name: 'Updating', since, notification: '1 of 2 ready' } },
    instances: [{ name: 'seen-1', host: '10.0.0.1', ports: { http: 31000 }, deployed: true, state: 'ready', since }, { name: 'seen-2', host: '10.0.0.1', ports: {}, deployed: false, state: 'failed', since, reason: 'exited with code 1' }],
    health: { staged: 0, running: 1, healthy: 1, unhealthy: 1 },
  }))
  expect((await server.ask('/instances?deployment=seen')).json).toEqual([expect.objectContaining({ name: 'seen-1', deployment: 'seen', cluster: 'web', service: 'web:1' }), expect.objectContaining({ name: 'seen-2' })])
})

test('YAML in and out', async () => {
  await deploy('yaml')

  const { text, headers } = await server.ask('/deployments/yaml', { headers: { Accept: 'application/x-yaml' } })

  expect(headers.get('content-type')).toContain('application/x-yaml')
  expect(text).toContain('clusters:\n  web:\n    services:\n')
  expect((await server.ask('/deployments/yaml', { method: 'PUT', body: text })).status).toBe(202)
})

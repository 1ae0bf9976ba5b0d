import { createServer } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { openWorld, type World } from './world.ts'

const SLA = (over: { type?: string; escalations?: string } = {}) => `
{type: ${over.type ?? 'response_time_sliding_window'}${over.type ? '' : ', threshold: {upper: 100, lower: 20}, window: {interval: 20, cooldown: 30}'},
 escalations: ${over.escalations ?? '{type: scale_instances, minimum: 1, maximum: 3, scale_by: 1}'}}`

const shop = (sla: string, cluster = '') => `
kind: breed
name: web:1
deployable: {type: process, definition: shop}
ports: {http: 8080/http}
---
kind: deployment
name: shop
gateways: {9050: web/http}
clusters: {web: {sla: ${sla.replaceAll('\n', '')}, services: [{breed: web:1, scale: {cpu: 0.2, memory: 64MB, instances: 1}}]${cluster}}}
`

let world: World | undefined
afterEach(async () => { await world?.close() })

/** How long an answer takes is read at every request. */
async function promised(document: string, latency: { ms: number }): Promise<World> {
  const behaviour = (version: string) => version === 'web:2' ? { start: () => { throw new Error('it cannot run here') } } : { startUpMs: 300 }
  const w = await openWorld({ seed: 3, answer: () => ({ status: 200, latencyMs: latency.ms }), behaviour })
  world = w
  await w.apply(document)
  await w.until(20, async () => (await w.store.get('deployment-statuses', 'shop'))?.value.services[0]?.phase === 'Done' && (await w.store.get('gateway-statuses', 'shop/9050'))?.value.deployed === true)
  return w
}

const instances = async (w: World) => (await w.store.get('deployments', 'shop'))?.value.clusters[0]?.services[0]?.scale.instances
const told = async (w: World) => (await w.events.query({ tags: ['sla', 'deployment:shop', 'cluster:web'] })).events.map(({ tags }) => tags.find(tag => tag.startsWith('sla:')) ?? '').reverse()
const say = (w: World) => w.store.get('sla-statuses', 'shop').then(found => found?.value.clusters['web']?.sentence)

test('slower than the upper threshold: one step, then nothing for as long as interval and cooldown', async () => {
  const w = await promised(shop(SLA()), { ms: 200 })
  w.visit(9050, 10)

  await w.until(15, async () => await instances(w) === 2)
  await w.seconds(35)
  expect(await told(w)).toEqual(['sla:escalate'])
  expect(await instances(w)).toBe(2)

  await w.until(30, async () => await instances(w) === 3)
  expect(await told(w)).toEqual(['sla:escalate', 'sla:escalate'])
  expect(await say(w)).toBe('Escalated: web:1 in web from 2 to 3 instances.')
})

test('at the maximum it is said, and nothing changes', async () => {
  const w = await promised(shop(SLA({ escalations: '{type: scale_instances, minimum: 1, maximum: 1, scale_by: 1}' })), { ms: 200 })
  w.visit(9050, 10)

  await w.until(15, async () => (await told(w)).length === 1)
  await w.seconds(1)

  expect(await instances(w)).toBe(1)
  expect(await say(w)).toBe('Asked to escalate, but nothing could act: web:1 in web would have 2 instances, more than 1.')
})

test('faster than the lower threshold: one step back, down to the minimum', async () => {
  const latency = { ms: 200 }
  const w = await promised(shop(SLA()), latency)
  w.visit(9050, 10)
  await w.until(15, async () => await instances(w) === 2)

  latency.ms = 5
  await w.until(90, async () => await instances(w) === 1)
  await w.seconds(70)

  expect(await instances(w)).toBe(1)
  expect((await told(w)).at(-1)).toBe('sla:deescalate')
})

test('between the thresholds, and without anybody to measure, nothing is told', async () => {
  const w = await promised(shop(SLA()), { ms: 50 })
  await w.seconds(60)
  expect(await told(w)).toEqual([])

  w.visit(9050, 10)
  await w.seconds(60)
  expect(await told(w)).toEqual([])
})

test('where no proxy measured, events about response times count', async () => {
  const w = await promised(shop(SLA()), { ms: 50 })

  await w.events.append([{ type: 'metrics', tags: ['gateways:shop/web/http', 'metrics:responseTime'], value: 300 }])
  await w.until(15, async () => await instances(w) === 2)

  expect(await told(w)).toEqual(['sla:escalate'])
})

test('while a service of the cluster is not done, nothing is judged', async () => {
  const w = await promised(shop(SLA()), { ms: 200 })
  await w.apply('{kind: breed, name: web:2, deployable: {type: process, definition: x}, ports: {http: 8080/http}}')
  const merged = await fetch(`${w.url}/api/v1/deployments/shop`, { method: 'PUT', body: '{name: shop, clusters: {web: {services: [{breed: web:2, scale: {cpu: 0.2, memory: 64MB, instances: 1}}]}}}', headers: { 'content-type': 'application/x-yaml' } })
  expect(merged.status).toBeLessThan(300)
  w.visit(9050, 10)

  await w.seconds(40)
  expect(await told(w)).toEqual([])
})

test('with escalation_only only others ask; the plain event of the documentation is enough', async () => {
  const w = await promised(shop(SLA({ type: 'escalation_only' })), { ms: 500 })
  w.visit(9050, 10)
  await w.seconds(60)
  expect(await told(w)).toEqual([])

  const post = (tag: string) => fetch(`${w.url}/api/v1/events`, { method: 'POST', body: JSON.stringify({ tags: ['deployment:shop', 'cluster:web', tag] }), headers: { 'content-type': 'application/json' } })
  await post('sla:escalate')
  await w.until(3, async () => await instances(w) === 2)
  await post('sla:deescalate')
  await w.until(3, async () => await instances(w) === 1)
  const scaled = (await w.events.query({ type: 'scaling' })).events.map(({ value }) => value as { from: { instances: number }; to: { instances: number }; by: string })
  expect(scaled.reverse().map(({ from, to, by }) => [from.instances, to.instances, by])).toEqual([[1, 2, 'sla'], [2, 1, 'sla']])
})

test('each event acts once, also when the server is replaced in between', async () => {
  const w = await promised(shop(SLA({ type: 'escalation_only' })), { ms: 5 })
  await w.events.append([{ tags: ['deployment:shop', 'cluster:web', 'sla:escalate'] }])
  await w.until(3, async () => await instances(w) === 2)

  await w.killAndRestart()
  await w.seconds(20)
  expect(await instances(w)).toBe(2)
})

test('stored SLAs and escalations are found, and found again when they change', async () => {
  const w = await promised(`${shop('late')}`, { ms: 200 })
  w.visit(9050, 10)
  await w.seconds(25)
  expect(await say(w)).toBe('The SLA that the cluster refers to is not stored.')

  await w.apply(`{kind: escalation, name: grow, type: scale_instances, minimum: 1, maximum: 3, scale_by: 1}`)
  await w.apply(`{kind: sla, name: late, type: response_time_sliding_window, threshold: {upper: 100, lower: 20}, window: {interval: 20, cooldown: 30}, escalations: [grow]}`)
  await w.until(15, async () => await instances(w) === 2)
})

test('notify posts to its address', async () => {
  const heard: { tags: string[]; value: { message: string } }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => { body += chunk }).on('end', () => { heard.push(JSON.parse(body)); response.end() })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as { port: number }
  try {
    const w = await promised(shop(SLA({ type: 'escalation_only', escalations: `{type: notify, url: 'http://127.0.0.1:${port}/', message: slow}` })), { ms: 5 })
    await w.events.append([{ tags: ['deployment:shop', 'cluster:web', 'sla:escalate'] }])
    for (let left = 200; left > 0 && heard.length === 0; left--) { await w.seconds(0.1); await new Promise(resolve => setTimeout(resolve, 10)) }

    expect(heard[0]?.value.message).toBe('slow')
    expect(heard[0]?.tags).toContain('notification:escalate')
  } finally {
    server.close()
  }
})

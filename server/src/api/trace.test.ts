import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { openMemoryProxy } from '@vamp/agent/proxy/memory/memory'
import type { Sample } from '@vamp/agent/proxy/proxy'
import type { TraceReport, TraceRequest } from '@vamp/model/api/trace'
import type { ConditionNode } from '@vamp/model/condition'
import type { Endpoint, GatewayTable, RouteTable, RoutingTable } from '@vamp/model/routing/table'
import { expect, test } from 'vitest'
import { randomFrom, randomRequest, randomTable } from './testdata/random-table.ts'
import { testServer } from './testdata/test-server.ts'
import { traceRequest } from './trace.ts'

const endpoint = (id: string, state: Endpoint['state'] = 'ready'): Endpoint => ({ id, host: '127.0.0.1', port: 1, state })
const route = (path: string, weight: number, over: Partial<RouteTable> = {}): RouteTable =>
  ({ path, lookup_name: path.replaceAll(/\W/g, ''), weight, strength: 0, rewrites: [], target: { is: 'endpoints', endpoints: [endpoint(`${path}-1`), endpoint(`${path}-2`)] }, ...over })
const gateway = (name: string, port: number, routes: readonly RouteTable[], over: Partial<GatewayTable> = {}): GatewayTable =>
  ({ name, lookup_name: name.replaceAll(/\W/g, ''), address: '127.0.0.1', port, mode: 'http', virtual_hosts: [], sticky: 'none', routes, ...over })
const table = (...gateways: GatewayTable[]): RoutingTable => ({ revision: 7, gateways, virtual_hosts: { address: '127.0.0.1', port: 8088 } })

const chrome: ConditionNode = { is: 'user_agent', value: 'Chrome' }
const shop = table(
  gateway('shop/9050', 9050, [route('shop/web/http', 10_000, { target: { is: 'gateway', gateway: 'shop/web/http' } })], { virtual_hosts: ['shop.example'] }),
  gateway('shop/web/http', 31000, [route('shop/web/web:1.0/http', 10_000), route('shop/web/web:1.1/http', 0, { condition: chrome, strength: 2_500 })]),
)

test('every way is told with its share, its version and its instances, and why in sentences', () => {
  const report = traceRequest(shop, { url: 'http://127.0.0.1:9050/products?page=2', headers: { 'User-Agent': 'Mozilla Chrome' } })

  expect(report).toMatchObject({ gateway: 'shop/9050', method: 'GET', path: '/products', revision: 7, notes: [] })
  expect(report.ways.map(({ share, version, instances }) => [share, version, instances])).toEqual([
    [0.75, 'web:1.0', ['shop/web/web:1.0/http-1', 'shop/web/web:1.0/http-2']], [0.25, 'web:1.1', ['shop/web/web:1.1/http-1', 'shop/web/web:1.1/http-2']],
  ])
  expect(report.ways[1]?.steps).toEqual([
    { gateway: 'shop/9050', route: 'shop/web/http', by: 'weight', because: ['By weight shop/web/http takes 100 % of the traffic.', 'The route leads to the gateway shop/web/http.'] },
    { gateway: 'shop/web/http', route: 'shop/web/web:1.1/http', by: 'condition', because: [
      'The condition of shop/web/web:1.1/http matches: user-agent is Chrome.', 'shop/web/web:1.1/http takes 25 % of what matches; this is such a request.', 'One of its 2 instances takes it.',
    ] },
  ])
})

test('a request that no condition is about has one way', () => {
  expect(traceRequest(shop, { gateway: 'shop/web/http' }).ways).toMatchObject([{ share: 1, version: 'web:1.0', steps: [{ because: ['The condition of shop/web/web:1.1/http does not match: user-agent is Chrome.', 'By weight shop/web/web:1.0/http takes 100 % of the traffic.', 'One of its 2 instances takes it.'] }] }])
})

test('a gateway is found by its port, by its name, and by the host on the shared port', () => {
  const of = (asked: TraceRequest) => traceRequest(shop, asked).gateway

  expect([of({ url: 'localhost:31000' }), of({ url: 'http://shop.example:8088/' }), of({ url: 'http://Shop.Example/' })]).toEqual(['shop/web/http', 'shop/9050', 'shop/9050'])
  expect(() => of({ url: 'http://127.0.0.1:1/' })).toThrow('No gateway listens on port 1; there are shop/9050 (9050), shop/web/http (31000).')
  expect(() => of({ url: 'http://other.example:8088/' })).toThrow('No gateway listens on port 8088 for other.example')
  expect(() => of({ gateway: 'nobody' })).toThrow("There is no gateway 'nobody' in force")
})

test('what only the proxy knows is noted', () => {
  const british = table(gateway('g', 80, [route('a', 10_000), route('b', 0, { strength: 10_000, condition: { is: 'country', value: 'GB' } })]))

  expect(traceRequest(british, { gateway: 'g' })).toMatchObject({ ways: [{ route: 'a' }], notes: [expect.stringContaining('only the proxy knows')] })
  expect(traceRequest(british, { gateway: 'g', country: 'gb' })).toMatchObject({ ways: [{ route: 'b' }], notes: [] })
})

test('over HTTP it is answered from the published table', async () => {
  await using server = await testServer()
  server.fleet.publish(shop)

  const { status, json } = await server.ask('/trace', { method: 'POST', body: { url: 'http://127.0.0.1:9050/' } })

  expect(status).toBe(200)
  expect((json as TraceReport).ways).toHaveLength(1)
  expect((await server.ask('/trace', { method: 'POST', body: { gateway: 'nobody' } })).status).toBe(404)
  expect((await server.ask('/trace', { method: 'POST', body: {} })).status).toBe(400)
})

interface Way { readonly steps: readonly { readonly gateway: string; readonly route: string | null; readonly by: string }[] }
const nameOf = ({ steps }: Way) => steps.map(({ gateway: name, route: path, by }) => `${name} ${path ?? ''} ${by}`).join(', ')

async function carrying(drawn: RoutingTable, random: () => number) {
  const proxy = openMemoryProxy({ clock: virtualClock(), random, answer: () => ({ status: 200, latencyMs: 0 }) })
  let samples: Sample[] = []
  proxy.onSamples(more => { samples.push(...more) })
  await proxy.apply(drawn)
  return {
    async visit(request: Parameters<typeof proxy.send>[1]) {
      samples = []
      const answer = await proxy.send(1, request)
      return { answer, took: nameOf({ steps: samples.toReversed() }) }
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  }
}

test('what the memory proxy does with thousands of random requests is one of the ways', async () => {
  const random = randomFrom(20_260_101)
  let requests = 0
  for (let tables = 0; tables < 300; tables++) {
    const drawn = randomTable(random)
    await using proxy = await carrying(drawn, random)
    let kept = ''
    for (let visit = 0; visit < 25; visit++) {
      const request = randomRequest(random, kept)
      const { ways } = traceRequest(drawn, { gateway: 'outer', ...request })

      const { answer, took } = await proxy.visit(request)

      const way = ways.find(each => nameOf(each) === took)
      expect(way, `${took} is none of ${ways.map(nameOf).join('; ')}`).toBeDefined()
      expect(answer.instance === '' ? way?.instances : way?.instances.includes(answer.instance)).toEqual(answer.instance === '' ? [] : true)
      expect(ways.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9)
      requests++
      if (answer.setCookie.length > 0) kept = answer.setCookie.map(cookie => `${cookie.split(';')[0]}; `).join('')
    }
  }

  expect(requests).toBe(7500)
})

test('each way and each instance is taken as often as told', async () => {
  const random = randomFrom(20_260_102)
  const visits = 400
  let checked = 0
  for (let tables = 0; tables < 60; tables++) {
    const drawn = randomTable(random)
    await using proxy = await carrying(drawn, random)
    const request = { method: 'POST', path: '/cart/1', headers: { 'user-agent': 'Chrome' } }
    const counts = new Map<string, number>()
    for (let visit = 0; visit < visits; visit++) {
      const { took, answer } = await proxy.visit(request)
      counts.set(`${took} ${answer.instance}`, (counts.get(`${took} ${answer.instance}`) ?? 0) + 1)
    }

    for (const way of traceRequest(drawn, { gateway: 'outer', ...request }).ways) for (const instance of way.instances.length > 0 ? way.instances : ['']) {
      const p = way.share / Math.max(1, way.instances.length)
      const deviation = Math.sqrt(visits * p * (1 - p))
      // Binomial; five standard deviations, and one request because counts are whole.
      expect(Math.abs((counts.get(`${nameOf(way)} ${instance}`) ?? 0) - visits * p), `${nameOf(way)} ${instance}`).toBeLessThanOrEqual(5 * deviation + 1)
      if (deviation > 2) checked++
    }
  }

  expect(checked).toBeGreaterThan(100)
})

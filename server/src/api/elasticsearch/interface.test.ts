/** The requests are those that vamp-node-client sends, for the log of HAProxy and for events. */
import { gatewayLookupName, routeLookupName } from '@vamp/model/lookup-name'
import { Sketch } from '@vamp/stats/sketch'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestServer, testServer } from '../testdata/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer({ elasticsearchInterface: 'on' })
  const now = Math.floor(Date.now() / 1000)
  const cell = (route: string, durations: readonly number[], statuses: readonly [number, number, number, number, number, number]) => {
    const sketch = new Sketch()
    for (const duration of durations) sketch.record(duration)
    return { gateway: 'shop/web/http', route, instance: 'i', by: 'weight', part: 0, requests: durations.length, errors: statuses[5], statuses, bytes: 100 * durations.length, latency: sketch.toData() } as const
  }
  for (let ago = 50; ago > 10; ago--) await server.traffic.add({ agent: 'a', sequence: 100 - ago, second: now - ago, dropped: 0, cells: [
    cell('shop/web/web:1.0/http', [10, 20, 30, 40], [0, 0, 3, 0, 0, 1]), cell('shop/web/web:1.1/http', [100], [0, 0, 0, 0, 1, 0]),
  ] })
})
afterAll(async () => { await server[Symbol.asyncDispose]() })

const search = async (index: string, body: object) => await server.ask(`//${index}/_search`, { method: 'POST', body })
const LOG = 'vamp-vga-abc-*/log'
const [gateway, route] = [gatewayLookupName('shop/web/http'), routeLookupName('shop/web/http', 'shop/web/web:1.1/http')]
const query = (term: object, seconds: number, ...more: object[]) => ({ size: 0, query: { bool: { filter: [{ term }, { range: { '@timestamp': { gt: `now-${seconds}s` } } }, ...more] } } })

describe('the log of requests', () => {
  test('is counted by gateway or route, status and time', async () => {
    const count = async (...given: Parameters<typeof query>) => ((await search(LOG, query(...given))).json as { hits: { total: number } }).hits.total

    expect(await count({ ft: gateway }, 500)).toBe(200)
    expect(await count({ ft: route }, 500)).toBe(40)
    expect(await count({ ft: gateway }, 500, { range: { ST: { gte: 500, lt: 600 } } })).toBe(40)
    expect(await count({ ft: gateway }, 500, { range: { ST: { gte: 400 } } })).toBe(80)
    expect(await count({ ft: 'nobody' }, 500)).toBe(0)
    expect(await count({ ft: route }, 20)).toBeLessThan(40)
  })

  test('has averages, stats and percentiles of times', async () => {
    const of = async (agg: object, term: object = { ft: gateway }) => ((await search(LOG, { ...query(term, 500), aggregations: { agg } })).json as { aggregations: { agg: Record<string, number> } }).aggregations.agg
    const within = (number: number) => expect.toSatisfy((given: number) => Math.abs(given - number) <= number * 0.0101, `${number} within 1 %`)

    expect(await of({ avg: { field: 'Tt' } })).toEqual({ value: within(40) })
    expect(await of({ percentiles: { field: 'Tt', percents: [50, 99.9] } })).toEqual({ values: { '50.0': within(30), '99.9': within(100) } })
    expect(await of({ extended_stats: { field: 'Tt' } })).toMatchObject({ count: 200, min: within(10), max: within(100), avg: within(40), sum: within(8000), std_deviation: within(Math.sqrt(1000)) })
    expect(await of({ avg: { field: 'B' } })).toEqual({ value: 100 })
    expect(await of({ avg: { field: 'Tt' } }, { ft: 'nobody' })).toEqual({ value: null })
  })

  test('is asked in the words of older versions too', async () => {
    const filtered = { size: 0, query: { filtered: { query: { match_all: {} }, filter: { bool: { must: [{ term: { ft: gateway } }, { range: { ST: { gte: 500 } } }, { range: { '@timestamp': { gt: 'now-300s' } } }] } } } } }

    expect((await search(LOG, filtered)).json).toMatchObject({ timed_out: false, hits: { total: 40, hits: [] } })
  })

  test('says what it cannot tell', async () => {
    for (const [body, reason] of [
      [query({ ft: gateway }, 30, { range: { ST: { gte: 503 } } }), 'class of status'], [query({ cookie: 'x' }, 30), "'cookie'"],
      [{ query: { bool: { should: [] } } }, 'bool.should'], [{ aggs: { a: { terms: { field: 'ft' } } } }, 'aggregations.a.terms'],
      [{ ...query({ ft: gateway }, 30, { range: { ST: { gte: 500 } } }), aggs: { a: { avg: { field: 'Tt' } } } }, 'without ST'], [{ aggs: { a: { avg: { field: 'hs' } } } }, "'hs'"],
      [query({ ft: gateway }, Number.NaN), 'is no time'], [{ size: -1 }, "'size'"], [{ aggs: { a: { percentiles: { field: 'Tt', percents: [101] } } } }, 'percents'],
    ] as const) {
      const { status, json } = await search(LOG, body) as { status: number; json: { error: { reason: string } } }
      expect([status, json.error.reason]).toEqual([400, expect.stringContaining(reason)])
    }
    expect((await server.ask('//vamp-vga-x/log/_search', { method: 'POST', body: '{"query":' })).status).toBe(400)
  })
})

describe('events', () => {
  test('are written as documents, and are events like all others', async () => {
    const body = { tags: ['gateways', 'gateways:g', 'gateway', 'metrics', 'metrics:rate'], value: '12.5', type: 'metrics', timestamp: new Date().toISOString(), metrics: 12.5, digest: 'abc' }
    const written = await server.ask('//vamp-pulse-x-metrics-2026-11-28/metrics', { method: 'POST', body })

    expect([written.status, written.json]).toEqual([201, expect.objectContaining({ created: true, _type: 'metrics' })])
    expect((await server.ask('/metrics/gateways/g/rate')).json).toBe(12.5)
    const found = await search('vamp-pulse-x-metrics-*/metrics', { query: { bool: { must: [{ term: { tags: 'metrics:rate' } }, { range: { timestamp: { gt: 'now-60s' } } }] } }, size: 5, sort: { timestamp: { order: 'desc' } } })
    expect(found.json).toMatchObject({ hits: { total: 1, hits: [{ _type: 'metrics', _source: { tags: body.tags, value: '12.5', metrics: 12.5, type: 'metrics' } }] } })
  })

  test('have numbers', async () => {
    for (const value of [1, 2, 3, 6]) await server.ask('//events/load', { method: 'POST', body: { tags: ['n'], type: 'load', load: { cpu: value }, value: JSON.stringify({ cpu: value }) } })
    const of = async (agg: object) => ((await search('events/load', { size: 0, aggs: { agg }, query: { term: { tags: 'n' } } })).json as { aggregations: unknown }).aggregations

    expect(await of({ stats: { field: 'load.cpu' } })).toEqual({ agg: { count: 4, min: 1, max: 6, avg: 3, sum: 12 } })
    expect(await of({ percentiles: { field: 'load.cpu', percents: [50] } })).toEqual({ agg: { values: { '50.0': 2.5 } } })
  })

  test('without tags, or that are no JSON, are refused', async () => {
    expect((await server.ask('//events/load', { method: 'POST', body: { type: 'load' } })).status).toBe(400)
    expect((await server.ask('//events/load', { method: 'POST', body: 'tags' })).status).toBe(400)
  })
})

test('nothing of it is there unless it is switched on', async () => {
  await using other = await testServer()

  expect((await other.ask('//vamp-vga-x/log/_search', { method: 'POST', body: {} })).status).toBe(404)
  expect((await other.ask('//events/load', { method: 'POST', body: { tags: ['a'] } })).status).toBe(404)
})

test('where tokens are needed, it needs them', async () => {
  await using other = await testServer({ elasticsearchInterface: 'on', auth: 'on' })

  expect((await other.ask('//vamp-vga-x/log/_search', { method: 'POST', body: {} })).status).toBe(401)
})

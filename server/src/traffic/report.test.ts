import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { Cell } from '@vamp/model/metric'
import { Sketch } from '@vamp/stats/sketch'
import { describe, expect, test } from 'vitest'
import { belongsTo } from './place.ts'
import { resolutionFor, trafficReport, type TrafficQuestion } from './report.ts'
import { openTraffic } from './traffic.ts'

const START = 1_700_000_000 - 1_700_000_000 % 3600

function cell(gateway: string, route: string, instance: string, durations: readonly number[], over: Partial<Cell> = {}): Cell {
  const sketch = new Sketch()
  for (const duration of durations) sketch.record(duration)
  return { gateway, route, instance, by: 'weight', part: 0, requests: durations.length, errors: 0, statuses: [0, 0, durations.length, 0, 0, 0], bytes: durations.length * 100, latency: sketch.toData(), ...over }
}

const ten = (ms: number) => Array<number>(10).fill(ms)

/** Each second twenty visitors come to 9050 and on to two versions; the new one is slow, and fails once in a second. */
function shop(seconds: number) {
  const traffic = openTraffic({ clock: virtualClock((START + seconds) * 1000) })
  for (let offset = 0; offset < seconds; offset++) void traffic.add({ agent: 'a', sequence: offset, second: START + offset, dropped: 0, cells: [
    cell('shop/9050', 'shop/web/http', 'shop/web/http', [...ten(11), ...ten(101)]),
    cell('shop/web/http', 'shop/web/web:1.0/http', 'web-1', ten(10)),
    cell('shop/web/http', 'shop/web/web:1.1/http', 'web-2', ten(100), { errors: 1, statuses: [0, 0, 9, 0, 0, 1] }),
  ] })
  const ask = (over: Partial<TrafficQuestion> = {}) => trafficReport(traffic, { place: {}, from: START, to: START + seconds, newest: START + seconds, percentiles: [50, 99], by: [], ...over })
  return { traffic, ask }
}

test('a request that passed two gateways counts once, at either gateway if it is named', async () => {
  const { ask } = shop(60)

  expect((await ask()).total).toMatchObject({ requests: 1200, rate: 20, errors: 60, error_rate: 0.05, bytes: 120_000, statuses: { '2xx': 1140, '5xx': 60 } })
  expect((await ask({ place: { gateway: 'shop/9050' } })).total).toMatchObject({ requests: 1200, errors: 0 })
  expect((await ask({ place: { gateway: 'shop/web/http', route: 'shop/web/web:1.1/http' } })).total).toMatchObject({ requests: 600, errors: 60 })
})

test('a version is found by the parts of its route, an instance by its id', async () => {
  const { ask } = shop(10)
  const requests = async (place: TrafficQuestion['place']) => (await ask({ place })).total.requests

  expect(await Promise.all([{ deployment: 'shop' }, { deployment: 'shop', cluster: 'web' }, { service: 'web:1.1' }, { instance: 'web-1' }, { deployment: 'other' }].map(requests))).toEqual([200, 200, 100, 100, 0])
})

test('what a cluster\'s gateway had no route for is the cluster\'s and nobody else\'s', async () => {
  const nobody = { gateway: 'shop/web/http', route: '', instance: '', by: 'weight' } as const

  expect([{}, { deployment: 'shop' }, { deployment: 'shop', cluster: 'web' }, { service: 'web:1.0' }, { deployment: 'other' }].map(place => belongsTo(place)(nobody))).toEqual([true, true, true, false, false])
})

test('percentiles are of the merged requests: half of them fast, half slow', async () => {
  const { ask } = shop(60)
  const { total } = await ask({ percentiles: [10, 49, 51, 99.9] })

  for (const [name, exact] of [['p10', 10], ['p49', 10], ['p51', 100], ['p99.9', 100]] as const) expect(Math.abs((total.latency_ms[name] ?? 0) - exact) / exact).toBeLessThanOrEqual(0.0101)
  expect((await ask({ place: { deployment: 'nobody' } })).total).toMatchObject({ error_rate: null, latency_ms: {} })
})

describe('series', () => {
  test('points are next to each other, also where nothing came, and add up to the total', async () => {
    const { ask } = shop(60)
    const { series = [], step, total } = await ask({ from: START - 30, to: START + 55, newest: START + 55, step: 10 })

    expect(step).toBe(10)
    expect(series.map(({ at, requests, rate }) => [Date.parse(at) / 1000 - START, requests, rate])).toEqual([[-30, 0, 0], [-20, 0, 0], [-10, 0, 0], [0, 200, 20], [10, 200, 20], [20, 200, 20], [30, 200, 20], [40, 200, 20], [50, 100, 20]])
    expect(total.requests).toBe(1100)
  })

  test('of yesterday only minutes are told, from whole ones', async () => {
    const { traffic, ask } = shop(600)
    const known = { ...traffic, knownSince: (resolution: number) => resolution === 60 ? 0 : START + 600 }

    const report = await trafficReport(known, { place: {}, from: START + 61, to: START + 299, newest: START + 600, step: 10, percentiles: [], by: [] })

    expect(report).toMatchObject({ resolution: 60, step: 60, from: new Date((START + 60) * 1000).toISOString(), to: new Date((START + 300) * 1000).toISOString() })
    expect(report.series?.map(({ requests }) => requests)).toEqual([1200, 1200, 1200, 1200])
    expect(report.total).toEqual((await ask({ from: START + 60, to: START + 300, percentiles: [] })).total)
  })

  test('the resolution is as fine as is known and as the window allows, and as fine as the step if one is given', async () => {
    const traffic = { knownSince: (resolution: number) => ({ 1: 3600, 10: 0, 60: 0 })[resolution] ?? 0 }
    const of = (from: number, to: number, step?: number) => resolutionFor({ from, to, ...(step === undefined ? {} : { step }) }, traffic)

    expect([of(7000, 7200), of(3600, 7200), of(0, 7200), of(0, 86_400)]).toEqual([1, 10, 10, 60])
    expect([of(3600, 7200, 2), of(0, 7200, 2), of(0, 86_400, 60), of(0, 86_400, 50)]).toEqual([1, 10, 60, 10])
  })
})

test('groups are every gateway, every route of it and every instance of those', async () => {
  const { groups = [] } = await shop(10).ask({ place: { gateway: 'shop/web/http' }, by: ['gateway', 'route', 'instance'] })

  expect(groups.map(({ by, gateway, route, instance, requests, errors }) => [by, gateway, route, instance, requests, errors])).toEqual([
    ['gateway', 'shop/web/http', undefined, undefined, 200, 10],
    ['route', 'shop/web/http', 'shop/web/web:1.0/http', undefined, 100, 0],
    ['route', 'shop/web/http', 'shop/web/web:1.1/http', undefined, 100, 10],
    ['instance', 'shop/web/http', 'shop/web/web:1.0/http', 'web-1', 100, 0],
    ['instance', 'shop/web/http', 'shop/web/web:1.1/http', 'web-2', 100, 10],
  ])
})

test('a version has the requests of all its instances and gateways, a deployment those of its versions and what none of them took', async () => {
  const { traffic, ask } = shop(10)
  void traffic.add({ agent: 'b', sequence: 0, second: START + 5, dropped: 0, cells: [
    cell('admin', 'shop/web/web:1.1/http', 'web-3', [...ten(100), ...ten(1000)]),
    cell('shop/web/http', '', '', ten(1), { errors: 10, statuses: [0, 0, 0, 0, 0, 10] }),
    cell('other/9060', 'other/api/api:1/http', 'api-1', ten(3)),
    cell('edge', '[https://example.org]', 'x', ten(3)),
  ] })
  const { groups = [], total } = await ask({ by: ['service', 'deployment'], percentiles: [91, 93] })

  expect(groups.map(({ by, gateway, deployment, cluster, service, requests, errors }) => [by, gateway, deployment, cluster, service, requests, errors])).toEqual([
    ['service', undefined, 'other', 'api', 'api:1', 10, 0],
    ['service', undefined, 'shop', 'web', 'web:1.0', 100, 0],
    ['service', undefined, 'shop', 'web', 'web:1.1', 120, 10],
    ['deployment', undefined, 'other', undefined, undefined, 10, 0],
    ['deployment', undefined, 'shop', undefined, undefined, 230, 20],
  ])
  expect(total.requests).toBe(250)
  // Of the 120 of both instances 110 took 100 ms.
  const near = (ms: number | undefined, truth: number) => expect(Math.abs((ms ?? 0) - truth) / truth).toBeLessThanOrEqual(0.0101)
  near(groups[2]?.latency_ms['p91'], 100)
  near(groups[2]?.latency_ms['p93'], 1000)
  expect((await ask({ place: { deployment: 'shop', cluster: 'web' }, by: ['deployment'] })).groups?.map(({ deployment, requests }) => [deployment, requests])).toEqual([['shop', 230]])
})

test('without a gateway the groups show each one that a request passed, the total still counts it once', async () => {
  const { groups = [], total } = await shop(10).ask({ by: ['gateway'] })

  expect(groups.map(({ gateway, requests }) => [gateway, requests])).toEqual([['shop/9050', 200], ['shop/web/http', 200]])
  expect(total.requests).toBe(200)
})

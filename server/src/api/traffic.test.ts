import type { TrafficReport } from '@vamp/model/api/traffic'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestServer, testServer } from './testdata/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
  const second = Math.floor(Date.now() / 1000)
  for (const ago of [3, 2, 1]) server.traffic.add({
    agent: 'a', sequence: 10 - ago, second: second - ago, dropped: 0,
    cells: [{ gateway: 'shop/web/http', route: 'shop/web/web:1.0/http', instance: 'web-1', by: 'weight', part: 2, requests: 30, errors: 3, statuses: [0, 0, 27, 0, 0, 3], bytes: 900, latency: [[115, 30]] }],
  })
})
afterAll(async () => { await server[Symbol.asyncDispose]() })

const ask = async (query: string) => {
  const { status, json } = await server.ask(`/traffic?${query}`)
  return { status, report: json as TrafficReport, message: (json as { message?: string }).message }
}

test('numbers of a window, a place and any percentile', async () => {
  const { status, report } = await ask('deployment=shop&service=web:1.0&since=1m&percentile=99&percentile=99.9&by=route')

  expect(status).toBe(200)
  expect(report.total).toMatchObject({ requests: 90, errors: 9, rate: 1.5, error_rate: 0.1, bytes: 2700, statuses: { '2xx': 81, '5xx': 9 } })
  expect(Object.keys(report.total.latency_ms)).toEqual(['p99', 'p99.9'])
  expect(report.groups).toEqual([expect.objectContaining({ by: 'route', gateway: 'shop/web/http', route: 'shop/web/web:1.0/http', requests: 90 })])
  expect(report.series).toBeUndefined()
})

test('a step gives a series over the whole window, whose end is complete', async () => {
  const { report } = await ask('since=1m&step=10s')

  expect(report.series).toHaveLength(6)
  expect(report.series?.reduce((sum, { requests }) => sum + requests, 0)).toBe(90)
  expect(report.total.latency_ms).toHaveProperty('p95')
})

test('windows that cannot be are refused with what would do', async () => {
  expect(await ask('since=1d&step=1s')).toMatchObject({ status: 400, message: 'A step of 1 s makes 86400 points of the window; at most 2000 are told: take a step of 44 s.' })
  expect(await ask('since=1d&from=now-2h')).toMatchObject({ status: 400 })
  expect(await ask('from=yesterday')).toMatchObject({ status: 400, message: expect.stringContaining("from is no time: 'yesterday'") })
  expect(await ask('from=now-1m&to=now-2m')).toMatchObject({ status: 400, message: expect.stringContaining('The window is empty') })
  expect((await ask('since=soon')).status).toBe(400)
  expect((await ask('percentile=101')).status).toBe(400)
})

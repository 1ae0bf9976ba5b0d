import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestServer, testServer } from './testdata/test-server.ts'

let server: TestServer
beforeAll(async () => { server = await testServer() })
afterAll(async () => { await server[Symbol.asyncDispose]() })

test('nodes are listed with what runs there; where there is one alone it cannot be emptied', async () => {
  const all = await server.ask('/nodes')
  const drained = await server.ask('/nodes/memory/availability', { method: 'PUT', body: { availability: 'drain' } })

  expect([all.status, all.json]).toEqual([200, [expect.objectContaining({ name: 'memory', state: 'ready', availability: 'active', instances: 0 })]])
  expect([drained.status, drained.text]).toEqual([400, expect.stringContaining('one node')])
  expect((await server.ask('/nodes/memory/availability', { method: 'PUT', body: { availability: 'away' } })).status).toBe(400)
})

test('what a service printed is a text to keep; a time that is none is refused', async () => {
  const body = 'name: shop\nclusters: {web: {services: [{breed: {name: "web:1", deployable: x, ports: {http: 80/http}}, scale: {cpu: 1, memory: 64MB, instances: 1}}]}}\n'
  await server.ask('/deployments', { method: 'POST', body })
  const path = '/deployments/shop/clusters/web/services/web%3A1/logs/file'

  const kept = await server.ask(path)
  expect([kept.status, kept.headers.get('content-type'), kept.text]).toEqual([200, expect.stringContaining('text/plain'), ''])
  expect((await server.ask(`${path}?since=yesterday`)).status).toBe(400)
  expect((await server.ask(path.replace('web%3A1', 'web%3A9'))).status).toBe(404)
})

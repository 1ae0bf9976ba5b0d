import { expect, test, vi } from 'vitest'
import { testServer } from './testdata/test-server.ts'

test('what is put goes over what the server was started with, replaces what was put before, and is in the history', async () => {
  await using server = await testServer({ eventsKeep: 5 })
  const [put, keep] = [(body: string) => server.ask('/config', { method: 'PUT', body }), async (type = 'applied') => ((await server.ask(`/config?type=${type}`)).json as Record<string, unknown>)['events-keep']]

  expect((await put('events-keep: 90\nvamp.operation.gateway.port-range: 41000-41009\n')).status).toBe(202)
  await vi.waitFor(async () => expect(await keep()).toBe(90))
  expect((await server.ask('/config/gateway-ports?type=dynamic')).json).toBe('41000-41009')

  expect((await put('log-level: debug')).json).toMatchObject({ 'events-keep': 5, 'log-level': 'debug', 'gateway-ports': { from: 40_000, to: 45_000 } })
  await vi.waitFor(async () => expect(await keep()).toBe(5))
  expect((await put('')).status).toBe(202)
  await vi.waitFor(async () => expect((await server.ask('/config?type=dynamic')).json).toEqual({}))
  expect((await server.events.query({ tags: ['configuration'], type: 'archive' })).events.map(({ value }) => value)).toMatchObject([
    { before: { 'log-level': 'debug' }, after: {} }, { before: { 'events-keep': '90' }, after: { 'log-level': 'debug' } },
    { by: 'local', source: expect.stringContaining('port-range'), before: {}, after: { 'events-keep': '90', 'gateway-ports': '41000-41009' } },
  ])
})

test('all that is wrong is told at once, and nothing is stored', async () => {
  await using server = await testServer()

  const answer = await server.ask('/config', { method: 'PUT', body: 'events-keep: many\nport: 99\nwebhok: http://a\nauth: off\nelasticsearch-authorization: secret\nlog-level: debug\n' })

  expect([answer.status, (answer.json as { problems: { code: string; path: string; hint?: string }[] }).problems.map(({ code, path }) => `${code} ${path}`)]).toEqual([400, [
    'InvalidOption events-keep', 'StaticOption port', 'UnexpectedElement webhok', 'StaticOption auth', 'StaticOption elasticsearch-authorization',
  ]])
  expect((await server.ask('/config?type=dynamic')).json).toEqual({})
  expect((await server.ask('/config?validate_only=true', { method: 'PUT', body: 'log-level: debug' })).json).toMatchObject({ 'log-level': 'debug' })
  expect((await server.ask('/config/log-level')).json).toBe('info')
})

test('only an administrator may', async () => {
  await using server = await testServer({ auth: 'on' })
  const as = (token: string | undefined) => ({ Authorization: `Bearer ${token}` })
  const operator = (await server.ask('/tokens', { method: 'POST', body: { name: 'o', role: 'operator' }, headers: as(server.firstToken) })).json as { token: string }

  expect((await server.ask('/config', { method: 'PUT', body: 'log-level: debug', headers: as(operator.token) })).status).toBe(403)
  expect((await server.ask('/config', { method: 'PUT', body: 'log-level: debug', headers: as(server.firstToken) })).status).toBe(202)
})

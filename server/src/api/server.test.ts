import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allEndpoints } from '@vamp/model/api/contract'
import { fillPath } from '@vamp/model/api/endpoint'
import { publicPath } from '@vamp/model/api/openapi'
import { Fault } from '@vamp/model/fault'
import { type TestServer, testServer } from './testdata/test-server.ts'

let open: TestServer
let guarded: TestServer
beforeAll(async () => { [open, guarded] = [await testServer({ origins: ['https://ui.example'] }), await testServer({ auth: 'on' })] })
afterAll(async () => { await open[Symbol.asyncDispose](); await guarded[Symbol.asyncDispose]() })

describe('every endpoint of the contract', () => {
  test.each(allEndpoints())('%s is served', async (_, { method, path, answer }) => {
    const names = Object.fromEntries([...path.matchAll(/\{(\w+)/g)].map(([, name = '']) => [name, 'x']))
    const response = await fetch(`${open.url}${fillPath(path, names)}`, { method, ...(method === 'GET' || method === 'DELETE' ? {} : { body: '{}', headers: { 'Content-Type': 'application/json' } }) })
    const text = answer.is === 'stream' && response.ok ? '' : await response.text()
    if (answer.is === 'stream') await response.body?.cancel().catch(() => undefined)

    expect(response.status).toBeLessThan(path === '/health/ready' ? 504 : 500)
    expect(text).not.toContain('/docs lists what there is')
  })

  test.each(allEndpoints().filter(([, { role }]) => role !== 'anyone'))('%s needs a token where tokens are needed', async (_, { method, path }) => {
    const names = Object.fromEntries([...path.matchAll(/\{(\w+)/g)].map(([, name = '']) => [name, 'x']))

    expect((await guarded.ask(fillPath(path, names).replace(/^\/api\/v1|^\//, start => start === '/' ? '///'.slice(0, 2) : ''), { method })).status).toBe(401)
  })

  test('is in the OpenAPI document', async () => {
    const document = (await open.ask('//openapi.json')).json as { openapi: string; paths: Record<string, Record<string, { operationId: string }>> }

    expect(document.openapi).toBe('3.1.0')
    expect(allEndpoints().filter(([id, { path, method }]) => document.paths[publicPath(path)]?.[method.toLowerCase()]?.operationId !== id)).toEqual([])
  })
})

test('a database that answers and takes nothing is not ready, and says why', async () => {
  let refusal: Fault | undefined
  await using server = await testServer({ gateway: 'none' }, () => refusal)
  expect((await server.ask('/health/ready')).status).toBe(200)

  refusal = new Fault('disk_full', 'no space left for the database')
  const { status, json } = await server.ask('/health/ready')

  expect([status, json]).toEqual([503, { ready: false, parts: expect.objectContaining({ store: 'disk_full: no space left for the database' }) }])
})

describe('roles', () => {
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
  const scale = { method: 'PUT', body: '{name: s, cpu: 1, memory: 1MB, instances: 1}' } as const

  test('each may do its own and what the lesser ones may', async () => {
    const admin = bearer(guarded.firstToken ?? '')
    const issue = async (role: string) => bearer(((await guarded.ask('/tokens', { method: 'POST', body: { name: role, role }, headers: admin })).json as { token: string }).token)
    const [viewer, operator] = [await issue('viewer'), await issue('operator')]

    const status = async (headers: Record<string, string>) => [(await guarded.ask('/scales', { headers })).status, (await guarded.ask('/scales/s', { ...scale, headers })).status, (await guarded.ask('/tokens', { headers })).status]
    expect([await status(viewer), await status(operator), await status(admin)]).toEqual([[200, 403, 403], [200, 200, 403], [200, 200, 200]])
  })

  test('a token is shown once, stored as its hash, and ends when it is revoked', async () => {
    const admin = bearer(guarded.firstToken ?? '')
    const made = await guarded.ask('/tokens', { method: 'POST', body: { name: 'short', role: 'viewer' }, headers: admin })
    const secret = (made.json as { token: string }).token

    expect(made.status).toBe(201)
    expect(JSON.stringify((await guarded.store.get('tokens', 'short'))?.value)).not.toContain(secret)
    expect((await guarded.ask('/tokens', { headers: admin })).text).not.toMatch(/hash|vamp_/)
    expect((await guarded.ask('/tokens', { method: 'POST', body: { name: 'short', role: 'viewer' }, headers: admin })).status).toBe(409)
    expect((await guarded.ask('/scales', { headers: bearer(secret) })).status).toBe(200)
    expect((await guarded.ask('/tokens/short', { method: 'DELETE', headers: admin })).status).toBe(204)
    expect((await guarded.ask('/scales', { headers: bearer(secret) })).status).toBe(401)
    expect((await guarded.events.query({ tags: ['tokens:short'], type: 'archive' })).events.map(({ tags }) => tags.at(-1))).toEqual(['archive:delete', 'archive:create'])
  })

  test('what a token has open ends when it is revoked, and nothing else does', async () => {
    const admin = bearer(guarded.firstToken ?? '')
    const made = await guarded.ask('/tokens', { method: 'POST', body: { name: 'watcher', role: 'admin' }, headers: admin })
    const watch = async (path: string, headers: Record<string, string>) => (await fetch(`${guarded.url}/api/v1${path}`, { headers })).body?.pipeThrough(new TextDecoderStream()).getReader()
    const theirs = await Promise.all(['/events/stream?tag=after', '/logs'].map(path => watch(path, bearer((made.json as { token: string }).token))))
    const ours = await watch('/events/stream?tag=after', admin)

    await guarded.ask('/tokens/watcher', { method: 'DELETE', headers: admin })

    expect(await Promise.all(theirs.map(lastWords))).toEqual(theirs.map(() => 'event: error\ndata: {"message":"This token was revoked."}\n\n'))
    await guarded.events.append([{ tags: ['after'] }])
    let text = ''
    while (!text.includes('data:')) text += (await ours?.read())?.value ?? 'data: none'
    expect(text).toContain('"after"')
    await ours?.cancel()
  })

  test('who wrote is in the archive', async () => {
    await guarded.ask('/scales/audited', { method: 'PUT', body: '{name: audited, cpu: 1, memory: 1MB, instances: 1}', headers: bearer(guarded.firstToken ?? '') })

    expect((await guarded.events.query({ tags: ['scales:audited'] })).events[0]?.value).toEqual(expect.objectContaining({ by: 'admin' }))
  })

  test('a wrong token is refused, and live, ready and the documents need none', async () => {
    expect((await guarded.ask('/scales', { headers: bearer('vamp_wrong') })).headers.get('www-authenticate')).toBe('Bearer')
    for (const path of ['/health/live', '//docs', '//openapi.json']) expect([path, (await guarded.ask(path)).status]).toEqual([path, 200])
  })
})

describe('a server on loopback without tokens', () => {
  /** `fetch` sets the host by itself. */
  const askAs = (headers: Record<string, string>) => new Promise<number>((resolve, reject) => {
    const { port } = new URL(open.url)
    request({ host: '127.0.0.1', port, path: '/api/v1/scales', headers }, response => { response.resume(); resolve(response.statusCode ?? 0) }).on('error', reject).end()
  })

  test('answers to names of this machine only', async () => {
    expect(await Promise.all(['127.0.0.1:1', 'localhost', '[::1]:80'].map(host => askAs({ host })))).toEqual([200, 200, 200])
    expect(await askAs({ host: 'evil.example' })).toBe(403)
  })

  test('does nothing for pages of other origins, but for those that are let in', async () => {
    const host = new URL(open.url).host
    expect(await askAs({ host, origin: `http://${host}` })).toBe(200)
    expect(await askAs({ host, origin: 'https://evil.example' })).toBe(403)
    expect(await askAs({ host, origin: 'null' })).toBe(403)
    expect((await open.ask('/scales', { headers: { Origin: 'https://ui.example' } })).headers.get('access-control-allow-origin')).toBe('https://ui.example')
  })

  test('takes JSON and YAML and says so', async () => {
    const { status, json } = await open.ask('/scales', { method: 'POST', body: 'name: a', headers: { 'Content-Type': 'text/plain' } })

    expect([status, json]).toEqual([400, expect.objectContaining({ message: expect.stringContaining('application/x-yaml') })])
    expect((await open.ask('/scales', { headers: { Accept: 'text/html' } })).status).toBe(400)
    expect((await open.ask('/scales', { headers: { Accept: 'text/html, */*' } })).status).toBe(200)
  })
})

test('paths of the original work: the namespace in front, trailing slashes, long words', async () => {
  for (const path of ['//default/api/v1/scales', '/scales/', '/information', '/configuration', '/statistics', '/config/port']) expect([path, (await open.ask(path)).status]).toEqual([path, 200])
  expect((await open.ask('//other/api/v1/scales')).status).toBe(404)
})

test('a body over the limit is refused, and what the server does not know is told apart from what it cannot do', async () => {
  expect((await open.ask('/templates', { method: 'POST', body: `name: big\ndefinition: {a: ${'x'.repeat(1024 * 1024)}}` })).status).toBe(413)
  const { status, json } = await open.ask('/bread')
  expect([status, json]).toEqual([404, { message: 'There is no GET /api/v1/bread; /docs lists what there is.', code: 'not_found' }])
})

test('a body that is compressed is refused with what to do', async () => {
  const gzip = { 'Content-Encoding': 'gzip' }
  for (const answer of [await open.ask('/scales', { method: 'POST', body: 'name: a', headers: gzip }), await open.ask('/events', { headers: gzip })])
    expect([answer.status, answer.json]).toEqual([415, { message: 'Bodies are read as they are, not with Content-Encoding: gzip; send it uncompressed.', code: 'unsupported_media' }])
  expect((await open.ask('/events', { headers: { 'Content-Encoding': 'identity' } })).status).toBe(200)
})

test('a body that does not say what it is, in words that there are, is refused with what it may be', async () => {
  for (const type of ['', 'json']) {
    const { status, headers, json } = await open.ask('/scales/a', { method: 'PUT', body: 'name: a', headers: { 'Content-Type': type, Accept: 'application/problem+json' } })
    expect([status, headers.get('content-type'), json]).toEqual([415, expect.stringContaining('application/problem+json'), {
      type: 'urn:vamp:unsupported_media', title: 'Bodies of this kind are not read', status: 415, code: 'unsupported_media', detail: 'Bodies are application/json or application/x-yaml: say so in Content-Type.',
    }])
  }
})

test('a path that is no text is refused as everything else is', async () => {
  const { status, json, headers } = await open.ask('/scales/%ff')

  expect([status, json, headers.get('x-content-type-options')]).toEqual([400, { message: expect.stringContaining('%ff'), code: 'invalid' }, 'nosniff'])
})

test('a bug is an internal error without a word of where it happened', async () => {
  const broken = await testServer()
  const { list } = broken.store
  Object.assign(broken.store, { list: () => { throw new TypeError('secret inner place') } })

  const { status, text } = await broken.ask('/scales')

  expect([status, text]).toEqual([500, '{"message":"Internal server error.","code":"internal"}'])
  Object.assign(broken.store, { list })
  await broken[Symbol.asyncDispose]()
})

test('counters are in Prometheus\' format', async () => {
  const { text, headers } = await open.ask('//metrics')

  expect(headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(text).toMatch(/^vamp_api_request_duration_seconds_count\{method="GET",route="\/[^"]*",code="200"\} \d+$/m)
})

test('requests that the proxies saw are counted by gateway and route, and keep on growing between two looks', async () => {
  const cell = { gateway: 'shop', route: 'shop/web/http', instance: 'i', by: 'weight' as const, part: 0, requests: 3, errors: 1, statuses: [0, 0, 2, 0, 0, 1] as const, bytes: 10, latency: [] }
  const counter = async () => /^vamp_gateway_requests_total\{gateway="shop",route="shop\/web\/http"\} (\d+)$/m.exec((await open.ask('//metrics')).text)?.[1]
  const link = open.fleet.join('counted')
  await link.deliver({ agent: 'counted', sequence: 1, second: 1, dropped: 0, cells: [cell, cell] })

  expect(await counter()).toBe('6')
  await link.deliver({ agent: 'counted', sequence: 2, second: 2, dropped: 0, cells: [cell] })
  expect(await counter()).toBe('9')
})

test('every kind has a JSON Schema for editors', async () => {
  for (const kind of ['breeds', 'breed', 'releases', 'document']) expect([kind, (await open.ask(`/schemas/${kind}`)).json]).toEqual([kind, expect.objectContaining({ $schema: expect.any(String) })])
  expect((await open.ask('/schemas/bread')).status).toBe(404)
})

async function lastWords(reader: ReadableStreamDefaultReader<string> | undefined): Promise<string | undefined> {
  let last: string | undefined
  for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) last = chunk.value
  return last
}

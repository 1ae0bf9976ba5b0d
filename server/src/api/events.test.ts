import { stickyCookies } from '@vamp/agent/proxy/sticky-cookie'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventTime } from './event-time.ts'
import { type TestServer, testServer } from './testdata/test-server.ts'

let server: TestServer
beforeAll(async () => { server = await testServer() })
afterAll(async () => { await server[Symbol.asyncDispose]() })

const publish = (event: object) => server.ask('/events', { method: 'POST', body: event })
const code = (json: never) => (json as { problems: [{ code: string }] }).problems[0].code

test('an event is published (201) with its tags expanded', async () => {
  const { status, json } = await publish({ tags: ['shop:web', 'plain'], value: { n: 1 } })

  expect([status, json]).toEqual([201, { id: expect.stringMatching(/^[0-9a-f]{16}$/), timestamp: expect.stringMatching(/Z$/), type: 'event', tags: ['shop', 'shop:web', 'plain'], value: { n: 1 } }])
})

test('several events are published in one body', async () => {
  const { status, json } = await publish([{ tags: ['many'], value: 1 }, { tags: 'many', value: 2 }])

  expect([status, json]).toEqual([201, [expect.objectContaining({ value: 1 }), expect.objectContaining({ value: 2 })]])
})

test('events without tags, with a strange type or a strange time are refused with the original\'s codes', async () => {
  for (const [event, expected] of [[{ tags: [] }, 'NoTagEventError'], [{ tags: ['x'], type: 'a b' }, 'EventTypeError'], [{ tags: ['x'], timestamp: 'yesterday' }, 'EventTimestampError'], [{ tags: ['x'], digset: '' }, 'UnexpectedElement']] as const) {
    const { status, json } = await publish(event)
    expect([status, code(json)]).toEqual([400, expected])
  }
})

test('events are asked for by query string or body, newest first, by page', async () => {
  for (let value = 0; value < 5; value++) await publish({ tags: ['asked', `asked:${value % 2}`], type: 'question', value })
  const values = (json: { value: number }[]) => json.map(({ value }) => value)

  const page = await server.ask('/events?tag=asked&type=question&per_page=2&page=2')
  expect([values(page.json), page.headers.get('x-total-count')]).toEqual([[2, 1], '5'])
  expect(values((await server.ask('/events?tag=asked&tag=asked:1')).json)).toEqual([3, 1])
  const body = await fetchWithBody(`${server.url}/api/v1/events`, { tags: ['asked:0'], timestamp: { gt: 'now-5m', lte: 'now+1m' } })
  expect(values(JSON.parse(body) as { value: number }[])).toEqual([4, 2, 0])
  expect((await server.ask('/events?tag=asked&to=now-5m')).json).toEqual([])
})

test('with an aggregator the answer is one value', async () => {
  for (const value of [1, 2, 6]) await publish({ tags: ['sum'], type: 'numbers', value })
  const ask = async (type: string, field?: string) => JSON.parse(await fetchWithBody(`${server.url}/api/v1/events`, { tags: ['sum'], type: 'numbers', aggregator: { type, ...(field ? { field } : {}) } })) as unknown

  expect([await ask('count'), await ask('sum'), await ask('average'), await ask('min'), await ask('max', 'numbers'), await ask('p50', 'value')]).toEqual([{ value: 3 }, { value: 9 }, { value: 3 }, { value: 1 }, { value: 6 }, { value: 2 }])
  expect(code(await ask('mode') as never)).toBe('UnsupportedAggregatorError')
  expect((await server.ask('/events?tag=sum&aggregate=max')).json).toEqual({ value: 6 })
})

test('aggregates come by bucket of time and by tag', async () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 10, minute)).toISOString()
  for (const [minute, service, value] of [[0, 'web:1.0', 10], [1, 'web:1.1', 20], [1, 'web:1.0', 30]] as const) await publish({ tags: ['grouped', `services:${service}`], type: 'purchase', value: { total: value }, timestamp: at(minute) })
  const ask = async (how: string) => (await server.ask(`/events?tag=grouped&aggregate=sum&field=total${how}`)).json

  expect(await ask('&every=1m')).toEqual([{ time: at(0), value: 10 }, { time: at(1), value: 50 }])
  expect(await ask('&by=services')).toEqual([{ tag: 'services:web:1.0', value: 40 }, { tag: 'services:web:1.1', value: 20 }])
  expect(await ask('&by=services&every=1h')).toEqual([{ time: at(0), tag: 'services:web:1.0', value: 40 }, { time: at(0), tag: 'services:web:1.1', value: 20 }])
})

test('an event with the cookie that the gateway gave a visitor is one of that visitor\'s version', async () => {
  const endpoints = [{ id: 'shop-web-1', host: '127.0.0.1', port: 1, state: 'ready' }] as const
  const routes = ['1.0', '1.1'].map(version => ({ path: `shop/web/web:${version}/http`, lookup_name: `hash${version.replace('.', '')}`, weight: 5000, strength: 10_000, target: { is: 'endpoints' as const, endpoints }, rewrites: [] }))
  const gateway = { name: 'shop/web/http', lookup_name: 'abc', address: '127.0.0.1', port: 1, mode: 'http', virtual_hosts: [], sticky: 'route', routes } as const
  server.fleet.publish({ revision: 1, gateways: [gateway] })
  const [, route] = routes
  const [cookie = ''] = route ? stickyCookies(gateway).write({}, { route } as never, 'shop-web-1') : []

  const { json } = await publish([{ tags: ['bought', `visit:${cookie.split(';')[0]}`], type: 'purchase', value: 5 }, { tags: ['bought', 'visit:vamp_other=nothing'], type: 'purchase', value: 6 }])

  expect((json as { tags: string[] }[]).map(({ tags }) => tags)).toEqual([
    ['bought', 'gateways', 'gateways:shop/web/http', 'routes', 'routes:shop/web/web:1.1/http', 'deployments', 'deployments:shop', 'clusters', 'clusters:web', 'services', 'services:web:1.1'], ['bought', 'visit:unknown'].flatMap(tag => tag.includes(':') ? ['visit', tag] : [tag]),
  ])
  expect((await server.ask('/events?tag=services:web:1.1&type=purchase&tag=bought')).json).toHaveLength(1)
})

test('a stream carries what happens, with ids, and goes on where it broke', async () => {
  const first = await open('/events/stream?tag=live')
  await publish({ tags: ['live'], type: 'a', value: 1 })
  const [one] = await first.take(1)
  first.close()
  await publish({ tags: ['live'], value: 2 })
  await publish({ tags: ['dead'], value: 0 })

  const second = await open('/events/stream?tag=live', { 'Last-Event-ID': one?.id ?? '' })
  await publish({ tags: ['live'], value: 3 })
  const rest = await second.take(2)
  second.close()

  expect([one?.event, one?.value, ...rest.map(({ value }) => value)]).toEqual(['a', 1, 2, 3])
})

test('whoever opens a stream and goes before anything happened comes back without a gap', async () => {
  const first = await fetch(`${server.url}/api/v1/events/stream?tag=gapless`)
  const reader = first.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!/^id: .*\n\n/m.test(text)) text += (await reader?.read())?.value ?? ''
  await reader?.cancel()
  const [, id = ''] = /^id: (.*)$/m.exec(text) ?? []
  await publish({ tags: ['gapless'], value: 'meanwhile' })

  const second = await open('/events/stream?tag=gapless', { 'Last-Event-ID': id })
  const [message] = await second.take(1)
  second.close()

  expect(text).not.toContain('data:')
  expect(message?.value).toBe('meanwhile')
})

test('a stream that nobody reads is ended, and the server stays well', async () => {
  const { connect } = await import('node:net')
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.write(`GET /api/v1/events/stream?tag=flood HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`)
  await new Promise<void>(resolve => socket.once('data', () => { socket.pause(); resolve() }))
  const ended = new Promise<void>(resolve => socket.once('close', () => resolve()))

  const value = 'x'.repeat(200_000)
  for (let turn = 0; turn < 60; turn++) await server.events.append([{ tags: ['flood'], value }])
  socket.resume()
  await ended

  expect((await server.ask('/health/live')).status).toBe(200)
})

test('times are moments, milliseconds or reckoned from now', () => {
  const now = Date.parse('2026-01-31T12:34:56.789Z')
  const iso = (text: string) => { const at = eventTime(text, now); return at === undefined ? undefined : new Date(at).toISOString() }

  expect(iso('now')).toBe('2026-01-31T12:34:56.789Z')
  expect(iso('now-5m')).toBe('2026-01-31T12:29:56.789Z')
  expect(iso('now-1d/d')).toBe('2026-01-30T00:00:00.000Z')
  expect(iso('now+1h-30s')).toBe('2026-01-31T13:34:26.789Z')
  expect(iso('2026-01-01T00:00:00+01:00')).toBe('2025-12-31T23:00:00.000Z')
  expect(eventTime('1700000000000', now)).toBe(1_700_000_000_000)
  for (const text of ['yesterday', '', 'now-5x', '5']) expect([text, eventTime(text, now)]).toEqual([text, text === '5' ? 5 : undefined])
})

/** `fetch` sends no body with GET; the original's clients do. */
async function fetchWithBody(url: string, body: object): Promise<string> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body)
    const asked = request(url, { method: 'GET', headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) } }, response => {
      let answer = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { answer += chunk }).on('end', () => resolve(answer))
    })
    asked.on('error', reject).end(text)
  })
}

async function open(path: string, headers: Record<string, string> = {}) {
  const ending = new AbortController()
  const response = await fetch(`${server.url}/api/v1${path}`, { headers, signal: ending.signal })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    close: () => ending.abort(),
    async take(count: number) {
      const found: { id: string; event: string; value: unknown }[] = []
      while (found.length < count) {
        const end = text.indexOf('\n\n')
        if (end === -1) { text += (await reader?.read())?.value ?? ''; continue }
        const fields = Object.fromEntries(text.slice(0, end).split('\n').map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
        text = text.slice(end + 2)
        if (fields['data']) found.push({ id: fields['id'] ?? '', event: fields['event'] ?? '', value: (JSON.parse(fields['data']) as { value: unknown }).value })
      }
      return found
    },
  }
}

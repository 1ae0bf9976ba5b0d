import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { systemClock } from '@vamp/agent/base/clock'
import type { Event } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { expect, test } from 'vitest'
import { elasticsearchSink } from './elasticsearch.ts'
import { openMemoryEventLog } from './memory/memory-event-log.ts'
import { type Sink, sinkReconciler } from './sink.ts'
import { webhookSink } from './webhook.ts'

const signal = new AbortController().signal

function harness(fails: (events: readonly Event[]) => boolean = () => false, query: Sink['query'] = { tags: ['t'] }) {
  const events = openMemoryEventLog({ clock: systemClock })
  const places = new Map<string, string>()
  const delivered: unknown[] = []
  let saves = 0
  const sink: Sink = { query, deliver: async bunch => { if (fails(bunch)) throw new Fault('sink_unreachable', 'no'); delivered.push(...bunch.map(({ value }) => value)) } }
  const reconciler = sinkReconciler({ events, sink: async name => name === 'mine' ? sink : undefined, places: { load: async name => places.get(name), save: async (name, id) => { saves++; places.set(name, id) } } })
  const run = async () => { for (;;) if ((await reconciler.reconcile('mine', signal)).is === 'done') return }
  return { events, delivered, places, run, reconciler, saves: () => saves }
}

test('a sink gets what comes after it was made, what matches, in order, once', async () => {
  const { events, delivered, run } = harness()
  await events.append([{ tags: ['t'], value: 'before' }])
  await run()

  await events.append(Array.from({ length: 1200 }, (_, value) => ({ tags: [value % 2 ? 't' : 'other'], value })))
  await run()
  await run()

  expect(delivered).toEqual(Array.from({ length: 600 }, (_, index) => index * 2 + 1))
})

test('where nothing is for it its place is kept once in five hundred events, and one that comes later looks no further back', async () => {
  const { events, run, saves, places } = harness()
  await run()
  const before = saves()

  for (let number = 0; number < 1100; number++) {
    await events.append([{ tags: ['other'], value: number }])
    await run()
  }

  expect(saves() - before).toBe(2)
  expect(Number.parseInt(events.newest(), 16) - Number.parseInt(places.get('mine') ?? '', 16)).toBeLessThan(500)
})

test('a receiver that fails gets the same again, and nothing that came after it before that', async () => {
  let broken = true
  const { events, delivered, run } = harness(() => broken)
  await run()
  await events.append([{ tags: ['t'], value: 1 }, { tags: ['t'], value: 2 }])

  await expect(run()).rejects.toThrow('no')
  await events.append([{ tags: ['t'], value: 3 }])
  broken = false
  await run()

  expect(delivered).toEqual([1, 2, 3])
})

test('large events come in several deliveries, and those that arrived are not repeated', async () => {
  const large = (value: string) => ({ tags: ['t'], value: value.repeat(3_000_000) })
  let refuse = 'b'
  const { events, delivered, run } = harness(bunch => String(bunch[0]?.value).startsWith(refuse))
  await run()
  await events.append([large('a'), large('b'), large('c')])

  await expect(run()).rejects.toThrow('no')
  refuse = 'nothing'
  await run()

  expect(delivered.map(value => String(value)[0])).toEqual(['a', 'b', 'c'])
})

test('a name that is no sink any more is left alone', async () => {
  const { reconciler, places } = harness()

  expect(await reconciler.reconcile('gone', signal)).toEqual({ is: 'done' })
  expect(places.size).toBe(0)
})

interface Request { readonly request: IncomingMessage; readonly body: string }

async function receiver(answer: (request: Request) => { status: number; body?: string }) {
  const requests: Request[] = []
  const server = createServer((request, response) => {
    void text(request).then(body => {
      requests.push({ request, body })
      const { status, body: reply = '' } = answer({ request, body })
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end(reply)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, async [Symbol.asyncDispose]() { server.closeAllConnections(); await new Promise(resolve => server.close(resolve)) } }
}

const EVENTS: readonly Event[] = [
  { id: '0000000000000001', timestamp: '2026-01-02T03:04:05.006Z', type: 'Metrics', tags: ['a', 'a:b'], value: 12.5 },
  { id: '0000000000000002', timestamp: '2026-01-02T03:04:05.006Z', type: 'event', tags: ['a'] },
]

test('a webhook is signed so that its receiver can tell whose it is', async () => {
  await using there = await receiver(() => ({ status: 204 }))
  const key = Buffer.from('0123456789abcdef01234567')

  await webhookSink({ url: `${there.url}/hook`, query: {}, secret: `whsec_${key.toString('base64')}` }, systemClock).deliver(EVENTS, signal)

  const [{ request: { method, url, headers }, body } = { request: {} as IncomingMessage, body: '' }] = there.requests
  expect([method, url, headers['webhook-id'], JSON.parse(body)]).toEqual(['POST', '/hook', '0000000000000002', { events: EVENTS }])
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64')}`)
})

test('a receiver that refuses, redirects or is not there is a fault that is tried again', async () => {
  for (const status of [302, 404, 500]) {
    await using there = await receiver(() => ({ status, body: 'why' }))
    await expect(webhookSink({ url: there.url, query: {} }, systemClock).deliver(EVENTS, signal)).rejects.toMatchObject({ code: 'sink_unreachable', terminal: false, facts: { status } })
    expect(there.requests).toHaveLength(1)
  }
  await expect(webhookSink({ url: 'http://127.0.0.1:1', query: {} }, systemClock).deliver(EVENTS, signal)).rejects.toMatchObject({ code: 'sink_unreachable' })
})

test('an address or a secret that cannot be used is refused', () => {
  for (const wrong of [{ url: 'file:///etc/passwd' }, { url: 'nonsense' }, { url: 'http://a', secret: 'short' }]) expect(() => webhookSink({ query: {}, ...wrong }, systemClock)).toThrow(expect.objectContaining({ code: 'invalid' }))
})

test('an index gets documents with the ids of the events, by type and day', async () => {
  await using there = await receiver(() => ({ status: 200, body: '{"errors":false}' }))

  await elasticsearchSink({ url: there.url, index: 'vamp', query: {} }).deliver(EVENTS, signal)

  expect(there.requests[0]?.request.url).toBe('/_bulk')
  expect(there.requests[0]?.body.split('\n').slice(0, -1).map(line => JSON.parse(line) as unknown)).toEqual([
    { index: { _index: 'vamp-metrics-2026-01-02', _id: '0000000000000001' } },
    { ...EVENTS[0], value: '12.5', Metrics: 12.5 },
    { index: { _index: 'vamp-event-2026-01-02', _id: '0000000000000002' } },
    EVENTS[1],
  ])
})

test('an index that is busy is tried again, one that refuses an event for good is not', async () => {
  let status = 429
  await using there = await receiver(() => ({ status: 200, body: JSON.stringify({ errors: true, items: [{ index: { status: 201 } }, { index: { status, error: { type: 'x' } } }] }) }))
  const sink = elasticsearchSink({ url: there.url, index: 'vamp', query: {} })

  await expect(sink.deliver(EVENTS, signal)).rejects.toMatchObject({ code: 'sink_unreachable' })
  status = 400
  await expect(sink.deliver(EVENTS, signal)).resolves.toBeUndefined()
  await using wrong = await receiver(() => ({ status: 200, body: '<html>' }))
  await expect(elasticsearchSink({ url: wrong.url, index: 'vamp', query: {} }).deliver(EVENTS, signal)).rejects.toMatchObject({ code: 'sink_unreachable' })
})

/** Events as the original takes, finds, counts and streams them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openWorld, type World } from '../acceptance/world.ts'
import { ask as askAt, type Sent } from './ask.ts'

let world: World
beforeAll(async () => { world = await openWorld({ seed: 4, answer: () => ({ status: 200, latencyMs: 10 }) }) })
afterAll(async () => { await world.close() })

const ask = (path: string, sent?: Sent) => askAt(world.url, path, sent)
const publish = async (event: object) => { const { status, text } = await ask('/events', { method: 'POST', body: event }); expect([status, text]).toEqual([201, expect.any(String)]) }
const find = async (path: string, body?: object) => ((await ask(path, body ? { body } : {})).value as { value: unknown }[]).map(({ value }) => value)
const moment = (secondsAgo: number) => new Date(world.clock.now() - secondsAgo * 1000).toISOString()

test('a tag with a colon is two tags, split at the first colon only', async () => {
  const { status, value } = await ask('/events', { method: 'POST', body: { tags: ['a:b:c', 'plain'], timestamp: '2020-01-01T10:00:00+02:00', version: '1.0' } })

  expect([status, value]).toEqual([201, { id: expect.any(String), tags: ['a', 'a:b:c', 'plain'], timestamp: '2020-01-01T08:00:00.000Z', type: 'event' }])
})

test('one tag may be a text; other fields are refused', async () => {
  expect((await ask('/events', { method: 'POST', body: { tags: 'single' } })).value).toMatchObject({ tags: ['single'] })
  expect((await ask('/events', { method: 'POST', body: { tags: 'single', colour: 'red' } })).status).toBe(400)
  expect((await ask('/events', { method: 'POST', body: { tags: 'single', timestamp: 'yesterday' } })).status).toBe(400)
  expect((await ask('/events', { method: 'POST', body: { tags: 'single', timestamp: '2200-01-01T00:00:00Z' } })).status).toBe(400)
})

test('tags are all demanded, the newest comes first, and a body wins over the query string', async () => {
  for (const [value, tag] of [[1, 'one'], [2, 'two'], [3, 'two']] as const) await publish({ tags: ['found', `found:${tag}`], type: 'finding', value })

  expect(await find('/events?tag=found')).toEqual([3, 2, 1])
  expect(await find('/events?tag=found&tag=found:two&type=finding')).toEqual([3, 2])
  expect(await find('/events?tag=found&type=other')).toEqual([])
  expect(await find('/events?tag=found:one', { tags: ['found:two'] })).toEqual([3, 2])
  expect(await find('/events?tag=found&per_page=1&page=2')).toEqual([2])
  expect((await ask('/events', { body: { type: 'finding' } })).status).toBe(400)
})

test('times are bounds with or without themselves, and may be reckoned from now', async () => {
  const at = [300, 200, 100].map(moment)
  for (const [value, timestamp] of at.entries()) await publish({ tags: ['timed'], value, timestamp })
  const between = (timestamp: object) => find('/events', { tags: ['timed'], timestamp })

  expect(await between({ gte: at[1], lt: at[2] })).toEqual([1])
  expect(await between({ gt: at[0], lte: at[2] })).toEqual([2, 1])
  expect(await between({ gt: 'now-250s' })).toEqual([2, 1])
  expect(await between({ lt: 'now-2m' })).toEqual([1, 0])
  for (const wrong of [{ lt: 'now', lte: 'now' }, { gt: 'now', gte: 'now' }, { gt: 'soon' }, { after: 'now' }])
    expect([wrong, (await ask('/events', { body: { tags: ['timed'], timestamp: wrong } })).status]).toEqual([wrong, 400])
})

test('aggregators make one number of many events', async () => {
  for (const value of [1, 2, 6]) await publish({ tags: ['sum'], type: 'metrics', value })
  for (const value of [{ deep: { n: 4 } }, { deep: { n: 8 } }, { other: 1 }]) await publish({ tags: ['sum'], type: 'structured', value })
  const aggregate = async (type: string, aggregator: object) => ((await ask('/events', { body: { tags: ['sum'], type, aggregator } })).value as { value: number }).value

  expect(await Promise.all(['count', 'sum', 'average', 'min', 'max'].map(type => aggregate('metrics', { type })))).toEqual([3, 9, 3, 1, 6])
  expect(await aggregate('metrics', { type: 'max', field: 'metrics' })).toBe(6)
  expect(await aggregate('structured', { type: 'average', field: 'deep.n' })).toBe(6)
  expect(await aggregate('nothing', { type: 'count' })).toBe(0)
  expect(await aggregate('nothing', { type: 'max' })).toBe(null)
  for (const path of ['/events?tag=sum&aggregate=mode', '/events?tag=sum&aggregate=p101']) expect([path, (await ask(path)).status]).toEqual([path, 400])
  expect((await ask('/events', { body: { tags: ['sum'], aggregator: { type: 'mode' } } })).status).toBe(400)
})

test('a stream tells what is published from now on, of one type with all the tags, and goes on after the event that was seen last', async () => {
  await publish({ tags: ['live'], type: 'seen', value: 0 })
  const first = await open('/events/stream?tag=live&type=seen')
  await publish({ tags: ['live'], type: 'other', value: 'no' })
  await publish({ tags: ['live'], type: 'seen', value: 1 })
  const one = await first.next()
  first.close()
  await publish({ tags: ['live'], type: 'seen', value: 2 })

  const second = await open('/events/stream?tag=live&type=seen', { 'Last-Event-ID': one.id })
  await publish({ tags: ['live'], type: 'seen', value: 3 })

  expect([one, await second.next(), await second.next()].map(({ event, data }) => [event, (data as { value: number }).value])).toEqual([['seen', 1], ['seen', 2], ['seen', 3]])
  second.close()
})

test('a stream may be asked for in a body', async () => {
  const stream = await open('/events/stream', {}, { tags: ['bodied'] })
  await publish({ tags: ['other'], value: 0 })
  await publish({ tags: ['bodied:x'], value: 1 })

  expect(await stream.next()).toEqual({ id: expect.any(String), event: 'event', data: expect.objectContaining({ tags: ['bodied', 'bodied:x'], value: 1 }) })
  stream.close()
})

interface Message { readonly id: string; readonly event: string; readonly data: unknown }

async function open(path: string, headers: Readonly<Record<string, string>> = {}, body?: object): Promise<{ next(): Promise<Message>; close(): void }> {
  const { request } = await import('node:http')
  const text = body ? JSON.stringify(body) : ''
  const asked = request(`${world.url}/api/v1${path}`, { headers: { ...headers, ...(body ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) } : {}) } })
  asked.on('error', () => undefined).end(text)
  const response = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => asked.once('response', resolve).once('error', reject))
  const chunks = response[Symbol.asyncIterator]()
  let buffered = ''
  const block = async (): Promise<string> => {
    for (let end = buffered.indexOf('\n\n'); ; end = buffered.indexOf('\n\n')) {
      if (end === -1) { buffered += String((await chunks.next()).value); continue }
      const found = buffered.slice(0, end)
      buffered = buffered.slice(end + 2)
      return found
    }
  }
  // The first line says that the stream is open: what is published from then on is told.
  await block()
  return {
    close: () => asked.destroy(),
    async next() {
      for (;;) {
        const fields = Object.fromEntries((await block()).split('\n').map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
        // A number alone says where the stream begins.
        if (fields['data'] !== undefined) return { id: fields['id'] ?? '', event: fields['event'] ?? '', data: JSON.parse(fields['data']) as unknown }
      }
    },
  }
}

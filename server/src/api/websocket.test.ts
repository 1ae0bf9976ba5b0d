import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STREAM_UNREAD_BYTES_MAX } from './limits.ts'
import { openOutgoing } from './websocket.ts'
import { type TestServer, testServer } from './testdata/test-server.ts'

let server: TestServer
beforeAll(async () => { server = await testServer() })
afterAll(async () => { await server[Symbol.asyncDispose]() })

interface Message { readonly transaction?: string; readonly status: string; readonly data?: string; readonly error?: string; readonly content?: string; readonly parameters?: Record<string, string> }

async function open(path = '/websocket', to = server, token?: string) {
  const socket = new WebSocket(`${to.url.replace('http', 'ws')}${path}`, ...(token === undefined ? [] : [{ headers: { Authorization: `Bearer ${token}` } } as never]))
  const messages: Message[] = []
  const waiting: (() => void)[] = []
  socket.onmessage = ({ data }) => { messages.push(JSON.parse(String(data)) as Message); for (const wake of waiting.splice(0)) wake() }
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject })
  const closed = new Promise<{ readonly code: number; readonly reason: string }>(resolve => { socket.onclose = ({ code, reason }) => resolve({ code, reason }) })
  return {
    closed, messages,
    send: (...requests: readonly object[]) => socket.send(requests.map(request => JSON.stringify(request)).join('\n---\n')),
    text: (message: string) => socket.send(message),
    async next() { while (messages.length === 0) await new Promise<void>(resolve => waiting.push(resolve)); return messages.shift() as Message },
    close: () => socket.close(),
  }
}

const request = (transaction: string, more: object) => ({ api: 'v1', accept: 'JSON', content: 'JSON', transaction, parameters: {}, ...more })

test('things are put, peeked at and removed, and answers carry their transaction', async () => {
  const { send, next, close } = await open()
  send(request('1', { path: 'breeds', action: 'PUT', content: 'YAML', data: 'name: front:2\ndeployable: x' }))
  expect(await next()).toEqual(expect.objectContaining({ api: 'v1', path: '/breeds', action: 'PUT', transaction: '1', status: 'OK', content: 'JSON' }))
  send(request('2', { path: '/breeds/front:2', action: 'peek', accept: 'YAML' }), request('3', { path: 'breeds', action: 'PEEK', parameters: { per_page: 5 } }))
  expect((await next()).data).toContain('name: front:2')
  const list = await next()
  expect([list.transaction, list.parameters?.['x-total-count'], JSON.parse(list.data ?? '')]).toEqual(['3', '1', [expect.objectContaining({ name: 'front:2' })]])
  send(request('4', { path: 'breeds/front:2', action: 'REMOVE' }), request('5', { path: 'breeds/front:2', action: 'PEEK' }))
  expect([(await next()).status, (await next()).status]).toEqual(['NOCONTENT', 'ERROR'])
  close()
})

test('what cannot be understood is answered with why', async () => {
  const { send, text, next, close } = await open('/default/websocket')
  send({ path: 'breeds' })
  expect(await next()).toEqual({ status: 'ERROR', error: "Can't find any value for path: /api" })
  send({ ...request('1', { path: 'breeds', action: 'PEEK' }), parameters: '' })
  expect(await next()).toEqual({ status: 'ERROR', error: "'parameters' must be a map." })
  text('{')
  expect((await next()).status).toBe('ERROR')
  close()
})

test('events are streamed with the transaction that asked for them', async () => {
  const { send, next, close } = await open()
  send(request('8', { path: 'events/stream', action: 'PEEK', parameters: { tag: ['synchronization'] } }), request('9', { path: 'info', action: 'PEEK' }))
  expect((await next()).transaction).toBe('9')
  await server.events.append([{ tags: ['other'] }, { tags: ['synchronization:deployed'], value: 1 }])

  const told = await next()

  expect([told.transaction, JSON.parse(told.data ?? '')]).toEqual(['8', expect.objectContaining({ tags: ['synchronization', 'synchronization:deployed'], value: 1 })])
  close()
})

test('without a token where one is needed there is no connection', async () => {
  await using guarded = await testServer({ auth: 'on' })
  const socket = new WebSocket(`${guarded.url.replace('http', 'ws')}/websocket`)

  expect(await new Promise(resolve => { socket.onopen = () => resolve('open'); socket.onerror = () => resolve('refused') })).toBe('refused')
})

test('a new stream takes the place of the old one, and a namespace may stand before its path', async () => {
  const { send, next, close } = await open()
  send(request('1', { path: 'events/stream', action: 'PEEK', parameters: { tag: 'first' } }), request('2', { path: 'info', action: 'PEEK' }))
  await next()
  send(request('3', { path: 'events/stream', action: 'PEEK', data: '{tags: [second], type: wanted}' }), request('4', { path: 'info', action: 'PEEK' }))
  await next()
  await server.events.append([{ tags: ['first'] }, { tags: ['second'] }, { tags: ['second'], type: 'wanted' }])
  expect((await next()).transaction).toBe('3')
  send(request('5', { path: 'default/events/stream', action: 'PEEK', parameters: { type: ['last'] } }), request('6', { path: 'info', action: 'PEEK' }))
  await next()
  await server.events.append([{ tags: ['x'], type: 'last' }])
  expect((await next()).transaction).toBe('5')
  close()
})

test('names may be escaped or not', async () => {
  const { send, next, close } = await open()
  send(request('1', { path: 'gateways', action: 'PUT', data: 'name: shop/8070\nport: 8070', content: 'YAML' }))
  expect((await next()).status).toBe('ACCEPTED')
  send(request('2', { path: 'gateways/shop/8070', action: 'PEEK' }), request('3', { path: 'gateways/shop%2F8070', action: 'PEEK' }), request('4', { path: 'gateways/50%', action: 'PEEK' }))
  expect([(await next()).status, (await next()).status, (await next()).status]).toEqual(['OK', 'OK', 'ERROR'])
  close()
})

test('roles hold here too', async () => {
  await using guarded = await testServer({ auth: 'on' })
  const admin = { Authorization: `Bearer ${guarded.firstToken}` }
  const { token } = (await guarded.ask('/tokens', { method: 'POST', body: { name: 'v', role: 'viewer' }, headers: admin })).json as { token: string }
  const { send, next, close } = await open('/websocket', guarded, token)

  send(request('1', { path: 'scales', action: 'PEEK' }), request('2', { path: 'scales', action: 'PUT', data: '{}' }), request('3', { path: 'logs', action: 'PEEK' }), request('4', { path: 'tokens', action: 'PEEK' }))

  expect([(await next()).status, (await next()).status, (await next()).status, (await next()).status]).toEqual(['OK', 'ERROR', 'ERROR', 'ERROR'])
  close()
})

describe('when its token is revoked', () => {
  async function visited() {
    const guarded = await testServer({ auth: 'on' })
    const admin = { Authorization: `Bearer ${guarded.firstToken}` }
    const { token } = (await guarded.ask('/tokens', { method: 'POST', body: { name: 'v', role: 'viewer' }, headers: admin })).json as { token: string }
    return { guarded, revoke: () => guarded.ask('/tokens/v', { method: 'DELETE', headers: admin }), ...await open('/websocket', guarded, token) }
  }

  test('a connection is closed, and its streams end', async () => {
    const { guarded, revoke, send, next, closed, messages } = await visited()
    send(request('1', { path: 'events/stream', action: 'PEEK' }), request('2', { path: 'info', action: 'PEEK' }))
    await next()

    await revoke()

    expect(await closed).toEqual({ code: 1008, reason: 'This token was revoked.' })
    await guarded.events.append([{ tags: ['secret'] }])
    expect(messages.filter(({ data = '' }) => data.includes('secret'))).toEqual([])
    await guarded[Symbol.asyncDispose]()
  })

  test('not a word that it sends is read, even while the database is still asked who has it', async () => {
    const { guarded, text, closed, messages } = await visited()
    const { list } = guarded.store
    const gate = Promise.withResolvers<void>()
    Object.assign(guarded.store, { list: async (...given: Parameters<typeof list>) => { await gate.promise; return list.apply(guarded.store, given) } })
    await guarded.store.delete('tokens', 'v', 'any')

    text('{')
    await guarded.ask('//health/live')
    await new Promise(resolve => setTimeout(resolve, 20))
    gate.resolve()

    expect([(await closed).code, messages]).toEqual([1008, []])
    await guarded[Symbol.asyncDispose]()
  })
})

test('a reader that is too slow misses the oldest messages, not the newest', () => {
  const sent: string[] = []
  const done: (() => void)[] = []
  const outgoing = openOutgoing({ send(text, sentIt) { sent.push(text); done.push(sentIt) }, terminate() {} })
  for (let number = 0; number < 40; number++) outgoing.send({ number })

  for (let turn = 0; turn < 40; turn++) done.shift()?.()

  expect(sent.map(text => (JSON.parse(text) as { number: number }).number)).toEqual([0, ...Array.from({ length: 16 }, (_, index) => 24 + index)])
})

test('a reader that leaves too many bytes unread is dropped, however few messages they are', () => {
  let [sent, terminated] = [0, 0]
  const outgoing = openOutgoing({ send() { sent++ }, terminate() { terminated++ } })
  const half = 'x'.repeat(STREAM_UNREAD_BYTES_MAX / 2)

  expect([1, 2, 3].map(() => { outgoing.send({ half }); return [sent, terminated] })).toEqual([[1, 0], [1, 0], [1, 1]])
})

test('answers wait for one another, are never dropped, and do not count as unread', async () => {
  const sent: string[] = []
  const done: ((error?: Error) => void)[] = []
  let terminated = 0
  const outgoing = openOutgoing({ send(text, sentIt) { sent.push((JSON.parse(text) as { is: string }).is); done.push(sentIt) }, terminate() { terminated++ } })
  const data = 'x'.repeat(3 * STREAM_UNREAD_BYTES_MAX)
  const over: string[] = []
  for (const is of ['a', 'b', 'c']) void outgoing.answer({ is, data }).then(() => over.push(is))
  await Promise.resolve()
  for (let number = 0; number < 20; number++) outgoing.send({ is: String(number) })

  expect([sent, over]).toEqual([['a'], []])
  done.shift()?.()
  await new Promise(resolve => setImmediate(resolve))
  expect([sent, over]).toEqual([['a', '4'], ['a']])
  while (done.length > 0) { done.shift()?.(sent.at(-1) === 'b' ? new Error('gone') : undefined); await new Promise(resolve => setImmediate(resolve)) }
  expect([sent.slice(-2), over, terminated]).toEqual([['b', 'c'], ['a', 'b', 'c'], 0])
})

test('a stream whose reader leaves more unread than the limit is ended with its connection', async () => {
  const { client } = await silentClient(server, '')
  const asked = Buffer.from(JSON.stringify(request('1', { path: 'events/stream', action: 'PEEK', parameters: { tag: 'flood' } })))
  const { subscribe } = server.events
  const subscribed = new Promise<void>(resolve => Object.assign(server.events, { subscribe: (...given: Parameters<typeof subscribe>) => { resolve(); return subscribe.apply(server.events, given) } }))
  // One text frame, masked with nothing.
  client.write(Buffer.concat([Buffer.from([0x81, 0x80 | 126, asked.length >> 8, asked.length & 255, 0, 0, 0, 0]), asked]))
  await subscribed
  Object.assign(server.events, { subscribe })
  client.on('error', () => {}).pause()
  const closed = once(client, 'close')

  let bytes = 0
  for (let turn = 0; turn < 150; turn++) {
    await server.events.append([{ tags: ['flood'], value: 'x'.repeat(200_000) }])
    await new Promise(resolve => setImmediate(resolve))
  }
  client.on('data', (chunk: Buffer) => { bytes += chunk.length }).resume()
  await closed

  expect(bytes).toBeLessThan(150 * 200_000)
})

test('a stream ends with its connection', async () => {
  await using own = await testServer()
  const { subscribe } = own.events
  const ended = new Promise<void>(resolve => Object.assign(own.events, { subscribe: (...given: Parameters<typeof subscribe>) => { const end = subscribe.apply(own.events, given); return () => { end(); resolve() } } }))
  const { send, next, close } = await open('/websocket', own)
  send(request('1', { path: 'events/stream', action: 'PEEK' }), request('2', { path: 'info', action: 'PEEK' }))
  await next()

  close()

  await ended
})

async function silentClient(to: TestServer, headers: string) {
  const { port, host } = new URL(to.url)
  const client = connect(Number(port), '127.0.0.1')
  client.write(`GET /websocket HTTP/1.1\r\nHost: ${host}\r\n${headers}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`)
  const [answer] = await once(client, 'data') as [Buffer]
  return { client, answer: answer.toString() }
}

test('a connection that is refused is closed', async () => {
  const { client, answer } = await silentClient(server, 'Origin: http://elsewhere.example\r\n')
  client.resume()
  await once(client, 'close')

  expect(answer).toMatch(/^HTTP\/1.1 403 /)
})

test('a client that never answers a farewell does not keep the server from ending', async () => {
  const own = await testServer()
  const { client, answer } = await silentClient(own, '')
  await own[Symbol.asyncDispose]()
  if (!client.closed) await once(client.resume(), 'close')

  expect(answer).toMatch(/^HTTP\/1.1 101 /)
})

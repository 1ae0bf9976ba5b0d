import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestServer, testServer } from './testdata/test-server.ts'

let server: TestServer
beforeAll(async () => { server = await testServer() })
afterAll(async () => { await server[Symbol.asyncDispose]() })

interface Message { readonly transaction?: string; readonly status: string; readonly data?: string; readonly error?: string; readonly content?: string; readonly parameters?: Record<string, string> }

async function open(path = '/websocket') {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`)
  const messages: Message[] = []
  const waiting: (() => void)[] = []
  socket.onmessage = ({ data }) => { messages.push(JSON.parse(String(data)) as Message); for (const wake of waiting.splice(0)) wake() }
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject })
  return {
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

import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestServer, testServer } from '@vamp/server/api/testdata/test-server'
import { ask as askAt } from './ask.ts'

let server: TestServer
let service: Server
let port: number
const seen: IncomingMessage[] = []

beforeAll(async () => {
  service = createServer((asked, answer) => {
    seen.push(asked)
    const chunks: Buffer[] = []
    asked.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      answer.writeHead(asked.url === '/missing' ? 404 : 200, { 'Content-Type': 'text/html', 'X-From': 'service', 'Set-Cookie': ['a=1', 'b=2'] })
      answer.end(`${asked.method} ${asked.url} ${Buffer.concat(chunks).length}`)
    })
  })
  service.on('upgrade', (asked, socket) => {
    if (asked.url === '/no') return socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
  port = (service.address() as AddressInfo).port
  server = await testServer()
  await known(server)
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  service.closeAllConnections()
  service.close()
})

/** What reconcilers would have written. */
async function known({ store, fleet }: TestServer): Promise<void> {
  const gateway = (name: string, more: object = {}) => ({ name, lookup_name: name, address: '0.0.0.0', port, mode: 'http' as const, virtual_hosts: [], sticky: 'none' as const, routes: [], ...more })
  fleet.publish({ revision: 1, gateways: [gateway('edge'), gateway('shop/web/http'), gateway('raw', { mode: 'tcp' }), gateway('waiting'), gateway('closed', { port: 1 })] })
  for (const name of ['edge', 'shop/web/http', 'raw', 'closed']) await store.put('gateway-statuses', name, { name, deployed: true, port, desired: {}, acknowledged: {} })
  const instance = (id: string, state: 'ready' | 'failed') => ({ id, cluster: 'web', service: 'web:1', host: '127.0.0.1', ports: { http: port }, state, since: '2030-01-01T00:00:00Z' })
  await store.put('deployment-statuses', 'shop', { name: 'shop', services: [], instances: [instance('i-1', 'ready'), instance('i-2', 'failed')] })
}

const ask = (path: string, sent: Parameters<typeof askAt>[2] = {}) => askAt(server.url, `/${path}`, { ...sent, headers: { Accept: '*/*', ...sent.headers } })
const INSTANCE = '/proxy/deployments/shop/clusters/web/services/web:1/instances'

describe('a request is passed on', () => {
  test.each([
    ['/proxy/gateways/edge', '/'], ['/proxy/gateways/edge/a/b%20c?d=e%2Ff', '/a/b%20c?d=e%2Ff'], ['/proxy/gateways/shop/web/http/x', '/x'], ['/proxy/gateways/shop%2Fweb%2Fhttp/x?y', '/x?y'],
    [`${INSTANCE}/i-1/ports/http/z/`, '/z/'], [`${INSTANCE}/i-1/ports/http`, '/'],
  ])('%s asks for %s', async (path, asked) => {
    const { status, text } = await ask(path)

    expect([status, text]).toEqual([200, `GET ${asked} 0`])
  })

  test('with its method, its body of any size and type, and its headers', async () => {
    const { text, headers } = await ask('/proxy/gateways/edge/up', { method: 'PATCH', body: 'x'.repeat(3_000_000), headers: { 'Content-Type': 'image/png', 'X-Own': 'y', Connection: 'close, X-Gone', 'X-Gone': '1' } })

    expect(text).toBe('PATCH /up 3000000')
    expect(seen.at(-1)?.headers).toMatchObject({ host: `127.0.0.1:${port}`, 'x-own': 'y', 'x-forwarded-for': '127.0.0.1', 'content-type': 'image/png' })
    expect(seen.at(-1)?.headers).not.toHaveProperty('x-gone')
    expect(headers).toMatchObject({ 'x-from': 'service', 'set-cookie': ['a=1', 'b=2'] })
  })

  test('with a body without a length, also where bodies are unusual', async () => {
    const { port: own } = new URL(server.url)
    const text = await new Promise((resolve, reject) => {
      const asked = request({ port: own, path: '/proxy/gateways/edge/c', method: 'GET', headers: { 'Transfer-Encoding': 'chunked' } }, answer => { answer.setEncoding('utf8').once('data', resolve) })
      asked.on('error', reject)
      asked.write('12345')
      asked.end('678')
    })

    expect(text).toBe('GET /c 8')
  })

  test('and the answer comes back as it is, in a sandbox', async () => {
    const { status, headers } = await ask('/proxy/gateways/edge/missing')

    expect([status, headers['content-type']]).toEqual([404, 'text/html'])
    expect(headers['content-security-policy']).toMatch(/^sandbox (?!.*allow-same-origin)/)
  })
})

describe('nothing else is reached', () => {
  test.each([
    '/proxy/host/127.0.0.1/port/PORT/', '/proxy/gateways/127.0.0.1:PORT/', '/proxy/gateways/[127.0.0.1]:PORT', '/proxy/gateways/none/', '/proxy/gateways/', '/proxy/gateways/raw/', '/proxy/gateways/waiting/',
    '/proxy/gateways/closed/', '/proxy/http://127.0.0.1:PORT/', '/proxy/workflows/w/instances/i/ports/http/', `${INSTANCE}/i-2/ports/http/`, `${INSTANCE}/none/ports/http/`, `${INSTANCE}/i-1/ports/other/`,
    `${INSTANCE}/i-1/ports/constructor/`, '/proxy/deployments/shop/clusters/other/services/web:1/instances/i-1/ports/http/', '/proxy/deployments/shop/x/web/x/web:1/x/i-1/x/http/',
  ])('%s is a 502', async path => {
    const { status, value } = await ask(path.replace('PORT', String(port)))

    expect([status, value]).toEqual([502, expect.objectContaining({ code: 'endpoint_unreachable' })])
  })
})

describe('an upgraded connection', () => {
  const upgrade = (path: string, after = '') => new Promise<string>(resolve => {
    const { port: own } = new URL(server.url)
    const socket = connect(Number(own), '127.0.0.1')
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString()
      if (text.includes('101') && !text.includes('ping') && after === '') socket.write('ping')
      if (text.endsWith('ping')) socket.end()
    })
    socket.on('close', () => resolve(text))
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${own}\r\nConnection: Upgrade\r\nUpgrade: echo\r\nSec-WebSocket-Key: abc\r\n\r\n${after}`)
  })

  test('carries bytes both ways, also those that came at once', async () => {
    expect(await upgrade('/proxy/gateways/edge/live')).toMatch(/^HTTP\/1\.1 101 [\s\S]*ping$/)
    expect(await upgrade(`${INSTANCE}/i-1/ports/http/live`, 'ping')).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nping$/)
  })

  test('that is refused or leads nowhere is told', async () => {
    expect(await upgrade('/proxy/gateways/edge/no')).toMatch(/^HTTP\/1\.1 403 [\s\S]*no$/)
    expect(await upgrade('/proxy/gateways/closed/')).toMatch(/^HTTP\/1\.1 502 /)
    expect(await upgrade('/proxy/gateways/none/')).toMatch(/^HTTP\/1\.1 502 /)
  })
})

test('a wish to upgrade that the connection does not share is an ordinary request', async () => {
  expect((await ask('/proxy/gateways/edge/plain', { headers: { Upgrade: 'echo', Connection: 'close' } })).text).toBe('GET /plain 0')
})

test('it takes an operator, and the service does not see the token', async () => {
  await using guarded = await testServer({ auth: 'on' })
  await known(guarded)
  const admin = { Authorization: `Bearer ${guarded.firstToken}` }
  const { token } = (await guarded.ask('/tokens', { method: 'POST', body: { name: 'v', role: 'viewer' }, headers: admin })).json as { token: string }
  const status = async (headers: Record<string, string>) => (await guarded.ask('//proxy/gateways/edge/token', { headers })).status

  expect([await status({}), await status({ Authorization: `Bearer ${token}` }), await status(admin)]).toEqual([401, 403, 200])
  expect(seen.at(-1)).toMatchObject({ url: '/token' })
  expect(seen.at(-1)?.headers).not.toHaveProperty('authorization')
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processIo } from '../io.ts'
import { run } from '../run.ts'

const asked: { readonly method: string | undefined; readonly url: string | undefined; readonly agent: string | undefined }[] = []
const server = createServer((request, response) => {
  asked.push({ method: request.method, url: request.url, agent: request.headers['user-agent'] })
  response.statusCode = request.url === '/broken' ? 500 : 200
  response.end('hello')
})
let port: number
beforeEach(async () => {
  asked.length = 0
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  port = (server.address() as AddressInfo).port
})
afterEach(() => { server.close() })

async function vamp(...args: string[]) {
  let [out, err] = ['', '']
  const io = processIo({}, new AbortController().signal, () => Date.now())
  const exit = await run(args, { ...io, terminal: false, out: text => { out += text }, err: text => { err += text } }, {})
  return { exit, out, err }
}

test('requests come at the given rate to the paths in turn, and are told by status', async () => {
  const { exit, out } = await vamp('traffic', `127.0.0.1:${port}`, '--rate', '100', '--seconds', '0.5', '--path', '/a', '--path', '/broken', '--header', 'User-Agent: Test', '-o', 'json')

  const { requests, failed, by_status: statuses, latency_ms: latency, seconds } = JSON.parse(out)
  expect(exit).toBe(0)
  expect(requests).toBe(asked.length)
  // An open loop sends what was due, however late it wakes up.
  expect(requests).toBeGreaterThanOrEqual(40)
  expect(requests).toBeLessThanOrEqual(seconds * 100 + 10)
  expect(statuses).toEqual({ '2xx': Math.ceil(requests / 2), '5xx': Math.floor(requests / 2) })
  expect(failed).toBe(Math.floor(requests / 2))
  expect(latency.p99).toBeGreaterThanOrEqual(latency.p50)
  expect(new Set(asked.map(({ agent }) => agent))).toEqual(new Set(['Test']))
  expect(asked.filter(({ url }) => url === '/a')).toHaveLength(Math.ceil(requests / 2))
})

test('where nobody listens every request is told as unanswered', async () => {
  await new Promise(resolve => { server.close(resolve) })

  const { out } = await vamp('traffic', `http://127.0.0.1:${port}/`, '--rate', '50', '--seconds', '0.2')

  expect(out).toMatch(/^(\d+) requests, \1 failed, 0 under way, in .*\n\1 without an answer \(\1 connection refused\)\n$/)
})

test('what a kept connection that was closed has swallowed is sent again if it may be, and nothing is lost', async () => {
  // Ends the connection instead of answering every second request on it.
  const onConnection = new WeakMap<object, number>()
  const closing = createServer((request, response) => {
    const nth = (onConnection.get(request.socket) ?? 0) + 1
    onConnection.set(request.socket, nth)
    if (nth === 2) request.socket.destroy()
    else response.end('hello')
  })
  await new Promise<void>(resolve => { closing.listen(0, '127.0.0.1', resolve) })
  const url = `http://127.0.0.1:${(closing.address() as AddressInfo).port}/`

  const read = JSON.parse((await vamp('traffic', url, '--rate', '100', '--seconds', '0.5', '-o', 'json')).out)
  const write = JSON.parse((await vamp('traffic', url, '--rate', '100', '--seconds', '0.5', '--method', 'POST', '-o', 'json')).out)
  closing.close()

  expect(read).toMatchObject({ failed: 0, unanswered: {} })
  expect(read.sent_again).toBeGreaterThan(0)
  expect(write).toMatchObject({ sent_again: 0, unanswered: { connection_closed: write.failed } })
  expect(write.failed).toBeGreaterThan(0)
})

test('an answer that is broken off is told of, and is in no latency', async () => {
  const breaking = createServer((_, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('the beginning', () => { response.destroy() })
  })
  await new Promise<void>(resolve => { breaking.listen(0, '127.0.0.1', resolve) })

  const { out } = await vamp('traffic', `http://127.0.0.1:${(breaking.address() as AddressInfo).port}/`, '--rate', '50', '--seconds', '0.2')
  breaking.close()

  expect(out).toMatch(/^(\d+) requests, \1 failed, .*\n\1 with 2xx, \1 of them broken off\n$/)
})

test('what is neither on this machine nor a gateway of the server is left alone', async () => {
  expect(await vamp('traffic', 'http://192.0.2.1:80/', '--rate', '1', '--seconds', '1')).toEqual({ exit: 4, out: '', err: expect.stringContaining('192.0.2.1:80 is neither on this machine nor a gateway of http://127.0.0.1:8080') })
})

test('a name that leads nowhere is told with where traffic goes', async () => {
  expect(await vamp('traffic', 'http://nowhere.invalid/')).toEqual({ exit: 3, out: '', err: expect.stringContaining("'nowhere.invalid' has no address here; traffic goes to addresses of this machine and to gateways of http://127.0.0.1:8080 only") })
})

test('what is no rate, no address or no header is said', async () => {
  expect((await vamp('traffic', 'http://127.0.0.1/', '--rate', 'many')).err).toContain('--rate many is no number')
  expect((await vamp('traffic', 'ftp://127.0.0.1/')).err).toContain("'ftp://127.0.0.1/' is no address for requests")
  expect((await vamp('traffic', 'http://127.0.0.1/', '--header', 'plain')).err).toContain("'plain' is no header")
})

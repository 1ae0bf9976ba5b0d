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

  expect(out).toMatch(/^(\d+) requests answered, \1 failed, 0 under way, in .*\n\1 without an answer\n/)
})

test('what is neither on this machine nor a gateway of the server is left alone', async () => {
  expect(await vamp('traffic', 'http://192.0.2.1:80/', '--rate', '1', '--seconds', '1')).toEqual({ exit: 4, out: '', err: expect.stringContaining('192.0.2.1:80 is neither on this machine nor a gateway of http://127.0.0.1:8080') })
})

test('what is no rate, no address or no header is said', async () => {
  expect((await vamp('traffic', 'http://127.0.0.1/', '--rate', 'many')).err).toContain('--rate many is no number')
  expect((await vamp('traffic', 'ftp://127.0.0.1/')).err).toContain("'ftp://127.0.0.1/' is no address for requests")
  expect((await vamp('traffic', 'http://127.0.0.1/', '--header', 'plain')).err).toContain("'plain' is no header")
})

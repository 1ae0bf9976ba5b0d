import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test, vi } from 'vitest'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { silent } from '@vamp/agent/base/log'
import { openKeyedQueue } from '../base/keyed-queue.ts'
import { testServer } from './testdata/test-server.ts'

/** A collector that keeps what it is told. */
async function collector() {
  const told: { readonly path: string; readonly authorization: string | undefined; readonly body: string }[] = []
  const server = createServer((request, response) => {
    void text(request).then(body => {
      told.push({ path: request.url ?? '', authorization: request.headers.authorization, body })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, told, async [Symbol.asyncDispose]() { server.closeAllConnections(); await new Promise(resolve => server.close(resolve)) } }
}

interface Span { readonly name: string; readonly attributes: readonly { readonly key: string; readonly value: unknown }[] }

test('metrics and spans of the server\'s own work reach a collector', async () => {
  await using there = await collector()
  const server = await testServer({ otlp: there.url, otlpHeaders: { authorization: 'Bearer x' } })
  await server.fleet.join('a').deliver({ agent: 'a', sequence: 1, second: Math.floor(Date.now() / 1000), dropped: 0, cells: [{ gateway: 'shop', route: 'r', instance: 'i', by: 'weight', part: 0, requests: 3, errors: 1, statuses: [0, 0, 2, 0, 0, 1], bytes: 7, latency: [[115, 3]] }] })
  await server.ask('/breeds/nothing')
  const queue = openKeyedQueue({ name: 'otlp test', reconciler: { reconcile: async () => ({ is: 'done' }) }, clock: virtualClock(), log: silent, random: () => 0.5 })
  queue.wake('shop')
  await vi.waitFor(() => expect(queue.size).toBe(0))
  await queue[Symbol.asyncDispose]()
  // Ends with everything told.
  await server[Symbol.asyncDispose]()

  const bodies = (path: string) => there.told.filter(({ path: of }) => of === path).map(({ body }) => body)
  const spans = bodies('/v1/traces').flatMap(body => (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(scope => scope.spans)))
  expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['GET /api/v1/breeds/:name', 'reconcile otlp test']))
  expect(spans.find(({ name }) => name.startsWith('GET'))?.attributes).toContainEqual({ key: 'http.response.status_code', value: { intValue: 404 } })
  const metrics = bodies('/v1/metrics').join('\n')
  for (const part of ['"vamp.gateway.requests"', '"vamp.gateway.errors"', '"stringValue":"shop"', '"vamp.reconcile.runs"', '"service.name"', '"vamp.api.requests"']) expect(metrics).toContain(part)
  expect(new Set(there.told.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer x']))
})

test('a collector that is not there stops nobody', async () => {
  const server = await testServer({ otlp: 'http://127.0.0.1:1' })

  expect((await server.ask('/info')).status).toBe(200)
  await server[Symbol.asyncDispose]()
})

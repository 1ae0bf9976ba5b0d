/** Policies as a client sees them. */
import { request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { PolicySettings } from '@vamp/model/policy'
import { FULL_SHARE } from '@vamp/model/routing/table'
import type { Endpoint } from '@vamp/model/routing/table'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contractGateway } from '../contract.ts'
import { findBinary } from './process.ts'
import { haproxyWorld } from './testdata/harness.ts'
import type { HaproxyWorld } from './testdata/harness.ts'

describe.skipIf(findBinary() === undefined)('policies in HAProxy', () => {
  let world: HaproxyWorld
  let port: number
  let one: Endpoint
  let revision = 0
  beforeAll(async () => {
    world = await haproxyWorld()
    port = await world.freePort()
    one = await world.backend('one')
  })
  afterAll(async () => { await world.close() })

  const apply = (policy: PolicySettings, ofRoute: PolicySettings = {}, to = [one]) => {
    const gateway = contractGateway('shop', port, { a: { weight: FULL_SHARE, to } }, { policy })
    return world.proxy.apply({ revision: ++revision, gateways: [{ ...gateway, routes: gateway.routes.map(route => ({ ...route, policy: ofRoute })) }] })
  }
  const get = (path = '/', method = 'GET') => new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
    httpRequest({ port, host: '127.0.0.1', path, method, agent: false }, response => {
      let body = ''
      response.on('data', chunk => { body += chunk })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    }).on('error', reject).end()
  })

  test('a maintenance page is shown as it was written', async () => {
    const body = '<h1>Back "soon" $1 #2</h1>\n\t<p>it\'s \\ 100 %</p>'
    await apply({ maintenance: { status: 503, body, retry_after: 120 } })

    const answer = await get()

    expect(answer).toMatchObject({ status: 503, body, headers: { 'retry-after': '120' } })
  })

  test('headers of the answer are set, added and removed', async () => {
    await apply({ headers: { response: { set: { 'x-a': 'it\'s 100 %[src]' }, remove: ['x-path'] } } }, { headers: { response: { add: { 'x-b': '1' } } } })

    const { headers } = await get()

    expect(headers).toMatchObject({ 'x-a': 'it\'s 100 %[src]', 'x-b': '1', 'x-instance': 'one' })
    expect(headers['x-path']).toBeUndefined()
  })

  test('a redirect goes where it says', async () => {
    await apply({ redirect: { to: 'https://example.org/a b', status: 302 } })
    expect(await get()).toMatchObject({ status: 302, headers: { location: 'https://example.org/a b' } })
  })

  test('a rate limit turns away what is above it', async () => {
    await apply({ rate_limit: { requests: 5, per: 60, by: 'ip' } })
    const statuses = []
    for (let count = 0; count < 8; count++) statuses.push((await get()).status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429])
  })

  test('a time-out of the route goes before that of the gateway', async () => {
    await apply({ timeouts: { request: 30 } }, { timeouts: { request: 0.02 } })
    expect((await get('/slow')).status).toBe(504)
    await apply({ timeouts: { request: 0.02 } }, { timeouts: { request: 30 } })
    expect((await get('/slow')).status).toBe(200)
  })

  test('a fault hits its share', async () => {
    await apply({ fault: { abort: { status: 503, share: 100 } } })
    expect((await get()).status).toBe(503)
    await apply({ fault: { abort: { status: 503, share: 0 } } })
    expect((await get()).status).toBe(200)
  })

  test('a request is tried again as often as allowed, but not one that changes something', async () => {
    await apply({ timeouts: { request: 0.05 }, retries: { attempts: 2, on: ['timeout'], methods: 'idempotent' } })

    expect((await get('/hold', 'POST')).status).toBe(504)
    await world.until(() => world.held('one') === 1)
    expect((await get('/hold')).status).toBe(504)
    await world.until(() => world.held('one') === 1 + 3)

    await apply({ timeouts: { request: 0.05 }, retries: { attempts: 1, on: ['timeout'], methods: 'any' } })
    expect((await get('/hold', 'POST')).status).toBe(504)
    await world.until(() => world.held('one') === 1 + 3 + 2)
    world.release()
  })

  test.each<[string, PolicySettings]>([
    ['mirror', { mirror: { to: 'x', share: 1, methods: 'GET' } }],
    ['circuit_breaker', { circuit_breaker: { consecutive_errors: 1, eject: 1, max_ejected: 1 } }],
    ['fault.delay', { fault: { delay: { time: 1, share: 1 } } }],
  ])('%s is refused, not ignored', async (name, policy) => {
    await expect(apply(policy)).rejects.toMatchObject({ code: 'proxy_refused', facts: { gateway: 'shop', reason: expect.stringContaining(name) } })
  })
})

/** What resilience policies do, as a client sees it: every driver that carries them out runs this in a world of its own. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { IncomingHttpHeaders } from 'node:http'
import type { PolicySettings } from '@vamp/model/policy'
import { effectivePolicy } from '@vamp/model/routing/effective-policy'
import { FULL_SHARE } from '@vamp/model/routing/table'
import type { Endpoint, GatewayTable, RouteTable } from '@vamp/model/routing/table'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { contractGateway, type ProxyHarness, type TableParts } from './contract-world.ts'
import type { Sample } from '../proxy.ts'

export function policyContract(name: string, open: () => Promise<ProxyHarness>): void {
  describe(`policies of a ${name} proxy`, () => {
    let world: ProxyHarness
    let port: number
    let one: Endpoint
    let two: Endpoint
    let revision = 0
    let tests = 0
    let gatewayName = ''
    beforeEach(() => { tests++ })
    let samples: Sample[] = []
    beforeAll(async () => {
      world = await open()
      // What the gateway of an earlier test still tells does not count.
      world.proxy.onSamples(more => { samples.push(...[...more].filter(({ gateway }) => gateway === gatewayName)) })
      port = await world.freePort()
      one = await world.backend('one')
      two = await world.backend('two')
    })
    afterAll(async () => { await world.close() })

    const carry = (gateway: GatewayTable, ...others: GatewayTable[]) => {
      samples = []
      gatewayName = gateway.name
      const routes = gateway.routes.map((route): RouteTable => {
        const policy = effectivePolicy(gateway.policy, route.policy)
        return policy ? { ...route, policy } : route
      })
      return world.proxy.apply({ revision: ++revision, gateways: [{ ...gateway, routes }, ...others] })
    }
    const gatewayWith = (policy: PolicySettings, ofRoute: PolicySettings = {}, routes: Readonly<Record<string, TableParts>> = { a: { weight: FULL_SHARE, to: [one] } }, over: Partial<RouteTable> = {}) => {
      const gateway = contractGateway(`shop-${tests}`, port, routes, { policy })
      return { ...gateway, routes: gateway.routes.map((route, index) => index === 0 ? { ...route, policy: ofRoute, ...over } : route) }
    }
    const apply = (policy: PolicySettings, ofRoute: PolicySettings = {}, to = [one]) => carry(gatewayWith(policy, ofRoute, { a: { weight: FULL_SHARE, to } }))
    const get = (path = '/', method = 'GET', headers: Readonly<Record<string, string>> = {}) => new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', path, method, headers, agent: false }, response => {
        let body = ''
        response.on('data', chunk => { body += chunk })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
      }).on('error', reject).end()
    })
    const instance = async (path = '/') => (await get(path)).headers['x-instance']

    test('a maintenance page is shown as it was written', async () => {
      const body = '<h1>Back "soon" $1 #2</h1>\n\t<p>it\'s \\ 100 %</p>'
      await apply({ maintenance: { status: 503, body, retry_after: 120 } })

      expect(await get()).toMatchObject({ status: 503, body, headers: { 'retry-after': '120' } })
    })

    test('headers of the answer are set, added and removed', async () => {
      await apply({ headers: { response: { set: { 'x-a': 'it\'s 100 %[src]' }, remove: ['x-path'] } } }, { headers: { response: { add: { 'x-b': '1' } } } })

      const { headers } = await get()

      expect(headers).toMatchObject({ 'x-a': 'it\'s 100 %[src]', 'x-b': '1', 'x-instance': 'one' })
      expect(headers['x-path']).toBeUndefined()
    })

    test('a redirect goes where it says, where it says', async () => {
      await apply({ redirect: { to: 'https://example.org/a b', status: 302 } })
      expect(await get()).toMatchObject({ status: 302, headers: { location: 'https://example.org/a b' } })

      await apply({ redirect: { to: 'https://example.org/', status: 301, condition: 'header x-old contains "yes" or path is "/old it"' } })
      expect((await get()).status).toBe(200)
      expect((await get('/', 'GET', { 'x-old': 'oh yes' })).status).toBe(301)
    })

    test('a rate limit turns away what is above it', async () => {
      await apply({ rate_limit: { requests: 5, per: 60, by: 'ip' } })
      const statuses = []
      for (let count = 0; count < 8; count++) statuses.push((await get()).status)

      expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429])
    })

    test('a connection limit turns away what is above it', async () => {
      await apply({ connection_limit: { maximum: 2 } })
      const held = [get('/hold'), get('/hold')]
      await world.until(() => world.held('one') === 2)

      expect((await get()).status).toBe(503)
      world.release()
      expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200])
    })

    test('an instance that takes too long for its answer is given up; a route may have its own patience', async () => {
      await apply({ timeouts: { request: 0.05 } })
      expect((await get('/hold', 'POST')).status).toBe(504)
      world.release()

      await apply({ timeouts: { request: 0.02 } }, { timeouts: { request: 30 } })
      expect((await get('/slow')).status).toBe(200)
    })

    test('a fault hits its share', async () => {
      await apply({ fault: { abort: { status: 503, share: 100 } } })
      expect((await get()).status).toBe(503)
      await apply({ fault: { abort: { status: 503, share: 0 } } })
      expect((await get()).status).toBe(200)
    })

    test('a delay hits its share, on kept connections too, and what it hits arrives', async () => {
      const delayed = async () => {
        const from = world.now()
        await world.request(port)
        return world.now() - from
      }
      await apply({}, { fault: { delay: { time: 0.3, share: 100 } } })
      for (let count = 0; count < 3; count++) expect(await delayed()).toBeGreaterThanOrEqual(290)
      expect(await world.request(port)).toMatchObject({ status: 200, instance: 'one' })

      await apply({ fault: { delay: { time: 60, share: 0 } } })
      expect(await world.request(port)).toMatchObject({ status: 200, instance: 'one' })
    })

    test('what is delayed arrives also where the delay is taken away meanwhile', async () => {
      await apply({}, { fault: { delay: { time: 0.5, share: 100 } } })
      const from = world.now()
      const late = world.request(port, { fresh: true })
      await world.until(() => world.now() - from > 200)
      await apply({})

      expect(await late).toMatchObject({ status: 200, instance: 'one' })
      expect(world.now() - from).toBeGreaterThanOrEqual(490)
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

    test('requests wait for the first instance, and are counted once', async () => {
      const held = { hold: { time: 60, maximum: 3 } }
      await apply({}, held, [])
      const waiting = [get('/a'), get('/b', 'POST'), get('/c')]
      await world.until(() => world.proxy.waiting().some(({ requests }) => requests === 3))
      expect(world.proxy.waiting()).toEqual([{ gateway: gatewayName, route: 'a', requests: 3 }])
      expect((await get()).status).toBe(503)

      expect(await apply({}, held, [one])).toMatchObject({ how: 'runtime' })

      expect((await Promise.all(waiting)).map(({ status, headers }) => [status, headers['x-instance']])).toEqual([[200, 'one'], [200, 'one'], [200, 'one']])
      expect(world.proxy.waiting()).toEqual([])
      expect((await get()).status).toBe(200)
      await world.until(() => samples.filter(({ status }) => status === 200).length >= 4)
      expect(samples.filter(({ status }) => status === 200)).toHaveLength(4)
    })

    test('nobody waits longer than was said, and who gave up is an error of the route', async () => {
      await apply({}, { hold: { time: 0.1, maximum: 3 } }, [])

      expect((await get()).status).toBe(503)

      await world.until(() => samples.length >= 1)
      expect(samples).toMatchObject([{ gateway: gatewayName, route: 'a', instance: '', status: 503, error: true }])
    })

    test('copies go to another route and are measured there; the client gets the answer of the original', async () => {
      const mirror = (methods: 'GET' | 'any') => carry(gatewayWith({}, { mirror: { to: 'b', share: 100, methods } },
        { a: { weight: FULL_SHARE, to: [one] }, b: { weight: 0, to: [two] } }, { mirror: { is: 'route', route: 'b' } }))
      await mirror('GET')
      for (let count = 0; count < 5; count++) expect(await instance(`/copied?number=${count}`)).toBe('one')
      expect((await get('/status/404', 'POST')).headers['x-instance']).toBe('one')

      await world.until(() => samples.length >= 5 + 6)
      expect(samples.filter(({ by }) => by === 'mirror')).toHaveLength(5)
      expect(samples.filter(({ by }) => by === 'mirror').every(({ route, instance: its, status }) => route === 'b' && its === 'two' && status === 200)).toBe(true)
      expect(samples.filter(({ by }) => by === 'weight')).toHaveLength(6)

      await mirror('any')
      expect((await get('/copied', 'POST')).headers['x-instance']).toBe('one')
      await world.until(() => samples.some(({ by }) => by === 'mirror'))
    })

    test('TLS ends at the gateway, and a renewed certificate is shown without a change of the table', async () => {
      const directory = mkdtempSync('/tmp/vamp-tls-')
      const certificate = `${directory}/shop.pem`
      const use = (name: string) => copyFileSync(new URL(`./certificate-${name}.pem`, import.meta.url), certificate)
      const shown = () => new Promise<string>((resolve, reject) => {
        httpsRequest({ port, host: '127.0.0.1', agent: false, rejectUnauthorized: false }, response => {
          const names = (response.socket as TLSSocket).getPeerCertificate().subject['CN']
          response.resume()
          response.on('end', () => resolve(response.headers['x-instance'] === 'one' ? String(names) : 'nobody'))
        }).on('error', reject).end()
      })
      use('one')
      await apply({ tls: { certificate } })
      expect(await shown()).toBe('one.example')

      use('two')
      // It is looked for every ten seconds.
      await world.until(async () => await shown() === 'two.example')

      await expect(apply({ tls: { certificate: `${directory}/none.pem` } })).rejects.toMatchObject({ code: 'proxy_refused', facts: { reason: expect.stringContaining('none.pem') } })
      rmSync(directory, { recursive: true })
    })

    test('a shadow that never answers costs the original nothing', async () => {
      await carry(gatewayWith({}, { mirror: { to: 'b', share: 100, methods: 'GET' } },
        { a: { weight: FULL_SHARE, to: [one] }, b: { weight: 0, to: [await world.dead('dead')] } }, { mirror: { is: 'route', route: 'b' } }))

      for (let count = 0; count < 10; count++) expect(await get('/')).toMatchObject({ status: 200, headers: { 'x-instance': 'one' } })
    })
  })
}

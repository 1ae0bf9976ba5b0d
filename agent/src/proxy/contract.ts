/**
 * What every proxy driver promises; each driver's test runs it with a world of its own kind. Shares are checked with
 * |z| ≤ 5 over exact binomials: each such check raises a false alarm in fewer than 1 of 1.7 million runs.
 */
import type { ConditionNode } from '@vamp/model/condition'
import { decide } from '@vamp/model/routing/decide'
import type { Endpoint, GatewayTable, RouteTable, RoutingTable } from '@vamp/model/routing/table'
import { FULL_SHARE } from '@vamp/model/routing/table'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Proxy as ProxyPort, Sample } from './proxy.ts'

export interface ContractRequest {
  readonly method?: string
  /**
   * What the backends make of it: `/hold` is answered when the harness releases it, `/slow` after 100 ms, `/reset` never (the
   * connection is cut), `/status/418` with that status; anything else with 200. A path may go on after a `?`.
   */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Over a connection of its own; otherwise connections may be kept. */
  readonly fresh?: boolean
  /** The client gives up. */
  readonly signal?: AbortSignal
}

export interface ContractAnswer {
  /** 0: no answer. */
  readonly status: number
  /** The id of the backend that answered; '' where the proxy did. */
  readonly instance: string
  /** Values by name, from the answer's `Set-Cookie` headers. */
  readonly cookies: Readonly<Record<string, string>>
}

export interface ProxyHarness {
  readonly proxy: ProxyPort
  /** Starts a backend that answers with its id. */
  backend(id: string): Promise<Endpoint>
  /** An address where nobody listens. */
  dead(id: string): Promise<Endpoint>
  freePort(): Promise<number>
  /** Somebody else takes the port, until the end of the test. */
  occupy(port: number): Promise<void>
  /** Unix milliseconds of the world. */
  now(): number
  request(port: number, request?: ContractRequest): Promise<ContractAnswer>
  /** How many requests the backend is holding. */
  held(id: string): number
  release(): void
  /** Lets time pass until the condition holds; fails if it does not come. */
  until(condition: () => Promise<boolean> | boolean): Promise<void>
  /** The table with something in it that this driver refuses. */
  refused(table: RoutingTable): RoutingTable
  /** Does traffic go on after `detach`? */
  readonly survivesDetach: boolean
  close(): Promise<void>
}

/** What a driver cannot do (yet), each with its reason, which the skipped test shows. */
export type Gap = 'tcp' | 'virtual hosts' | 'gateway chains' | 'client gives up' | 'conditions' | 'split by user'

export interface TableParts { readonly weight?: number; readonly strength?: number; readonly condition?: ConditionNode; readonly to: readonly Endpoint[] | string }

/** Routes by name; `to` are endpoints or the name of another gateway. */
export function contractGateway(name: string, port: number, routes: Readonly<Record<string, TableParts>>, over: Partial<GatewayTable> = {}): GatewayTable {
  return {
    name, lookup_name: lookupName(name), address: '127.0.0.1', port, mode: 'http', virtual_hosts: [], sticky: 'none', ...over,
    routes: Object.entries(routes).map(([path, { weight = 0, strength = 0, condition, to }]): RouteTable => ({
      path, lookup_name: lookupName(`${name}/${path}`), weight, strength, rewrites: [], ...(condition ? { condition } : {}),
      target: typeof to === 'string' ? { is: 'gateway', gateway: to } : { is: 'endpoints', endpoints: to },
    })),
  }
}

/** Names in real tables are hashes: 40 letters and digits. */
const lookupName = (name: string) => Buffer.from(name).toString('hex').padEnd(40, '0').slice(-40)

export function proxyContract(name: string, open: () => Promise<ProxyHarness>, gaps: Partial<Record<Gap, string>> = {}): void {
  describe(`a ${name} proxy`, () => {
    let harness: ProxyHarness
    let samples: Sample[]
    let dropped: number
    let revision: number
    beforeEach(async () => {
      harness = await open()
      revision = 0
      dropped = 0
      samples = []
      harness.proxy.onSamples((more, lost) => { samples.push(...more); dropped += lost })
    })
    afterEach(async () => { await harness.close() })

    const unless = (gap: Gap) => gaps[gap] === undefined ? test : (title: string, _: () => Promise<void>) => test.skip(`${title} — not here: ${gaps[gap]}`, () => {})
    const tableOf = (gateways: readonly GatewayTable[], over: Partial<RoutingTable> = {}): RoutingTable => ({ revision: ++revision, gateways, ...over })
    const apply = (...gateways: GatewayTable[]) => harness.proxy.apply(tableOf(gateways))
    const many = async (port: number, count: number, request: ContractRequest = {}) => {
      const answers: ContractAnswer[] = []
      // A few at a time, kept and fresh connections mixed.
      for (let at = 0; at < count; at += 10) {
        answers.push(...await Promise.all(Array.from({ length: Math.min(10, count - at) }, (_, index) =>
          harness.request(port, { ...request, fresh: request.fresh ?? index % 5 === 0 }))))
      }
      return answers
    }
    const counted = (answers: readonly ContractAnswer[]) => {
      const counts: Record<string, number> = {}
      for (const { instance } of answers) counts[instance] = (counts[instance] ?? 0) + 1
      return counts
    }
    const sampled = async (count: number) => {
      await harness.until(() => samples.length >= count)
      expect(samples).toHaveLength(count)
      expect(dropped).toBe(0)
      return samples
    }
    const two = async () => [await harness.backend('one'), await harness.backend('two')] as const

    describe('weights', () => {
      test('requests are divided as ordered, not by the number of instances', async () => {
        const [port, [one, two_], three] = [await harness.freePort(), await two(), await harness.backend('three')]
        await apply(contractGateway('shop', port, { a: { weight: 3_000, to: [one] }, b: { weight: 7_000, to: [two_, three] } }))

        const answers = await many(port, 600)

        expect(answers.every(({ status }) => status === 200)).toBe(true)
        expectShare(counted(answers)['one'] ?? 0, 600, 0.3)
        expectShare(counted(answers)['two'] ?? 0, 600, 0.35)
      })

      test('where requests take turns every hundred are divided as ordered, whatever came between', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const weights = (a: number) => apply(contractGateway('shop', port, { a: { weight: a, to: [one] }, b: { weight: FULL_SHARE - a, to: [other] } }, { smooth: true }))
        await weights(3_000)
        // The discrepancy of a hundred steps of the golden ratio is below three.
        for (let hundred = 0; hundred < 3; hundred++) expect(Math.abs((counted(await many(port, 100))['one'] ?? 0) - 30)).toBeLessThanOrEqual(3)

        expect(await weights(250)).toMatchObject({ how: 'runtime' })
        expect(Math.abs((counted(await many(port, 200))['one'] ?? 0) - 5)).toBeLessThanOrEqual(3)
      })

      test('a route of weight 0 gets nothing', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] }, b: { weight: 0, to: [other] } }))

        expect(counted(await many(port, 100))).toEqual({ one: 100 })
      })

      test('a change is in force when it is acknowledged, for kept and fresh connections, and needs no reload', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const weights = (a: number) => apply(contractGateway('shop', port, { a: { weight: a, to: [one] }, b: { weight: FULL_SHARE - a, to: [other] } }))
        await weights(FULL_SHARE)
        await many(port, 20)

        for (const [share, instance] of [[0, 'two'], [FULL_SHARE, 'one'], [0, 'two']] as const) {
          const applied = await weights(share)
          expect(applied).toMatchObject({ revision, how: 'runtime', reasons: [] })
          expect(counted(await many(port, 30))).toEqual({ [instance]: 30 })
        }
      })

      test('a share of 0.01 % is a share: of many requests hardly any takes it, and none where it is 0', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: 9_999, to: [one] }, b: { weight: 1, to: [other] } }))

        // More than 5 of 300 at 0.01 %: fewer than 1 of a trillion runs.
        expect(counted(await many(port, 300))['two'] ?? 0).toBeLessThanOrEqual(5)
      })

      test('the same table again is nothing', async () => {
        const [port, [one]] = [await harness.freePort(), await two()]
        const table = tableOf([contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } })])
        await harness.proxy.apply(table)

        expect(await harness.proxy.apply(table)).toEqual({ revision: 1, how: 'nothing', reasons: [], commands: 0 })
        expect(await harness.proxy.apply({ ...table, revision: 2 })).toMatchObject({ revision: 2, how: 'nothing' })
        expect(counted(await many(port, 5))).toEqual({ one: 5 })
      })
    })

    describe('conditions', () => {
      const chrome: ConditionNode = { is: 'header_contains', name: 'User-Agent', value: 'Chrome' }
      const withStrength = async (strength: number) => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] }, b: { weight: 0, strength, condition: chrome, to: [other] } }))
        return port
      }

      unless('conditions')('at full strength all matching requests take the route, others none, whatever the weight', async () => {
        const port = await withStrength(FULL_SHARE)

        expect(counted(await many(port, 40, { headers: { 'user-agent': 'Mozilla Chrome/1' } }))).toEqual({ two: 40 })
        expect(counted(await many(port, 40, { headers: { 'user-agent': 'Firefox' } }))).toEqual({ one: 40 })
        const seen = await sampled(80)
        expect(seen.filter(({ by, route }) => by === 'condition' && route === 'b')).toHaveLength(40)
        expect(seen.filter(({ by, route }) => by === 'weight' && route === 'a')).toHaveLength(40)
      })

      unless('conditions')('the strength is the share of the matching requests', async () => {
        const port = await withStrength(3_000)

        expectShare(counted(await many(port, 500, { headers: { 'user-agent': 'Chrome' } }))['two'] ?? 0, 500, 0.3)
      })

      unless('conditions')('at strength 0 a condition does nothing', async () => {
        const port = await withStrength(0)

        expect(counted(await many(port, 40, { headers: { 'user-agent': 'Chrome' } }))).toEqual({ one: 40 })
      })

      unless('conditions')('the first route that matches takes the request; a condition may come and go without a reload', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const routes = (a: ConditionNode | undefined) => apply(contractGateway('shop', port, {
          a: { weight: 0, strength: FULL_SHARE, to: [one], ...(a ? { condition: a } : {}) },
          b: { weight: FULL_SHARE, strength: FULL_SHARE, condition: { is: 'true' }, to: [other] },
        }))

        await routes(chrome)
        expect((await harness.request(port, { headers: { 'user-agent': 'Chrome' } })).instance).toBe('one')
        expect((await harness.request(port)).instance).toBe('two')

        expect(await routes(undefined)).toMatchObject({ how: 'runtime' })
        expect((await harness.request(port, { headers: { 'user-agent': 'Chrome' } })).instance).toBe('two')
      })
    })

    unless('conditions')('a request goes the way that the language explains, for any conditions and any headers', async () => {
      const port = await harness.freePort()
      const backends = await Promise.all(['r0', 'r1', 'r2', 'r3', 'other'].map(id => harness.backend(id)))
      for (const { conditions, requests } of fc.sample(routed, { numRuns: ROUTED_TABLES, seed: 20 })) {
        // Strengths and weights of all or nothing: what is left is the conditions and their order.
        const gateway = contractGateway('shop', port, Object.fromEntries(backends.map((endpoint, index): [string, TableParts] => {
          const condition = conditions[index]
          return [endpoint.id, { to: [endpoint], weight: condition ? 0 : FULL_SHARE, ...(condition ? { condition, strength: FULL_SHARE } : {}) }]
        })))
        await apply(gateway)
        for (const request of requests) {
          const decision = decide(gateway, { ...request, ip: '127.0.0.1' }, { strength: 0, weight: 0, instance: 0 })
          const answer = await harness.request(port, request)
          expect(answer, JSON.stringify({ conditions, request, reasons: decision.reasons })).toMatchObject({ status: 200, instance: decision.route?.path })
        }
      }
    })

    describe('stickiness', () => {
      const visit = async (port: number, cookies: Record<string, string>, request: ContractRequest = {}) => {
        const cookie = Object.entries(cookies).map(([key, value]) => `${key}=${value}`).join('; ')
        const answer = await harness.request(port, { ...request, headers: { ...request.headers, ...(cookie ? { cookie } : {}) } })
        Object.assign(cookies, answer.cookies)
        return answer.instance
      }

      test('a visitor of a sticky gateway stays with its route, even at weight 0, and moves when the route goes', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const a = (weight: number) => ({ weight, to: [one] })
        const b = (weight: number) => ({ weight, to: [other] })
        await apply(contractGateway('shop', port, { a: a(5_000), b: b(5_000) }, { sticky: 'route' }))
        const visitors = await Promise.all(Array.from({ length: 24 }, async () => {
          const cookies: Record<string, string> = {}
          return { cookies, home: await visit(port, cookies) }
        }))
        // All on one side: 1 of 8 million runs.
        expect(new Set(visitors.map(({ home }) => home))).toEqual(new Set(['one', 'two']))

        await apply(contractGateway('shop', port, { a: a(FULL_SHARE), b: b(0) }, { sticky: 'route' }))
        for (const { cookies, home } of visitors) for (let again = 0; again < 3; again++) expect(await visit(port, cookies)).toBe(home)
        expect(counted(await many(port, 20))).toEqual({ one: 20 })

        await apply(contractGateway('shop', port, { a: a(FULL_SHARE) }, { sticky: 'route' }))
        for (const { cookies } of visitors) expect(await visit(port, cookies)).toBe('one')
      })

      test('a visitor stays with its instance where instances are kept, also while it drains', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const gateway = (...endpoints: Endpoint[]) => contractGateway('shop', port, { a: { weight: FULL_SHARE, to: endpoints } }, { sticky: 'instance' })
        await apply(gateway(one, other))
        const cookies: Record<string, string> = {}
        const home = await visit(port, cookies)
        const [mine, yours] = home === 'one' ? [one, other] : [other, one]
        for (let again = 0; again < 8; again++) expect(await visit(port, cookies)).toBe(home)

        await apply(gateway({ ...mine, state: 'draining' }, yours))
        for (let again = 0; again < 4; again++) expect(await visit(port, cookies)).toBe(home)

        await apply(gateway(yours))
        expect(await visit(port, cookies)).toBe(yours.id)
      })

      unless('conditions')('a newly matching visitor is moved by the condition, although it is bound', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const b = { weight: 0, to: [other], strength: FULL_SHARE, condition: { is: 'header', name: 'x-beta' } } as const
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] }, b }, { sticky: 'route' }))
        const cookies: Record<string, string> = {}

        expect(await visit(port, cookies)).toBe('one')
        expect(await visit(port, cookies, { headers: { 'x-beta': '1' } })).toBe('two')
        expect(await visit(port, cookies)).toBe('two')
      })

      unless('split by user')('split by user, a visitor stays as weights move, and a greater weight only adds visitors', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const share = (b: number) => apply(contractGateway('shop', port,
          { a: { weight: FULL_SHARE - b, to: [one] }, b: { weight: b, to: [other] } }, { split: { by: 'cookie', name: 'id' } }))
        const homes = async () => {
          const found: string[] = []
          for (let user = 0; user < 40; user++) found.push((await harness.request(port, { headers: { cookie: `x=1; id=user-${user}` } })).instance)
          return found
        }
        let before: string[] = []
        const ramp: string[][] = []
        for (const weight of [0, 2_000, 5_000, 5_000, FULL_SHARE]) {
          await share(weight)
          const after = await homes()
          for (const [user, home] of before.entries()) if (home === 'two') expect(after[user]).toBe('two')
          ramp.push(after)
          before = after
        }
        expect(ramp[2]).toEqual(ramp[3])
        expect(new Set(ramp[2])).toEqual(new Set(['one', 'two']))
        await share(2_000)
        expect(await homes()).toEqual(ramp[1])
      })
    })

    describe('gateways', () => {
      test('each listens for itself; one that is removed stops listening, one that comes back answers', async () => {
        const [first, second, [one, other]] = [await harness.freePort(), await harness.freePort(), await two()]
        const a = contractGateway('a', first, { r: { weight: FULL_SHARE, to: [one] } })
        const b = contractGateway('b', second, { r: { weight: FULL_SHARE, to: [other] } })
        await apply(a, b)
        expect([(await harness.request(first)).instance, (await harness.request(second)).instance]).toEqual(['one', 'two'])

        await apply(a)
        expect((await harness.request(first)).instance).toBe('one')
        expect(await harness.request(second, { fresh: true })).toMatchObject({ status: 0, instance: '' })

        await apply(a, b)
        expect((await harness.request(second, { fresh: true })).instance).toBe('two')
        expect((await sampled(4)).map(({ gateway }) => gateway)).toEqual(['a', 'b', 'a', 'b'])
      })

      unless('virtual hosts')('the shared listener finds the gateway by its host, in any case, with or without a port', async () => {
        const [first, second, shared, [one, other]] = [await harness.freePort(), await harness.freePort(), await harness.freePort(), await two()]
        await harness.proxy.apply(tableOf([
          contractGateway('a', first, { r: { weight: FULL_SHARE, to: [one] } }, { virtual_hosts: ['a.example', 'www.a.example'] }),
          contractGateway('b', second, { r: { weight: FULL_SHARE, to: [other] } }, { virtual_hosts: ['b.example'] }),
        ], { virtual_hosts: { address: '127.0.0.1', port: shared } }))
        const asked = (host: string) => harness.request(shared, { headers: { host } })

        expect((await asked('a.example')).instance).toBe('one')
        expect((await asked('WWW.A.example:80')).instance).toBe('one')
        expect((await asked('b.example')).instance).toBe('two')
        expect(await asked('c.example')).toMatchObject({ status: 404, instance: '' })
        await harness.until(() => samples.filter(({ instance }) => instance !== '').length >= 3)
        expect(samples.filter(({ instance }) => instance !== '').map(({ gateway }) => gateway)).toEqual(['a', 'a', 'b'])
      })

      unless('gateway chains')('a route may lead to another gateway; each counts the request once', async () => {
        const [outer, inner, [one]] = [await harness.freePort(), await harness.freePort(), await two()]
        await apply(
          contractGateway('outer', outer, { chained: { weight: FULL_SHARE, to: 'inner' } }),
          contractGateway('inner', inner, { r: { weight: FULL_SHARE, to: [one] } }),
        )

        expect(await harness.request(outer)).toMatchObject({ status: 200, instance: 'one' })
        const seen = (await sampled(2)).toSorted((a, b) => a.gateway.localeCompare(b.gateway))
        expect(seen).toMatchObject([
          { gateway: 'inner', route: 'r', instance: 'one', status: 200, error: false },
          { gateway: 'outer', route: 'chained', instance: 'inner', status: 200, error: false },
        ])
      })

      unless('tcp')('a tcp gateway passes connections on by weight and counts them', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const gateway = (a: number) => contractGateway('shop', port, { a: { weight: a, to: [one] }, b: { weight: FULL_SHARE - a, to: [other] } }, { mode: 'tcp' })
        await apply(gateway(5_000))

        const answers = await many(port, 200, { fresh: true })

        expect(answers.every(({ status }) => status === 200)).toBe(true)
        expectShare(counted(answers)['one'] ?? 0, 200, 0.5)
        const seen = await sampled(200)
        expect(seen.filter(({ route, instance }) => route === 'a' && instance === 'one')).toHaveLength(counted(answers)['one'] ?? 0)
        expect(seen.every(({ error, by }) => !error && by === 'weight')).toBe(true)
        await apply(gateway(0))
        expect(counted(await many(port, 20, { fresh: true }))).toEqual({ two: 20 })
      })
    })

    describe('instances', () => {
      test('a draining instance gets nothing new while its request in progress finishes; then it can be removed', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const gateway = (...endpoints: Endpoint[]) => contractGateway('shop', port, { a: { weight: FULL_SHARE, to: endpoints } })
        await apply(gateway(one))
        const held = harness.request(port, { path: '/hold' })
        await harness.until(() => harness.held('one') === 1)
        await harness.until(async () => (await harness.proxy.connections()).get('one') === 1)

        expect(await apply(gateway({ ...one, state: 'draining' }, other))).toMatchObject({ how: 'runtime' })
        expect(counted(await many(port, 30))).toEqual({ two: 30 })
        expect((await harness.proxy.connections()).get('one')).toBe(1)

        harness.release()
        expect(await held).toMatchObject({ status: 200, instance: 'one' })
        await harness.until(async () => !(await harness.proxy.connections()).get('one'))
        expect(await apply(gateway(other))).toMatchObject({ how: 'runtime' })
        expect(counted(await many(port, 10))).toEqual({ two: 10 })
      })

      test('an instance that is removed with a request in progress lets it finish', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))
        const held = harness.request(port, { path: '/hold' })
        await harness.until(() => harness.held('one') === 1)

        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [other] } }))
        expect(counted(await many(port, 10))).toEqual({ two: 10 })

        harness.release()
        expect(await held).toMatchObject({ status: 200, instance: 'one' })
      })

      test('instances and routes come and go under traffic without one failed request', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const steps = [
          { a: { weight: FULL_SHARE, to: [one] } },
          { a: { weight: FULL_SHARE, to: [one, other] } },
          { a: { weight: FULL_SHARE, to: [{ ...one, state: 'draining' as const }, other] } },
          { a: { weight: FULL_SHARE, to: [other] } },
          { a: { weight: 5_000, to: [other] }, b: { weight: 5_000, to: [one] } },
          { b: { weight: FULL_SHARE, to: [one] } },
        ]
        for (const step of [...steps, ...steps]) {
          const [before] = await Promise.all([many(port, revision === 0 ? 0 : 20), apply(contractGateway('shop', port, step))])
          expect([...before, ...await many(port, 10)].filter(({ status }) => status !== 200)).toEqual([])
        }
      })

      test('a dead instance is an error of its route', async () => {
        const [port, [one], dead] = [await harness.freePort(), await two(), await harness.dead('dead')]
        await apply(contractGateway('shop', port, { a: { weight: 0, to: [one] }, b: { weight: FULL_SHARE, to: [dead] } }))

        expect(await harness.request(port)).toMatchObject({ status: 503, instance: '' })
        const [seen] = await sampled(1)
        expect(seen).toMatchObject({ gateway: 'shop', route: 'b', status: 503, error: true, ending: 'connect' })
        expect(['', 'dead']).toContain(seen?.instance)
      })

      test('a route without instances answers 503, an error that no instance took', async () => {
        const [port] = [await harness.freePort()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [] } }))

        expect(await harness.request(port)).toMatchObject({ status: 503, instance: '' })
        expect((await sampled(1))[0]).toMatchObject({ gateway: 'shop', route: 'a', instance: '', status: 503, error: true })
      })

      test('a gateway without any share answers 503', async () => {
        const [port, [one]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: 0, to: [one] } }))

        expect(await harness.request(port)).toMatchObject({ status: 503, instance: '' })
        expect((await sampled(1))[0]).toMatchObject({ gateway: 'shop', route: '', instance: '', status: 503, error: true })
      })
    })

    describe('samples', () => {
      test('every request is sampled exactly once, with what happened to it', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: 5_000, to: [one] }, b: { weight: 5_000, to: [other] } }))
        const from = harness.now()

        const answers = [...await many(port, 60), ...await many(port, 10, { path: '/status/404' }), ...await many(port, 10, { path: '/status/500', method: 'POST' })]

        const seen = await sampled(80)
        const routes: Readonly<Record<string, string>> = { one: 'a', two: 'b' }
        const wanted = answers.map(({ status, instance }) => `shop ${routes[instance]} ${instance} ${status} ${status >= 500} weight`)
        expect(seen.map(sample => `${sample.gateway} ${sample.route} ${sample.instance} ${sample.status} ${sample.error} ${sample.by}`).toSorted()).toEqual(wanted.toSorted())
        for (const sample of seen) {
          expect(Number.isInteger(sample.part) && sample.part >= 0 && sample.part <= 7).toBe(true)
          expect(sample.latencyMs >= 0 && sample.latencyMs < 60_000).toBe(true)
          expect(sample.endedAt).toBeGreaterThan(from - 1_000)
          expect(sample.endedAt).toBeLessThan(harness.now() + 1_000)
          expect(sample.bytes).toBeGreaterThanOrEqual(0)
        }
      })

      test('latency is the time until the answer began', async () => {
        const [port, [one]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))

        await harness.request(port, { path: '/slow' })

        // The backend waits 100 ms; clocks of proxies move in steps of their event loop.
        expect((await sampled(1))[0]?.latencyMs).toBeGreaterThanOrEqual(90)
      })

      test('an answer that never came is an error of the instance that owed it', async () => {
        const [port, [one]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))

        expect(await harness.request(port, { path: '/reset', method: 'POST' })).toMatchObject({ status: 502, instance: '' })
        expect((await sampled(1))[0]).toMatchObject({ gateway: 'shop', route: 'a', instance: 'one', status: 502, error: true })
      })

      unless('client gives up')('a client that gives up is no error', async () => {
        const [port, [one]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))
        const patience = new AbortController()
        const held = harness.request(port, { path: '/hold', signal: patience.signal, fresh: true })
        await harness.until(() => harness.held('one') === 1)

        patience.abort()
        expect((await held).status).toBe(0)
        harness.release()

        expect((await sampled(1))[0]).toMatchObject({ gateway: 'shop', route: 'a', instance: 'one', error: false, ending: 'client' })
      })

      test('sessions are spread over the parts', async () => {
        const [port, [one]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }, { split: { by: 'cookie', name: 'id' } }))

        for (let user = 0; user < 40; user++) await harness.request(port, { headers: { cookie: `id=user-${user % 20}` } })

        // Twenty users: fewer than three parts among them would be less likely than 1 of 10 million.
        expect(new Set((await sampled(40)).map(({ part }) => part)).size).toBeGreaterThanOrEqual(3)
      })
    })

    describe('refusals', () => {
      test('a table that cannot be carried out is refused with a reason, and the last good one stays', async () => {
        const [port, [one, other]] = [await harness.freePort(), await two()]
        const routes = (a: number) => contractGateway('shop', port, { a: { weight: a, to: [one] }, b: { weight: FULL_SHARE - a, to: [other] } })
        await apply(routes(FULL_SHARE))

        const refusal = harness.proxy.apply(harness.refused(tableOf([routes(0)])))
        await expect(refusal).rejects.toMatchObject({ name: 'Fault', code: 'proxy_refused', facts: { reason: expect.stringMatching(/\w/) } })
        expect(counted(await many(port, 20))).toEqual({ one: 20 })

        await apply(routes(0))
        expect(counted(await many(port, 20))).toEqual({ two: 20 })
      })

      test('a port that somebody else holds is refused and says who; the other gateways go on', async () => {
        const [port, taken, [one, other]] = [await harness.freePort(), await harness.freePort(), await two()]
        const shop = (to: Endpoint) => contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [to] } })
        await apply(shop(one))
        await harness.occupy(taken)

        const refusal = apply(shop(other), contractGateway('late', taken, { a: { weight: FULL_SHARE, to: [other] } }))
        await expect(refusal).rejects.toMatchObject({ name: 'Fault', code: 'port_taken', facts: { port: taken, holder: expect.stringMatching(/\w/) } })
        expect(counted(await many(port, 10))).toEqual({ one: 10 })

        await apply(shop(other))
        expect(counted(await many(port, 10))).toEqual({ two: 10 })
      })
    })

    describe('the end', () => {
      test('after stop nobody listens, and stopping again is no error', async () => {
        const [port, [one]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))
        await harness.request(port)

        await harness.proxy.stop(1_000)
        await harness.proxy.stop(0)

        expect(await harness.request(port, { fresh: true })).toMatchObject({ status: 0, instance: '' })
      })

      test('requests in progress may finish while it stops', async () => {
        const [port, [one]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))
        const held = harness.request(port, { path: '/hold', fresh: true })
        await harness.until(() => harness.held('one') === 1)

        const stopped = harness.proxy.stop(10_000)
        harness.release()

        expect(await held).toMatchObject({ status: 200, instance: 'one' })
        let over = false
        void stopped.then(() => { over = true })
        await harness.until(() => over)
      })

      test('a proxy that is given up goes on or ends, as its driver says', async () => {
        const [port, [one]] = [await harness.freePort(), await two()]
        await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))

        await harness.proxy.detach()

        expect((await harness.request(port, { fresh: true })).instance).toBe(harness.survivesDetach ? 'one' : '')
      })
    })
  })
}

const ROUTED_TABLES = 60

/** Few names and values, so that they meet; some are what a proxy's own language could take for its own. */
const word = fc.constantFrom('one', 'One', 'on', 'a b', '"', "'", '%[src]', '\\', '#x', '(?i)one', 'o.e', '$HOME', '{', '|', '^one$')
const cookieValue = fc.constantFrom('one', 'One', 'o.e', '%5B', 'on')
const headerName = fc.constantFrom('x-a', 'X-B')
const cookieName = fc.constantFrom('id', 'ID', 'beta')
const browser = fc.constantFrom('Mozilla/5.0 (iPhone) Version/17 Mobile Safari/604', 'Mozilla/5.0 (X11) Chrome/120 Safari/537', 'Mozilla/5.0 (iPad) Safari', 'Googlebot/2.1', 'Firefox')

const operand: fc.Arbitrary<ConditionNode> = fc.oneof(
  fc.record({ is: fc.constantFrom('true' as const, 'false' as const) }),
  fc.record({ is: fc.constant('host' as const), value: fc.constantFrom('shop.example', 'SHOP.example:80', 'other.example') }),
  fc.record({ is: fc.constant('user_agent' as const), value: fc.constantFrom('Chrome', 'safari', 'Firefox', 'Googlebot', 'X11)') }),
  fc.record({ is: fc.constant('header' as const), name: headerName }),
  fc.record({ is: fc.constantFrom('header_contains' as const, 'header_is' as const), name: headerName, value: word }),
  fc.record({ is: fc.constant('cookie' as const), name: cookieName }),
  fc.record({ is: fc.constantFrom('cookie_contains' as const, 'cookie_is' as const), name: cookieName, value: cookieValue }),
  fc.record({ is: fc.constant('path' as const), match: fc.constantFrom('is' as const, 'begins' as const, 'contains' as const), value: fc.constantFrom('/', '/a', '/a/b', '/A', 'b', '%20') }),
  fc.record({ is: fc.constant('path' as const), match: fc.constant('matches' as const), value: fc.constantFrom('^/a', 'b$', '/[ab]/.', '(a|A)', '^/$') }),
  fc.record({ is: fc.constant('method' as const), value: fc.constantFrom('GET', 'post', 'PUT') }),
  fc.record({ is: fc.constant('ip' as const), network: fc.constantFrom('127.0.0.0/8', '10.0.0.0/8', '127.0.0.1', '0.0.0.0/0', '127.0.0.128/25') }),
  fc.record({ is: fc.constant('device' as const), value: fc.constantFrom('mobile', 'tablet', 'desktop', 'bot') }),
)
const condition: fc.Arbitrary<ConditionNode> = fc.letrec<{ node: ConditionNode }>(tie => ({
  node: fc.oneof({ maxDepth: 3, withCrossShrink: true }, operand,
    fc.record({ is: fc.constantFrom('and' as const, 'or' as const), left: tie('node'), right: tie('node') }),
    fc.record({ is: fc.constant('not' as const), operand: tie('node') })),
})).node

const cookies = fc.array(fc.tuple(cookieName, cookieValue), { minLength: 1, maxLength: 3 }).map(pairs => pairs.map(([name, value]) => `${name}=${value}`).join('; '))
const routed = fc.record({
  conditions: fc.array(condition, { minLength: 4, maxLength: 4 }),
  requests: fc.array(fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    path: fc.constantFrom('/', '/a', '/a/b', '/A', '/b/a', '/a%20b'),
    headers: fc.record({ host: fc.constantFrom('shop.example', 'Shop.Example:80', 'other.example'), 'x-a': word, 'x-b': word, cookie: cookies, 'user-agent': browser }, { requiredKeys: ['host'] }),
  }), { minLength: 6, maxLength: 6 }),
})

/** |z| ≤ 5 for a binomial. */
function expectShare(count: number, of: number, share: number): void {
  expect(Math.abs(count - of * share) / Math.sqrt(of * share * (1 - share)), `${count} of ${of} for a share of ${share}`).toBeLessThanOrEqual(5)
}

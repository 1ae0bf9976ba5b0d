/** Which way a request takes: weights, conditions, stickiness. */
import type { ConditionNode } from '@vamp/model/condition'
import { decide } from '@vamp/model/routing/decide'
import type { Endpoint } from '@vamp/model/routing/table'
import { FULL_SHARE } from '@vamp/model/routing/table'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contractGateway, type ContractRequest, type ContractWorld, type TableParts, expectShare } from './contract-world.ts'

export function weightsContract(world: ContractWorld): void {
  const { tableOf, apply, many, counted, two } = world
  describe('weights', () => {
    test('requests are divided as ordered, not by the number of instances', async () => {
      const [port, [one, two_], three] = [await world.harness.freePort(), await two(), await world.harness.backend('three')]
      await apply(contractGateway('shop', port, { a: { weight: 3_000, to: [one] }, b: { weight: 7_000, to: [two_, three] } }))

      const answers = await many(port, 600)

      expect(answers.every(({ status }) => status === 200)).toBe(true)
      expectShare(counted(answers)['one'] ?? 0, 600, 0.3)
      expectShare(counted(answers)['two'] ?? 0, 600, 0.35)
    })

    test('where requests take turns every hundred are divided as ordered, whatever came between', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      const weights = (a: number) => apply(contractGateway('shop', port, { a: { weight: a, to: [one] }, b: { weight: FULL_SHARE - a, to: [other] } }, { smooth: true }))
      await weights(3_000)
      // The discrepancy of a hundred steps of the golden ratio is below three.
      for (let hundred = 0; hundred < 3; hundred++) expect(Math.abs((counted(await many(port, 100))['one'] ?? 0) - 30)).toBeLessThanOrEqual(3)

      expect(await weights(250)).toMatchObject({ how: 'runtime' })
      expect(Math.abs((counted(await many(port, 200))['one'] ?? 0) - 5)).toBeLessThanOrEqual(3)
    })

    test('a route of weight 0 gets nothing', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] }, b: { weight: 0, to: [other] } }))

      expect(counted(await many(port, 100))).toEqual({ one: 100 })
    })

    test('a change is in force when it is acknowledged, for kept and fresh connections, and needs no reload', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      const weights = (a: number) => apply(contractGateway('shop', port, { a: { weight: a, to: [one] }, b: { weight: FULL_SHARE - a, to: [other] } }))
      await weights(FULL_SHARE)
      await many(port, 20)

      for (const [share, instance] of [[0, 'two'], [FULL_SHARE, 'one'], [0, 'two']] as const) {
        const applied = await weights(share)
        expect(applied).toMatchObject({ revision: world.revision, how: 'runtime', reasons: [] })
        expect(counted(await many(port, 30))).toEqual({ [instance]: 30 })
      }
    })

    test('a share of 0.01 % is a share: of many requests hardly any takes it, and none where it is 0', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: 9_999, to: [one] }, b: { weight: 1, to: [other] } }))

      // More than 5 of 300 at 0.01 %: fewer than 1 of a trillion runs.
      expect(counted(await many(port, 300))['two'] ?? 0).toBeLessThanOrEqual(5)
    })

    test('the same table again is nothing', async () => {
      const [port, [one]] = [await world.harness.freePort(), await two()]
      const table = tableOf([contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } })])
      await world.harness.proxy.apply(table)

      expect(await world.harness.proxy.apply(table)).toEqual({ revision: 1, how: 'nothing', reasons: [], commands: 0 })
      expect(await world.harness.proxy.apply({ ...table, revision: 2 })).toMatchObject({ revision: 2, how: 'nothing' })
      expect(counted(await many(port, 5))).toEqual({ one: 5 })
    })
  })
}

export function conditionsContract(world: ContractWorld): void {
  const { unless, apply, many, counted, sampled, two } = world
  describe('conditions', () => {
    const chrome: ConditionNode = { is: 'header_contains', name: 'User-Agent', value: 'Chrome' }
    const withStrength = async (strength: number) => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
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
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      const routes = (a: ConditionNode | undefined) => apply(contractGateway('shop', port, {
        a: { weight: 0, strength: FULL_SHARE, to: [one], ...(a ? { condition: a } : {}) },
        b: { weight: FULL_SHARE, strength: FULL_SHARE, condition: { is: 'true' }, to: [other] },
      }))

      await routes(chrome)
      expect((await world.harness.request(port, { headers: { 'user-agent': 'Chrome' } })).instance).toBe('one')
      expect((await world.harness.request(port)).instance).toBe('two')

      expect(await routes(undefined)).toMatchObject({ how: 'runtime' })
      expect((await world.harness.request(port, { headers: { 'user-agent': 'Chrome' } })).instance).toBe('two')
    })
  })

  unless('conditions')('a request goes the way that the language explains, for any conditions and any headers', async () => {
    const port = await world.harness.freePort()
    const backends = await Promise.all(['r0', 'r1', 'r2', 'r3', 'other'].map(id => world.harness.backend(id)))
    for (const { conditions, requests } of fc.sample(routed, { numRuns: ROUTED_TABLES, seed: 20 })) {
      // Strengths and weights of all or nothing: what is left is the conditions and their order.
      const gateway = contractGateway('shop', port, Object.fromEntries(backends.map((endpoint, index): [string, TableParts] => {
        const condition = conditions[index]
        return [endpoint.id, { to: [endpoint], weight: condition ? 0 : FULL_SHARE, ...(condition ? { condition, strength: FULL_SHARE } : {}) }]
      })))
      await apply(gateway)
      for (const request of requests) {
        const decision = decide(gateway, { ...request, ip: '127.0.0.1' }, { strength: 0, weight: 0, instance: 0 })
        const answer = await world.harness.request(port, request)
        expect(answer, JSON.stringify({ conditions, request, reasons: decision.reasons })).toMatchObject({ status: 200, instance: decision.route?.path })
      }
    }
  })
}

export function stickinessContract(world: ContractWorld): void {
  const { unless, apply, many, counted, two } = world
  describe('stickiness', () => {
    const visit = async (port: number, cookies: Record<string, string>, request: ContractRequest = {}) => {
      const cookie = Object.entries(cookies).map(([key, value]) => `${key}=${value}`).join('; ')
      const answer = await world.harness.request(port, { ...request, headers: { ...request.headers, ...(cookie ? { cookie } : {}) } })
      Object.assign(cookies, answer.cookies)
      return answer.instance
    }

    test('a visitor of a sticky gateway stays with its route, even at weight 0, and moves when the route goes', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
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
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
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
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      const b = { weight: 0, to: [other], strength: FULL_SHARE, condition: { is: 'header', name: 'x-beta' } } as const
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] }, b }, { sticky: 'route' }))
      const cookies: Record<string, string> = {}

      expect(await visit(port, cookies)).toBe('one')
      expect(await visit(port, cookies, { headers: { 'x-beta': '1' } })).toBe('two')
      expect(await visit(port, cookies)).toBe('two')
    })

    unless('split by user')('split by user, a visitor stays as weights move, and a greater weight only adds visitors', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      const share = (b: number) => apply(contractGateway('shop', port,
        { a: { weight: FULL_SHARE - b, to: [one] }, b: { weight: b, to: [other] } }, { split: { by: 'cookie', name: 'id' } }))
      const homes = async () => {
        const found: string[] = []
        for (let user = 0; user < 40; user++) found.push((await world.harness.request(port, { headers: { cookie: `x=1; id=user-${user}` } })).instance)
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

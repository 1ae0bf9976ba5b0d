import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConditionNode } from '../condition.ts'
import { type Bond, decide } from './decide.ts'
import type { Endpoint, GatewayTable, RouteTable } from './table.ts'
import { userSlot, xxh32 } from './user-slot.ts'

const request = { method: 'GET', path: '/', headers: { 'user-agent': 'Chrome' }, ip: '127.0.0.1' }
const chrome: ConditionNode = { is: 'user_agent', value: 'Chrome' }
const middle = { strength: 0.5, weight: 0.5, instance: 0.5 }

const endpoint = (id: string, state: Endpoint['state'] = 'ready'): Endpoint => ({ id, host: '127.0.0.1', port: 1, state })
const route = (path: string, weight: number, over: Partial<RouteTable> = {}): RouteTable =>
  ({ path, lookup_name: path, weight, strength: 0, rewrites: [], target: { is: 'endpoints', endpoints: [endpoint(`${path}-1`), endpoint(`${path}-2`)] }, ...over })
const gateway = (routes: readonly RouteTable[], over: Partial<GatewayTable> = {}): GatewayTable =>
  ({ name: 'shop', lookup_name: 'shop', address: '127.0.0.1', port: 1, mode: 'http', virtual_hosts: [], sticky: 'none', routes, ...over })

const taken = (table: GatewayTable, draws: Partial<typeof middle> = {}, bond?: Bond, user?: string) => {
  const { route: found, by, endpoint: instance, turnedAway } = decide(table, request, { ...middle, ...draws }, bond, user)
  return { route: found?.path, by, instance: instance?.id, turnedAway }
}

describe('weights and conditions', () => {
  test('without a condition the weights decide: a route takes exactly its share of the draws', () => {
    const table = gateway([route('a', 7_000), route('b', 2_999), route('c', 1)])

    const counts = Map.groupBy(Array.from({ length: 10_000 }, (_, slot) => taken(table, { weight: slot / 10_000 }).route), path => path)

    expect([counts.get('a')?.length, counts.get('b')?.length, counts.get('c')?.length]).toEqual([7_000, 2_999, 1])
  })

  test('a matching condition takes its strength of the requests, whatever the weight', () => {
    const table = gateway([route('a', 10_000), route('b', 0, { condition: chrome, strength: 3_000 })])

    expect(taken(table, { strength: 0.2999 })).toMatchObject({ route: 'b', by: 'condition' })
    expect(taken(table, { strength: 0.3 })).toMatchObject({ route: 'a', by: 'weight', turnedAway: 'b' })
  })

  test('what a condition leaves is divided over all routes, the conditional one too', () => {
    const table = gateway([route('a', 5_000), route('b', 5_000, { condition: chrome, strength: 0 })])

    expect(taken(table, { weight: 0.9 })).toMatchObject({ route: 'b', by: 'weight' })
  })

  test('the first matching route counts, even where its strength is 0', () => {
    const table = gateway([route('a', 10_000, { condition: chrome }), route('b', 0, { condition: { is: 'true' }, strength: 10_000 })])

    expect(taken(table)).toMatchObject({ route: 'a', by: 'weight' })
    expect(decide(table, { ...request, headers: {} }, middle).route?.path).toBe('b')
  })

  test('what only the proxy can tell matches nothing, and says so', () => {
    const table = gateway([route('a', 10_000), route('b', 0, { condition: { is: 'raw', acl: 'ssl_fc' }, strength: 10_000 })])

    const decision = decide(table, request, middle)

    expect(decision.route?.path).toBe('a')
    expect(decision.reasons).toEqual([
      { is: 'condition', route: 'b', matches: 'unknown' },
      { is: 'weight', slot: 5_000, route: 'a' },
      { is: 'instance', instance: 'a-2', bound: false, of: 2 },
    ])
  })

  test('tcp knows no conditions and no bonds', () => {
    const table = gateway([route('a', 10_000), route('b', 0, { condition: chrome, strength: 10_000 })], { mode: 'tcp', sticky: 'route' })

    expect(taken(table, {}, { route: 'b' })).toMatchObject({ route: 'a', by: 'weight' })
  })

  test('where all weights are 0 nothing takes the request', () => {
    expect(taken(gateway([route('a', 0)]))).toEqual({ route: undefined, by: 'weight', instance: undefined, turnedAway: undefined })
  })
})

describe('instances', () => {
  test('a draining instance gets nothing new, and a route of draining instances has none', () => {
    const target = { is: 'endpoints', endpoints: [endpoint('old', 'draining'), endpoint('new')] } as const
    const table = gateway([route('a', 10_000, { target })])

    expect([0, 0.5, 0.99].map(instance => taken(table, { instance }).instance)).toEqual(['new', 'new', 'new'])
    expect(taken(gateway([route('a', 10_000, { target: { is: 'endpoints', endpoints: [endpoint('old', 'draining')] } })])))
      .toMatchObject({ route: 'a', instance: undefined })
  })

  test('a route to a gateway names it', () => {
    const decision = decide(gateway([route('a', 10_000, { target: { is: 'gateway', gateway: 'inner' } })]), request, middle)

    expect(decision.endpoint).toBeUndefined()
    expect(decision.reasons.at(-1)).toEqual({ is: 'gateway', gateway: 'inner' })
  })
})

describe('stickiness', () => {
  const routes = [route('a', 10_000), route('b', 0)]

  test('a bound visitor stays on its route at weight 0, and on its instance if instances are kept', () => {
    expect(taken(gateway(routes, { sticky: 'route' }), {}, { route: 'b' })).toMatchObject({ route: 'b', by: 'weight' })
    expect(taken(gateway(routes, { sticky: 'instance' }), {}, { route: 'b', instance: 'b-1' })).toMatchObject({ route: 'b', instance: 'b-1' })
    expect(taken(gateway(routes), {}, { route: 'b', instance: 'b-1' })).toMatchObject({ route: 'a' })
  })

  test('a visitor whose route has gone, or has no instance left for it, is routed like a new one', () => {
    const draining = route('b', 0, { target: { is: 'endpoints', endpoints: [endpoint('b-1', 'draining')] } })

    expect(taken(gateway(routes, { sticky: 'route' }), {}, { route: 'gone' })).toMatchObject({ route: 'a' })
    expect(taken(gateway([route('a', 10_000), draining], { sticky: 'route' }), {}, { route: 'b' })).toMatchObject({ route: 'a' })
    expect(taken(gateway([route('a', 10_000), draining], { sticky: 'instance' }), {}, { route: 'b', instance: 'b-1' })).toMatchObject({ route: 'b', instance: 'b-1' })
    expect(taken(gateway([route('a', 10_000), draining], { sticky: 'instance' }), {}, { route: 'b', instance: 'b-2' })).toMatchObject({ route: 'a' })
  })

  test('a newly matching visitor is moved; the strength is drawn once', () => {
    const table = gateway([route('a', 10_000), route('b', 0, { condition: chrome, strength: 5_000 })], { sticky: 'route' })

    expect(taken(table, { strength: 0.4 }, { route: 'a' })).toMatchObject({ route: 'b', by: 'condition' })
    expect(taken(table, { strength: 0.6 }, { route: 'a' })).toMatchObject({ route: 'a', turnedAway: 'b' })
    expect(taken(table, { strength: 0.4 }, { route: 'a', turnedAway: 'b' })).toMatchObject({ route: 'a', by: 'weight', turnedAway: 'b' })
    expect(taken(table, { strength: 0.9 }, { route: 'b' })).toMatchObject({ route: 'b', by: 'condition' })
  })
})

describe('a split by user', () => {
  const users = Array.from({ length: 500 }, (_, index) => `user-${index}`)
  const split = (weights: readonly number[]) => gateway(weights.map((weight, index) => route(`r${index}`, weight)), { split: { by: 'cookie', name: 'id' } })
  const places = (weights: readonly number[], random = 0.5) => users.map(user => taken(split(weights), { weight: random, strength: random }, {}, user).route)

  test('depends on the user alone, and gives each route its share of the users', () => {
    expect(places([5_000, 5_000], 0.01)).toEqual(places([5_000, 5_000], 0.99))
    const shares = Array.from({ length: 20_000 }, (_, index) => userSlot(`u${index}`, 'shop')).filter(slot => slot < 2_500).length
    // Binomial(20 000, ¼) has standard deviation 61; five of them.
    expect(Math.abs(shares - 5_000)).toBeLessThan(5 * 61.3)
  })

  test('on two routes, a ramp up only moves users to the new one, a ramp down only moves them back, and the same ones', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 2, maxLength: 12 }), steps => {
      let before = places([10_000, 0])
      let share = 0
      for (const next of steps) {
        const after = places([10_000 - next, next])
        for (const [index, path] of after.entries()) if (path !== before[index]) expect(path).toBe(next > share ? 'r1' : 'r0')
        expect(places([10_000 - share, share])).toEqual(before)
        before = after
        share = next
      }
    }), { numRuns: 30 })
  })

  test('with more routes, a share that moves between neighbours moves only users from the one to the other', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 2, maxLength: 4 })
      .map(cuts => [...cuts, 0, 10_000].toSorted((a, b) => a - b)).map(cuts => cuts.slice(1).map((cut, index) => cut - (cuts[index] ?? 0)))
    fc.assert(fc.property(weights, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (shares, at, part) => {
      const from = at % (shares.length - 1)
      const moved = Math.floor((shares[from] ?? 0) * part)
      const next = shares.map((share, index) => index === from ? share - moved : index === from + 1 ? share + moved : share)
      const [before, after] = [places(shares), places(next)]

      for (const [index, path] of after.entries()) if (path !== before[index]) expect([before[index], path]).toEqual([`r${from}`, `r${from + 1}`])
    }), { numRuns: 50 })
  })

  test('a visitor without a key is divided by lot', () => {
    expect([0.1, 0.9].map(weight => taken(split([5_000, 5_000]), { weight }).route)).toEqual(['r0', 'r1'])
  })

  test('the hash is the published xxHash', () => {
    const hash = (text: string, seed = 0) => xxh32(new TextEncoder().encode(text), seed).toString(16)
    expect([hash(''), hash('abc'), hash('Nobody inspects the spammish repetition')]).toEqual(['2cc5d05', '32d153ff', 'e2293b2f'])
    expect(hash('', 0x9e3779b1)).toBe('36b78ae7')
  })
})

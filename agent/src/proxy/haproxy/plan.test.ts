import { FULL_SHARE } from '@vamp/model/routing/table'
import type { Endpoint, GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import { describe, expect, test } from 'vitest'
import { contractGateway } from '../testdata/contract-world.ts'
import type { TableParts } from '../testdata/contract-world.ts'
import { compact, EMPTY, layOut, restingEmpty, SPARE_HTTP, withFinished, withoutServer, withRested } from './layout.ts'
import type { Layout } from './layout.ts'
import { plan, undo } from './plan.ts'

const endpoint = (id: string, over: Partial<Endpoint> = {}): Endpoint => ({ id, host: '10.0.0.1', port: 80, state: 'ready', ...over })
const shop = (routes: Readonly<Record<string, TableParts>>, over: Partial<GatewayTable> = {}) => contractGateway('shop', 9_050, routes, over)
const table = (...gateways: GatewayTable[]): RoutingTable => ({ revision: 1, gateways })
const running = (...gateways: GatewayTable[]) => compact(layOut(EMPTY, table(...gateways)))
const steps = (before: Layout, input: RoutingTable) => {
  const decided = plan(before, layOut(before, input), '/m')
  return decided.is === 'runtime' ? decided : expect.fail(`it is ${JSON.stringify(decided)}`)
}
const half = { a: { weight: 5_000, to: [endpoint('a1')] }, b: { weight: 5_000, to: [endpoint('b1')] } }

describe('what changes at run time', () => {
  test('nothing is nothing, whatever the revision', () => {
    const before = running(shop(half))
    expect(plan(before, layOut(before, { revision: 2, gateways: [shop(half)] }), '/m')).toEqual({ is: 'nothing' })
  })

  test('a weight is a new generation, a flip, and the old one later', () => {
    const before = running(shop(half))
    const decided = steps(before, table(shop({ ...half, a: { ...half.a, weight: FULL_SHARE }, b: { ...half.b, weight: 0 } })))
    expect(decided.add).toMatchObject([{ is: 'add-entries', map: '/m/shares.0.map', entries: [['0.0.128.0/19', 'b1'], ['0.0.160.0/22', 'b1'], ['0.0.164.0/23', 'b1'], ['0.0.166.0/24', 'b1'], ['0.0.167.0/28', 'b1']] }])
    expect(decided.flip).toEqual([{ is: 'set-entry', map: '/m/generations.map', key: 'g1', value: String(2 * 2 ** 14), before: String(2 ** 14) }])
    expect(decided.last).toEqual([])
    expect(decided.later).toMatchObject([{ is: 'delete-entries', map: '/m/shares.0.map' }])
    expect(decided.sure).toBe(true)
  })

  test('a new instance is a server and no generation', () => {
    const before = running(shop(half))
    const decided = steps(before, table(shop({ ...half, a: { weight: 5_000, to: [endpoint('a1'), endpoint('a2', { host: '::1' })] } })))
    expect(decided).toEqual({ is: 'runtime', flip: [], last: [], later: [], sure: false,
      add: [{ is: 'add-server', backend: 'b1', server: 'a2', address: '[::1]:80', weight: 1 }] })
  })

  test('a draining instance keeps its place without weight; removed, it is in maintenance until it has let go', () => {
    const before = running(shop(half))
    const draining = { ...half, a: { weight: 5_000, to: [endpoint('a1', { state: 'draining' })] } }
    expect(steps(before, table(shop(draining))).last).toEqual([{ is: 'server-weight', backend: 'b1', server: 'a1', weight: 0 }])
    const drained = layOut(before, table(shop(draining)))

    const gone = { ...half, a: { weight: 5_000, to: [] } }
    expect(steps(drained, table(shop(gone))).last).toEqual([{ is: 'server-state', backend: 'b1', server: 'a1', state: 'maint' }])
    const leaving = layOut(drained, table(shop(gone)))
    expect(plan(leaving, layOut(leaving, table(shop(gone))), '/m')).toEqual({ is: 'nothing' })

    expect(steps(leaving, table(shop(half))).add).toEqual([
      { is: 'server-weight', backend: 'b1', server: 'a1', weight: 1 }, { is: 'server-state', backend: 'b1', server: 'a1', state: 'ready' },
    ])
    expect(withoutServer(leaving, 'b1', 'a1').slots.find(({ id }) => id === 'b1')?.servers).toEqual({})
  })

  test('an instance that moved gets its new address', () => {
    const before = running(shop(half))
    expect(steps(before, table(shop({ ...half, a: { weight: 5_000, to: [endpoint('a1', { port: 81 })] } }))).add).toEqual([
      { is: 'server-address', backend: 'b1', server: 'a1', address: '10.0.0.1:81' },
    ])
  })

  test('a new route takes a spare backend; the one of a route that is gone rests until its servers are gone', () => {
    const before = running(shop(half))
    const next = layOut(before, table(shop({ b: { weight: FULL_SHARE, to: [endpoint('b1')] }, c: { weight: 0, to: [endpoint('c1')] } })))
    expect(plan(before, next, '/m').is).toBe('runtime')
    expect(next.gateways[0]?.slots).toEqual(['b2', 'b3'])
    const rested = next.slots.find(({ id }) => id === 'b1')
    expect(rested).toMatchObject({ resting: true, servers: { a1: { state: 'ready' } } })

    const finished = withFinished(next, 'b1')
    expect(finished.slots.find(({ id }) => id === 'b1')).toMatchObject({ resting: true, servers: { a1: { state: 'leaving' } } })
    expect(plan(next, finished, '/m')).toMatchObject({ is: 'runtime', last: [{ is: 'server-state', backend: 'b1', server: 'a1', state: 'maint' }] })
    expect(restingEmpty(finished)).toEqual([])
    const empty = withoutServer(finished, 'b1', 'a1')
    expect(restingEmpty(empty)).toEqual(['b1'])
    expect(withRested(empty, ['b1']).slots.find(({ id }) => id === 'b1')?.resting).toBe(false)
  })

  test('stickiness and conditions come and go without a reload', () => {
    const before = running(shop(half))
    const decided = steps(before, table(shop({ ...half, b: { ...half.b, condition: { is: 'header', name: 'X' }, strength: 20 } }, { sticky: 'instance' })))
    expect(decided.flip).toEqual([{ is: 'set-entry', map: '/m/generations.map', key: 'g1', value: String(2 * 2 ** 14 + 7), before: String(2 ** 14) }])
    expect(decided.add.map(step => step.is === 'add-entries' ? step.map : step.is)).toEqual(['/m/conditions.0.map', '/m/shares.0.map', '/m/stick.0.map'])
    expect(decided.sure, 'a pattern has to be compiled first').toBe(false)
  })

  test('how a route is called in cookies is told of its backend once, and forgotten with the stickiness', () => {
    const sticky = shop(half, { sticky: 'route' })
    const before = running(sticky)
    const entries = (decided: ReturnType<typeof steps>) => [...decided.add, ...decided.later].flatMap(step => step.is === 'add-entries' ? step.entries.map(([key]) => key) : step.is === 'delete-entries' ? step.keys : [])
    expect(entries(steps(before, table(shop({ ...half, a: { ...half.a, weight: FULL_SHARE }, b: { ...half.b, weight: 0 } }, { sticky: 'route' }))))).not.toContain('b1')
    const without = steps(before, table(shop(half)))
    expect(without.later.flatMap(step => step.is === 'delete-entries' ? step.keys : [])).toEqual(expect.arrayContaining(['b1', 'b2']))
  })

  test('what was added is taken back', () => {
    expect(undo([{ is: 'add-entries', map: '/m/x', entries: [['k', 'v']] }, { is: 'add-server', backend: 'b1', server: 's', address: '1.1.1.1:1', weight: 1 }])).toEqual([
      { is: 'server-state', backend: 'b1', server: 's', state: 'maint' }, { is: 'delete-server', backend: 'b1', server: 's' }, { is: 'delete-entries', map: '/m/x', keys: ['k'] },
    ])
    expect(undo([{ is: 'set-entry', map: '/m/g', key: 'g1', value: '2', before: '1' }])).toMatchObject([{ is: 'set-entry', map: '/m/g', key: 'g1', value: '1' }])
  })
})

describe('what takes a reload', () => {
  const reasons = (before: Layout, input: RoutingTable) => {
    const decided = plan(before, layOut(before, input), '/m')
    return decided.is === 'reload' ? decided.reasons : expect.fail(`it is ${decided.is}`)
  }

  test.each<[string, GatewayTable[], string[]]>([
    ['a port', [shop(half), contractGateway('other', 9_051, {})], ['new port 9051']],
    ['a port that moves', [shop(half, { port: 9_060 })], ['new port 9060', 'port 9050 closed']],
    ['a gateway that goes', [], ['port 9050 closed']],
    ['another gateway on the port', [contractGateway('new', 9_050, {})], ['port 9050 passes to gateway new']],
    ['a mode', [shop({}, { mode: 'tcp' })], ['gateway shop speaks tcp']],
    ['a split', [shop(half, { split: { by: 'header', name: 'x' } })], ['split of gateway shop']],
    ['a raw ACL', [shop({ ...half, a: { ...half.a, condition: { is: 'raw', acl: 'path /x' } } })], ['raw condition in gateway shop']],
  ])('%s', (_, gateways, expected) => {
    expect(reasons(running(shop(half)), table(...gateways))).toEqual(expected)
  })

  test('an algorithm that no spare backend has', () => {
    const gateway = shop(half)
    const [a, b] = gateway.routes
    if (!a || !b) return expect.fail()
    expect(reasons(running(gateway), table({ ...gateway, routes: [{ ...a, balance: 'source' }, b] }))).toEqual(['balance, rewrite or policy of route shop a'])
  })

  test('more routes than spare backends', () => {
    const routes = Object.fromEntries(Array.from({ length: SPARE_HTTP + 3 }, (_, index) => [`r${index}`, { to: [] }]))
    expect(reasons(running(shop(half)), table(shop(routes)))).toEqual(['spare backends used up'])
  })
})

describe('what cannot be carried out', () => {
  test.each<[string, Partial<TableParts>, RegExp]>([
    ['a wrong regular expression', { condition: { is: 'path', match: 'matches', value: '(' } }, /no regular expression/],
    ['a wrong network', { condition: { is: 'ip', network: '10.0.0.0/33' } }, /no address or network/],
    ['a country without a file of them', { condition: { is: 'not', operand: { is: 'country', value: 'GB' } } }, /no file of countries/],
    ['an unknown device', { condition: { is: 'device', value: 'toaster' } }, /none of mobile/],
  ])('%s is refused, with the gateway', (_, parts, reason) => {
    expect(() => layOut(EMPTY, table(shop({ a: { weight: FULL_SHARE, to: [], ...parts } })))).toThrowError(
      expect.objectContaining({ code: 'proxy_refused', facts: expect.objectContaining({ gateway: 'shop', reason: expect.stringMatching(reason) }) }))
  })
})

import { FULL_SHARE } from '@vamp/model/routing/table'
import type { Endpoint, RoutingTable } from '@vamp/model/routing/table'
import { expect, test } from 'vitest'
import { silent } from '../base/log.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { contractGateway } from './testdata/contract-world.ts'
import { openMemoryProxy } from './memory/memory.ts'
import { resilient } from './resilient.ts'

const endpoint = (id: string): Endpoint => ({ id, host: '10.0.0.1', port: 80, state: 'ready' })
const POLICY = { circuit_breaker: { consecutive_errors: 3, eject: 30, max_ejected: 50 } }

function world(ids: readonly string[], over: { readonly failover?: readonly Endpoint[] } = {}) {
  const clock = virtualClock(0)
  const failing = new Set<string>()
  const memory = openMemoryProxy({ clock, random: Math.random, answer: id => ({ status: failing.has(id) ? 500 : 200, latencyMs: 0 }) })
  const proxy = resilient(memory, { clock, log: silent })
  proxy.onSamples(() => {})
  const gateway = contractGateway('shop', 9_000, { a: { weight: FULL_SHARE, to: ids.map(endpoint) } })
  const table: RoutingTable = { revision: 1, gateways: [{ ...gateway, routes: gateway.routes.map(route => ({
    ...route, policy: POLICY, ...(over.failover ? { failover: [{ is: 'endpoints' as const, endpoints: over.failover }] } : {}),
  })) }] }
  const visit = async (count: number) => {
    const seen: string[] = []
    for (let index = 0; index < count; index++) {
      seen.push((await memory.send(9_000)).instance)
      await clock.advance(1)
    }
    return seen
  }
  return { clock, failing, proxy, table, visit }
}

test('an instance that fails again and again is kept out for a while, and comes back', async () => {
  const { clock, failing, proxy, table, visit } = world(['one', 'two'])
  await proxy.apply(table)
  failing.add('two')
  await visit(60)

  expect(proxy.ejected()).toEqual(['two'])
  expect(new Set(await visit(60))).toEqual(new Set(['one']))

  failing.clear()
  await clock.advance(31_000)
  expect(proxy.ejected()).toEqual([])
  expect(new Set(await visit(60))).toEqual(new Set(['one', 'two']))
})

test('what all instances do is not mended by keeping all of them out', async () => {
  const { failing, proxy, table, visit } = world(['one', 'two', 'three'])
  await proxy.apply(table)
  for (const id of ['one', 'two', 'three']) failing.add(id)
  await visit(200)

  expect(proxy.ejected()).toHaveLength(1)
})

test('an instance that is alone is never kept out', async () => {
  const { failing, proxy, table, visit } = world(['one'])
  await proxy.apply(table)
  failing.add('one')

  expect(new Set(await visit(50))).toEqual(new Set(['one']))
})

test('a newer table is what stays, whatever was kept out meanwhile', async () => {
  const { failing, proxy, table, visit } = world(['one', 'two'])
  await proxy.apply(table)
  failing.add('two')
  await visit(60)

  const next = { revision: 2, gateways: table.gateways.map(gateway => ({ ...gateway, routes: gateway.routes.map(route => ({ ...route, target: { is: 'endpoints' as const, endpoints: [endpoint('two'), endpoint('three')] } })) })) }
  await proxy.apply(next)

  expect(new Set(await visit(60))).toEqual(new Set(['three']))
})

test('a route without an instance leads to where its failover says, and back', async () => {
  const { proxy, table, visit } = world([], { failover: [endpoint('spare')] })
  await proxy.apply(table)
  expect(new Set(await visit(10))).toEqual(new Set(['spare']))

  const back = { revision: 2, gateways: table.gateways.map(gateway => ({ ...gateway, routes: gateway.routes.map(route => ({ ...route, target: { is: 'endpoints' as const, endpoints: [endpoint('one')] } })) })) }
  await proxy.apply(back)
  expect(new Set(await visit(10))).toEqual(new Set(['one']))
})

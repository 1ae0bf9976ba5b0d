import type { Endpoint } from '@vamp/model/routing/table'
import { expect, test } from 'vitest'
import { virtualClock } from '../../base/virtual-clock.ts'
import { proxyContract } from '../contract.ts'
import { contractGateway, type ProxyHarness } from '../testdata/contract-world.ts'
import type { Sample } from '../proxy.ts'
import { type EndpointAnswer, openMemoryProxy, type VirtualRequest } from './memory.ts'

async function open(): Promise<ProxyHarness> {
  const clock = virtualClock()
  const dead = new Set<string>()
  const held = new Map<string, (() => void)[]>()
  let port = 1000
  const answer = (id: string, { path = '/' }: VirtualRequest): EndpointAnswer | Promise<EndpointAnswer> => {
    if (dead.has(id)) return { broken: 'refused', latencyMs: 0 }
    if (path === '/reset') return { broken: 'reset', latencyMs: 1 }
    if (path === '/hold') return new Promise(resolve => held.set(id, [...(held.get(id) ?? []), () => resolve({ status: 200, latencyMs: 0 })]))
    return { status: path.startsWith('/status/') ? Number.parseInt(path.slice(8), 10) : 200, latencyMs: path === '/slow' ? 100 : 0 }
  }
  const proxy = openMemoryProxy({ clock, random: Math.random, answer })
  const endpoint = (id: string): Endpoint => ({ id, host: 'virtual', port: 1, state: 'ready' })
  return {
    proxy,
    backend: async id => endpoint(id),
    dead: async id => { dead.add(id); return endpoint(id) },
    freePort: async () => port++,
    occupy: async taken => proxy.occupy(taken, 'another program'),
    now: clock.now,
    async request(to, { method = 'GET', path = '/', headers = {}, signal } = {}) {
      const sent = proxy.send(to, { method, path, headers, ...(signal ? { signal } : {}) })
      if (path === '/slow') await clock.advance(100)
      if (path === '/reset') await clock.advance(1)
      const { status, instance, setCookie } = await sent
      const cookies = Object.fromEntries(setCookie.map(cookie => (cookie.split(';')[0] ?? '').split('=')))
      return { status, instance, cookies }
    },
    held: id => held.get(id)?.length ?? 0,
    release() {
      for (const waiting of held.values()) for (const go of waiting) go()
      held.clear()
    },
    async until(condition) {
      for (let step = 0; step < 1000; step++) {
        if (await condition()) return
        await clock.advance(10)
      }
      throw new Error('it did not come')
    },
    refused: table => ({ ...table, gateways: table.gateways.map(gateway => ({
      ...gateway, routes: gateway.routes.map(route => ({ ...route, condition: { is: 'raw', acl: 'ssl_fc' } as const })),
    })) }),
    survivesDetach: false,
    close: async () => { await proxy[Symbol.asyncDispose]() },
  }
}

proxyContract('memory', open)

test('a simulated instance takes its time by the clock, and one that refuses is passed over', async () => {
  const clock = virtualClock()
  const samples: Sample[] = []
  const proxy = openMemoryProxy({ clock, random: () => 0, answer: id => id === 'down' ? { broken: 'refused', latencyMs: 0 } : { status: 200, latencyMs: 40, bytes: 7 } })
  proxy.onSamples(more => samples.push(...more))
  const endpoints = ['down', 'up'].map((id): Endpoint => ({ id, host: 'virtual', port: 1, state: 'ready' }))
  await proxy.apply({ revision: 1, gateways: [contractGateway('shop', 80, { a: { weight: 10_000, to: endpoints } })] })

  const sent = proxy.send(80)
  await clock.advance(39)
  expect(await proxy.connections()).toEqual(new Map([['up', 1]]))
  await clock.advance(1)

  expect(await sent).toMatchObject({ status: 200, instance: 'up' })
  expect(samples).toMatchObject([{ instance: 'up', latencyMs: 40, bytes: 7, error: false, endedAt: clock.now() }])
})

import { findBinary } from '@vamp/agent/proxy/haproxy/process'
import { haproxyWorld } from '@vamp/agent/proxy/haproxy/testdata/harness'
import type { Endpoint } from '@vamp/model/routing/table'
import { expect, test } from 'vitest'
import { INSTANCES, randomFrom, randomRequest, randomTable } from './testdata/random-table.ts'
import { traceRequest } from './trace.ts'

const TABLES = 40
const RANDOM_REQUESTS = 60
const SAME_REQUESTS = 60

test.skipIf(findBinary() === undefined)('what HAProxy does with thousands of random requests is one of the ways that are told, as often as told', async () => {
  const random = randomFrom(20_260_103)
  const world = await haproxyWorld()
  try {
    const endpoints = new Map<string, Endpoint>()
    for (const id of INSTANCES) endpoints.set(id, await world.backend(id))
    const ports = [await world.freePort(), await world.freePort()] as const
    let checked = 0
    for (let number = 1; number <= TABLES; number++) {
      const table = randomTable(random, { ports, endpoint: id => endpoints.get(id) ?? { id, host: '127.0.0.1', port: 1, state: 'ready' } }, number)
      await world.proxy.apply(table)
      const ask = async (request: { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, string>> }) => {
        const { ways } = traceRequest(table, { gateway: 'outer', ...request })
        const answer = await world.request(ports[0], request)
        const possible = ways.flatMap(({ instances, share }) => share === 0 ? [] : instances.length > 0 ? instances : [''])
        expect(possible, JSON.stringify({ request, table })).toContain(answer.instance)
        expect(answer.status, JSON.stringify({ request, table })).toBe(answer.instance === '' ? 503 : 200)
        return answer
      }

      let kept = ''
      for (let visit = 0; visit < RANDOM_REQUESTS; visit++) {
        const { cookies } = await ask(randomRequest(random, kept))
        if (Object.keys(cookies).length > 0) kept = Object.entries(cookies).map(([name, value]) => `${name}=${value}; `).join('')
      }

      const counts = new Map<string, number>()
      const request = { method: 'POST', path: '/cart/1', headers: { 'user-agent': 'Chrome' } }
      for (let visit = 0; visit < SAME_REQUESTS; visit++) {
        const { instance } = await ask(request)
        counts.set(instance, (counts.get(instance) ?? 0) + 1)
      }
      for (const [instance, share] of sharesOf(traceRequest(table, { gateway: 'outer', ...request }).ways)) {
        // Binomial; five standard deviations are a false alarm in fewer than 1 of 1.7 million checks, and counts are whole.
        expect(Math.abs((counts.get(instance) ?? 0) - SAME_REQUESTS * share), `${instance} ${JSON.stringify(table)}`).toBeLessThanOrEqual(5 * Math.sqrt(SAME_REQUESTS * share * (1 - share)) + 1)
        checked++
      }
    }
    expect(checked).toBeGreaterThan(TABLES)
  } finally {
    await world.close()
  }
})

/** An instance may be reached on several ways. */
function sharesOf(ways: ReturnType<typeof traceRequest>['ways']): ReadonlyMap<string, number> {
  const shares = new Map<string, number>()
  for (const { instances, share } of ways) for (const instance of instances.length > 0 ? instances : ['']) shares.set(instance, Math.min(1, (shares.get(instance) ?? 0) + share / Math.max(1, instances.length)))
  return shares
}

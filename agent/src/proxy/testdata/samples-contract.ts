/** What is told of every request. */
import { FULL_SHARE } from '@vamp/model/routing/table'
import { describe, expect, test } from 'vitest'
import { contractGateway, type ContractWorld } from './contract-world.ts'

export function samplesContract(world: ContractWorld): void {
  const { unless, apply, many, sampled, two } = world
  describe('samples', () => {
    test('every request is sampled exactly once, with what happened to it', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: 5_000, to: [one] }, b: { weight: 5_000, to: [other] } }))
      const from = world.harness.now()

      const answers = [...await many(port, 60), ...await many(port, 10, { path: '/status/404' }), ...await many(port, 10, { path: '/status/500?token=secret', method: 'POST' })]

      const seen = await sampled(80)
      const routes: Readonly<Record<string, string>> = { one: 'a', two: 'b' }
      const wanted = answers.map(({ status, instance }) => `shop ${routes[instance]} ${instance} ${status} ${status >= 500} weight`)
      expect(seen.map(sample => `${sample.gateway} ${sample.route} ${sample.instance} ${sample.status} ${sample.error} ${sample.by}`).toSorted()).toEqual(wanted.toSorted())
      for (const sample of seen) {
        // HAProxy does not even write the query down.
        if (sample.error) expect([sample.asked?.method, world.harness.proxy.driver === 'haproxy' ? sample.asked?.path : sample.asked?.path.split('?')[0]]).toEqual(['POST', '/status/500'])
        else expect(sample.asked).toBeUndefined()
        expect(Number.isInteger(sample.part) && sample.part >= 0 && sample.part <= 7).toBe(true)
        expect(sample.latencyMs).toBeGreaterThanOrEqual(0)
        expect(sample.latencyMs).toBeLessThan(60_000)
        expect(sample.endedAt).toBeGreaterThan(from - 1_000)
        expect(sample.endedAt).toBeLessThan(world.harness.now() + 1_000)
        expect(sample.bytes).toBeGreaterThanOrEqual(0)
      }
    })

    test('latency is the time until the answer began', async () => {
      const [port, [one]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))

      await world.harness.request(port, { path: '/slow' })

      // The backend waits 100 ms; clocks of proxies move in steps of their event loop.
      expect((await sampled(1))[0]?.latencyMs).toBeGreaterThanOrEqual(90)
    })

    test('an answer that never came is an error of the instance that owed it', async () => {
      const [port, [one]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))

      expect(await world.harness.request(port, { path: '/reset', method: 'POST' })).toMatchObject({ status: 502, instance: '' })
      expect((await sampled(1))[0]).toMatchObject({ gateway: 'shop', route: 'a', instance: 'one', status: 502, error: true, asked: { method: 'POST', path: '/reset' } })
    })

    unless('client gives up')('a client that gives up is no error', async () => {
      const [port, [one]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))
      const patience = new AbortController()
      const held = world.harness.request(port, { path: '/hold', signal: patience.signal, fresh: true })
      await world.harness.until(() => world.harness.held('one') === 1)

      patience.abort()
      expect((await held).status).toBe(0)
      world.harness.release()

      const [sample] = await sampled(1)
      expect(sample).toMatchObject({ gateway: 'shop', route: 'a', instance: 'one', error: false })
      // A client that has hung up may want its answer all the same: a proxy that waits for it finds out only if it cannot write it.
      expect(['client', undefined]).toContain(sample?.ending)
    })

    test('sessions are spread over the parts', async () => {
      const [port, [one]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }, { split: { by: 'cookie', name: 'id' } }))

      for (let user = 0; user < 40; user++) await world.harness.request(port, { headers: { cookie: `id=user-${user % 20}` } })

      // Twenty users: fewer than three parts among them would be less likely than 1 of 10 million.
      expect(new Set((await sampled(40)).map(({ part }) => part)).size).toBeGreaterThanOrEqual(3)
    })
  })
}

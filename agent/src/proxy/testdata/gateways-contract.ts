/** Gateways and instances come and go, are refused, and end. */
import type { Endpoint } from '@vamp/model/routing/table'
import { FULL_SHARE } from '@vamp/model/routing/table'
import { describe, expect, test } from 'vitest'
import { contractGateway, type ContractWorld, expectShare } from './contract-world.ts'

export function gatewaysContract(world: ContractWorld): void {
  const { unless, tableOf, apply, many, counted, sampled, two } = world
  describe('gateways', () => {
    test('each listens for itself; one that is removed stops listening, one that comes back answers', async () => {
      const [first, second, [one, other]] = [await world.harness.freePort(), await world.harness.freePort(), await two()]
      const a = contractGateway('a', first, { r: { weight: FULL_SHARE, to: [one] } })
      const b = contractGateway('b', second, { r: { weight: FULL_SHARE, to: [other] } })
      await apply(a, b)
      expect([(await world.harness.request(first)).instance, (await world.harness.request(second)).instance]).toEqual(['one', 'two'])

      await apply(a)
      expect((await world.harness.request(first)).instance).toBe('one')
      expect(await world.harness.request(second, { fresh: true })).toMatchObject({ status: 0, instance: '' })

      await apply(a, b)
      expect((await world.harness.request(second, { fresh: true })).instance).toBe('two')
      expect((await sampled(4)).map(({ gateway }) => gateway)).toEqual(['a', 'b', 'a', 'b'])
    })

    unless('virtual hosts')('the shared listener finds the gateway by its host, in any case, with or without a port', async () => {
      const [first, second, shared, [one, other]] = [await world.harness.freePort(), await world.harness.freePort(), await world.harness.freePort(), await two()]
      await world.harness.proxy.apply(tableOf([
        contractGateway('a', first, { r: { weight: FULL_SHARE, to: [one] } }, { virtual_hosts: ['a.example', 'www.a.example'] }),
        contractGateway('b', second, { r: { weight: FULL_SHARE, to: [other] } }, { virtual_hosts: ['b.example'] }),
      ], { virtual_hosts: { address: '127.0.0.1', port: shared } }))
      const asked = (host: string) => world.harness.request(shared, { headers: { host } })

      expect((await asked('a.example')).instance).toBe('one')
      expect((await asked('WWW.A.example:80')).instance).toBe('one')
      expect((await asked('b.example')).instance).toBe('two')
      expect(await asked('c.example')).toMatchObject({ status: 404, instance: '' })
      await world.harness.until(() => world.samples.filter(({ instance }) => instance !== '').length >= 3)
      expect(world.samples.filter(({ instance }) => instance !== '').map(({ gateway }) => gateway)).toEqual(['a', 'a', 'b'])
    })

    unless('gateway chains')('a route may lead to another gateway; each counts the request once', async () => {
      const [outer, inner, [one]] = [await world.harness.freePort(), await world.harness.freePort(), await two()]
      await apply(
        contractGateway('outer', outer, { chained: { weight: FULL_SHARE, to: 'inner' } }),
        contractGateway('inner', inner, { r: { weight: FULL_SHARE, to: [one] } }),
      )

      expect(await world.harness.request(outer)).toMatchObject({ status: 200, instance: 'one' })
      const seen = (await sampled(2)).toSorted((a, b) => a.gateway.localeCompare(b.gateway))
      expect(seen).toMatchObject([
        { gateway: 'inner', route: 'r', instance: 'one', status: 200, error: false },
        { gateway: 'outer', route: 'chained', instance: 'inner', status: 200, error: false },
      ])
    })

    unless('tcp')('a tcp gateway passes connections on by weight and counts them', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
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
}

export function instancesContract(world: ContractWorld): void {
  const { apply, many, counted, sampled, two } = world
  describe('instances', () => {
    test('a draining instance gets nothing new while its request in progress finishes; then it can be removed', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      const gateway = (...endpoints: Endpoint[]) => contractGateway('shop', port, { a: { weight: FULL_SHARE, to: endpoints } })
      await apply(gateway(one))
      const held = world.harness.request(port, { path: '/hold' })
      await world.harness.until(() => world.harness.held('one') === 1)
      await world.harness.until(async () => (await world.harness.proxy.connections()).get('one') === 1)

      expect(await apply(gateway({ ...one, state: 'draining' }, other))).toMatchObject({ how: 'runtime' })
      expect(counted(await many(port, 30))).toEqual({ two: 30 })
      expect((await world.harness.proxy.connections()).get('one')).toBe(1)

      world.harness.release()
      expect(await held).toMatchObject({ status: 200, instance: 'one' })
      await world.harness.until(async () => !(await world.harness.proxy.connections()).get('one'))
      expect(await apply(gateway(other))).toMatchObject({ how: 'runtime' })
      expect(counted(await many(port, 10))).toEqual({ two: 10 })
    })

    test('an instance that is removed with a request in progress lets it finish', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))
      const held = world.harness.request(port, { path: '/hold' })
      await world.harness.until(() => world.harness.held('one') === 1)

      await apply(contractGateway('shop', port, { b: { weight: FULL_SHARE, to: [other] } }))
      expect(counted(await many(port, 10))).toEqual({ two: 10 })
      expect((await world.harness.proxy.connections()).get('one')).toBe(1)

      world.harness.release()
      expect(await held).toMatchObject({ status: 200, instance: 'one' })
      await world.harness.until(async () => !(await world.harness.proxy.connections()).get('one'))
    })

    test('instances and routes come and go under traffic without one failed request', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      const steps = [
        { a: { weight: FULL_SHARE, to: [one] } },
        { a: { weight: FULL_SHARE, to: [one, other] } },
        { a: { weight: FULL_SHARE, to: [{ ...one, state: 'draining' as const }, other] } },
        { a: { weight: FULL_SHARE, to: [other] } },
        { a: { weight: 5_000, to: [other] }, b: { weight: 5_000, to: [one] } },
        { b: { weight: FULL_SHARE, to: [one] } },
      ]
      for (const step of [...steps, ...steps]) {
        const [before] = await Promise.all([many(port, world.revision === 0 ? 0 : 20), apply(contractGateway('shop', port, step))])
        expect([...before, ...await many(port, 10)].filter(({ status }) => status !== 200)).toEqual([])
      }
    })

    test('a dead instance is an error of its route', async () => {
      const [port, [one], dead] = [await world.harness.freePort(), await two(), await world.harness.dead('dead')]
      await apply(contractGateway('shop', port, { a: { weight: 0, to: [one] }, b: { weight: FULL_SHARE, to: [dead] } }))

      expect(await world.harness.request(port)).toMatchObject({ status: 503, instance: '' })
      const [seen] = await sampled(1)
      expect(seen).toMatchObject({ gateway: 'shop', route: 'b', status: 503, error: true, ending: 'connect' })
      expect(['', 'dead']).toContain(seen?.instance)
    })

    test('a route without instances answers 503, an error that no instance took', async () => {
      const [port] = [await world.harness.freePort()]
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [] } }))

      expect(await world.harness.request(port)).toMatchObject({ status: 503, instance: '' })
      expect((await sampled(1))[0]).toMatchObject({ gateway: 'shop', route: 'a', instance: '', status: 503, error: true })
    })

    test('a gateway without any share answers 503', async () => {
      const [port, [one]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: 0, to: [one] } }))

      expect(await world.harness.request(port)).toMatchObject({ status: 503, instance: '' })
      expect((await sampled(1))[0]).toMatchObject({ gateway: 'shop', route: '', instance: '', status: 503, error: true })
    })
  })
}

export function refusalsContract(world: ContractWorld): void {
  const { tableOf, apply, many, counted, two } = world
  describe('refusals', () => {
    test('a table that cannot be carried out is refused with a reason, and the last good one stays', async () => {
      const [port, [one, other]] = [await world.harness.freePort(), await two()]
      const routes = (a: number) => contractGateway('shop', port, { a: { weight: a, to: [one] }, b: { weight: FULL_SHARE - a, to: [other] } })
      await apply(routes(FULL_SHARE))

      const refusal = world.harness.proxy.apply(world.harness.refused(tableOf([routes(0)])))
      await expect(refusal).rejects.toMatchObject({ name: 'Fault', code: 'proxy_refused', facts: { reason: expect.stringMatching(/\w/) } })
      expect(counted(await many(port, 20))).toEqual({ one: 20 })

      await apply(routes(0))
      expect(counted(await many(port, 20))).toEqual({ two: 20 })
    })

    test('a port that somebody else holds is refused and says who; the other gateways go on', async () => {
      const [port, taken, [one, other]] = [await world.harness.freePort(), await world.harness.freePort(), await two()]
      const shop = (to: Endpoint) => contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [to] } })
      await apply(shop(one))
      await world.harness.occupy(taken)

      const refusal = apply(shop(other), contractGateway('late', taken, { a: { weight: FULL_SHARE, to: [other] } }))
      await expect(refusal).rejects.toMatchObject({ name: 'Fault', code: 'port_taken', facts: { port: taken, holder: expect.stringMatching(/\w/) } })
      expect(counted(await many(port, 10))).toEqual({ one: 10 })

      await apply(shop(other))
      expect(counted(await many(port, 10))).toEqual({ two: 10 })
    })
  })
}

export function endContract(world: ContractWorld): void {
  const { apply, two } = world
  describe('the end', () => {
    test('after stop nobody listens, and stopping again is no error', async () => {
      const [port, [one]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))
      await world.harness.request(port)

      await world.harness.proxy.stop(1_000)
      await world.harness.proxy.stop(0)

      expect(await world.harness.request(port, { fresh: true })).toMatchObject({ status: 0, instance: '' })
    })

    test('requests in progress may finish while it stops', async () => {
      const [port, [one]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))
      const held = world.harness.request(port, { path: '/hold', fresh: true })
      await world.harness.until(() => world.harness.held('one') === 1)

      const stopped = world.harness.proxy.stop(10_000)
      world.harness.release()

      expect(await held).toMatchObject({ status: 200, instance: 'one' })
      let over = false
      void stopped.then(() => { over = true })
      await world.harness.until(() => over)
    })

    test('a proxy that is given up goes on or ends, as its driver says', async () => {
      const [port, [one]] = [await world.harness.freePort(), await two()]
      await apply(contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }))

      await world.harness.proxy.detach()

      expect((await world.harness.request(port, { fresh: true })).instance).toBe(world.harness.survivesDetach ? 'one' : '')
    })
  })
}

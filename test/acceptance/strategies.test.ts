import type { ReleaseStatus } from '@vamp/model/release-status'
import { afterEach, expect, test, vi } from 'vitest'
import { breed, release as released } from './shop.ts'
import { openWorld, type World, type WorldOptions } from './world.ts'

const shop = (instances: number) => `
kind: breed
name: web:1.0
deployable: {type: process, definition: shop}
ports: {http: 8080/http}
---
kind: breed
name: api:1.0
deployable: {type: process, definition: api}
ports: {http: 8080/http}
---
kind: deployment
name: shop
gateways: {9050: web/http, 9060: api/http}
clusters:
  web: {services: [{breed: web:1.0, scale: {cpu: 0.2, memory: 64MB, instances: ${instances}}}]}
  api: {services: [{breed: api:1.0, scale: {cpu: 0.2, memory: 64MB, instances: 2}}]}
`
const release = (to: string, more: string, cluster = 'web') => breed(to) + released(to.replace(':', '-'), to, { cluster, more })

const lognormal = (random: () => number, median: number) => median * Math.exp(0.3 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))
const healthy: WorldOptions['answer'] = (_, random) => ({ status: 200, latencyMs: lognormal(random, 10) })
const failing = (bad: string, share: number): WorldOptions['answer'] => (version, random) => ({ status: version === bad && random() < share ? 500 : 200, latencyMs: lognormal(random, 10) })

/** Minutes of a virtual clock; on a machine with other work they take a while. */
vi.setConfig({ testTimeout: 90_000 })

let world: World | undefined
afterEach(async () => { await world?.close() })

async function shopWith(answer: WorldOptions['answer'], { instances = 2, rate = 100, other = 20 } = {}): Promise<World> {
  world = await openWorld({ seed: 11, answer })
  const w = world
  await w.apply(shop(instances))
  await w.until(30, async () => ((await w.store.get('gateway-statuses', 'shop/9060'))?.value.deployed ?? false)
    && (await w.store.get('deployment-statuses', 'shop'))?.value.services.every(({ phase }) => phase === 'Done') === true)
  if (rate > 0) {
    w.visit(9050, rate)
    w.visit(9060, other)
  }
  await w.seconds(12)
  return w
}

const statusOf = async (w: World, name: string): Promise<ReleaseStatus | undefined> => (await w.store.get('release-statuses', name))?.value
const over = (w: World, name: string, phase: string) => async () => (await statusOf(w, name))?.phase === phase
const failed = (w: World) => [...w.visits.values()].reduce((sum, { failed }) => sum + failed, 0)
const order = (w: World, name: string, path: string, body: object = {}) => fetch(`${w.url}/api/v1/releases/${name}/${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
const weightsTold = async (w: World, name: string) => (await w.events.query({ type: 'release', tags: [`releases:${name}`, 'release:weight'] }, { limit: 1000 })).events.map(({ value }) => (value as { weight: number }).weight).reverse()
const instancesOf = (w: World, version: string) => [...w.machine.instances.values()].filter(({ workload, state }) => workload.service === version && state === 'running').length
const sizeOf = async (w: World, version: string) => (await w.store.get('deployments', 'shop'))?.value.clusters.flatMap(({ services }) => services).find(({ breed }) => breed.name === version)?.scale.instances

test('blue-green moves nearly everything in one step, and the rest on proof', async () => {
  const w = await shopWith(healthy)

  await w.apply(release('web:2', 'strategy: blue-green'))
  await w.until(200, over(w, 'web-2', 'promoted'))

  expect(await weightsTold(w, 'web-2')).toEqual([90])
  expect(failed(w)).toBe(0)
  expect(instancesOf(w, 'web:1.0')).toBe(0)
})

test('a bad blue-green release is back on the old version within seconds', async () => {
  const w = await shopWith(failing('web:2', 0.3))

  await w.apply(release('web:2', 'strategy: blue-green'))
  await w.until(40, over(w, 'web-2', 'rolled_back'))

  expect((await statusOf(w, 'web-2'))?.failed.canary).toBeLessThan(150)
  expect(instancesOf(w, 'web:1.0')).toBe(2)
})

test('a rolling release takes the place of the old version instance by instance, with room for every share', async () => {
  const w = await shopWith(healthy, { instances: 4 })
  let most = 0
  const growing = setMost()
  function setMost() { return async () => { most = Math.max(most, instancesOf(w, 'web:1.0') + instancesOf(w, 'web:2')); return over(w, 'web-2', 'promoted')() } }

  await w.apply(release('web:2', 'strategy: rolling\nramp: [25%, 50%, 75%]\nhold: 10s\nscale: {instances: 1}'))
  await w.until(300, growing)

  expect(await weightsTold(w, 'web-2')).toEqual([25, 50, 75, 90])
  expect(instancesOf(w, 'web:2')).toBe(4)
  expect(most).toBeLessThanOrEqual(6)
  expect(failed(w)).toBe(0)
})

test('a rolling release that goes back gives the old version its size again', async () => {
  const w = await shopWith(healthy, { instances: 4 })
  await w.apply(release('web:2', 'strategy: rolling\nramp: [25%, 50%, 75%]\nhold: 10s\nscale: {instances: 1}'))
  await w.until(120, async () => ((await statusOf(w, 'web-2'))?.weight ?? 0) >= 50 && await sizeOf(w, 'web:1.0') === 2)

  await order(w, 'web-2', 'rollback', { reason: 'a test' })
  await w.until(30, over(w, 'web-2', 'rolled_back'))

  expect(await sizeOf(w, 'web:1.0')).toBe(4)
})

test('the new version gets its instances before it gets its share, and the old one keeps all of its own', async () => {
  const w = await shopWith(healthy, { instances: 8 })
  let short = 0
  const promoted = async () => {
    const weight = (await w.store.get('gateway-statuses', 'shop/web/http'))?.value.acknowledged['shop/web/web:2/http'] ?? 0
    if (instancesOf(w, 'web:2') < weight / 100 * 8 - 1e-9) short += 1
    return over(w, 'web-2', 'keeping')()
  }

  await w.apply(release('web:2', 'scale: {instances: 1}'))
  await w.until(300, promoted)

  expect(short).toBe(0)
  expect(instancesOf(w, 'web:2')).toBe(8)
  expect(await sizeOf(w, 'web:1.0')).toBe(8)
  expect(failed(w)).toBe(0)
})

test('a person has to say yes before half of the traffic, another release before all of it', async () => {
  const w = await shopWith(healthy, { other: 100 })

  await w.apply(release('web:2', 'gates: [{approve: QA, before: 50%}, {release: api-2, before: 100%}]'))
  await w.until(120, async () => /Waits for QA/.test((await statusOf(w, 'web-2'))?.next ?? ''))
  expect((await statusOf(w, 'web-2'))?.weight).toBe(25)
  await w.seconds(60)
  expect((await statusOf(w, 'web-2'))?.weight).toBe(25)

  await order(w, 'web-2', 'approve', { reason: 'looks good' })
  await w.until(120, async () => /Waits for release api-2/.test((await statusOf(w, 'web-2'))?.next ?? ''))
  expect((await statusOf(w, 'web-2'))?.gates?.[0]).toMatchObject({ open: true, sentence: expect.stringContaining('looks good') })
  expect((await statusOf(w, 'web-2'))?.weight).toBe(90)

  await w.apply(release('api:2', '', 'api'))
  await w.until(300, over(w, 'web-2', 'promoted'))
  expect((await statusOf(w, 'api-2'))?.verdict).toBe('promoted')
  expect(failed(w)).toBe(0)
})

test('a train waits until it is complete, is promoted together, and goes back together', async () => {
  const w = await shopWith(failing('api:2', 0.2), { other: 100 })

  await w.apply(release('web:2', 'train: [web-2, api-2]'))
  await w.seconds(5)
  expect(await statusOf(w, 'web-2')).toMatchObject({ phase: 'waiting', sentence: 'Waits for release api-2 of its train, which is not stored yet.' })

  await w.apply(release('api:2', 'train: [web-2, api-2]', 'api'))
  await w.until(120, over(w, 'api-2', 'rolled_back'))
  await w.until(30, over(w, 'web-2', 'rolled_back'))

  expect((await statusOf(w, 'web-2'))?.sentence).toMatch(/^It goes back with its train: release api-2 is rolled back/)
  expect((await statusOf(w, 'web-2'))?.rolls_back_at).toBe(200)
})

test('a train arrives together', async () => {
  const w = await shopWith(healthy, { other: 100 })
  await w.apply(release('web:2', 'train: [web-2, api-2]'))
  await w.apply(release('api:2', 'train: [web-2, api-2]\ngates: [{approve: QA, before: 50%}]', 'api'))

  await w.until(150, async () => /waits for release api-2 of its train/.test((await statusOf(w, 'web-2'))?.next ?? ''))
  await order(w, 'api-2', 'approve')
  await w.until(200, async () => await over(w, 'web-2', 'promoted')() && await over(w, 'api-2', 'promoted')())

  expect(failed(w)).toBe(0)
})

test('a newer release takes the place of one in flight, or waits for it', async () => {
  const w = await shopWith(healthy)
  await w.apply(release('web:2', ''))
  await w.until(60, async () => ((await statusOf(w, 'web-2'))?.weight ?? 0) > 3)

  await w.apply(release('web:3', ''))
  await w.seconds(5)
  expect((await statusOf(w, 'web-3'))?.sentence).toBe('Waits for release web-2 of the same cluster to end.')

  await w.apply(release('web:4', 'in_flight: replace'))
  await w.until(60, over(w, 'web-2', 'aborted'))
  expect((await statusOf(w, 'web-2'))?.sentence).toContain('release web-4')
  expect(failed(w)).toBe(0)
})

test('only the audience takes part, and it is the audience that is compared', async () => {
  const w = await shopWith((version, random) => ({ status: version === 'web:2' && random() < 0.2 ? 500 : 200, latencyMs: lognormal(random, 10) }))

  await w.apply(release('web:2', 'audience: user-agent contains Firefox'))
  await w.seconds(20)
  const before = failed(w)
  expect(w.visits.get('web:2')?.requests ?? 0).toBe(0)

  w.visit(9050, 50, { 'user-agent': 'Mozilla/5.0 Firefox/140.0' })
  await w.until(60, over(w, 'web-2', 'rolled_back'))

  expect(before).toBe(0)
  expect(w.visits.get('web:2')?.requests).toBeGreaterThan(0)
  expect(failed(w)).toBe(w.visits.get('web:2')?.failed)
  expect((await w.store.list('gateways', { prefix: 'shop/' })).items.map(({ name }) => name)).toEqual(['shop/9050', 'shop/9060', 'shop/api/http', 'shop/web/http'])
  expect((await w.store.get('gateways', 'shop/web/http'))?.value.routes.map(({ path }) => path)).toEqual(['shop/web/web:1.0/http'])
})

test('an audience that was won over stays on the new version, and everybody else on the old one', async () => {
  const w = await shopWith(healthy)
  w.visit(9050, 100, { 'user-agent': 'Mozilla/5.0 Firefox/140.0' })

  await w.apply(release('web:2', 'audience: user-agent contains Firefox'))
  await w.until(200, over(w, 'web-2', 'promoted'))
  await w.seconds(5)
  const counts = { old: w.visits.get('web:1.0')?.requests ?? 0, new: w.visits.get('web:2')?.requests ?? 0 }
  await w.seconds(10)

  expect((w.visits.get('web:1.0')?.requests ?? 0) - counts.old).toBeGreaterThan(900)
  expect((w.visits.get('web:2')?.requests ?? 0) - counts.new).toBeGreaterThan(900)
  expect((await w.store.get('gateways', 'shop/web/http'))?.value.routes[0]).toMatchObject({ path: 'shop/web/web:2/http', settings: { value: { condition_strength: 100 } } })
  expect(failed(w)).toBe(0)
})

test('an experiment drops what is worse and promotes the best of the rest', async () => {
  const w = await shopWith((version, random) => ({ status: (version === 'web:b' && random() < 0.1) || random() < 0.002 ? 500 : 200, latencyMs: lognormal(random, version === 'web:c' ? 9 : 10) }), { rate: 300 })

  await w.apply(breed('web:a') + breed('web:b') + breed('web:c') + released('abc', '[web:a, web:b, web:c]', { more: 'strategy: experiment\nobjectives: [latency_p50]' }))
  const nexts: string[] = []
  await w.until(400, async () => {
    nexts.push((await statusOf(w, 'abc'))?.next ?? '')
    return over(w, 'abc', 'promoted')()
  })

  const status = await statusOf(w, 'abc')
  expect(nexts).toContainEqual(expect.stringMatching(/^Each of web:a, web:b, web:c gets [\d.]+ % of the traffic now\.$/))
  expect(nexts).toContainEqual(expect.stringMatching(/^web:a: .+ web:c: .+/))
  expect(status?.to).toBe('web:c')
  expect(status?.variants?.map(({ to, state }) => [to, state])).toEqual([['web:a', 'dropped'], ['web:b', 'dropped'], ['web:c', 'winner']])
  expect(status?.rolls_back_at).toBe(300)
  expect((await w.store.get('deployments', 'shop'))?.value.clusters.find(({ name }) => name === 'web')?.services.map(({ breed }) => breed.name)).toEqual(['web:c'])
})

test('a service that nobody visits is held, and it is said why', async () => {
  const w = await shopWith(healthy, { rate: 0 })

  await w.apply(release('web:2', ''))
  await w.seconds(200)

  const status = await statusOf(w, 'web-2')
  expect(status).toMatchObject({ phase: 'ramping', sentence: 'There is no traffic, and without traffic there is no verdict.' })
  expect(status?.verdict).toBeUndefined()
})

test('harm that the new version does to both versions is found by switching it on and off', async () => {
  let weight = 0
  const w = await shopWith((_, random) => ({ status: random() < (weight > 0 ? 0.15 : 0.001) ? 500 : 200, latencyMs: lognormal(random, 10) }), { rate: 40, other: 0 })
  await w.apply(release('web:2', ''))

  await w.until(900, async () => {
    weight = (await statusOf(w, 'web-2'))?.weight ?? 0
    return over(w, 'web-2', 'rolled_back')()
  })

  expect((await statusOf(w, 'web-2'))?.sentence).toMatch(/^The new version hurts the whole service/)
})

test('a service that fails by itself is probed, and the release goes on', async () => {
  let troubled = false
  const w = await shopWith((_, random) => ({ status: random() < (troubled ? 0.15 : 0.001) ? 500 : 200, latencyMs: lognormal(random, 10) }), { rate: 40, other: 0 })
  await w.apply(release('web:2', ''))
  await w.until(60, async () => ((await statusOf(w, 'web-2'))?.weight ?? 0) > 10)

  troubled = true
  await w.until(30, over(w, 'web-2', 'probing'))
  await w.until(1000, async () => !await over(w, 'web-2', 'probing')())
  troubled = false

  expect(await statusOf(w, 'web-2')).toMatchObject({ phase: 'ramping' })
  await w.until(300, over(w, 'web-2', 'promoted'))
})

test('a shadow gets copies first, and requests only after it was shown to be safe on them', async () => {
  const w = await shopWith(healthy, { other: 0 })

  await w.apply(release('web:2', 'strategy: shadow'))
  await w.until(120, async () => (await w.events.query({ type: 'release', tags: ['releases:web-2', 'release:shadowed'] })).events.length > 0)
  const seen = w.visits.get('web:2')?.requests ?? 0
  await w.until(200, over(w, 'web-2', 'promoted'))

  expect(seen).toBe(0)
  expect((await w.store.get('gateways', 'shop/web/http'))?.value.routes.flatMap(({ settings }) => settings.is === 'inline' && settings.value.policy ? [settings.value.policy] : [])).toEqual([])
  expect(failed(w)).toBe(0)
})

test('a bad shadow is rolled back before any visitor has met it', async () => {
  const w = await shopWith(failing('web:2', 0.2))

  await w.apply(release('web:2', 'strategy: shadow'))
  await w.until(60, over(w, 'web-2', 'rolled_back'))

  expect(w.visits.get('web:2')?.requests ?? 0).toBe(0)
  expect(failed(w)).toBe(0)
})

import type { ReleaseStatus } from '@vamp/model/release-status'
import { afterEach, expect, test } from 'vitest'
import { breed, release, shop } from './shop.ts'
import { openWorld, type World, type WorldOptions } from './world.ts'


const lognormal = (random: () => number, median: number) => median * Math.exp(0.5 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))

let world: World | undefined
afterEach(async () => { await world?.close() })

async function shopWith(answer: WorldOptions['answer'], more: Partial<WorldOptions> = {}): Promise<World> {
  world = await openWorld({ seed: 7, answer, ...more })
  await world.apply(shop('web:1.0'))
  await world.until(20, async () => (await world?.store.get('gateway-statuses', 'shop/9050'))?.value.deployed === true
    && ((await world?.store.get('deployment-statuses', 'shop'))?.value.services[0]?.phase === 'Done'))
  world.visit(9050, 100)
  await world.seconds(12)
  return world
}

const statusOf = async (w: World, name: string): Promise<ReleaseStatus | undefined> => (await w.store.get('release-statuses', name))?.value
const decided = (w: World, name: string) => async () => (await statusOf(w, name))?.verdict !== undefined
const over = (w: World, name: string, phase: string) => async () => (await statusOf(w, name))?.phase === phase
const failed = (w: World) => [...w.visits.values()].reduce((sum, { failed }) => sum + failed, 0)

test('a healthy version is promoted, takes everything, and not one request fails', async () => {
  const w = await shopWith((_, random) => ({ status: 200, latencyMs: lognormal(random, 10) }))

  await w.apply(breed('web:1.1') + release('r1.1', 'web:1.1'))
  await w.until(240, over(w, 'r1.1', 'promoted'))
  const before = w.visits.get('web:1.0')?.requests ?? 0
  await w.seconds(10)

  expect((await statusOf(w, 'r1.1'))?.verdict).toBe('promoted')
  expect(w.visits.get('web:1.0')?.requests).toBe(before)
  expect(failed(w)).toBe(0)
  expect((await w.store.get('deployments', 'shop'))?.value.clusters[0]?.services.map(({ breed }) => breed.name)).toEqual(['web:1.1'])
})

test('a version with errors is rolled back by itself and leaves nothing behind', async () => {
  const w = await shopWith((version, random) => ({ status: version === 'web:1.2' && random() < 0.05 ? 500 : 200, latencyMs: lognormal(random, 10) }))

  await w.apply(breed('web:1.2') + release('r1.2', 'web:1.2'))
  await w.until(120, over(w, 'r1.2', 'rolled_back'))
  await w.seconds(5)

  const status = await statusOf(w, 'r1.2')
  expect(status?.verdict).toBe('rolled_back')
  expect(status?.sentence).toMatch(/^Rolled back after \d+ s\. The new version failed \d+ of \d+ requests/)
  expect(w.visits.get('web:1.2')?.failed).toBeLessThanOrEqual(30)
  expect(failed(w)).toBe(w.visits.get('web:1.2')?.failed)
  expect([...w.machine.instances.values()].map(({ workload }) => workload.service)).toEqual(['web:1.0', 'web:1.0'])
  expect(status?.next).toBe('Version web:1.2 is gone.')
})

test('which requests failed is told by status and path, without ids, and adds up to how many did', async () => {
  const w = await shopWith((version, random, { path = '/' }) => {
    const fails = path.startsWith('/cart') ? random() < (version === 'web:1.2' ? 0.5 : 0.004) : version === 'web:1.2' && random() < 0.01
    return { status: fails ? path.startsWith('/cart') ? 500 : 503 : 200, latencyMs: lognormal(random, 10) }
  }, { paths: ['/', '/search?q=secret', '/cart/17', '/cart/18'] })

  await w.apply(breed('web:1.2') + release('r1.2', 'web:1.2'))
  await w.until(120, over(w, 'r1.2', 'rolled_back'))

  const status = await statusOf(w, 'r1.2')
  const { canary = [], baseline = [] } = status?.failures ?? {}
  expect(canary[0]).toEqual({ requests: expect.any(Number), status: 500, method: 'GET', path: '/cart/:id' })
  for (const arm of ['canary', 'baseline'] as const) expect((status?.failures?.[arm] ?? []).reduce((sum, { requests }) => sum + requests, 0)).toBe(status?.failed[arm])
  expect([...canary, ...baseline].every(({ path }) => path !== undefined && ['/', '/search', '/cart/:id'].includes(path))).toBe(true)
  expect(status?.sentence).toContain(` What failed: ${canary[0]?.requests} × 500 on GET /cart/:id`)
  const { events } = await w.events.query({ tags: ['releases:r1.2', 'release:rolled_back'] })
  expect(events[0]?.value).toMatchObject({ failures: status?.failures })
})

test('each event of a release says from which share to which, and why', async () => {
  const w = await shopWith((version, random) => ({ status: version === 'web:1.2' && random() < 0.05 ? 500 : 200, latencyMs: lognormal(random, 10) }))
  await w.apply(breed('web:1.1') + release('r1.1', 'web:1.1'))
  await w.until(240, over(w, 'r1.1', 'promoted'))
  await w.seconds(5)
  await w.apply(breed('web:1.2') + release('r1.2', 'web:1.2'))
  await w.until(120, over(w, 'r1.2', 'rolled_back'))

  const good = await told(w, 'r1.1')
  const steps = good.filter(({ change }) => change === 'weight' || change === 'promoted')
  expect(steps.map(({ before }) => before)).toEqual([0, ...steps.map(({ weight }) => weight)].slice(0, -1))
  for (const { change, before, weight, sentence } of steps) expect(sentence).toMatch(change === 'weight' ? new RegExp(`^web:1\\.1: ${before} % → ${weight} % of the traffic\\. [A-Z].+\\.$`) : /^Promoted after .+ web:1\.1: [\d.]+ % → 100 % of the traffic\.$/)
  expect(good.map(({ change }) => change).filter(change => change !== 'weight')).toEqual(['started', 'ramping', 'promoted', 'ended'])
  expect(good.at(-1)?.sentence).toMatch(/^Over: promoted\. Version web:1\.0 is being removed\. Promoted after/)

  const bad = await told(w, 'r1.2')
  expect(bad.map(({ change }) => change).filter(change => change !== 'weight')).toEqual(['started', 'ramping', 'suspected', ...bad.filter(({ change }) => change === 'suspected').slice(1).map(() => 'suspected'), 'rolled_back', 'ended'])
  expect(bad.find(({ change }) => change === 'suspected')?.sentence).toMatch(/^Evidence \d+ to 1 for more errors: traffic frozen at [\d.]+ %\. The new version failed \d+ of \d+ requests?; .* What failed: \d+ × 500 on GET \/\.$/)
  expect(bad.find(({ change }) => change === 'rolled_back')?.sentence).toMatch(/^Rolled back after \d+ s\..+ web:1\.2: [\d.]+ % → 0 % of the traffic\.$/)
})

/** The events of a release, oldest first. */
async function told(w: World, name: string) {
  const { events } = await w.events.query({ tags: [`releases:${name}`], type: 'release' }, { limit: 1000 })
  return events.toReversed().map(({ tags, value }) => {
    const { weight, weight_before: before = weight, sentence } = value as { weight: number; weight_before?: number; sentence: string }
    return { change: tags.find(tag => tag.startsWith('release:'))?.slice('release:'.length), weight, before, sentence }
  })
}

test('what a version that is sent back printed last outlives its instances', async () => {
  const w = await shopWith((version, random) => ({ status: version === 'web:1.2' && random() < 0.5 ? 500 : 200, latencyMs: lognormal(random, 10) }))
  w.machine.onChange(id => { if (w.machine.instances.get(id)?.workload.service === 'web:1.2' && w.machine.logs(id).length === 0) for (let line = 1; line <= 60; line++) w.machine.log(id, `TypeError ${line}`, 'stderr') })

  await w.apply(breed('web:1.2') + release('r1.2', 'web:1.2'))
  await w.until(120, over(w, 'r1.2', 'rolled_back'))

  const { post_mortem: left } = await statusOf(w, 'r1.2') ?? {}
  const [printed] = left?.printed ?? []
  expect([printed?.service, printed?.lines.length, printed?.lines[0]?.line, printed?.lines.at(-1)]).toEqual(['web:1.2', 50, 'TypeError 11', { timestamp: expect.any(String), stream: 'stderr', line: 'TypeError 60' }])
  const { events } = await w.events.query({ tags: ['releases:r1.2', 'release:ended'] })
  expect(events[0]?.value).toEqual(expect.objectContaining({ post_mortem: left }))
  const listed = await (await fetch(`${w.url}/api/v1/release-statuses`)).json() as object[]
  expect(listed).toEqual([expect.not.objectContaining({ post_mortem: expect.anything() })])
})

test('a version whose slowest requests take twice as long is rolled back although nothing fails', async () => {
  const w = await shopWith((version, random) => {
    const latencyMs = lognormal(random, 10)
    return { status: 200, latencyMs: version === 'web:1.3' && latencyMs > 25 ? latencyMs * 2 : latencyMs }
  })

  await w.apply(breed('web:1.3') + release('r1.3', 'web:1.3'))
  await w.until(180, decided(w, 'r1.3'))

  expect((await statusOf(w, 'r1.3'))?.verdict).toBe('rolled_back')
  expect(failed(w)).toBe(0)
})

test('a server that is replaced in the middle of a release goes on with the same evidence and without a jump of weight', async () => {
  const w = await shopWith((version, random) => ({ status: version === 'web:1.2' && random() < 0.05 ? 500 : 200, latencyMs: lognormal(random, 10) }))
  await w.apply(breed('web:1.2') + release('r1.2', 'web:1.2'))
  await w.until(60, async () => ((await statusOf(w, 'r1.2'))?.requests.canary ?? 0) > 20)
  const before = await statusOf(w, 'r1.2')

  await w.killAndRestart()
  const resumed = await statusOf(w, 'r1.2')
  await w.until(120, over(w, 'r1.2', 'rolled_back'))

  // At most one ordinary step of the ramp may have been taken meanwhile.
  expect(resumed?.weight).toBeGreaterThanOrEqual(before?.weight ?? 0)
  expect(resumed?.weight).toBeLessThanOrEqual(2 * (before?.weight ?? 0))
  expect(resumed?.requests.canary).toBeGreaterThanOrEqual(before?.requests.canary ?? 0)
  expect((await statusOf(w, 'r1.2'))?.verdict).toBe('rolled_back')
  expect(failed(w)).toBe(w.visits.get('web:1.2')?.failed)
})

test('a release that an older server left behind in the middle goes on with its evidence', async () => {
  const w = await shopWith((version, random) => ({ status: version === 'web:1.2' && random() < 0.05 ? 500 : 200, latencyMs: lognormal(random, 10) }))
  await w.apply(breed('web:1.2') + release('r1.2', 'web:1.2'))
  await w.until(60, async () => ((await statusOf(w, 'r1.2'))?.requests.canary ?? 0) > 20)

  await w.killAtWrite(1, true)
  const left = await w.store.get('release-statuses', 'r1.2')
  const judge = structuredClone(left?.value.judge) as { state: Record<string, unknown> }
  const { clumps, ...older } = judge.state
  if (left) await w.store.put('release-statuses', 'r1.2', { ...left.value, judge: { ...judge, state: older } }, 'any')
  await w.until(120, over(w, 'r1.2', 'rolled_back'))

  expect(clumps).toBeDefined()
  const end = await statusOf(w, 'r1.2')
  expect(end?.verdict).toBe('rolled_back')
  expect(end?.requests.canary).toBeGreaterThan(left?.value.requests.canary ?? 0)
  expect(end?.evidence.map(({ noise = 0 }) => noise).every(noise => noise >= 1)).toBe(true)
})

test('a version that never becomes healthy gets no request and is taken away with the reason', async () => {
  const w = await shopWith((_, random) => ({ status: 200, latencyMs: lognormal(random, 10) }), {
    behaviour: version => version === 'web:9' ? { answer: () => 'answered 503' } : { startUpMs: 300 },
  })

  await w.apply(breed('web:9', 'health_checks: {path: /health, port: http, initial_delay: 1s, timeout: 1s, interval: 1s, failures: 3}') + release('r9', 'web:9'))
  await w.until(10, async () => /^Version web:9 is being started beside web:1.0; it is not healthy yet: shop-web-9-.*: health check `GET \/health` answered 503/.test((await statusOf(w, 'r9'))?.sentence ?? ''))
  await w.until(400, over(w, 'r9', 'failed'))

  expect((await statusOf(w, 'r9'))?.sentence).toMatch(/never got a request/)
  expect(w.visits.has('web:9')).toBe(false)
  expect(failed(w)).toBe(0)
})

test('a version that does not stay up gets no request, and is given up', async () => {
  const w = await shopWith((_, random) => ({ status: 200, latencyMs: lognormal(random, 10) }), {
    behaviour: version => version === 'web:8' ? { startUpMs: 100, exitsAfterMs: 50 } : { startUpMs: 300 },
  })

  await w.apply(breed('web:8') + release('r8', 'web:8'))
  await w.until(120, over(w, 'r8', 'failed'))

  expect((await statusOf(w, 'r8'))?.sentence).toMatch(/^Version web:8 never got a request/)
  expect(failed(w)).toBe(0)
})

test('a version that dies when it has traffic is rolled back within seconds', async () => {
  const w = await shopWith((_, random) => ({ status: 200, latencyMs: lognormal(random, 10) }))

  await w.apply(breed('web:8') + release('r8', 'web:8'))
  await w.until(60, async () => ((await statusOf(w, 'r8'))?.requests.canary ?? 0) > 10)
  for (const { workload } of [...w.machine.instances.values()]) if (workload.service === 'web:8') w.machine.crash(workload.id)
  await w.until(10, over(w, 'r8', 'rolled_back'))

  expect((await statusOf(w, 'r8'))?.failed.canary).toBeLessThanOrEqual(20)
})

async function releasedUnvisited(version: string): Promise<World> {
  const w = await openWorld({ seed: 7, answer: () => ({ status: 200, latencyMs: 10 }) })
  world = w
  await w.apply(shop('web:1.0'))
  await w.until(20, async () => (await w.store.get('deployment-statuses', 'shop'))?.value.services[0]?.phase === 'Done')
  await w.apply(breed(version) + release('r8', version))
  await w.until(20, over(w, 'r8', 'ramping'))
  return w
}

/** Every second the first instance of each of these versions that is ready crashes, so many times in all. */
async function crashes(w: World, versions: readonly string[], times: number): Promise<void> {
  for (let round = 0; round < times; round++) {
    for (const version of versions) {
      const ready = async () => (await w.store.get('deployment-statuses', 'shop'))?.value.instances.find(({ service, state }) => service === version && state === 'ready')
      await w.until(20, async () => await ready() !== undefined)
      w.machine.crash((await ready())?.id ?? '')
    }
    await w.seconds(1)
  }
}

test('a version whose instances crash again and again is rolled back, though nobody visits it', async () => {
  const w = await releasedUnvisited('web:8')

  await crashes(w, ['web:8'], 1)
  await w.seconds(5)
  expect((await statusOf(w, 'r8'))?.phase).toBe('ramping')

  await crashes(w, ['web:8'], 1)
  await w.until(2, over(w, 'r8', 'rolled_back'))
  expect((await statusOf(w, 'r8'))?.sentence).toMatch(/^Rolled back after \d+ s\. Instances of web:8 crashed 2 times \(.+\)\. If it were one in ten minutes for each, so many so soon would be seen in fewer than 1 of \d+ releases\.$/)
})

test('one cause that ends all instances of the new version is one crash of each, and decides nothing', async () => {
  const w = await openWorld({ seed: 7, answer: () => ({ status: 200, latencyMs: 10 }) })
  world = w
  await w.apply(shop('web:1.0').replace(/instances: \d+/, 'instances: 4'))
  await w.until(20, async () => (await w.store.get('deployment-statuses', 'shop'))?.value.services[0]?.phase === 'Done')
  await w.apply(breed('web:8') + release('r8', 'web:8'))
  await w.until(20, over(w, 'r8', 'ramping'))
  const ready = async () => (await w.store.get('deployment-statuses', 'shop'))?.value.instances.filter(({ service, state }) => service === 'web:8' && state === 'ready') ?? []
  await w.until(20, async () => (await ready()).length > 1)

  for (const { id } of await ready()) w.machine.crash(id)
  await w.seconds(20)

  expect((await statusOf(w, 'r8'))?.phase).toBe('ramping')
})

test('where the old version crashes as often, crashes alone decide nothing', async () => {
  const w = await releasedUnvisited('web:8')

  await crashes(w, ['web:1.0', 'web:8'], 3)
  await w.seconds(5)

  expect((await statusOf(w, 'r8'))?.phase).toBe('ramping')
})

test('people steer: pause freezes the weight, set-weight moves it, abort brings everything back', async () => {
  const w = await shopWith((_, random) => ({ status: 200, latencyMs: lognormal(random, 10) }))
  const order = (path: string, method: string, body: unknown) => fetch(`${w.url}/api/v1/releases/r1.1/${path}`, { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  await w.apply(breed('web:1.1') + release('r1.1', 'web:1.1'))
  await w.until(60, async () => ((await statusOf(w, 'r1.1'))?.weight ?? 0) > 3)

  await order('pause', 'POST', {})
  await w.seconds(2)
  const paused = await statusOf(w, 'r1.1')
  await w.seconds(20)
  expect(paused?.phase).toBe('paused')
  expect((await statusOf(w, 'r1.1'))?.weight).toBe(paused?.weight)

  await order('weight', 'PUT', { weight: 40 })
  await w.seconds(2)
  expect((await w.store.get('gateway-statuses', 'shop/web/http'))?.value.acknowledged['shop/web/web:1.1/http']).toBe(40)

  await order('abort', 'POST', { reason: 'wrong day' })
  await w.until(30, over(w, 'r1.1', 'aborted'))
  expect((await statusOf(w, 'r1.1'))?.sentence).toContain('wrong day')
  expect(failed(w)).toBe(0)
})

test('a release whose deployment is removed ends, and does not stand in the way of the next one', async () => {
  const w = await shopWith((_, random) => ({ status: 200, latencyMs: lognormal(random, 10) }))
  await w.apply(breed('web:1.1') + release('r1.1', 'web:1.1'))
  await w.until(60, over(w, 'r1.1', 'ramping'))

  const stored = await w.store.get('deployments', 'shop')
  if (!stored) throw new Error('the deployment is gone too early')
  const clusters = stored.value.clusters.map(cluster => ({ ...cluster, services: cluster.services.map(service => ({ ...service, intention: 'Undeployment' as const })) }))
  await w.store.put('deployments', 'shop', { ...stored.value, clusters })
  await w.until(60, over(w, 'r1.1', 'aborted'))

  expect(await statusOf(w, 'r1.1')).toMatchObject({ verdict: 'aborted', weight: 0, sentence: 'Version web:1.1 was taken out of shop/web during the release.' })
})

import type { ServiceScaling } from '@vamp/model/autoscaler-status'
import { seeded } from '@vamp/stats/testdata/seeded'
import { afterEach, expect, test } from 'vitest'
import { openWorld, type World, type WorldOptions } from './world.ts'

const shop = (cluster: string, port: number, instances = 1) => `
kind: breed
name: ${cluster}:1
deployable: {type: process, definition: shop}
ports: {http: 8080/http}
---
kind: deployment
name: ${cluster}
gateways: {${port}: main/http}
clusters: {main: {services: [{breed: ${cluster}:1, scale: {cpu: 0.2, memory: 64MB, instances: ${instances}}}]}}
`
const autoscaler = (name: string, more: string) => `{kind: autoscaler, name: ${name}, deployment: ${name}, cluster: main, ${more}}`

let world: World | undefined
afterEach(async () => { await world?.close() })

async function running(names: readonly string[], more: Partial<WorldOptions> = {}, instances = 1): Promise<World> {
  const w = await openWorld({ seed: 3, answer: () => ({ status: 200, latencyMs: 20 }), ...more })
  world = w
  for (const [index, name] of names.entries()) {
    await w.apply(shop(name, 9050 + index, instances))
    await w.until(20, async () => (await w.store.get('deployment-statuses', name))?.value.services[0]?.phase === 'Done' && (await w.store.get('gateway-statuses', `${name}/${9050 + index}`))?.value.deployed === true)
  }
  return w
}

const instances = async (w: World, name: string) => (await w.store.get('deployments', name))?.value.clusters[0]?.services[0]?.scale.instances ?? -1
const scaling = async (w: World, name: string): Promise<ServiceScaling | undefined> => (await w.store.get('autoscaler-statuses', name))?.value.services[0]
const failed = (w: World) => [...w.visits.values()].reduce((sum, { failed }) => sum + failed, 0)

test('a crowd is met within seconds, and what it left behind is given back one by one without a failed request', async () => {
  const w = await running(['web'])
  w.visit(9050, 5)
  await w.apply(autoscaler('web', 'minimum: 1, maximum: 20, signals: [{metric: requests, target: 10}], prediction: off'))
  await w.seconds(5)
  expect(await instances(w, 'web')).toBe(1)

  const leave = w.visit(9050, 70)
  await w.until(4, async () => await instances(w, 'web') >= 7)
  await w.until(30, async () => (await scaling(w, 'web'))?.ready === 8)
  await w.seconds(25)
  expect((await scaling(w, 'web'))?.sentence).toMatch(/^8 instances because 7\d requests\/s at 10 per instance/)

  leave()
  await w.until(120, async () => await instances(w, 'web') === 1)
  expect(failed(w)).toBe(0)
  const sizes = (await w.events.query({ type: 'scaling' })).events.map(({ value }) => (value as { to: { instances: number } }).to.instances)
  // Downwards by one each time.
  const down = sizes.slice(0, sizes.indexOf(Math.max(...sizes)))
  expect(down).toEqual(down.map((_, index) => index + 1))
})

test('a step is seen before its second is over', async () => {
  const w = await running(['web'])
  w.visit(9050, 5)
  await w.apply(autoscaler('web', 'minimum: 1, maximum: 30, signals: [{metric: requests, target: 10}], prediction: off'))
  // Half a second into a second, which nobody tells of before another three quarters.
  await w.seconds(20.5)
  expect(await instances(w, 'web')).toBe(1)

  w.visit(9050, 150)
  await w.seconds(0.6)
  expect(await instances(w, 'web')).toBeGreaterThanOrEqual(11)
})

test('the maximum is kept, and said', async () => {
  const w = await running(['web'])
  w.visit(9050, 100)
  await w.apply(autoscaler('web', 'maximum: 3, signals: [{metric: requests, target: 20}]'))

  await w.until(10, async () => await instances(w, 'web') === 3)
  await w.seconds(12)

  expect((await scaling(w, 'web'))?.sentence).toMatch(/^3 instances because (9\d|10\d) requests\/s at 20 per instance; wanted [56], limited by maximum 3\.$/)
})

test('in shadow mode it says what it would do, and does nothing', async () => {
  const w = await running(['web'])
  w.visit(9050, 100)
  await w.apply(autoscaler('web', 'maximum: 9, mode: shadow, signals: [{metric: requests, target: 20}]'))
  await w.seconds(12)

  expect(await instances(w, 'web')).toBe(1)
  expect((await scaling(w, 'web'))?.granted).toBe(5)
  expect((await w.events.query({ type: 'scaling' })).total).toBe(0)
})

test('a promise about latency is kept with what the queueing model finds', async () => {
  // An instance works on two requests at a time, 80 ms each: above 25 a second there is a queue.
  const busy = new Map<string, number[]>()
  let now = () => 0
  const w = await running(['web'], {
    answer: (_, random) => {
      // The memory proxy does not say which instance; visitors of one version are spread evenly over its ready ones.
      const size = Math.max(1, [...(world?.machine.instances.values() ?? [])].filter(({ state }) => state === 'running').length)
      const id = String(Math.floor(random() * size))
      const [first = 0, second = 0] = busy.get(id) ?? []
      const end = Math.max(now(), Math.min(first, second)) + 60 + 40 * random()
      busy.set(id, [end, Math.max(first, second)])
      return { status: 200, latencyMs: end - now() }
    },
  })
  now = () => w.clock.now()
  w.visit(9050, 15)
  await w.apply(autoscaler('web', 'maximum: 12, slo: p95 <= 300ms, prediction: off'))
  await w.seconds(30)
  w.visit(9050, 75)
  await w.seconds(120)

  const status = await scaling(w, 'web')
  expect(status?.instances).toBeGreaterThanOrEqual(4)
  expect(status?.instances).toBeLessThan(12)
  expect(status?.sentence).toMatch(/p95 <= 300ms/)
})

test('events of others are a signal, alone or in an expression; without a value nothing is given up', async () => {
  const w = await running(['web'])
  await w.apply(autoscaler('web', "maximum: 9, signals: [{metric: 'event:jobs + requests', target: 10}], behaviour: {down: {stabilisation: 5s}}"))
  await w.seconds(9)
  expect((await scaling(w, 'web'))?.frozen).toBe('event:jobs + requests: there is no value of it')

  await w.events.append([{ type: 'jobs', tags: ['jobs'], value: 45 }])
  await w.until(3, async () => await instances(w, 'web') === 5)
  await w.events.append([{ type: 'jobs', tags: ['jobs'], value: 0 }])
  await w.until(60, async () => await instances(w, 'web') === 1)
})

test('at night there is nothing, and the first visitor brings an instance back', async () => {
  const w = await running(['web'])
  await w.apply(autoscaler('web', 'minimum: 0, maximum: 5, signals: [{metric: requests, target: 20}], behaviour: {down: {stabilisation: 10s}}'))
  await w.until(60, async () => await instances(w, 'web') === 0)

  w.visit(9050, 5)
  await w.until(3, async () => await instances(w, 'web') >= 1)
  await w.until(20, async () => (await scaling(w, 'web'))?.ready === 1)
})

test('a schedule is a floor for its time', async () => {
  const w = await running(['web'])
  // The virtual clock begins on 2023-11-14 22:13:20 UTC.
  await w.apply(autoscaler('web', "maximum: 9, signals: [{metric: requests, target: 20}], behaviour: {down: {stabilisation: 5s}}, schedules: [{cron: '15 23 * * *', timezone: Europe/Amsterdam, minimum: 4, duration: 3m}]"))
  await w.seconds(95)
  expect(await instances(w, 'web')).toBe(1)
  await w.until(10, async () => await instances(w, 'web') === 4)
  await w.seconds(160)
  expect(await instances(w, 'web')).toBe(4)
  await w.until(60, async () => await instances(w, 'web') === 1)
})

const DAY = 1440
/** Minutes until the present one, which is so many after midnight. */
const minutes = (days: number, present: number, rateAt: (minute: number) => number) => Array.from({ length: days * DAY }, (_, index) => rateAt(index - days * DAY + present))

test('on a daily wave the forecast is trusted, and what the morning brings is there before it comes', async () => {
  // Twenty a second by night, two hundred from eight on; it is a minute to eight.
  const random = seeded(5)
  const daily = (minute: number) => { const of = ((minute % DAY) + DAY) % DAY; return (of >= 480 && of < 1200 ? 200 : 20) * (0.9 + 0.2 * random()) }
  const w = await running(['web'], { past: { route: 'web/main/web:1/http', rates: minutes(4, 479, daily) } })
  w.visit(9050, 20)
  await w.apply(autoscaler('web', 'minimum: 1, maximum: 40, signals: [{metric: requests, target: 10}]'))
  // Two would do for those who are there.
  await w.until(20, async () => await instances(w, 'web') >= 12)

  expect(await scaling(w, 'web')).toMatchObject({ forecast: { trusted: true }, sentence: expect.stringMatching(/1\d\d requests\/s are expected, [12]\d\d with head-room/) })
})

test('on a random walk the forecast is not used, and it is said so', async () => {
  const random = seeded(5)
  let level = 3
  const walk = minutes(4, 479, () => { level = Math.min(5, Math.max(2, level + 0.05 * (random() + random() - 1))); return Math.exp(level) })
  const w = await running(['web'], { past: { route: 'web/main/web:1/http', rates: walk } })
  w.visit(9050, 20)
  await w.apply(autoscaler('web', 'minimum: 1, maximum: 40, signals: [{metric: requests, target: 10}]'))
  await w.seconds(20)

  expect(await instances(w, 'web')).toBeLessThanOrEqual(3)
  expect(await scaling(w, 'web')).toMatchObject({ forecast: { trusted: false, sentence: expect.stringMatching(/^The forecast is not used/) } })
})

test('on a fixed pool the important service takes slots from the other, and gives them back', async () => {
  const w = await running(['batch', 'web'], { config: { slots: 10 } })
  const pool = watchPool(w)
  await w.apply(autoscaler('batch', 'minimum: 1, maximum: 20, priority: 1, signals: [{metric: event:batch, target: 1}], behaviour: {down: {stabilisation: 5s}}'))
  await w.apply(autoscaler('web', 'minimum: 1, maximum: 20, priority: 10, signals: [{metric: event:web, target: 1}], behaviour: {down: {stabilisation: 5s}}'))
  const say = (type: string, value: number) => w.events.append([{ type, tags: [type], value }])
  await say('batch', 20)
  await say('web', 1)
  await w.until(30, async () => await instances(w, 'batch') === 9)

  await say('web', 7)
  await w.until(20, async () => (await scaling(w, 'web'))?.ready === 7)
  expect(await instances(w, 'batch')).toBe(3)
  expect((await scaling(w, 'batch'))?.sentence).toMatch(/the pool of 10 slots has 3 for it/)
  // Never more than the pool.
  expect(pool.most).toBeLessThanOrEqual(10)

  await say('web', 1)
  await w.until(60, async () => await instances(w, 'batch') === 9)
  expect(await instances(w, 'web')).toBe(1)
  expect(pool.most).toBeLessThanOrEqual(10)
})

/** The most instances that were at work at the same time: who is told to stop has finished, and only has to end. */
function watchPool(w: World): { readonly most: number } {
  const pool = { most: 0 }
  w.store.watch(({ kind }) => {
    if (kind !== 'deployment-statuses') return
    void Promise.all(['batch', 'web'].map(name => w.store.get('deployment-statuses', name))).then(found => {
      pool.most = Math.max(pool.most, found.flatMap(each => each?.value.instances ?? []).filter(({ state }) => state !== 'stopping').length)
    })
  })
  return pool
}

test('during a release the new version grows before its weight, and the old one keeps enough to take everything back', async () => {
  const lognormal = (random: () => number) => 10 * Math.exp(0.5 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))
  const w = await running(['web'], { answer: (_, random) => ({ status: 200, latencyMs: lognormal(random) }) })
  w.visit(9050, 100)
  await w.apply(autoscaler('web', 'maximum: 20, signals: [{metric: requests, target: 20}], behaviour: {down: {stabilisation: 5s}}, prediction: off'))
  await w.until(20, async () => (await scaling(w, 'web'))?.ready === 5)
  await w.apply(`
kind: breed
name: web:2
deployable: {type: process, definition: shop 2}
ports: {http: 8080/http}
---
{kind: release, name: r, deployment: web, cluster: main, to: 'web:2', keep: 20s, clock: {minimum: 30s, load_check: 10s, warm_up: 5s, hold_back: 5s}}`)
  let [starved, least] = [0, Number.POSITIVE_INFINITY]
  await w.until(240, async () => {
    const status = (await w.store.get('release-statuses', 'r'))?.value
    const services = (await w.store.get('deployments', 'web'))?.value.clusters[0]?.services ?? []
    const size = (name: string) => services.find(({ breed }) => breed.name === name)?.scale.instances ?? 0
    if (status?.phase === 'ramping' || status?.phase === 'hold_back') {
      least = Math.min(least, size('web:1'))
      if (size('web:2') < Math.ceil(5 * status.weight / 100)) starved++
    }
    return status?.phase === 'keeping'
  })

  expect(least).toBe(5)
  expect(starved).toBeLessThanOrEqual(1)
  expect(failed(w)).toBe(0)
})

import type { ScalingReplay, SizeExplained } from '@vamp/model/api/scaling'
import { afterEach, expect, test } from 'vitest'
import { openWorld, type World } from './world.ts'

let world: World | undefined
afterEach(async () => { await world?.close() })

async function shop(): Promise<World> {
  const w = await openWorld({ seed: 3, answer: () => ({ status: 200, latencyMs: 20 }) })
  world = w
  await w.apply(`
kind: breed
name: web:1
deployable: {type: process, definition: shop}
ports: {http: 8080/http}
---
{kind: deployment, name: shop, gateways: {9050: web/http}, clusters: {web: {services: [{breed: 'web:1', scale: {cpu: 0.2, memory: 64MB, instances: 2}}]}}}`)
  await w.until(20, async () => (await w.store.get('deployment-statuses', 'shop'))?.value.services[0]?.phase === 'Done' && (await w.store.get('gateway-statuses', 'shop/9050'))?.value.deployed === true)
  return w
}

const AUTOSCALER = '{kind: autoscaler, name: web, deployment: shop, cluster: web, maximum: 4, signals: [{metric: requests, target: 20}]}'
const ask = async <T>(w: World, path: string, init?: RequestInit) => (await fetch(`${w.url}/api/v1${path}`, init)).json() as Promise<T>

test('a size that nobody keeps is what somebody said', async () => {
  const w = await shop()
  expect(await ask<SizeExplained[]>(w, '/explain/shop/web')).toEqual([{ deployment: 'shop', cluster: 'web', service: 'web:1', instances: 2, ready: 2, sentence: '2 instances because its scale says so: nobody scales it.' }])
})

test('an autoscaled size is explained with its numbers, and charted second by second', async () => {
  const w = await shop()
  w.visit(9050, 100)
  await w.apply(AUTOSCALER)
  await w.seconds(40)

  const [explained] = await ask<SizeExplained[]>(w, '/explain/shop/web')
  expect(explained).toMatchObject({ autoscaler: 'web', instances: 4, ready: 4, changed: { by: 'autoscaler:web', from: 2, to: 4 } })
  expect(explained?.sentence).toBe('4 instances because 100 requests/s at 20 per instance; wanted 5, limited by maximum 4.')
  const [points] = await ask<{ service: string; points: { signal: number; granted: number }[] }[]>(w, '/autoscalers/web/points?since=1m')
  expect(points?.service).toBe('web:1')
  expect(points?.points.length).toBeGreaterThan(30)
  expect(points?.points.at(-1)).toMatchObject({ signal: 100, granted: 4 })
})

test('a policy is tried on the recorded traffic without touching anything', async () => {
  const w = await shop()
  const leave = w.visit(9050, 100)
  await w.seconds(60)
  leave()
  await w.seconds(60)

  const replay = await ask<ScalingReplay>(w, '/autoscaler-replays?since=2m&start_up=2', { method: 'POST', body: AUTOSCALER, headers: { 'content-type': 'application/x-yaml' } })

  expect(replay).toMatchObject({ resolution: 1, instances_max: 4 })
  expect(replay.instance_hours).toBeGreaterThan(60 * 4 / 3600)
  expect(replay.instance_hours).toBeLessThan(120 * 4 / 3600)
  expect((await w.store.list('autoscalers')).total).toBe(0)
  expect((await w.store.get('deployments', 'shop'))?.value.clusters[0]?.services[0]?.scale.instances).toBe(2)
})

test('an autoscaler that leads nowhere says so', async () => {
  const w = await shop()
  await w.apply('{kind: autoscaler, name: lost, deployment: shop, cluster: db, maximum: 4, signals: [{metric: requests, target: 20}]}')
  await w.seconds(2)
  expect(await ask(w, '/autoscalers/lost/status')).toMatchObject({ problem: 'There is no cluster shop/db.', services: [] })
})

/** The dialogues of the original's documentation, against the whole server: what is accepted is carried out. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openWorld, type World } from '../acceptance/world.ts'
import { ask as askAt, type Sent } from './ask.ts'

let world: World
beforeEach(async () => { world = await openWorld({ seed: 3, answer: () => ({ status: 200, latencyMs: 10 }) }) })
afterEach(async () => { await world.close() })

const ask = (path: string, sent?: Sent) => askAt(world.url, path, sent)
const accepted = async (method: string, path: string, body?: unknown) => {
  const { status, text } = await ask(path, { method, ...(body === undefined ? {} : { body }) })
  expect([method, path, status, status < 300 ? '' : text]).toEqual([method, path, expect.any(Number), ''])
}

interface Service { readonly breed: { readonly name: string }; readonly status: { readonly phase: { readonly name: string } }; readonly instances: readonly { readonly deployed: boolean }[] }

async function services(): Promise<Record<string, string>> {
  const { status, value } = await ask('/deployments/shop')
  if (status === 404) return {}
  const { clusters } = value as { clusters: Record<string, { services: readonly Service[] }> }
  return Object.fromEntries(Object.values(clusters).flatMap(cluster => cluster.services.map(({ breed, status: { phase }, instances }) => [breed.name, `${phase.name} ${instances.filter(({ deployed }) => deployed).length}`])))
}
const until = (wanted: Record<string, string>) => world.until(60, async () => { const found = await services(); return JSON.stringify(Object.entries(found).sort()) === JSON.stringify(Object.entries(wanted).sort()) })
const weights = async (one: number, two: number) => {
  const { value } = await ask('/gateways/shop/front/web')
  const gateway = value as { routes: Record<string, object> }
  const [first = '', second = ''] = Object.keys(gateway.routes)
  await accepted('PUT', '/gateways/shop%2Ffront%2Fweb', { ...gateway, routes: { [first]: { ...gateway.routes[first], weight: `${one}%` }, [second]: { ...gateway.routes[second], weight: `${two}%` } } })
  await world.until(30, async () => JSON.stringify((await state()).acknowledged) === JSON.stringify({ [first]: one, [second]: two }))
}
const state = async () => ((await ask('/gateways/shop/front/web')).value as { state: { acknowledged: Record<string, number> } }).state
const breed = (name: string) => ({ name, deployable: { type: 'process', definition: name }, ports: { web: '8080/http' } })
const front = (name: string) => ({ name: 'shop', clusters: { front: { services: [{ breed: name }] } } })

async function shop(): Promise<void> {
  await accepted('POST', '/breeds', breed('front:1'))
  await accepted('POST', '/blueprints', { name: 'shop', gateways: { 9050: 'front/web' }, clusters: { front: { services: [{ breed: 'front:1', scale: { cpu: 0.1, memory: '64MB', instances: 2 } }] } } })
  await accepted('POST', '/deployments', { name: 'shop' })
  await until({ 'front:1': 'Done 2' })
}

test('a canary is merged, weighed up step by step, and the old version is taken away', async () => {
  await shop()
  await accepted('POST', '/breeds', breed('front:2'))
  await accepted('PUT', '/deployments/shop', front('front:2'))
  await until({ 'front:1': 'Done 2', 'front:2': 'Done 1' })
  expect((await state()).acknowledged).toEqual({ 'shop/front/front:1/web': 100, 'shop/front/front:2/web': 0 })

  await weights(90, 10)
  expect((await ask('/deployments/shop', { method: 'DELETE', body: front('front:1') })).status).toBe(400)
  await weights(0, 100)
  await accepted('DELETE', '/deployments/shop', front('front:1'))

  await until({ 'front:2': 'Done 1' })
  expect((await state()).acknowledged).toEqual({ 'shop/front/front:2/web': 100 })
  const { value } = await ask('/events?tag=gateways:shop/front/web&tag=route:weightupdated')
  expect((value as unknown[]).length).toBeGreaterThan(0)
})

test('a canary is rolled back', async () => {
  await shop()
  await accepted('POST', '/breeds', breed('front:2'))
  await accepted('PUT', '/deployments/shop', front('front:2'))
  await until({ 'front:1': 'Done 2', 'front:2': 'Done 1' })
  await weights(50, 50)

  await weights(100, 0)
  await accepted('DELETE', '/deployments/shop', front('front:2'))

  await until({ 'front:1': 'Done 2' })
})

test.each(['?as_blueprint=true', '?as_blueprint=true&only_references=true', ''])('everything goes when what GET …%s answers is sent with DELETE', async query => {
  await shop()
  const { value } = await ask(`/deployments/shop${query}`)

  await accepted('DELETE', '/deployments/shop', value)

  await until({})
  expect((await ask('/deployments/shop')).status).toBe(404)
  expect((await ask('/gateways/shop/front/web')).status).toBe(404)
  await ask('/gateways/shop%2F9050', { method: 'DELETE' })
  await accepted('POST', '/deployments', { name: 'other', gateways: { 9050: 'front/web' }, clusters: { front: { services: [{ breed: 'front:1' }] } } })
})

test('a deletion with nothing but the name in many documents takes everything', async () => {
  await shop()

  await accepted('DELETE', '/', [{ kind: 'deployments', name: 'shop' }])

  await until({})
})

test('a new size is carried out', async () => {
  await shop()

  await accepted('PUT', '/deployments/shop/clusters/front/services/front:1/scale', { cpu: 0.1, memory: '64MB', instances: 4 })
  await until({ 'front:1': 'Done 4' })
  await accepted('POST', '/scales', { name: 'small', cpu: 0.1, memory: '64MB', instances: 1 })
  await accepted('PUT', '/deployments/shop/clusters/front/services/front:1/scale', { reference: 'small' })

  await until({ 'front:1': 'Done 1' })
})

test('what happens to a deployment is told as events of the original\'s types and tags', async () => {
  await shop()
  await accepted('DELETE', '/deployments/shop', front('front:1'))
  await until({})

  const told = async (query: string) => ((await ask(`/events?${query}`)).value as { tags: string[] }[]).map(({ tags }) => tags.at(-1))
  const service = 'tag=deployments:shop&tag=clusters:front&tag=services:front:1'
  expect(await told(`type=synchronization&${service}`)).toEqual(['synchronization:undeployed', 'synchronization:deployed'])
  expect((await told('type=archive&tag=deployments:shop')).toSorted()).toEqual(expect.arrayContaining(['archive:create', 'archive:update']))
  expect(await told('type=archive&tag=breeds:front:1')).toEqual(['archive:create'])
  expect((await told('tag=gateways:shop/front/web&tag=deployed')).length).toBe(1)
  expect((await told('tag=gateways:shop/front/web&tag=undeployed')).length).toBe(1)
})

test('what runs is listed as selectors see it', async () => {
  await shop()
  const routing = async (query: string) => (await ask(`/scheduler/routing${query}`)).value

  expect(await routing('')).toEqual([{
    name: 'front:1', kind: 'instance', namespace: 'shop', image: 'front:1', labels: { deployment: 'shop', cluster: 'front', service: 'front:1' },
    instances: [1, 2].map(() => ({ ip: expect.any(String), ports: [{ host: expect.any(Number), container: 8080 }] })),
  }])
  expect(await routing('?selector=label(cluster)(front)%20and%20not%20name(back.*)')).toHaveLength(1)
  expect(await routing('?selector=name(back.*)')).toEqual([])
  expect((await ask('/scheduler/routing?selector=name(')).status).toBe(400)
})

test('a proxy without a configuration file has none to show', async () => {
  expect((await ask('/vga/haproxy/1.8/configuration')).status).toBe(404)
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestServer, testServer } from './testdata/test-server.ts'

const SECRET = 'a-secret-of-the-registry'
const OPEN = { auth: 'on', imagePushSecret: SECRET } as const
let server: TestServer
let admin: Record<string, string>
beforeAll(async () => {
  server = await testServer(OPEN)
  admin = { Authorization: `Bearer ${server.firstToken}` }
  const policy = (image: string, more = '') => `metadata: {image_push: {image: ${image}, tags: "1.*", release: {confidence: 95%${more}}}}`
  const cluster = (name: string, meta: string) => `  ${name}: {${meta}, services: [{breed: {name: "${name}:1.0", deployable: {type: docker, definition: "hub.example/shop/${name}:1.0"}, ports: {http: 80/http}}, scale: {cpu: 1, memory: 64MB, instances: 2}}]}`
  const body = `name: shop\nclusters:\n${cluster('web', policy('hub.example/shop/web'))}\n${cluster('api', policy('hub.example/shop/api', ', colour: red'))}\n`
  expect((await server.ask('/deployments', { method: 'POST', body, headers: admin })).status).toBe(202)
})
afterAll(async () => { await server[Symbol.asyncDispose]() })

const harbor = (image: string, tag: string) => ({ type: 'PUSH_ARTIFACT', event_data: { resources: [{ tag, resource_url: `hub.example/shop/${image}:${tag}` }] } })
const push = (body: object | string, query = `?secret=${SECRET}`, headers: Record<string, string> = {}) => server.ask(`/image-pushes${query}`, { method: 'POST', body, headers })

test('a pushed image that a cluster has a policy for becomes a breed and a release; told twice it is one', async () => {
  const first = await push(harbor('web', '1.1'))
  const again = await push(harbor('web', '1.1'), '', admin)

  expect([first.status, first.json]).toEqual([202, { images: ['hub.example/shop/web:1.1'], releases: ['shop-web-1.1'], skipped: [] }])
  expect(again.json).toEqual({ images: ['hub.example/shop/web:1.1'], releases: [], skipped: [{ cluster: 'shop/web', why: 'the release shop-web-1.1 is there already' }] })
  expect((await server.events.query({ tags: ['image:pushed', 'images:hub.example/shop/web'] })).events[0]?.value).toEqual({ image: 'hub.example/shop/web:1.1', repository: 'hub.example/shop/web', tag: '1.1' })
  expect((await server.store.get('releases', 'shop-web-1.1'))?.value).toMatchObject({ deployment: 'shop', cluster: 'web', to: ['web:1.1'], confidence: 95, strategy: 'canary' })
  expect((await server.store.get('breeds', 'web:1.1'))?.value).toMatchObject({ deployable: { type: 'docker', definition: 'hub.example/shop/web:1.1' }, ports: [{ name: 'http', number: 80 }] })
})

test('other tags, other images and what runs already begin nothing', async () => {
  for (const tag of ['2.0', 'latest']) expect((await push(harbor('web', tag))).json).toMatchObject({ releases: [], skipped: [] })
  expect((await push(harbor('other', '1.1'))).json).toMatchObject({ releases: [], skipped: [] })
  expect((await push(harbor('web', '1.0'))).json).toMatchObject({ releases: [], skipped: [{ cluster: 'shop/web', why: 'web:1.0 runs there already' }] })
})

test('who has neither token nor secret is refused, as is what no registry sends, and a policy that makes no release', async () => {
  expect((await push(harbor('web', '1.2'), '')).status).toBe(401)
  expect((await push(harbor('web', '1.2'), '?secret=guess')).status).toBe(401)
  expect((await push('nonsense')).status).toBe(400)
  const wrong = await push(harbor('api', '1.1'))
  expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('colour')])
  expect(await server.store.get('breeds', 'api:1.1')).toBeUndefined()
})

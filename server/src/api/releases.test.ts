import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReleaseStatus } from '@vamp/model/release-status'
import { type TestServer, testServer } from './testdata/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
  await server.ask('/', { method: 'PUT', body: 'kind: breed\nname: web:1\ndeployable: x\nports: {http: 80}\n---\nkind: breed\nname: web:2\ndeployable: x\nports: {http: 80}\n---\nkind: deployment\nname: shop\nclusters: {web: {services: {breed: "web:1"}}}\n' })
})
afterAll(async () => { await server[Symbol.asyncDispose]() })

const release = (name: string, more = 'to: web:2') => `kind: release\nname: ${name}\ndeployment: shop\ncluster: web\n${more}\n`
const status = (name: string, phase: ReleaseStatus['phase']): ReleaseStatus => ({
  name, deployment: 'shop', cluster: 'web', from: 'web:1', to: 'web:2', phase, since: '2026-01-31T12:00:00.000Z', weight: 10, sentence: 'So far so good.', next: 'More.', evidence: [], harm: 1,
  requests: { baseline: 9, canary: 1 }, failed: { baseline: 0, canary: 0 }, excess: 0, budget: { spent: 0, total: 200 }, judged_until: 0, judge: { secret: 'memory' },
})

test('a release is begun (202), shown, and waits until it is looked at', async () => {
  const begun = await server.ask('/releases', { method: 'POST', body: release('first') })

  expect([begun.status, begun.json]).toEqual([202, expect.objectContaining({ kind: 'releases', name: 'first' })])
  expect((await server.ask('/releases/first')).json).toEqual(expect.objectContaining({ to: 'web:2' }))
  expect((await server.ask('/releases')).json).toEqual([expect.objectContaining({ name: 'first' })])
  expect((await server.ask('/releases/first/status')).json).toEqual(expect.objectContaining({ phase: 'waiting', weight: 0 }))
  expect((await server.ask('/releases/never/status')).status).toBe(404)
})

test('what could only fail is refused', async () => {
  for (const [more, path] of [['to: web:9', 'to'], ['to: web:2\ncluster: none', undefined], ['to: web:2\naudience: "((("', undefined]] as const) {
    const { status: code, json } = await server.ask('/releases', { method: 'POST', body: release('wrong', more) })
    expect([code, path === undefined ? path : (json as { problems: [{ path: string }] }).problems[0].path]).toEqual([400, path])
  }
  expect((await server.ask('/releases/wrong')).status).toBe(404)
})

test('the judge\'s memory is its own', async () => {
  await server.ask('/releases', { method: 'POST', body: release('private') })
  await server.store.put('release-statuses', 'private', status('private', 'ramping'))

  for (const path of ['/releases/private/status', '/release-statuses']) expect((await server.ask(path)).text).not.toContain('secret')
})

test.each(['pause', 'resume', 'promote', 'abort', 'rollback'] as const)('the order to %s is put down for the controller, with who and why', async order => {
  const name = `to-${order}`
  await server.ask('/releases', { method: 'POST', body: release(name) })
  await server.store.put('release-statuses', name, status(name, 'ramping'))

  const { status: code, json } = await server.ask(`/releases/${name}/${order}`, { method: 'POST', body: { reason: 'because' } })

  expect([code, json]).toEqual([202, expect.objectContaining({ phase: 'ramping' })])
  expect((await server.store.get('release-orders', name))?.value).toEqual({ release: name, order, by: 'local', reason: 'because' })
  expect((await server.events.query({ tags: [`releases:${name}`, `release-order:${order}`] })).events[0]?.value).toEqual({ by: 'local', order, reason: 'because' })
})

test('an order needs no body', async () => {
  await server.ask('/releases', { method: 'POST', body: release('terse') })

  expect((await server.ask('/releases/terse/pause', { method: 'POST' })).status).toBe(202)
})

test('the weight is set in percent, written as people write it', async () => {
  await server.ask('/releases', { method: 'POST', body: release('weighed') })

  for (const [given, weight] of [[25, 25], ['2.5%', 2.5], ['100', 100]] as const) {
    expect((await server.ask('/releases/weighed/weight', { method: 'PUT', body: { weight: given } })).status).toBe(202)
    expect((await server.store.get('release-orders', 'weighed'))?.value).toEqual({ release: 'weighed', order: 'set-weight', by: 'local', weight })
  }
  for (const weight of [101, -1, 'half', '101%']) expect((await server.ask('/releases/weighed/weight', { method: 'PUT', body: { weight } })).status).toBe(400)
})

test('a release that is over takes no orders, one that is under way is not removed', async () => {
  await server.ask('/releases', { method: 'POST', body: release('over') })
  await server.store.put('release-statuses', 'over', status('over', 'ramping'))
  expect((await server.ask('/releases/over', { method: 'DELETE' })).status).toBe(409)
  await server.store.put('release-statuses', 'over', status('over', 'keeping'))
  expect((await server.ask('/releases/over/promote', { method: 'POST' })).status).toBe(409)
  expect((await server.ask('/releases/over/rollback', { method: 'POST' })).status).toBe(202)
  await server.store.put('release-statuses', 'over', status('over', 'rolled_back'))
  expect((await server.ask('/releases/over/rollback', { method: 'POST' })).status).toBe(409)

  expect((await server.ask('/releases/over', { method: 'DELETE' })).status).toBe(204)
  expect((await server.ask('/releases/over')).status).toBe(404)
})

test('a release that is over does not begin again when its file is applied again, and it is said how one begins again', async () => {
  await server.ask('/releases', { method: 'POST', body: release('again') })
  expect((await server.ask('/releases/again', { method: 'PUT', body: release('again') })).headers.get('x-vamp-note')).toBeNull()
  await server.store.put('release-statuses', 'again', { ...status('again', 'rolled_back'), ended: '2026-01-31T12:00:00.000Z' })

  const told = "The release 'again' ended at 2026-01-31T12:00:00.000Z (rolled back) and does not begin again: give the next one another name, or delete this one first (vamp delete release again)."
  expect((await server.ask('/releases/again', { method: 'PUT', body: release('again') })).headers.get('x-vamp-note')).toBe(told)
  expect((await server.ask('/', { method: 'PUT', body: release('again') })).headers.get('x-vamp-note')).toBe(told)
  expect((await server.ask('/?plan=true', { method: 'PUT', body: release('again') })).json).toEqual({ changes: [expect.objectContaining({ do: 'keep', name: 'again', note: told })] })
})

test('what a release was judged on is told a line each, of the newest release of that name only', async () => {
  await server.ask('/releases', { method: 'POST', body: release('told') })
  const tags = ['releases:told']
  const told = (change: string, sentence: string) => ({ type: 'release', tags: [...tags, `release:${change}`], value: { weight: 1, harm: 1, sentence } })
  await server.events.append([told('started', 'An earlier one.'), told('ended', 'It was.'), told('started', 'This one.'), { type: 'release-evidence', tags, value: { second: 7 } }, { type: 'archive', tags }, told('ended', 'Over.'), told('order-refused', 'Late.')])

  const { status: code, headers, text } = await server.ask('/releases/told/decisions')
  const records = text.trim().split('\n').map(line => JSON.parse(line) as Record<string, unknown>)

  expect([code, headers.get('content-type')]).toEqual([200, 'application/x-ndjson'])
  expect(records.map(({ record, sentence, second }) => sentence ?? second ?? record)).toEqual(['release', 'This one.', 7, 'Over.'])
  expect((await server.ask('/releases/unheard-of/decisions')).status).toBe(404)
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STATIC_KINDS, type StaticKind } from '@vamp/model/api/artifacts'
import { singular } from '@vamp/model/kind'
import { type TestServer, testServer } from './testdata/test-server.ts'

let server: TestServer
beforeAll(async () => { server = await testServer() })
afterAll(async () => { await server[Symbol.asyncDispose]() })

const MINIMAL: Readonly<Record<StaticKind, string>> = {
  breeds: 'deployable: x',
  blueprints: 'clusters: {c: a}',
  scales: '{cpu: 1, memory: 64MB, instances: 2}',
  slas: 'type: escalation_only',
  escalations: '{type: scale_instances, minimum: 1, maximum: 3, scale_by: 1}',
  routes: 'weight: 100%',
  conditions: 'condition: "< path_beg /x >"',
  rewrites: 'path: "/new if path_beg /old"',
  templates: 'definition: {a: 1}',
  autoscalers: '{deployment: shop, cluster: web, minimum: 1, maximum: 3, signals: [{metric: requests, target: 10}]}',
  policies: 'timeouts: {request: 1s}',
}
const document = (kind: StaticKind, name: string) => MINIMAL[kind].startsWith('{') ? `{name: ${name}, ${MINIMAL[kind].slice(1)}` : `name: ${name}\n${MINIMAL[kind]}`

describe.each(STATIC_KINDS)('%s', kind => {
  test('are created (201), read, listed, replaced (200) and removed (204)', async () => {
    const created = await server.ask(`/${kind}`, { method: 'POST', body: document(kind, 'one') })
    expect([created.status, created.text.length > 2]).toEqual([201, true])
    const read = await server.ask(`/${kind}/one`)
    expect([read.status, read.json]).toEqual([200, expect.objectContaining({ name: 'one', kind })])
    expect((await server.ask(`/${kind}`)).json).toEqual([expect.objectContaining({ name: 'one' })])
    const again = await server.ask(`/${kind}/one`, { method: 'PUT', body: read.json })
    expect([again.status, again.headers.get('etag')]).toEqual([200, read.headers.get('etag')])
    expect((await server.ask(`/${kind}/one`, { method: 'DELETE' })).status).toBe(204)
    expect((await server.ask(`/${kind}/one`, { method: 'DELETE' })).status).toBe(204)
    expect((await server.ask(`/${kind}/one`)).status).toBe(404)
  })

  test('are answered as YAML to whoever accepts that first, and what is answered can be sent back', async () => {
    await server.ask(`/${kind}`, { method: 'POST', body: document(kind, 'two') })

    const yaml = await server.ask(`/${kind}/two`, { headers: { Accept: 'application/x-yaml' } })

    expect(yaml.headers.get('content-type')).toContain('application/x-yaml')
    expect(yaml.text).toContain('name: two')
    expect((await server.ask(`/${kind}/two`, { method: 'PUT', body: yaml.text })).status).toBe(200)
    await server.ask(`/${kind}/two`, { method: 'DELETE' })
  })

  test('with a name other than the path\'s are refused', async () => {
    const { status, json } = await server.ask(`/${kind}/three`, { method: 'PUT', body: document(kind, 'four') })

    expect([status, json]).toEqual([400, expect.objectContaining({ message: "Inconsistent name: given 'three' but found 'four'." })])
  })

  test('may carry the kind, in singular or plural, but not another one', async () => {
    for (const word of [kind, singular(kind)]) expect((await server.ask(`/${kind}?validate_only=true`, { method: 'POST', body: `kind: ${word}\n${block(document(kind, 'five'))}` })).status).toBe(201)
    expect((await server.ask(`/${kind}`, { method: 'POST', body: `kind: gateway\n${block(document(kind, 'five'))}` })).status).toBe(400)
  })
})

/** A flow map as lines, to put another line before it. */
const block = (text: string) => text.startsWith('{') ? text.slice(1, -1).split(/, (?=\w+:)(?![^[{]*[\]}])/).join('\n') : text

test('every problem of a document is told, with its place', async () => {
  const { status, json } = await server.ask('/breeds', { method: 'POST', body: 'name: a\ndeployable: x\nports: {p: ~}\nenviroment_variables: {A: b}\n' })

  expect([status, json]).toEqual([400, {
    message: expect.any(String), code: 'refused',
    problems: [expect.objectContaining({ code: 'MissingPortValueError', at: expect.objectContaining({ line: 3 }) }), expect.objectContaining({ code: 'UnexpectedElement', hint: "did you mean 'environment_variables'?", at: expect.objectContaining({ line: 4, column: 1 }) })],
  }])
})

test('problem+json is for whoever accepts it', async () => {
  const { headers, json } = await server.ask('/breeds/none', { headers: { Accept: 'application/json, application/problem+json' } })

  expect(headers.get('content-type')).toContain('application/problem+json')
  expect(json).toEqual({ type: 'urn:vamp:not_found', title: expect.any(String), status: 404, detail: "There is no breed 'none'.", code: 'not_found' })
})

test('validate_only examines and stores nothing', async () => {
  const { status, json } = await server.ask('/scales?validate_only=true', { method: 'POST', body: document('scales', 'tried') })

  expect([status, json]).toEqual([201, [expect.objectContaining({ name: 'tried' })]])
  expect((await server.ask('/scales/tried')).status).toBe(404)
})

test('plan tells what would change and stores nothing', async () => {
  const create = await server.ask('/scales/planned?plan=true', { method: 'PUT', body: document('scales', 'planned') })
  await server.ask('/scales/planned', { method: 'PUT', body: document('scales', 'planned') })
  const keep = await server.ask('/scales/planned?plan=true', { method: 'PUT', body: document('scales', 'planned') })
  const update = await server.ask('/scales/planned?plan=true', { method: 'PUT', body: '{name: planned, cpu: 2, memory: 64MB, instances: 2}' })
  const remove = await server.ask('/scales/planned?plan=true', { method: 'DELETE' })

  const change = (json: { changes: [{ do: string; before?: object; after?: object }] }) => { const [{ do: verb, before, after }] = json.changes; return [verb, before !== undefined, after !== undefined] }
  expect(create.status).toBe(200)
  expect(change(create.json)).toEqual(['create', false, true])
  expect(change(keep.json)).toEqual(['keep', true, true])
  expect(change(update.json)).toEqual(['update', true, true])
  expect(change(remove.json)).toEqual(['delete', true, false])
  expect((await server.ask('/scales/planned')).json).toEqual(expect.objectContaining({ cpu: 1 }))
})

test('a blueprint stores the breeds that it holds inline, and shows them expanded or by name', async () => {
  const created = await server.ask('/blueprints', { method: 'POST', body: 'name: b\nclusters: {c: {services: [{breed: {name: inner, deployable: x}}, {breed: other}]}}' })
  await server.ask('/breeds', { method: 'POST', body: 'name: other\ndeployable: y' })

  const services = (json: { clusters: { c: { services: { breed: { name?: string; reference?: string; deployable?: unknown } }[] } } }) => json.clusters.c.services.map(({ breed }) => breed)
  expect(created.json).toEqual([expect.objectContaining({ kind: 'breeds', name: 'inner' }), expect.objectContaining({ kind: 'blueprints', name: 'b' })])
  expect((await server.ask('/breeds/inner')).status).toBe(200)
  expect(services((await server.ask('/blueprints/b?expand_references=true')).json)).toEqual([expect.objectContaining({ name: 'inner' }), expect.objectContaining({ name: 'other', deployable: expect.anything() })])
  expect(services((await server.ask('/blueprints/b?only_references=true')).json)).toEqual([{ reference: 'inner' }, { reference: 'other' }])
  expect(services((await server.ask('/blueprints/b?expand_references=true&only_references=true')).json)).toEqual(services((await server.ask('/blueprints/b')).json))
})

test('a script is a breed', async () => {
  const { status } = await server.ask('/breeds/script', { method: 'PUT', body: 'console.log("a: b")', headers: { 'Content-Type': 'application/javascript' } })

  expect(status).toBe(200)
  expect((await server.ask('/breeds/script')).json).toEqual(expect.objectContaining({ deployable: { type: 'application/javascript', definition: 'console.log("a: b")' } }))
})

test('lists have pages with links and the total', async () => {
  for (let index = 0; index < 35; index++) await server.ask('/templates', { method: 'POST', body: `name: t${String(index).padStart(2, '0')}\ndefinition: {}` })

  const first = await server.ask('/templates')
  const second = await server.ask('/templates?page=2&per_page=10')

  const names = (json: { name: string }[]) => json.map(({ name }) => name)
  expect([names(first.json).length, first.headers.get('x-total-count')]).toEqual([30, '35'])
  expect(names(second.json)).toEqual(Array.from({ length: 10 }, (_, index) => `t${10 + index}`))
  expect(second.headers.get('link')).toBe(['first', 'prev', 'next', 'last'].map((rel, index) => `</api/v1/templates?page=${[1, 1, 3, 4][index]}&per_page=10>; rel=${rel}`).join(', '))
  expect((await server.ask('/templates?per_page=0')).status).toBe(400)
  expect((await server.ask('/templates?page=99999999999999999999')).status).toBe(400)
})

test('a write that expects a revision happens only on it', async () => {
  const put = (cpu: number, headers: Record<string, string>) => server.ask('/scales/guarded', { method: 'PUT', body: `{name: guarded, cpu: ${cpu}, memory: 1MB, instances: 1}`, headers })
  const first = await put(1, { 'If-None-Match': '*' })
  const etag = first.headers.get('etag') ?? ''

  expect(etag).toMatch(/^"\d+"$/)
  expect((await put(2, { 'If-None-Match': '*' })).status).toBe(412)
  expect((await put(2, { 'If-Match': etag })).status).toBe(200)
  expect((await put(3, { 'If-Match': etag })).status).toBe(412)
  expect((await server.ask('/scales/guarded', { method: 'DELETE', headers: { 'If-Match': etag } })).status).toBe(412)
  expect((await server.ask('/scales/guarded')).json).toEqual(expect.objectContaining({ cpu: 2 }))
})

test('concurrent writers that read, change and write with If-Match lose nothing', async () => {
  await server.ask('/templates/counter', { method: 'PUT', body: 'name: counter\ndefinition: {n: 0}' })
  const increment = async () => {
    for (;;) {
      const read = await server.ask('/templates/counter')
      const { n } = (read.json as { definition: { n: number } }).definition
      const { status } = await server.ask('/templates/counter', { method: 'PUT', body: `name: counter\ndefinition: {n: ${n + 1}}`, headers: { 'If-Match': read.headers.get('etag') ?? '' } })
      if (status === 200) return
      expect(status).toBe(412)
    }
  }

  await Promise.all(Array.from({ length: 8 }, async () => { for (let turn = 0; turn < 5; turn++) await increment() }))

  expect((await server.ask('/templates/counter')).json).toEqual(expect.objectContaining({ definition: { n: 40 } }))
})

test('every write is archived with who, before and after; what changes nothing is not', async () => {
  const body = '{name: kept, cpu: 1, memory: 1MB, instances: 1}'
  for (const text of [body, body, body.replace('cpu: 1', 'cpu: 2')]) await server.ask('/scales', { method: 'POST', body: text })
  await server.ask('/scales/kept', { method: 'DELETE' })

  const { events } = await server.events.query({ tags: ['scales:kept'], type: 'archive' })

  const value = events.map(event => event.value as { by: string; source: string; before?: unknown; after?: unknown }).reverse()
  expect(events.map(({ tags }) => tags[3]).reverse()).toEqual(['archive:create', 'archive:update', 'archive:delete'])
  expect(value[0]).toEqual({ by: 'local', source: body, after: { kind: 'scales', name: 'kept', metadata: {}, cpu: 1, memory: '1.00MB', instances: 1 } })
  expect([value[1]?.before, value[2]?.before]).toEqual([value[0]?.after, value[1]?.after])
  expect([value[1]?.after, value[2]?.after]).toEqual([{ ...Object(value[0]?.after), cpu: 2 }, undefined])
})

test('many documents are stored together, or not at all', async () => {
  const good = 'kind: breed\nname: many\ndeployable: x\n---\nkind: scale\nname: many\ncpu: 1\nmemory: 1MB\ninstances: 1\n'
  const bad = await server.ask('/', { method: 'PUT', body: `${good}---\nkind: breeds\nname: wrong\n` })
  expect([bad.status, (await server.ask('/breeds/many')).status]).toEqual([400, 404])

  const stored = await server.ask('/', { method: 'POST', body: good })

  expect([stored.status, stored.json]).toEqual([202, [expect.objectContaining({ kind: 'breeds' }), expect.objectContaining({ kind: 'scales' })]])
  expect((await server.ask('/', { method: 'DELETE', body: good })).status).toBe(202)
  expect((await server.ask('/breeds/many')).status).toBe(404)
})

test('an unknown kind among documents is a problem with a suggestion', async () => {
  const { status, json } = await server.ask('/', { method: 'POST', body: 'kind: bread\nname: a\n' })

  expect([status, json]).toEqual([400, expect.objectContaining({ problems: [expect.objectContaining({ code: 'UnexpectedArtifact', message: "Unexpected resource: 'bread'.", hint: "did you mean 'breed'?" })] })])
})

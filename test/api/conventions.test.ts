/** What every endpoint of the original's API has in common, and how its clients are told what is wrong. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { openWorld, type World } from '../acceptance/world.ts'
import { ask as askAt, type Sent } from './ask.ts'

let world: World
beforeAll(async () => { world = await openWorld({ seed: 2, answer: () => ({ status: 200, latencyMs: 10 }) }) })
afterAll(async () => { await world.close() })

const ask = (path: string, sent?: Sent) => askAt(world.url, path, sent)
const scale = (name: string, more: object = {}) => ({ name, cpu: 1, memory: '64MB', instances: 1, ...more })

describe('media types', () => {
  test.each([
    ['application/json', 'application/json'], ['*/*', 'application/json'], ['', 'application/json'],
    ['application/x-yaml', 'application/x-yaml'], ['application/x-yaml, application/json', 'application/x-yaml'], ['application/json, application/x-yaml', 'application/json'],
  ])('whoever accepts %j is answered with %s', async (accept, type) => {
    const { status, headers } = await ask('/scales', { headers: { Accept: accept } })

    expect([status, headers['content-type']]).toEqual([200, expect.stringContaining(type)])
  })

  test('whoever accepts neither is refused, but for streams', async () => {
    expect((await ask('/scales', { headers: { Accept: 'text/html' } })).status).toBe(400)
    const stream = await fetch(`${world.url}/api/v1/events/stream`, { headers: { Accept: 'text/event-stream' } })
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')])
    await stream.body?.cancel()
  })

  test.each(['', 'text/plain', 'application/xml'])('a body that says it is %j is refused', async type => {
    const { status, value } = await ask('/scales', { method: 'POST', body: scale('a'), headers: { 'Content-Type': type } })

    expect([status, value]).toEqual([400, expect.objectContaining({ message: expect.stringContaining('application/x-yaml') })])
  })

  test('bodies are read as YAML whatever they say they are', async () => {
    expect((await ask('/scales', { method: 'POST', media: 'application/json', body: 'name: lenient\ncpu: 1\nmemory: 1MB\ninstances: 1\n' })).status).toBe(201)
  })
})

describe('paths', () => {
  test.each(['/scales/', '//default/api/v1/scales', '//default/api/v1/scales/'])('%s is the list of scales', async path => {
    expect((await ask(path)).status).toBe(200)
  })

  test('another namespace is not here', async () => {
    expect((await ask('//other/api/v1/scales')).status).toBe(404)
  })

  test('names keep what they are in a path: spaces are refused, percent signs are read', async () => {
    expect((await ask('/scales/a%3Ab', { method: 'PUT', body: scale('a:b') })).status).toBe(200)
    expect((await ask('/scales/a:b')).value).toMatchObject({ name: 'a:b' })
    expect((await ask('/scales/a%20b', { method: 'PUT', body: scale('a b') })).status).toBe(400)
    expect((await ask('/scales/%zz')).status).toBe(400)
  })
})

describe('pages', () => {
  beforeAll(async () => { for (let index = 0; index < 45; index++) await ask('/templates', { method: 'POST', body: { name: `t${10 + index}`, definition: {} } }) })
  const page = async (query: string) => {
    const { value, headers } = await ask(`/templates${query}`)
    return [(value as { name: string }[]).map(({ name }) => name).filter((_, index, all) => index === 0 || index === all.length - 1), headers['x-total-count'], headers['link']]
  }

  test('begin at 1 with 30 and lead to each other', async () => {
    const link = (number: number, rel: string) => `</api/v1/templates?page=${number}&per_page=30>; rel=${rel}`

    expect(await page('')).toEqual([['t10', 't39'], '45', [link(1, 'first'), link(2, 'next'), link(2, 'last')].join(', ')])
    expect(await page('?page=2')).toEqual([['t40', 't54'], '45', [link(1, 'first'), link(1, 'prev'), link(2, 'last')].join(', ')])
  })

  test('have as many as are asked for, up to a limit', async () => {
    expect((await page('?per_page=2&page=3'))[0]).toEqual(['t14', 't15'])
    expect((await page('?per_page=1000000'))[0]).toEqual(['t10', 't54'])
    expect((await page('?page=9'))[0]).toEqual([])
  })

  test('of nothing end at page 0', async () => {
    const { value, headers } = await ask('/policies')

    expect([value, headers['x-total-count'], headers['link']]).toEqual([[], '0', '</api/v1/policies?page=1&per_page=30>; rel=first, </api/v1/policies?page=0&per_page=30>; rel=last'])
  })

  test('are there for every kind of list', async () => {
    for (const path of ['/breeds', '/deployments', '/gateways', '/workflows', '/releases', '/events', '/instances'])
      expect([path, (await ask(`${path}?per_page=1`)).headers['x-total-count']]).toEqual([path, expect.stringMatching(/^\d+$/)])
  })
})

describe('browsers', () => {
  test('are told nothing about origins that are not let in', async () => {
    const { status, headers } = await ask('/scales', { headers: { Origin: 'https://elsewhere.example' } })

    expect([status, headers['access-control-allow-origin']]).toEqual([403, undefined])
  })

  test('of origins that are let in may read Link, X-Total-Count and ETag', async () => {
    const own = new URL(world.url).origin
    expect((await ask('/scales', { headers: { Origin: own } })).status).toBe(200)
    expect((await ask('/scales', { method: 'OPTIONS', headers: { Origin: own, 'Access-Control-Request-Method': 'PUT' } })).status).toBe(204)
  })
})

describe('errors', () => {
  const message = async (path: string, sent: Sent) => { const { status, value } = await ask(path, { method: 'POST', ...sent }); return [status, (value as { message: string }).message] }

  test.each([
    ['/breeds', { name: 'a' }, "Can't find any value for path: /deployable"],
    ['/breeds', { name: 'a/b', deployable: 'x' }, "Illegal name or reference - white space characters, '/', '[' and ']' are not allowed: a/b"],
    ['/breeds', { name: 'a', deployable: 'x', bread: 1 }, 'Unexpected in DSL: '],
    ['/blueprints', { name: 'b' }, 'Expected at least one service.'],
    ['/scales', { name: 's', cpu: 1, memory: 64, instances: 1 }, "Unexpected type for path 'memory'."],
    ['/routes', { name: 'r', weight: 100 }, "Unexpected type for path 'weight'."],
    ['/gateways', { name: 'g', port: 9070, routes: { a: { weight: '60%' }, b: { weight: '60%' } } }, 'Total route weight must be either 0% or 100%: '],
    ['/gateways', { name: 'g', port: '9070/tcp', sticky: 'route', routes: { a: {} } }, 'Sticky sessions are not allowed for TCP port: '],
    ['/gateways', { name: 'g', port: 9070, sticky: 'glue', routes: { a: {} } }, "Illegal routing sticky value: 'glue'."],
    ['/events', { tags: ['x'], type: 'a b' }, "Unsupported event type 'a b', only alphanumerics, '-' and '_' are allowed."],
    ['/events', { tags: [] }, 'Publishing an event without tags is not allowed.'],
  ])('POST %s with %j says "%s…"', async (path, body, text) => {
    expect(await message(path, { body })).toEqual([400, expect.stringContaining(text)])
  })

  test('tell every problem with its line and column', async () => {
    const { value } = await ask('/breeds', { method: 'POST', media: 'application/x-yaml', body: 'name: a\ndeployable: x\nports:\n  web: ~\nenviroment_variables: {A: b}\n' })

    expect((value as { problems: { code: string; at: { line: number; column: number }; hint?: string }[] }).problems.map(({ code, at: { line, column }, hint }) => [code, line, column, hint])).toEqual([
      ['MissingPortValueError', 4, 3, undefined], ['UnexpectedElement', 5, 1, "did you mean 'environment_variables'?"],
    ])
  })

  test('are problem+json for whoever accepts it', async () => {
    const { headers, value } = await ask('/scales', { method: 'POST', body: { name: 's' }, headers: { Accept: 'application/json, application/problem+json' } })

    expect(headers['content-type']).toContain('application/problem+json')
    expect(value).toEqual({ type: 'urn:vamp:refused', title: expect.any(String), status: 400, detail: expect.any(String), code: 'refused', problems: expect.any(Array) })
  })

  test.each(['{', '[', 'a: b: c', '"', '&a [*a]', '\0', '- - -', '{name: a, name: b}'])('a body %j is refused, not a failure', async body => {
    for (const path of ['/breeds', '/deployments', '/gateways', '/events', '/', '/docker-compose?name=x']) expect([path, (await ask(path, { method: 'POST', body })).status]).toEqual([path, 400])
  })
})

describe('writes', () => {
  test('that are only validated are answered like real ones and change nothing', async () => {
    const tries: [string, string, object, number][] = [
      ['POST', '/scales', scale('v'), 201], ['PUT', '/scales/v', scale('v'), 200], ['POST', '/', { kind: 'scale', ...scale('v') }, 202],
      ['POST', '/gateways', { name: 'v', port: 9080 }, 202], ['POST', '/workflows', { name: 'v', breed: 'b', schedule: 'daemon' }, 202],
      ['POST', '/deployments', { name: 'v', clusters: { c: { services: { breed: { name: 'b:1', deployable: 'x', ports: { p: '80/http' } } } } } }, 202],
      ['POST', '/docker-compose?name=v', { services: { web: { image: 'x' } } }, 201],
    ]
    const before = await world.store.revision()
    for (const [method, path, body, status] of tries) expect([path, (await ask(`${path}${path.includes('?') ? '&' : '?'}validate_only=true`, { method, body })).status]).toEqual([path, status])
    for (const [method, path, body] of tries) expect([path, Object.keys((await ask(`${path}${path.includes('?') ? '&' : '?'}plan=true`, { method, body })).value)]).toEqual([path, ['changes']])
    expect(await world.store.revision()).toBe(before)
  })

  test('of many documents happen together or not at all', async () => {
    const { status, value } = await ask('/', { method: 'POST', media: 'application/x-yaml', body: 'kind: scale\nname: m1\ncpu: 1\nmemory: 1MB\ninstances: 1\n---\nkind: breeds\nname: m2\n' })

    expect([status, (value as { problems: { at: { line: number } }[] }).problems[0]?.at.line]).toEqual([400, expect.any(Number)])
    expect((await ask('/scales/m1')).status).toBe(404)
  })

  test('of concurrent writers with If-Match lose nothing', async () => {
    const names = ['/templates/shared', '/gateways/shared']
    const counted = (path: string, n: number) => path.startsWith('/templates') ? { name: 'shared', definition: { n } } : { name: 'shared', port: 9090, metadata: { n } }
    const count = (value: { definition?: { n: number }; metadata: { n?: number } }) => value.definition?.n ?? value.metadata.n ?? 0
    for (const path of names) await ask(path, { method: 'PUT', body: counted(path, 0) })
    const add = async (path: string): Promise<void> => {
      const read = await ask(path)
      const { status } = await ask(path, { method: 'PUT', body: counted(path, count(read.value) + 1), headers: { 'If-Match': String(read.headers['etag']) } })
      if (status === 412) return add(path)
      expect(status).toBeLessThan(300)
    }

    await Promise.all(names.flatMap(path => Array.from({ length: 6 }, async () => { for (let turn = 0; turn < 4; turn++) await add(path) })))

    for (const path of names) expect([path, count((await ask(path)).value)]).toEqual([path, 24])
  })
})

test('a Docker Compose file becomes a blueprint, with comments on what it cannot say', async () => {
  const body = { version: '3', services: { web: { image: 'acme/web:1', ports: ['8080:80'], environment: { BACK: 'api:9000' }, volumes: ['data:/data'] }, api: { image: 'acme/api:1', ports: [9000] } } }
  const { status, text, headers } = await ask('/docker-compose?name=imported', { method: 'POST', body })

  expect([status, headers['content-type']]).toEqual([201, expect.stringContaining('text/plain')])
  expect(text).toMatch(/^# .*\n/)
  expect(text).toContain("# Did not include unsupported field: 'web/volumes'.")
  expect(parse(text)).toMatchObject({ name: 'imported', clusters: { web: expect.anything(), api: expect.anything() } })
  expect((await ask('/blueprints/imported')).value).toMatchObject({ clusters: { web: { services: [{ breed: { name: 'web:1.0.0' } }] } } })
  expect((await ask('/breeds/api:1.0.0')).status).toBe(200)
  expect((await ask('/docker-compose', { method: 'POST', body })).status).toBe(400)
  expect((await ask('/docker-compose?name=a%2Fb', { method: 'POST', body })).status).toBe(400)
})

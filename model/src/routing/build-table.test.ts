import { describe, expect, test } from 'vitest'
import type { Deployment, DeploymentStatus, InstanceState, InstanceStatus } from '../deployment.ts'
import type { Gateway, RouteSettings } from '../gateway.ts'
import { inline, reference } from '../reference.ts'
import { type BuildInput, buildTable } from './build-table.ts'

const settings = (some: Partial<RouteSettings> = {}): RouteSettings => ({ metadata: {}, rewrites: [], ...some })

function gateway(name: string, port: number, routes: Readonly<Record<string, Partial<RouteSettings>>>, some: Partial<Gateway> = {}): Gateway {
  return {
    kind: 'gateways', name, metadata: {}, port: { name: String(port), number: port, type: 'http' }, sticky: 'none', virtual_hosts: [],
    routes: Object.entries(routes).map(([path, given]) => ({ path, settings: inline(settings(given)) })), ...some,
  }
}

function instance(service: string, id: string, state: InstanceState = 'ready'): InstanceStatus {
  return { id, cluster: 'web', service, host: '10.0.0.1', ports: { http: 31000 + Number(id) }, state, since: '2026-01-01T00:00:00.000Z' }
}

const status = (name: string, instances: readonly InstanceStatus[]): DeploymentStatus => ({ name, services: [], instances })

function deployment(name: string, services: readonly string[]): Deployment {
  return {
    kind: 'deployments', name, metadata: {}, ports: {}, environment_variables: [], hosts: {}, dialects: {},
    clusters: [{
      name: 'web', metadata: {}, gateways: [], dialects: {}, services: services.map(breed => ({
        intention: 'Deployment', environment_variables: [], arguments: [], dialects: {}, dependencies: {},
        breed: { kind: 'breeds', name: breed, metadata: {}, deployable: { definition: 'x' }, ports: [{ name: 'http', number: 80, type: 'http' }], environment_variables: [], constants: [], arguments: [], dependencies: {} },
        scale: { kind: 'scales', name: '', metadata: {}, cpu: 1, memory: 1, instances: 1 },
      })),
    }],
  }
}

function build(gateways: readonly Gateway[], some: Partial<BuildInput> = {}) {
  const { table, problems } = buildTable({ gateways, deployments: [], statuses: [], revision: 7, address: '127.0.0.1', ...some })
  return { table, problems, routes: table.gateways[0]?.routes ?? [] }
}

describe('a route leads', () => {
  test('to the instances of a service that are ready or draining, of its own deployment only', () => {
    const { routes, problems } = build([gateway('shop/web/http', 40001, { 'shop/web/web:1/http': {} })], {
      deployments: [deployment('shop', ['web:1'])],
      statuses: [
        status('shop', [instance('web:1', '1'), instance('web:1', '2', 'draining'), instance('web:1', '3', 'starting'), instance('web:1', '4', 'stopping'), instance('web:2', '5')]),
        status('other', [instance('web:1', '6')]),
      ],
    })

    expect(routes[0]?.target).toEqual({ is: 'endpoints', endpoints: [
      { id: '1', host: '10.0.0.1', port: 31001, state: 'ready' }, { id: '2', host: '10.0.0.1', port: 31002, state: 'draining' },
    ] })
    expect(problems).toEqual([])
  })

  test('to an address outside', () => {
    const { routes } = build([gateway('g', 9000, { '[10.1.1.1:8080]': {} })])

    expect(routes[0]?.target).toEqual({ is: 'endpoints', endpoints: [{ id: '10.1.1.1:8080', host: '10.1.1.1', port: 8080, state: 'ready' }] })
  })

  test('to another gateway, by one, two or three segments', () => {
    const { routes, problems } = build([gateway('all', 9000, { api: {}, 'shop/9050': {}, 'shop/web/http': {} }), gateway('api', 9001, {}), gateway('shop/9050', 9050, {}), gateway('shop/web/http', 40001, {})])

    expect(routes.map(({ target }) => target)).toEqual(['api', 'shop/9050', 'shop/web/http'].map(name => ({ is: 'gateway', gateway: name })))
    expect(problems).toEqual([])
  })

  test('nowhere, and says so', () => {
    const { routes, problems } = build([gateway('g', 9000, { gone: {}, 'shop/web/web:9/http': {} })], { deployments: [deployment('shop', ['web:1'])] })

    expect(routes.map(({ target }) => target)).toEqual([{ is: 'endpoints', endpoints: [] }, { is: 'endpoints', endpoints: [] }])
    expect(problems.map(({ message }) => message)).toEqual(["Route 'gone' leads to no gateway.", "Route 'shop/web/web:9/http' leads to no service."])
  })

  test('to a service without an instance yet, without a complaint', () => {
    expect(build([gateway('g', 9000, { 'shop/web/web:1/http': {} })], { deployments: [deployment('shop', ['web:1'])] }).problems).toEqual([])
  })

  test('not back to where it came from', () => {
    const { table, problems } = build([gateway('a', 9000, { b: {} }), gateway('b', 9001, { c: {} }), gateway('c', 9002, { a: {} }), gateway('d', 9003, { a: {} })])

    expect(table.gateways.map(({ routes }) => routes[0]?.target.is)).toEqual(['endpoints', 'endpoints', 'endpoints', 'gateway'])
    expect(problems.map(({ gateway }) => gateway)).toEqual(['a', 'b', 'c'])
  })

  test.each([['0.0.0.0', 'localhost', true], ['127.0.0.1', '127.0.0.1', true], ['10.0.0.5', '10.0.0.5', true], ['10.0.0.5', '127.0.0.1', false], ['0.0.0.0', '10.0.0.5', false]])('not back by an address of the host: gateways at %s, a route to %s', (address, host, circle) => {
    const all = [gateway('a', 9000, { [`[${host}:9001]`]: {} }), gateway('b', 9001, { c: {} }), gateway('c', 9002, { [`[${host}:9000]`]: {} }), gateway('d', 9003, { [`[${host}:9000]`]: {} })]
    const { table, problems } = build(all, { address })

    expect(problems.map(({ gateway }) => gateway)).toEqual(circle ? ['a', 'b', 'c'] : [])
    expect(table.gateways.map(({ routes }) => routes[0]?.target)).toMatchObject(circle ? [{ endpoints: [] }, { endpoints: [] }, { endpoints: [] }, { endpoints: [{ host, port: 9000 }] }] : [{ endpoints: [{ port: 9001 }] }, { gateway: 'c' }, {}, {}])
  })
})

describe('weights', () => {
  test('become shares that total exactly', () => {
    expect(build([gateway('g', 9000, { '[a:1]': {}, '[b:1]': { weight: 2.5 }, '[c:1]': {}, '[d:1]': {} })]).routes.map(({ weight }) => weight)).toEqual([3200, 250, 3200, 3350])
  })

  test('come from stored routes too', () => {
    const routes = [{ path: '[a:1]', settings: reference('small') }, { path: '[b:1]', settings: inline(settings()) }]

    const built = build([gateway('g', 9000, {}, { routes })], { lookupRoute: name => ({ kind: 'routes', name, ...settings({ weight: 10 }) }) })

    expect(built.routes.map(({ weight }) => weight)).toEqual([1000, 9000])
  })

  test('that cannot be are told, and in proportion', () => {
    const { routes, problems } = build([gateway('g', 9000, { '[a:1]': { weight: 60 }, '[b:1]': { weight: 60 } })])

    expect(routes.map(({ weight }) => weight)).toEqual([5000, 5000])
    expect(problems).toEqual([{ gateway: 'g', message: 'Total route weight must be either 0% or 100%: g.' }])
  })

  test('may all be nothing', () => {
    expect(build([gateway('g', 9000, { '[a:1]': { weight: 0 }, '[b:1]': { weight: 0 } })]).routes.map(({ weight }) => weight)).toEqual([0, 0])
  })
})

describe('conditions', () => {
  const condition = (text: string) => inline({ kind: 'conditions' as const, name: '', metadata: {}, condition: text })

  test('take all that match unless a strength is given; a route without one has no strength', () => {
    const { routes } = build([gateway('g', 9000, { '[a:1]': { condition: condition('has cookie x') }, '[b:1]': { condition: condition('has cookie y'), condition_strength: 2.5 }, '[c:1]': { condition_strength: 50 } })])

    expect(routes.map(({ strength }) => strength)).toEqual([10_000, 250, 0])
    expect(routes[0]?.condition).toEqual({ is: 'cookie', name: 'x' })
  })

  test('may be stored', () => {
    const { routes } = build([gateway('g', 9000, { '[a:1]': { condition: reference('firefox') } })], { lookupCondition: name => ({ kind: 'conditions', name, metadata: {}, condition: 'user-agent is Firefox' }) })

    expect(routes[0]).toMatchObject({ strength: 10_000, condition: { is: 'user_agent', value: 'Firefox' } })
  })

  test('that do not parse are left out and told, and so are missing ones', () => {
    const { routes, problems } = build([gateway('g', 9000, { '[a:1]': { condition: condition('hdr_sub(x) y') }, '[b:1]': { condition: reference('gone') } })])

    expect(routes.map(({ condition, strength }) => ({ condition, strength }))).toEqual([{ strength: 0 }, { strength: 0 }])
    expect(problems.map(({ message }) => message)).toEqual(["The condition of route '[a:1]' is left out. Cannot parse: 'hdr_sub(x) y' is no operand.", "Artifact cannot be found: condition 'gone'."])
  })

  test('are nothing for TCP', () => {
    const tcp = gateway('g', 9000, { '[a:1]': { condition: condition('has cookie x') } }, { port: { name: '9000', number: 9000, type: 'tcp' }, sticky: 'route' })

    expect(build([tcp]).table.gateways[0]).toMatchObject({ mode: 'tcp', sticky: 'none', virtual_hosts: [], routes: [{ strength: 0 }] })
  })
})

describe('selectors', () => {
  const shop = {
    deployments: [deployment('shop', ['web:1', 'web:2']), deployment('other', ['web:3'])],
    statuses: [status('shop', [instance('web:1', '1'), instance('web:2', '2'), instance('web:2', '3', 'draining'), instance('web:2', '4', 'starting')]), status('other', [instance('web:3', '5')])],
  }
  const idsOf = ({ routes }: ReturnType<typeof build>) => routes.map(({ path, weight, target }) => ({ path, weight, ids: target.is === 'endpoints' ? target.endpoints.map(({ id }) => id) : [] }))

  test('of a route choose its instances', () => {
    expect(idsOf(build([gateway('g', 9000, { all: { selector: 'namespace(shop) and port(80)' }, one: { selector: 'label(service)(web:3)' } })], shop)))
      .toEqual([{ path: 'all', weight: 5000, ids: ['1', '2', '3'] }, { path: 'one', weight: 5000, ids: ['5'] }])
  })

  test('of a gateway make a route of each group, and what is set for a group is kept', () => {
    const built = build([gateway('g', 9000, { '(2)': { weight: 20 } }, { selector: 'name(web:(.*))' })], shop)

    expect(idsOf(built)).toEqual([{ path: '(2)', weight: 2000, ids: ['2', '3'] }, { path: '(1)', weight: 8000, ids: ['1'] }, { path: '(3)', weight: 0, ids: ['5'] }])
    expect(built.problems).toEqual([])
  })

  test('that do not parse choose nothing and are told', () => {
    const { routes, problems } = build([gateway('g', 9000, { a: { selector: 'winter(cold)' } })], shop)

    expect(routes[0]?.target).toEqual({ is: 'endpoints', endpoints: [] })
    expect(problems).toEqual([{ gateway: 'g', message: "Invalid selector: 'winter(cold)'. Cannot parse: 'winter' is no property of a target." }])
  })
})

test('rewrites are split at their last if', () => {
  const rewrites = [inline({ kind: 'rewrites' as const, name: '', metadata: {}, path: '/what if/%[path] IF path_beg /old' }), reference('stored')]

  const { routes } = build([gateway('g', 9000, { '[a:1]': { rewrites } })], { lookupRewrite: name => ({ kind: 'rewrites', name, metadata: {}, path: '/new if { path /a }' }) })

  expect(routes[0]?.rewrites).toEqual([{ path: '/what if/%[path]', condition: 'path_beg /old' }, { path: '/new', condition: '{ path /a }' }])
})

test('policies are taken in, stored or not', () => {
  const stored = { kind: 'policies' as const, name: 'slow', metadata: {}, timeouts: { request: 60 } }

  const { table } = build([gateway('g', 9000, { '[a:1]': { policy: inline({ maintenance: { status: 503, body: '' } }) } }, { policy: reference('slow') })], { lookupPolicy: () => stored })

  expect(table.gateways[0]).toMatchObject({ policy: { timeouts: { request: 60 } }, routes: [{ policy: { maintenance: { status: 503 } } }] })
  expect(table.gateways[0]?.policy).not.toHaveProperty('kind')
})

test('a port is one gateway\'s; one without a port is left out', () => {
  const { table, problems } = build([gateway('a', 9000, {}), gateway('b', 9000, {}), gateway('c', 0, {}), gateway('d', 80, {})], { virtualHosts: { address: '0.0.0.0', port: 80 } })

  expect(table.gateways.map(({ name }) => name)).toEqual(['a'])
  expect(problems).toEqual([{ gateway: 'b', message: 'Port 9000 is in use by a.' }, { gateway: 'd', message: 'Port 80 is in use by the virtual hosts.' }])
})

test('virtual hosts have default names where there is a listener for them', () => {
  const gateways = [gateway('shop', 1, {}, { virtual_hosts: ['Shop.Example'] }), gateway('shop/9050', 2, {}), gateway('shop:1.0/web/http', 3, {}, { virtual_hosts: ['http.web.shop-1-0.vamp'] })]

  const { table } = build(gateways, { virtualHosts: { address: '0.0.0.0', port: 80 } })

  expect(table.gateways.map(({ virtual_hosts }) => virtual_hosts)).toEqual([['shop.vamp', 'shop.example'], ['9050.shop.vamp'], ['http.web.shop-1-0.vamp']])
  expect(build(gateways).table.gateways[1]?.virtual_hosts).toEqual([])
})

test('names in the proxy are the hashes that the original used', () => {
  const { table } = build([gateway('shop/front/web', 40001, { 'shop/front/front:2/web': {} })])

  expect(table.gateways[0]).toMatchObject({ lookup_name: 'b901453671e3ec5cc61df01d67e14667212299b4', routes: [{ lookup_name: 'b2f83e32ce6b46a3a24415e7580b448491487f6c' }] })
  expect(table.revision).toBe(7)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Deployment, DeploymentStatus } from '../deployment.ts'
import type { Gateway, RouteSettings } from '../gateway.ts'
import { inline, reference } from '../reference.ts'
import { type BuildInput, buildTable } from './build-table.ts'
import { TableMemo } from './table-memo.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e']
const PATHS = ['[10.0.0.1:80]', 'a', 'b', 'c', 'shop/web/web:1/http', 'shop/web/web:2/http', 'gone']

const settings = fc.record({
  weight: fc.option(fc.constantFrom(0, 10, 50), { nil: undefined }),
  condition: fc.option(fc.constantFrom(reference('x'), reference('y')), { nil: undefined }),
  policy: fc.option(fc.constantFrom(reference('x'), inline({ failover: ['b', '[10.0.0.2:80]'] })), { nil: undefined }),
  rewrites: fc.constantFrom([], [reference('x')]),
  selector: fc.option(fc.constant('name(web:1)'), { nil: undefined, freq: 8 }),
}).map((drawn): RouteSettings => ({ metadata: {}, ...Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined)), rewrites: drawn.rewrites }))

const gateway = fc.record({
  name: fc.constantFrom(...NAMES), number: fc.constantFrom(0, 80, 9001, 9002, 9003, 9004, 9005),
  routes: fc.uniqueArray(fc.record({ path: fc.constantFrom(...PATHS), settings: fc.oneof({ weight: 4, arbitrary: settings.map(inline) }, fc.constant(reference('x'))) }), { maxLength: 3, selector: ({ path }) => path }),
  selector: fc.option(fc.constant('name((.*))'), { nil: undefined, freq: 8 }),
}).map(({ name, number, routes, selector }): Gateway => ({
  kind: 'gateways', name, metadata: {}, port: { name: String(number), number, type: 'http' }, sticky: 'none', virtual_hosts: [], routes, ...(selector ? { selector } : {}),
}))

const deployment = fc.constantFrom<readonly string[]>(['web:1'], ['web:2'], ['web:1', 'web:2']).map(breeds => ({
  kind: 'deployments', name: 'shop', metadata: {}, ports: {}, environment_variables: [], hosts: {}, dialects: {},
  clusters: [{ name: 'web', metadata: {}, gateways: [], dialects: {}, services: breeds.map(name => ({ breed: { name, metadata: {}, deployable: { definition: 'x' }, ports: [{ name: 'http', number: 80, type: 'http' }] } })) }],
}) as unknown as Deployment)

const status = fc.uniqueArray(fc.record({ id: fc.constantFrom('1', '2', '3'), service: fc.constantFrom('web:1', 'web:2'), state: fc.constantFrom('ready', 'draining', 'stopping') }), { selector: ({ id }) => id })
  .map(instances => ({ name: 'shop', services: [], instances: instances.map(each => ({ ...each, cluster: 'web', host: '10.0.0.1', ports: { http: 31_000 }, since: '' })) }) as unknown as DeploymentStatus)

const named = fc.constantFrom('x', 'y')
const change = fc.oneof(
  { weight: 6, arbitrary: gateway.map(value => ({ of: 'gateways', name: value.name, value })) },
  { weight: 2, arbitrary: fc.constantFrom(...NAMES).map(name => ({ of: 'gateways', name, value: undefined })) },
  deployment.map(value => ({ of: 'deployments', name: 'shop', value })),
  status.map(value => ({ of: 'statuses', name: 'shop', value })),
  fc.tuple(named, fc.constantFrom('has cookie x', 'has cookie y', 'no such thing')).map(([name, condition]) => ({ of: 'conditions', name, value: { kind: 'conditions', name, metadata: {}, condition } })),
  fc.tuple(named, fc.constantFrom('/x if path /y', 'no')).map(([name, path]) => ({ of: 'rewrites', name, value: { kind: 'rewrites', name, metadata: {}, path } })),
  settings.map(value => ({ of: 'routes', name: 'x', value: { kind: 'routes', name: 'x', ...value } })),
  fc.constantFrom(1, 2).map(request => ({ of: 'policies', name: 'x', value: { kind: 'policies', name: 'x', metadata: {}, timeouts: { request }, failover: ['c'] } })),
  fc.tuple(fc.constantFrom('deployments', 'statuses', 'conditions', 'rewrites', 'routes', 'policies'), fc.constantFrom('shop', 'x', 'y')).map(([of, name]) => ({ of, name, value: undefined })),
  fc.constantFrom('10.0.0.9', '127.0.0.1').map(value => ({ of: 'address', name: '', value })),
  fc.constantFrom(undefined, 80, 9003).map(value => ({ of: 'virtual hosts', name: '', value })),
)

type Lists = Readonly<Record<string, readonly { readonly name: string }[]>>

function world() {
  const lists: Record<string, readonly { readonly name: string }[]> = Object.fromEntries(['gateways', 'deployments', 'statuses', 'conditions', 'rewrites', 'routes', 'policies'].map(kind => [kind, []]))
  let [address, virtualHosts]: [string, number | undefined] = ['127.0.0.1', undefined]
  return {
    make({ of, name, value }: { readonly of: string; readonly name: string; readonly value: unknown }) {
      if (of === 'address') address = String(value)
      else if (of === 'virtual hosts') virtualHosts = value as number | undefined
      else {
        const others = (lists[of] ?? []).filter(each => each.name !== name)
        lists[of] = value === undefined ? others : [...others, value as { readonly name: string }].sort((a, b) => a.name < b.name ? -1 : 1)
      }
    },
    input: () => inputOf(lists, address, virtualHosts),
  }
}

function inputOf(lists: Lists, address: string, virtualHosts: number | undefined): BuildInput {
  const look = (kind: string) => (name: string) => lists[kind]?.find(each => each.name === name) as never
  const { gateways, deployments, statuses, conditions, rewrites, routes, policies } = lists as Required<Lists> as Record<string, never>
  return {
    gateways: gateways as never, deployments: deployments as never, statuses: statuses as never, revision: 1, address,
    lookupCondition: look('conditions'), lookupRewrite: look('rewrites'), lookupRoute: look('routes'), lookupPolicy: look('policies'),
    ...(virtualHosts === undefined ? {} : { virtualHosts: { address, port: virtualHosts } }),
    sources: { deployments: deployments as never, 'deployment-statuses': statuses as never, conditions: conditions as never, rewrites: rewrites as never, routes: routes as never, policies: policies as never },
  }
}

test('with what is remembered of earlier tables it comes to the same as without, and what is the same is the same object', () => {
  fc.assert(fc.property(fc.array(fc.array(change, { maxLength: 3 }), { minLength: 1, maxLength: 12 }), steps => {
    const memo = new TableMemo()
    const { make, input } = world()
    let before = buildTable(input(), memo)
    for (const step of steps) {
      for (const each of step) make(each)
      const built = buildTable(input(), memo)
      expect(built).toEqual(buildTable(input()))
      for (const gateway of built.table.gateways) {
        const old = before.table.gateways.find(({ name }) => name === gateway.name)
        if (step.length === 0) expect(gateway).toBe(old)
      }
      before = built
    }
  }), { numRuns: 400 })
})

test('a change of one gateway looks into no other, and a change of an instance into those that lead there', () => {
  const touched = new Set<string>()
  const watched = (value: Gateway) => new Proxy(value, { get(target, key) { touched.add(target.name); return Reflect.get(target, key) as unknown } })
  const gateways = Array.from({ length: 500 }, (_, at): Gateway => ({
    kind: 'gateways', name: `g${1000 + at}`, metadata: {}, port: { name: '', number: 9000 + at, type: 'http' }, sticky: 'none', virtual_hosts: [],
    routes: [{ path: at === 7 ? 'shop/web/web:1/http' : '[10.0.0.1:80]', settings: inline({ metadata: {}, rewrites: [] }) }],
  }))
  const memo = new TableMemo()
  const input = (lists: Partial<Record<string, readonly { readonly name: string }[]>>) => inputOf({ deployments: [], statuses: [], conditions: [], rewrites: [], routes: [], policies: [], ...lists } as Lists, '127.0.0.1', undefined)
  const all = gateways.map(watched)
  const nothing: readonly never[] = []
  const none = { deployments: nothing, statuses: nothing, conditions: nothing, rewrites: nothing, routes: nothing, policies: nothing }
  const changed = (list: readonly Gateway[], at: number) => list.map((each, place) => place === at ? watched({ ...gateways[at] as Gateway, sticky: 'route' }) : each)
  buildTable(input({ ...none, gateways: all }), memo)
  const warm = changed(all, 100)
  const before = buildTable(input({ ...none, gateways: warm }), memo).table
  const next = changed(warm, 300)

  touched.clear()
  const after = buildTable(input({ ...none, gateways: next }), memo).table
  expect([...touched]).toEqual(['g1300'])
  expect(after.gateways.flatMap((gateway, at) => gateway === before.gateways[at] ? [] : [gateway.name])).toEqual(['g1300'])

  touched.clear()
  const statuses = [{ name: 'shop', services: [], instances: [{ id: '1', cluster: 'web', service: 'web:1', state: 'ready', host: '10.0.0.1', ports: { http: 31_000 }, since: '' }] } as DeploymentStatus]
  const scaled = buildTable(input({ ...none, gateways: next, statuses }), memo).table
  expect([...touched]).toEqual(['g1007'])
  expect(scaled.gateways[7]?.routes[0]?.target).toMatchObject({ endpoints: [{ id: '1' }] })
})

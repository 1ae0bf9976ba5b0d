import type { DeploymentView } from '@vamp/model/api/deployments'
import type { GatewayView } from '@vamp/model/api/gateways'
import type { TrafficGroup } from '@vamp/model/api/traffic'
import { expect, test } from 'vitest'
import { shortName, topologyOf } from './topology.ts'

const instances = (count: number, state = 'ready') => Array.from({ length: count }, (_, index) => ({ name: `i${index}`, host: '127.0.0.1', ports: { http: 21_000 + index }, state }))
const version = (name: string, count: number) => ({ breed: { name }, scale: { instances: count }, instances: instances(count), status: { intention: 'Deployment', phase: { name: 'Done' } } })
const shop = (...services: readonly object[]) => ({ name: 'shop', clusters: { web: { services, gateways: { http: {} } } } }) as unknown as DeploymentView
const gateway = (name: string, internal: boolean, desired: Readonly<Record<string, number>>) => ({ name, internal, deployed: true, port: '9050/http', state: { desired } }) as unknown as GatewayView
const group = (fields: Partial<TrafficGroup>) => ({ requests: 100, errors: 0, rate: 10, ...fields }) as TrafficGroup
const NONE = { routes: [], instances: [] }

test('requests flow from the gateway through cluster and version to the instances, with what passes on each way', () => {
  const { nodes, edges } = topologyOf([shop(version('web:1', 1), version('web:2', 1))], [gateway('shop/9050', false, { 'shop/web/http': 100 }), gateway('shop/web/http', true, { 'shop/web/web:1/http': 75, 'shop/web/web:2/http': 25 })], {
    routes: [group({ gateway: 'shop/9050', route: 'shop/web/http', rate: 40 }), group({ gateway: 'shop/web/http', route: 'shop/web/web:2/http', rate: 10, errors: 5 })],
    instances: [group({ instance: 'i0', rate: 10 })],
  })

  expect(nodes.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['cluster web', 'version web:1', 'instance i0', 'version web:2', 'instance i0', 'gateway shop/9050'])
  expect(edges.map(({ id, rate, errorRate, share }) => [id, rate, errorRate, share])).toEqual([
    ['shop/web → shop/web/web:1', undefined, undefined, 75], ['shop/web/web:1 → shop/web/web:1/i0', 10, 0, undefined],
    ['shop/web → shop/web/web:2', 10, 0.05, 25], ['shop/web/web:2 → shop/web/web:2/i0', 10, 0, undefined],
    ['gateway shop/9050 → shop/web/http', 40, 0, undefined],
  ])
})

test('many instances are drawn as one, with how many are well', () => {
  const { nodes } = topologyOf([shop(version('web:1', 500))], [], NONE)

  expect(nodes.map(({ kind, name, note }) => `${kind} ${name}: ${note}`)).toEqual(['cluster web: port http', 'version web:1: 500 of 500 ready', 'instances 500 instances: 500 ready'])
})

test('a gateway that leads elsewhere is not drawn', () => {
  expect(topologyOf([shop(version('web:1', 0))], [gateway('other', false, { 'other/web/http': 100 })], NONE).nodes.map(({ kind }) => kind)).toEqual(['cluster', 'version'])
})

test('many gateways are drawn as one, with what passes through all of them', () => {
  const fronts = Array.from({ length: 20 }, (_, index) => gateway(`front-${index}`, false, { 'shop/web/http': 100 }))
  const { nodes, edges } = topologyOf([shop(version('web:1', 1))], fronts, { routes: fronts.map(({ name }) => group({ gateway: name, route: 'shop/web/http', rate: 2 })), instances: [] })

  expect(nodes.filter(({ kind }) => kind === 'gateway').map(({ name, note }) => `${name}: ${note}`)).toEqual(['20 gateways: in force'])
  expect(edges.at(-1)).toMatchObject({ to: 'shop/web', rate: 40 })
})

test('a long name is cut where a part of it begins', () => {
  expect(['shop-web-1', 'shop-checkout-checkout-4-0-226be2-2', 'shop-web-web-1-1-dba3fb-2', 'a'.repeat(30)].map(shortName)).toEqual(['shop-web-1', '…4-0-226be2-2', '…web-1-1-dba3fb-2', `…${'a'.repeat(17)}`])
})

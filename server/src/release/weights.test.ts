import { inline } from '@vamp/model/reference'
import type { Gateway } from '@vamp/model/gateway'
import { expect, test } from 'vitest'
import type { Stored } from '../store/store.ts'
import { acknowledgedShare, heaviest, weightWrites } from './weights.ts'

function gateway(weights: Record<string, number>): Stored<'gateways'> {
  const value: Gateway = {
    kind: 'gateways', name: 'shop/web/http', metadata: {}, port: { name: '40000', number: 40_000, type: 'http' }, sticky: 'none', virtual_hosts: [],
    routes: Object.entries(weights).map(([service, weight]) => ({ path: `shop/web/${service}/http`, settings: inline({ metadata: {}, rewrites: [], weight }) })),
  }
  return { kind: 'gateways', name: value.name, value, revision: 7 }
}

const weightsOf = (value: Gateway) => value.routes.map(route => route.settings.is === 'inline' ? route.settings.value.weight : undefined)

test('the new version gets its share, the old one what is left, others keep theirs', () => {
  const [write] = weightWrites([gateway({ 'web:1.0': 90, 'web:0.9': 10, 'web:1.1': 0 })], 'web:1.0', new Map([['web:1.1', 2.5]]))

  expect(write?.do === 'put' ? weightsOf(write.value) : []).toEqual([87.5, 10, 2.5])
  expect(write?.expected).toBe(7)
})

test('weights that are as wanted are not written again', () => {
  expect(weightWrites([gateway({ 'web:1.0': 95, 'web:1.1': 5 })], 'web:1.0', new Map([['web:1.1', 5]]))).toEqual([])
})

test('the baseline is what holds most of the traffic', () => {
  expect(heaviest([gateway({ 'web:0.9': 10, 'web:1.0': 90, 'web:1.1': 0 })], ['web:1.1'])).toBe('web:1.0')
})

test('a share counts as in force when every port has it', () => {
  const status = (percent: number) => ({ name: 'g', deployed: true, port: 1, desired: {}, acknowledged: { 'shop/web/web:1.1/http': percent } })

  expect(acknowledgedShare([status(5), status(2)], 'web:1.1')).toBe(0.02)
})

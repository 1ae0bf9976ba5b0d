import type { GatewayView } from '@vamp/model/api/gateways'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bodyOf, differs, editOf, linkedWeights, weightChanges } from './gateway-edit.ts'

const view = {
  name: 'shop/web/http', kind: 'gateways', metadata: {}, lookup_name: 'x', internal: true, deployed: true, port: '40000/http', sticky: null, virtual_hosts: [], selector: null,
  routes: {
    'shop/web/web:1.0/http': { metadata: {}, weight: '75%', condition: null, condition_strength: null, rewrites: [] },
    'shop/web/web:1.1/http': { metadata: {}, weight: '25%', condition: { condition: 'has cookie beta' }, condition_strength: '50%', rewrites: [] },
  },
  state: { desired: {}, acknowledged: {}, observed: {}, requests: 0, seconds: 10 },
} satisfies GatewayView

test('two routes are communicating vessels', () => {
  expect(linkedWeights([75, 25], 1, 40)).toEqual([60, 40])
  expect(linkedWeights([0, 100], 1, 30)).toEqual([70, 30])
  expect(linkedWeights([100], 0, 30)).toEqual([100])
})

test('several routes share what is left as they did before, evenly if they had nothing', () => {
  expect(linkedWeights([60, 30, 10], 2, 40)).toEqual([40, 20, 40])
  expect(linkedWeights([0, 0, 100], 2, 50)).toEqual([25, 25, 50])
})

test('whatever is moved, the weights total 100 and none is below 0', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 8 }), fc.nat(7), fc.double({ min: -10, max: 120, noNaN: true }), (weights, index, wanted) => {
    const next = linkedWeights(weights, index % weights.length, wanted)
    expect(Math.abs(next.reduce((sum, weight) => sum + weight, 0) - 100)).toBeLessThan(1e-6)
    expect(Math.min(...next)).toBeGreaterThanOrEqual(0)
  }))
})

test('a gateway is sent back as it came, but for what was changed', () => {
  const edit = editOf(view)
  const [first, second] = edit.routes
  if (!first || !second) throw new Error('two routes are given')
  const changed = { sticky: 'route' as const, routes: [{ ...first, weight: 40 }, { ...second, weight: 60, condition: '' }] }

  expect(differs(edit, editOf(view))).toBe(false)
  expect(weightChanges(edit, changed)).toEqual([{ path: 'shop/web/web:1.0/http', before: 75, after: 40 }, { path: 'shop/web/web:1.1/http', before: 25, after: 60 }])
  const body = bodyOf(view, changed)
  expect(body).toMatchObject({ name: 'shop/web/http', sticky: 'route', routes: { 'shop/web/web:1.0/http': { weight: '40%', condition: null }, 'shop/web/web:1.1/http': { weight: '60%', condition: null, condition_strength: null } } })
  expect(body).not.toHaveProperty('state')
})

test('a route that is kept elsewhere is left as it is', () => {
  const referring = { ...view, routes: { ...view.routes, 'shop/web/web:1.1/http': { reference: 'stored' } } } as unknown as GatewayView

  expect(editOf(referring).routes[1]).toMatchObject({ reference: 'stored' })
  expect(bodyOf(referring, editOf(referring))).toMatchObject({ routes: { 'shop/web/web:1.1/http': { reference: 'stored' } } })
})

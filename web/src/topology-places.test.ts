import { expect, test } from 'vitest'
import type { Topology, TopologyNode } from './topology.ts'
import { type Place, placesOf } from './topology-places.ts'

const node = (kind: TopologyNode['kind'], id: string): TopologyNode => ({ id, kind, name: id, note: '', tone: 'good' })
const edge = (from: string, to: string) => ({ id: `${from} → ${to}`, from, to })
const SHOP: Topology = {
  nodes: [node('cluster', 'web'), node('version', 'web:1'), node('instance', 'a'), node('instance', 'b'), node('version', 'web:2'), node('instances', 'many'), node('cluster', 'db'), node('version', 'db:1'), ...Array.from({ length: 9 }, (_, index) => node('gateway', `g${index}`))],
  edges: [edge('web', 'web:1'), edge('web:1', 'a'), edge('web:1', 'b'), edge('web', 'web:2'), edge('web:2', 'many'), edge('db', 'db:1'), ...Array.from({ length: 8 }, (_, index) => edge(`g${index}`, 'web')), edge('g8', 'db'), edge('g8', 'elsewhere')],
}

const middle = (place: Place | undefined) => place ? place.y + place.height / 2 : Number.NaN

test('nothing stands on anything else, and everything is in the picture', () => {
  const { at, width, height } = placesOf(SHOP, 1000)
  const all = [...at.values()]

  expect(at.size).toBe(SHOP.nodes.length)
  for (const one of all) {
    expect(one.x >= 0 && one.y >= 0 && one.x + one.width <= width && one.y + one.height <= height).toBe(true)
    for (const other of all) if (one !== other) expect(one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y).toBe(true)
  }
})

test('each stands beside the middle of what it leads to, and left of it', () => {
  const { at } = placesOf(SHOP, 1000)

  // To the pixel.
  expect(Math.abs(middle(at.get('web:1')) - (middle(at.get('a')) + middle(at.get('b'))) / 2)).toBeLessThanOrEqual(1)
  expect(Math.abs(middle(at.get('web')) - (middle(at.get('web:1')) + middle(at.get('web:2'))) / 2)).toBeLessThanOrEqual(1)
  for (const { from, to } of SHOP.edges) { const [one, other] = [at.get(from), at.get(to)]; if (one && other) expect(one.x + one.width).toBeLessThan(other.x) }
})

test('gateways that do not fit beside their place are moved up and down alike', () => {
  const eight: Topology = { nodes: SHOP.nodes.filter(({ id }) => id !== 'g8'), edges: SHOP.edges }
  const { at } = placesOf(eight, 1000)
  const middles = Array.from({ length: 8 }, (_, index) => middle(at.get(`g${index}`)))

  expect(middles.reduce((sum, each) => sum + each, 0) / 8).toBeCloseTo(middle(at.get('web')), -1)
})

test('it takes the room there is, within bounds', () => {
  const widths = [200, 900, 5000].map(available => placesOf(SHOP, available).width)

  expect(widths[1]).toBeCloseTo(Math.max(widths[0] ?? 0, 900))
  expect(widths[0]).toBeLessThanOrEqual(widths[1] ?? 0)
  expect(widths[2]).toBeLessThan(1200)
})

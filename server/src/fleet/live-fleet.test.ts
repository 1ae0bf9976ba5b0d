import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { AgentReport } from '@vamp/agent/link/link'
import type { RoutingTable } from '@vamp/model/routing/table'
import { expect, test } from 'vitest'
import { openFleet } from './live-fleet.ts'

const table = (revision: number, state: 'ready' | 'draining' = 'ready'): RoutingTable => ({
  revision,
  gateways: [{
    name: 'g', lookup_name: 'g', address: '127.0.0.1', port: 1, mode: 'http', virtual_hosts: [], sticky: 'none',
    routes: [{ path: 'r', lookup_name: 'r', weight: 10_000, strength: 0, rewrites: [], target: { is: 'endpoints', endpoints: [{ id: 'i', host: 'h', port: 2, state }] } }],
  }],
})
const report = (agent: string, acknowledged: number, endpoints: AgentReport['endpoints'] = []): AgentReport =>
  ({ agent, driver: 'memory', acknowledged, endpoints, shares: [], reloads: 0 })

test('a table is acknowledged when the slowest live agent has confirmed it', () => {
  const fleet = openFleet({ clock: virtualClock() })
  const [a, b] = [fleet.join('a'), fleet.join('b')]

  a.report(report('a', 7))
  b.report(report('b', 5))

  expect(fleet.acknowledged()).toBe(5)
})

test('an agent that has been silent for ten seconds is not waited for', async () => {
  const clock = virtualClock()
  const fleet = openFleet({ clock })
  const [a, b] = [fleet.join('a'), fleet.join('b')]
  b.report(report('b', 5))
  await clock.advance(10_001)

  a.report(report('a', 7))

  expect(fleet.acknowledged()).toBe(7)
})

test('an endpoint counts as ready while a table that has it may still be coming into force', () => {
  const fleet = openFleet({ clock: virtualClock() })
  const link = fleet.join('a')
  link.report(report('a', 0))

  fleet.publish(table(3))
  expect(fleet.endpoint('i').state).toBe('ready')

  fleet.publish(table(4, 'draining'))
  link.report(report('a', 3, [{ id: 'i', state: 'ready', connections: 2 }]))
  expect(fleet.endpoint('i')).toEqual({ state: 'ready', connections: 2 })

  link.report(report('a', 4, [{ id: 'i', state: 'draining', connections: 1 }]))
  expect(fleet.endpoint('i')).toEqual({ state: 'draining', connections: 1 })
})

test('an endpoint that drains by a table which nobody has confirmed counts as ready: one in between may be in force, with requests on it', () => {
  const fleet = openFleet({ clock: virtualClock() })
  const link = fleet.join('a')
  link.report(report('a', 2))

  fleet.publish(table(3))
  fleet.publish(table(4, 'draining'))

  expect(fleet.endpoint('i').state).toBe('ready')
  link.report(report('a', 4, [{ id: 'i', state: 'draining', connections: 0 }]))
  expect(fleet.endpoint('i')).toEqual({ state: 'draining', connections: 0 })
  fleet.publish(table(5, 'draining'))
  expect(fleet.endpoint('i')).toEqual({ state: 'draining', connections: 0 })
})

test('what left every table is absent, with what it has not finished', () => {
  const fleet = openFleet({ clock: virtualClock() })
  const link = fleet.join('a')

  link.report({ ...report('a', 3), finishing: [{ id: 'i', connections: 2 }, { id: 'j', connections: 1 }] })

  expect(fleet.endpoint('i')).toEqual({ state: 'absent', connections: 2 })
})

test('what the published table has no more counts as ready as long as a table that has it may be in force', () => {
  const fleet = openFleet({ clock: virtualClock() })
  const link = fleet.join('a')
  link.report(report('a', 2))

  fleet.publish(table(3))
  fleet.publish({ revision: 4, gateways: [] })

  expect(fleet.endpoint('i').state).toBe('ready')
  link.report(report('a', 3, [{ id: 'i', state: 'ready', connections: 1 }]))
  expect(fleet.endpoint('i')).toEqual({ state: 'ready', connections: 1 })
  link.report(report('a', 4))
  expect(fleet.endpoint('i').state).toBe('absent')
})

test('an agent that joins late is given the newest table at once', () => {
  const fleet = openFleet({ clock: virtualClock() })
  fleet.publish(table(3))
  const seen: number[] = []

  fleet.join('late').onTable(next => seen.push(next.revision))

  expect(seen).toEqual([3])
})

test('an endpoint serves when every live agent has confirmed a table with it in rotation, and not while one has not', () => {
  const fleet = openFleet({ clock: virtualClock() })
  const [a, b] = [fleet.join('a'), fleet.join('b')]
  const ready = [{ id: 'i', state: 'ready', connections: 0 }] as const
  expect(fleet.serves('i')).toBe(false)

  fleet.publish(table(3))
  a.report(report('a', 3, ready))
  b.report(report('b', 2))
  expect(fleet.serves('i')).toBe(false)

  b.report(report('b', 3, ready))
  expect(fleet.serves('i')).toBe(true)

  b.report(report('b', 4, [{ id: 'i', state: 'draining', connections: 0 }]))
  expect(fleet.serves('i')).toBe(false)
})

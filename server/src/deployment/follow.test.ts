/** When an instance that leaves is asked to end. */
import type { InstanceStatus } from '@vamp/model/deployment'
import { expect, test } from 'vitest'
import { follow, type Sight } from './follow.ts'
import { DEFAULT_SETTINGS } from './settings.ts'

const SINCE = Date.parse('2030-01-01T00:00:00Z')
const DRAINING: InstanceStatus = { id: 'i', cluster: 'web', service: 'web:1', host: 'h', ports: {}, state: 'draining', since: new Date(SINCE).toISOString() }

function stateAfter(ms: number, endpoint: Sight['endpoint']): string | undefined {
  const container = { id: 'i', deployment: 'shop', cluster: 'web', service: 'web:1', digest: 'd', host: 'h', ports: {}, state: 'running', health: 'healthy', since: SINCE, health_checks: [] } as const
  return follow(DRAINING, { nowMs: SINCE + ms, listeningSinceMs: 0, container, endpoint, carried: true, busy: false, spared: true, recalled: false, lastLines: [] }, DEFAULT_SETTINGS)?.state
}

test('one whose route went with it finishes what it has begun, until the deadline', () => {
  const busy = { state: 'absent', connections: 1 } as const

  expect(stateAfter(5000, busy)).toBe('draining')
  expect(stateAfter(5000, { ...busy, connections: 0 })).toBe('stopping')
  expect(stateAfter(DEFAULT_SETTINGS.drainMs, busy)).toBe('stopping')
})

test('what no table has is believed when a table with it can no longer be on its way', () => {
  const idle = { state: 'absent', connections: 0 } as const

  expect(stateAfter(DEFAULT_SETTINGS.settleMs - 1, idle)).toBe('draining')
  expect(stateAfter(DEFAULT_SETTINGS.settleMs, idle)).toBe('stopping')
})

import { silent } from '@vamp/agent/base/log'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { AgentReport } from '@vamp/agent/link/link'
import { expect, test } from 'vitest'
import { openMemoryEventLog } from '../event/memory/memory-event-log.ts'
import { openFleet } from '../fleet/live-fleet.ts'
import { tellReloads } from './reload-events.ts'

test('each reload is one event with its reasons; what was before the first report is not told again', async () => {
  const clock = virtualClock()
  const events = openMemoryEventLog({ clock })
  const fleet = openFleet({ clock })
  tellReloads({ fleet, events, log: silent })
  const link = fleet.join('a')
  const report = (reloads: number, reasons: readonly string[]): AgentReport =>
    ({ agent: 'a', driver: 'haproxy', acknowledged: 1, endpoints: [], shares: [], reloads, lastReload: { revision: reloads, reasons } })

  link.report(report(3, ['new port 9050']))
  link.report(report(3, ['new port 9050']))
  link.report(report(4, ['new port 9051']))
  await clock.advance(1)

  const { events: told } = await events.query({ tags: ['agents:a'] })
  expect(told.map(({ value }) => value)).toEqual([{ revision: 4, reasons: ['new port 9051'], reloads: 4 }])
})

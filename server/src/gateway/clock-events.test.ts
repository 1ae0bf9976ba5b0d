import { startAgent } from '@vamp/agent/agent'
import type { Clock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { contractGateway } from '@vamp/agent/proxy/testdata/contract-world'
import { openMemoryProxy } from '@vamp/agent/proxy/memory/memory'
import { memorySequence } from '@vamp/agent/traffic/sequence'
import { expect, test } from 'vitest'
import { openMemoryEventLog } from '../event/memory/memory-event-log.ts'
import { openFleet } from '../fleet/live-fleet.ts'
import { openTraffic } from '../traffic/traffic.ts'
import { tellClocks } from './clock-events.ts'

test.each([['slow', 3600], ['fast', -600]])('nothing is lost of an agent whose clock is %s, and it is told once', async (how, secondsBehind) => {
  const clock = virtualClock()
  const its: Clock = { ...clock, now: () => clock.now() - secondsBehind * 1000 }
  const events = openMemoryEventLog({ clock })
  const fleet = openFleet({ clock })
  const traffic = openTraffic({ clock })
  const warnings: unknown[] = []
  fleet.onWindow(window => traffic.add(window))
  tellClocks({ fleet, events, log: { ...silent, warn: (_, facts) => { warnings.push(facts) } } })
  const proxy = openMemoryProxy({ clock: its, random: () => 0.5, answer: () => ({ status: 200, latencyMs: 3 }) })
  await using _ = await startAgent({ name: 'a', proxy, link: fleet.join('a'), clock: its, log: silent, sequence: memorySequence() })
  fleet.publish({ revision: 1, gateways: [contractGateway('shop', 80, { a: { weight: 10_000, to: [{ id: 'one', host: 'virtual', port: 1, state: 'ready' }] } })] })
  await clock.advance(100)
  const from = Math.floor(clock.now() / 1000)
  for (let second = 0; second < 5; second++) {
    void proxy.send(80)
    await clock.advance(1000)
  }
  await clock.advance(2000)

  const points = await traffic.read({ from, to: from + 5, resolution: 1, wants: () => true })
  expect(points.map(({ second, cells }) => [second - from, cells[0]?.requests])).toEqual([0, 1, 2, 3, 4].map(second => [second, 1]))
  expect(traffic.completeUntil()).toBe(from + 6)
  expect(warnings).toEqual([{ agent: 'a', clock: `its clock is ${Math.abs(secondsBehind)} s ${how}` }])
  expect((await events.query({ tags: ['agents:a', 'agents:clock'] })).events.map(({ value }) => value)).toEqual([{ agent: 'a', seconds_behind: secondsBehind, clock: `its clock is ${Math.abs(secondsBehind)} s ${how}` }])
})

test('a clock that is set right is told of, too', async () => {
  const clock = virtualClock()
  const events = openMemoryEventLog({ clock })
  const fleet = openFleet({ clock })
  tellClocks({ fleet, events, log: silent })
  const link = fleet.join('a')
  const report = (time?: number) => link.report({ agent: 'a', driver: 'memory', acknowledged: 0, endpoints: [], shares: [], reloads: 0, ...(time === undefined ? {} : { time }) })
  report()
  report(clock.now())
  report(clock.now() + 60_000)
  for (let count = 0; count < 10; count++) report(clock.now())
  await clock.advance(1)

  expect((await events.query({ tags: ['agents:clock'] })).events.map(({ value }) => (value as { clock: string }).clock).sort()).toEqual(['its clock is 60 s fast', 'its clock is right again'])
})

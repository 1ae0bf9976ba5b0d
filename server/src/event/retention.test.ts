import { silent } from '@vamp/agent/base/log'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import { openMemoryEventLog } from './memory/memory-event-log.ts'
import { pruneAll, startRetention } from './retention.ts'

const HOUR_MS = 3_600_000

test('each type is kept as long as it says, and all others as long as the rest', async () => {
  const clock = virtualClock()
  const events = openMemoryEventLog({ clock })
  await events.append(['event', 'archive', 'metrics', 'health'].map(type => ({ tags: ['t'], type })))
  const left = async () => (await events.query({})).events.map(({ type }) => type).reverse()
  const retention = { days: 2, types: { archive: 3, health: 1 } }

  expect(await pruneAll(events, retention, clock.now() + 24 * HOUR_MS)).toBe(0)
  expect(await pruneAll(events, retention, clock.now() + 25 * HOUR_MS)).toBe(1)
  expect(await left()).toEqual(['event', 'archive', 'metrics'])
  expect(await pruneAll(events, retention, clock.now() + 49 * HOUR_MS)).toBe(2)
  expect(await left()).toEqual(['archive'])
  expect(await pruneAll(events, retention, clock.now() + 73 * HOUR_MS)).toBe(1)
})

test('the log stays as small as its retention while months go by', async () => {
  const clock = virtualClock()
  const events = openMemoryEventLog({ clock })
  const stop = startRetention({ events, retention: () => ({ days: 1, types: {} }), clock, log: silent })
  const sizes: number[] = []

  for (let hour = 0; hour < 100; hour++) {
    await events.append([{ tags: ['t'] }])
    await clock.advance(HOUR_MS)
    sizes.push((await events.query({})).total)
  }
  stop()
  await clock.advance(100 * HOUR_MS)

  expect(Math.max(...sizes)).toBeLessThanOrEqual(25)
  expect((await events.query({})).total).toBe(sizes.at(-1))
})

import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import { eventContract } from '../contract.ts'
import { APPEND_EVENTS_MAX, MEMORY_EVENTS_MAX } from '../limits.ts'
import { openMemoryEventLog } from './memory-event-log.ts'

eventContract('memory', async clock => {
  const log = openMemoryEventLog({ clock })
  return { log, close: async () => { await log[Symbol.asyncDispose]() } }
})

test('the oldest events go when there are too many', async () => {
  const log = openMemoryEventLog({ clock: virtualClock() })
  const many = Array.from({ length: APPEND_EVENTS_MAX }, (_, index) => ({ tags: ['t'], value: index }))

  for (let appended = 0; appended < MEMORY_EVENTS_MAX; appended += many.length) await log.append(many)
  await log.append([{ tags: ['newest'] }])

  expect(await log.aggregate({}, { type: 'count' })).toBe(MEMORY_EVENTS_MAX)
  expect((await log.query({}, { limit: 1 })).events[0]?.tags).toEqual(['newest'])
})

import { silent } from '@vamp/agent/base/log'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { WorkflowRun } from '@vamp/model/workflow-run'
import { expect, test } from 'vitest'
import { openMemoryEventLog } from '../event/memory/memory-event-log.ts'
import { openMemoryStore } from '../store/memory/memory-store.ts'
import type { Store } from '../store/store.ts'
import { startIntake } from './intake.ts'
import { openTagIndex } from './tag-index.ts'

const turns = async () => { for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve)) }

test('what comes in while earlier runs are being stored is stored before it begins', async () => {
  const clock = virtualClock()
  const memory = openMemoryStore()
  const events = openMemoryEventLog({ clock })
  const index = openTagIndex()
  index.set('note', ['poke'])
  let open = () => {}
  let gate = Promise.resolve()
  const close = () => { gate = new Promise(resolve => { open = resolve }) }
  const store: Store = Object.assign(Object.create(memory), { async transaction(writes: Parameters<Store['transaction']>[0]) { await gate; return memory.transaction(writes) } })
  const begun: WorkflowRun[] = []
  const unstored: string[] = []
  const intake = await startIntake({ store, events, index, clock, log: silent, room: () => 100, dropped: () => {}, begun(runs) {
    begun.push(...runs)
    for (const { id } of runs) void memory.get('workflow-runs', `note/${id}`).then(stored => { if (!stored) unstored.push(id) })
  } })

  close()
  await events.append([{ tags: ['poke'], value: 1 }])
  await turns()
  await events.append([{ tags: ['poke'], value: 2 }])
  await turns()
  expect(begun).toEqual([])
  open()
  await turns()

  expect(begun.map(({ trigger }) => trigger.by === 'event' && trigger.event.value)).toEqual([1, 2])
  expect(unstored).toEqual([])
  await intake[Symbol.asyncDispose]()
})

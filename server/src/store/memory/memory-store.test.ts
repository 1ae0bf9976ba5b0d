import { systemClock } from '@vamp/agent/base/clock'
import { openMemoryEventLog } from '../../event/memory/memory-event-log.ts'
import { storeContract } from '../contract.ts'
import { openMemoryStore } from './memory-store.ts'

storeContract('memory', async () => {
  const log = openMemoryEventLog({ clock: systemClock })
  return { store: openMemoryStore(log), log, close: async () => {} }
})

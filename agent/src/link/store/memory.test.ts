import { keyValueContract } from './contract.ts'
import { openMemoryKeyValueStore } from './memory.ts'

keyValueContract('memory', async () => {
  const store = openMemoryKeyValueStore()
  return { store, die: async () => store.down(true), comeBack: async () => store.down(false), close: async () => {} }
})

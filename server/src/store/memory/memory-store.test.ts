import { storeContract } from '../contract.ts'
import { openMemoryStore } from './memory-store.ts'

storeContract('memory', async () => {
  const store = openMemoryStore()
  return { store, close: async () => { await store[Symbol.asyncDispose]() } }
})

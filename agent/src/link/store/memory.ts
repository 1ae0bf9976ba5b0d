/** A key-value store in memory, with an outage for tests. */
import { Fault } from '@vamp/model/fault'
import { VALUE_BYTES_MAX, type KeyValueStore } from './key-value-store.ts'

export interface MemoryKeyValueStore extends KeyValueStore {
  /** While it is down, every question fails. */
  down(isDown: boolean): void
  readonly keys: readonly string[]
}

export function openMemoryKeyValueStore(): MemoryKeyValueStore {
  const all = new Map<string, { readonly value: Uint8Array; readonly version: number }>()
  const waiting = new Set<() => void>()
  let version = 0
  let isDown = false
  const demandUp = () => { if (isDown) throw new Fault('key_value_unreachable', 'down') }
  const wake = () => { for (const waiter of [...waiting]) waiter() }
  const versionOf = (key: string) => String(all.get(key)?.version ?? 0)
  return {
    driver: 'memory',
    async get(key) { demandUp(); const found = all.get(key); return { version: versionOf(key), ...(found ? { value: found.value } : {}) } },
    async put(key, value, since) {
      demandUp()
      if (value.length > VALUE_BYTES_MAX) throw new Fault('too_large', 'too much for one value')
      if (since && since.version !== versionOf(key)) return false
      all.set(key, { value: value.slice(), version: ++version })
      wake()
      return true
    },
    async delete(key) { demandUp(); all.delete(key); wake() },
    async changed(key, since, signal) {
      demandUp()
      while (versionOf(key) === since.version && !isDown) {
        await new Promise<void>((resolve, reject) => {
          const waiter = () => { waiting.delete(waiter); signal.removeEventListener('abort', end); resolve() }
          const end = () => { waiting.delete(waiter); reject(signal.reason) }
          waiting.add(waiter)
          if (signal.aborted) end()
          else signal.addEventListener('abort', end, { once: true })
        })
      }
    },
    down(next) { isDown = next; wake() },
    get keys() { return [...all.keys()] },
    async [Symbol.asyncDispose]() { isDown = true; wake() },
  }
}

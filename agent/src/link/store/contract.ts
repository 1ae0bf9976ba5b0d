/** What every key-value store promises; each driver's test runs it with a store of its own. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KeyValueStore, VALUE_BYTES_MAX } from './key-value-store.ts'

export interface StoreHarness {
  readonly store: KeyValueStore
  /** It dies, however suddenly, and comes back with what it had. */
  die(): Promise<void>
  comeBack(): Promise<void>
  close(): Promise<void>
}

const bytes = (text: string) => Buffer.from(text)

export function keyValueContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} as a key-value store`, () => {
    let harness: StoreHarness
    let store: KeyValueStore
    beforeAll(async () => { harness = await open(); store = harness.store }, 60_000)
    afterAll(() => harness.close())
    const key = () => `vamp/${randomUUID()}/deep/key`
    const textAt = async (at: string) => { const { value } = await store.get(at); return value && Buffer.from(value).toString() }

    test('what was put is got again, also bytes that are no text; what is not there is nothing', async () => {
      const at = key()
      expect((await store.get(at)).value).toBeUndefined()
      const value = Uint8Array.from({ length: 1000 }, (_, index) => index % 256)

      expect(await store.put(at, value)).toBe(true)

      expect(Buffer.from((await store.get(at)).value ?? [])).toEqual(Buffer.from(value))
      await store.delete(at)
      await store.delete(at)
      expect((await store.get(at)).value).toBeUndefined()
    })

    test('a value of the greatest size is taken', async () => {
      const at = key()
      await store.put(at, Buffer.alloc(VALUE_BYTES_MAX, 7))

      expect((await store.get(at)).value?.length).toBe(VALUE_BYTES_MAX)
    })

    test('of many who saw the same, one writes', async () => {
      const at = key()
      for (const round of ['absent', 'there', 'removed and made again']) {
        if (round.startsWith('removed')) { const old = await store.get(at); await store.delete(at); await store.put(at, bytes('again')); expect(await store.put(at, bytes('late'), old)).toBe(false) }
        const seen = await store.get(at)
        const results = await Promise.all(Array.from({ length: 5 }, (_, writer) => store.put(at, bytes(`${round} ${writer}`), seen)))

        expect(results.filter(Boolean)).toHaveLength(1)
        expect(await textAt(at)).toBe(`${round} ${results.indexOf(true)}`)
        expect(await store.put(at, bytes('late'), seen)).toBe(false)
      }
    })

    test('whoever waits is told when the key is made, changed and removed, also of what happened before the waiting began', async () => {
      const at = key()
      const steps = [() => store.put(at, bytes('1')), () => store.put(at, bytes('2')), () => store.delete(at)]
      for (const step of steps) {
        const seen = await store.get(at)
        const ended = new AbortController()
        const told = store.changed(at, seen, ended.signal)
        await step()
        await told
        await store.changed(at, seen, ended.signal)
        expect((await store.get(at)).version).not.toBe(seen.version)
      }
    })

    test('waiting ends when it is called off', async () => {
      const ended = new AbortController()
      const waiting = store.changed(key(), await store.get(key()), ended.signal).catch(() => undefined)

      ended.abort()

      await waiting
    })

    test('while it is dead it fails with a fault, and afterwards it has everything', async () => {
      const at = key()
      await store.put(at, bytes('kept'))
      await harness.die()
      await expect(store.get(at)).rejects.toMatchObject({ code: 'key_value_unreachable' })

      await harness.comeBack()

      await expect.poll(() => textAt(at).catch(() => ''), { timeout: 30_000, interval: 200 }).toBe('kept')
      const seen = await store.get(at)
      const told = store.changed(at, seen, new AbortController().signal)
      await store.put(at, bytes('changed'))
      await told
    }, 60_000)
  })
}

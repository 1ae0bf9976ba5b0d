/** What every store promises; each driver's test runs it with a database of its own. */
import type { NewEvent } from '@vamp/model/event'
import { Fault, type FaultCode } from '@vamp/model/fault'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { EventLog } from '../event/event-log.ts'
import { NAME_LENGTH_MAX, RECORD_BYTES_MAX, TRANSACTION_WRITES_MAX } from './limits.ts'
import type { Change, Expected, Store, Write } from './store.ts'

export interface StoreHarness {
  readonly store: Store
  /** The log in which the store tells of its writes. */
  readonly log: EventLog
  /** The server ends and another one starts on the same database; absent where nothing is kept. */
  reopen?(): Promise<Store>
  /** A second server on the same database, at the same time; absent where there can be only one. */
  another?(): Promise<Store>
  close(): Promise<void>
}

const setting = (value: unknown): Readonly<Record<string, unknown>> => ({ value })
const refused = (code: FaultCode) => expect.toSatisfy((error: unknown) => error instanceof Fault && error.code === code, `a fault '${code}'`)

export function storeContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`a ${name} store`, () => {
    let harness: StoreHarness
    let store: Store
    beforeEach(async () => { harness = await open(); store = harness.store })
    afterEach(async () => { await harness.close() })

    test('what was put is got again, frozen to the bottom', async () => {
      const put = await store.put('settings', 'a', { deep: { list: [1, 'zwei', { drei: null }] }, gone: undefined })

      const got = await store.get('settings', 'a')
      expect(got).toEqual(put)
      expect(got).toEqual({ kind: 'settings', name: 'a', value: { deep: { list: [1, 'zwei', { drei: null }] } }, revision: put.revision })
      expect(() => { Object.assign(Object(got?.value), { deep: 1 }) }).toThrow(TypeError)
      expect(() => { (put.value['deep'] as { list: unknown[] }).list.push(1) }).toThrow(TypeError)
    })

    test('what is not there is undefined, and a name is looked up in its kind only', async () => {
      await store.put('settings', 'a', setting(1))

      expect(await store.get('settings', 'b')).toBeUndefined()
      expect(await store.get('tokens', 'a')).toBeUndefined()
      expect(await store.get('settings', 'a\0')).toBeUndefined()
    })

    test('any text survives: quotes, line ends, other scripts, broken surrogates', async () => {
      for (const [index, text] of ['\'"`\\', 'a\r\nb\t', 'größe 漢字 🚀', '\ud800', '\u0000', '$1 ? :x'].entries()) {
        await store.put('settings', `text-${index}`, setting(text))
        expect((await store.get('settings', `text-${index}`))?.value['value']).toBe(text)
      }
      await store.put('settings', 'größe/漢字 \'"', setting(1))
      expect((await store.list('settings', { prefix: 'größe/' })).items.map(({ name }) => name)).toEqual(['größe/漢字 \'"'])
    })

    test('every committed write has a greater revision, and the store says the newest', async () => {
      const before = await store.revision()
      const a = await store.put('settings', 'a', setting(1))
      const b = await store.put('settings', 'b', setting(1))
      const a2 = await store.put('settings', 'a', setting(2))
      await store.delete('settings', 'b')

      expect(a.revision).toBeGreaterThan(before)
      expect(b.revision).toBeGreaterThan(a.revision)
      expect(a2.revision).toBeGreaterThan(b.revision)
      expect(await store.revision()).toBeGreaterThan(a2.revision)
    })

    test('a put of an equal value changes no revision and wakes nobody', async () => {
      const changes: string[] = []
      store.watch(({ name }) => changes.push(name))
      const put = await store.put('settings', 'a', setting({ x: 1 }))

      expect(await store.put('settings', 'a', setting({ x: 1 }))).toEqual(put)
      expect(await store.put('settings', 'a', setting({ x: 1 }), put.revision)).toEqual(put)
      expect(await store.transaction([{ do: 'put', kind: 'settings', name: 'a', value: setting({ x: 1 }), expected: 'any' }])).toEqual([put])
      expect(await store.delete('settings', 'b')).toBe(false)
      expect(await store.revision()).toBe(put.revision)
      await store.put('settings', 'end', setting(1))
      await vi.waitFor(() => expect(changes).toEqual(['a', 'end']))
    })

    test('a write that expects another revision is refused and changes nothing', async () => {
      const first = await store.put('settings', 'a', setting(1), 'absent')
      const second = await store.put('settings', 'a', setting(2), first.revision)

      await expect(store.put('settings', 'a', setting(3), first.revision)).rejects.toEqual(refused('revision_mismatch'))
      await expect(store.put('settings', 'a', setting(2), first.revision)).rejects.toEqual(refused('revision_mismatch'))
      await expect(store.put('settings', 'a', setting(3), 'absent')).rejects.toEqual(refused('revision_mismatch'))
      await expect(store.put('settings', 'b', setting(3), first.revision)).rejects.toEqual(refused('revision_mismatch'))
      await expect(store.delete('settings', 'a', first.revision)).rejects.toEqual(refused('revision_mismatch'))
      await expect(store.delete('settings', 'a', 'absent')).rejects.toEqual(refused('revision_mismatch'))
      expect(await store.get('settings', 'a')).toEqual(second)
      expect(await store.get('settings', 'b')).toBeUndefined()
    })

    test('of many writers that expect the same, one wins', async () => {
      const { revision } = await store.put('settings', 'a', setting(0))

      const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => store.put('settings', 'a', setting(index + 1), revision)))

      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(results.flatMap(result => result.status === 'rejected' ? [result.reason] : [])).toEqual(Array.from({ length: 19 }, () => refused('revision_mismatch')))
    })

    test('a deletion says whether there was anything, and a name can be used again', async () => {
      const first = await store.put('settings', 'a', setting(1))

      expect(await store.delete('settings', 'a', first.revision)).toBe(true)
      expect(await store.delete('settings', 'a')).toBe(false)
      expect(await store.get('settings', 'a')).toBeUndefined()
      expect((await store.put('settings', 'a', setting(1), 'absent')).revision).toBeGreaterThan(first.revision)
    })

    test('a list is in order of name, by page, with the total', async () => {
      for (const name of ['c', 'a/2', 'B', 'a/1', 'a']) await store.put('settings', name, setting(name))
      await store.put('tokens', 'z', { name: 'z', role: 'admin', hash: '', created: '' } as never)
      const names = async (options?: Parameters<Store['list']>[1]) => { const { items, total } = await store.list('settings', options); return [items.map(({ name }) => name).join(' '), total] }

      expect(await names()).toEqual(['B a a/1 a/2 c', 5])
      expect(await names({ offset: 1, limit: 2 })).toEqual(['a a/1', 5])
      expect(await names({ offset: 4, limit: 2 })).toEqual(['c', 5])
      expect(await names({ offset: 9, limit: 2 })).toEqual(['', 5])
      expect(await names({ limit: 0 })).toEqual(['', 5])
      expect(await names({ prefix: 'a/' })).toEqual(['a/1 a/2', 2])
      expect(await names({ prefix: 'a', offset: 1, limit: 1 })).toEqual(['a/1', 3])
      expect(await names({ prefix: '%' })).toEqual(['', 0])
    })

    test('totals follow what is written and deleted', async () => {
      await store.transaction(Array.from({ length: 5 }, (_, index) => ({ do: 'put', kind: 'settings', name: `s${index}`, value: setting(1), expected: 'any' } as const)))
      await store.put('settings', 's0', setting(2))
      await store.delete('settings', 's1')
      await store.delete('settings', 's1')

      expect((await store.list('settings', { limit: 1 })).total).toBe(4)
      expect((await store.list('settings')).total).toBe(4)
      expect((await store.list('breeds')).total).toBe(0)
    })

    test('a transaction is done whole, with one revision', async () => {
      const old = await store.put('settings', 'old', setting(1))

      const results = await store.transaction([
        { do: 'put', kind: 'settings', name: 'a', value: setting(1), expected: 'absent' },
        { do: 'delete', kind: 'settings', name: 'old', expected: old.revision },
        { do: 'put', kind: 'settings', name: 'b', value: setting(2), expected: 'any' },
      ])

      expect(results.map(result => result?.name)).toEqual(['a', undefined, 'b'])
      expect(results[0]?.revision).toBe(results[2]?.revision)
      expect(await store.revision()).toBe(results[0]?.revision)
      expect((await store.list('settings')).items.map(({ name }) => name)).toEqual(['a', 'b'])
    })

    test('what is told of a transaction is in the log when and only when it was done', async () => {
      const told = (name: string): NewEvent[] => [{ type: 'archive', tags: [`settings:${name}`], value: { name } }]
      const put = (name: string, expected: Expected, value = 1): Write[] => [{ do: 'put', kind: 'settings', name, value: setting(value), expected }]
      const heard: string[] = []
      harness.log.subscribe({}, ({ tags }) => { heard.push(tags.at(-1) ?? '') })

      const results = await Promise.allSettled([
        store.transaction(put('a', 'absent'), told('a')), store.transaction(put('a', 'absent'), told('again')),
        store.transaction(put('b', 'any'), [...told('b'), ...told('b2')]), store.transaction(put('c', 'any'), [{ tags: [] }]), store.put('settings', 'd', setting(1)),
      ])
      await store.transaction(put('a', 'any'), told('nothing new'))

      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
      expect((await harness.log.query({ type: 'archive' })).events.map(({ tags }) => tags.at(-1)).toReversed()).toEqual(['settings:a', 'settings:b', 'settings:b2'])
      expect(await store.get('settings', 'c')).toBeUndefined()
      await vi.waitFor(() => expect(heard).toEqual(['settings:a', 'settings:b', 'settings:b2']))
    })

    test('a transaction of which one write is refused changes nothing and wakes nobody', async () => {
      const before = await store.revision()
      const changes: Change[] = []
      store.watch(change => changes.push(change))

      await expect(store.transaction([
        { do: 'put', kind: 'settings', name: 'a', value: setting(1), expected: 'any' },
        { do: 'put', kind: 'settings', name: 'b', value: setting(1), expected: 7 },
      ])).rejects.toEqual(refused('revision_mismatch'))

      expect(await store.get('settings', 'a')).toBeUndefined()
      expect(await store.revision()).toBe(before)
      await store.put('settings', 'end', setting(1))
      await vi.waitFor(() => expect(changes.map(({ name }) => name)).toEqual(['end']))
    })

    test('later writes of a transaction see the earlier ones', async () => {
      await store.transaction([
        { do: 'put', kind: 'settings', name: 'a', value: setting(1), expected: 'absent' },
        { do: 'delete', kind: 'settings', name: 'a', expected: 'any' },
        { do: 'put', kind: 'settings', name: 'a', value: setting(2), expected: 'absent' },
      ])

      expect((await store.get('settings', 'a'))?.value).toEqual(setting(2))
      expect((await store.list('settings')).total).toBe(1)
    })

    test('an empty transaction is nothing', async () => {
      const before = await store.revision()

      expect(await store.transaction([])).toEqual([])
      expect(await store.revision()).toBe(before)
    })

    test('whoever watches hears of each change after it is there, in order of revision, once per record', async () => {
      const changes: Change[] = []
      const reads: Promise<unknown>[] = []
      store.watch(change => { changes.push(change); reads.push(store.get(change.kind, change.name)) })

      const a = await store.put('settings', 'a', setting(1))
      const a2 = await store.put('settings', 'a', setting(2))
      await store.delete('settings', 'a')
      await store.transaction(['x', 'y', 'x'].map((name, index) => ({ do: 'put', kind: 'settings', name, value: setting(index), expected: 'any' })))

      await vi.waitFor(() => expect(changes).toHaveLength(5))
      expect(changes.slice(0, 3)).toEqual([
        { kind: 'settings', name: 'a', revision: a.revision, deleted: false },
        { kind: 'settings', name: 'a', revision: a2.revision, deleted: false },
        { kind: 'settings', name: 'a', revision: expect.any(Number), deleted: true },
      ])
      expect(changes.slice(3).map(({ name }) => name).sort()).toEqual(['x', 'y'])
      const revisions = changes.map(({ revision }) => revision)
      expect(revisions).toEqual([...revisions].sort((one, other) => one - other))
      expect(await reads[3]).toBeDefined()
    })

    test('concurrent writers are told in order of revision too', async () => {
      const revisions: number[] = []
      store.watch(({ revision }) => revisions.push(revision))

      await Promise.all(Array.from({ length: 30 }, (_, index) => store.put('settings', `s${index}`, setting(index))))

      await vi.waitFor(() => expect(revisions).toHaveLength(30))
      expect(revisions).toEqual([...revisions].sort((one, other) => one - other))
      expect(new Set(revisions).size).toBe(30)
    })

    test('whoever stopped watching hears no more', async () => {
      const heard: string[] = []
      const unwatch = store.watch(({ name }) => heard.push(name))
      store.watch(({ name }) => heard.push(`other ${name}`))
      await store.put('settings', 'a', setting(1))
      await vi.waitFor(() => expect(heard).toEqual(['a', 'other a']))

      unwatch()
      await store.put('settings', 'b', setting(1))

      await vi.waitFor(() => expect(heard).toEqual(['a', 'other a', 'other b']))
    })

    test('a value that was put may be changed by its owner without changing the store', async () => {
      const mine = { list: [1] }
      await store.put('settings', 'a', mine)

      mine.list.push(2)

      expect((await store.get('settings', 'a'))?.value).toEqual({ list: [1] })
    })

    test('what is over a limit is refused', async () => {
      await expect(store.put('settings', 'a', setting('x'.repeat(RECORD_BYTES_MAX)))).rejects.toEqual(refused('too_large'))
      await expect(store.put('settings', 'n'.repeat(NAME_LENGTH_MAX + 1), setting(1))).rejects.toEqual(refused('too_large'))
      await expect(store.put('settings', '', setting(1))).rejects.toEqual(refused('invalid'))
      await expect(store.put('settings', 'a\0b', setting(1))).rejects.toEqual(refused('invalid'))
      await expect(store.transaction(Array.from({ length: TRANSACTION_WRITES_MAX + 1 }, () => ({ do: 'delete', kind: 'settings', name: 'a', expected: 'any' })))).rejects.toEqual(refused('too_large'))
    })

    test('a closed store says so', async () => {
      await store[Symbol.asyncDispose]()

      await expect(store.get('settings', 'a')).rejects.toEqual(refused('store_unavailable'))
      await expect(store.put('settings', 'a', setting(1))).rejects.toEqual(refused('store_unavailable'))
    })

    test('another server finds everything, and revisions go on', async context => {
      if (!harness.reopen) return context.skip('nothing is kept')
      const put = await store.put('settings', 'a', setting({ x: [1] }))
      await store.put('settings', 'b', setting(1))
      await store.delete('settings', 'b')
      const newest = await store.revision()

      const next = await harness.reopen()

      expect(await next.get('settings', 'a')).toEqual(put)
      expect((await next.list('settings')).total).toBe(1)
      expect(await next.revision()).toBe(newest)
      expect((await next.put('settings', 'b', setting(2), 'absent')).revision).toBeGreaterThan(newest)
    })

    test('two servers see each other\'s writes, and both are told of all of them in the same order', async context => {
      if (!harness.another) return context.skip('one server at a time')
      const other = await harness.another()
      const [here, there]: [string[], string[]] = [[], []]
      store.watch(({ name, revision }) => here.push(`${name} ${revision}`))
      other.watch(({ name, revision }) => there.push(`${name} ${revision}`))

      await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? store : other).put('settings', `s${index}`, setting(index))))

      await vi.waitFor(() => expect([here.length, there.length]).toEqual([20, 20]))
      expect(here).toEqual(there)
      expect((await other.list('settings')).total).toBe(20)
    })
  })
}

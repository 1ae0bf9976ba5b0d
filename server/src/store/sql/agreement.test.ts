import { Fault } from '@vamp/model/fault'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import { openMemoryStore } from '../memory/memory-store.ts'
import type { Expected, Store, Write } from '../store.ts'
import { openSqlStore } from './sql-store.ts'

const name = fc.constantFrom('a', 'a/1', 'b', 'B', 'ä', '')
const value = fc.constantFrom({}, { x: 1 }, { x: [1, { y: null }] })
const expected: fc.Arbitrary<Expected> = fc.oneof(fc.constantFrom('any' as const, 'absent' as const), fc.integer({ min: 0, max: 12 }))
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), kind: fc.constant('settings' as const), name, value, expected }),
  fc.record({ do: fc.constant('delete' as const), kind: fc.constant('settings' as const), name, expected }),
)
const page = fc.record({ prefix: fc.constantFrom('', 'a', 'a/', 'z'), offset: fc.nat(4), limit: fc.option(fc.nat(4), { nil: undefined }) })

/** Everything that can be seen of an operation. */
async function seen(operation: Promise<unknown>): Promise<unknown> {
  return await operation.catch((error: unknown) => error instanceof Fault ? [error.code, error.facts] : error)
}

async function play(store: Store, writes: readonly (readonly Write[])[], pages: readonly { prefix: string; offset: number; limit: number | undefined }[]): Promise<unknown[]> {
  const results: unknown[] = []
  const changes: unknown[] = []
  store.watch(change => changes.push(change))
  for (const transaction of writes) {
    const [first] = transaction
    if (transaction.length > 1 || !first) results.push(await seen(store.transaction(transaction)))
    else results.push(await seen(first.do === 'put' ? store.put(first.kind, first.name, first.value, first.expected) : store.delete(first.kind, first.name, first.expected)))
    results.push(await store.revision())
  }
  for (const { limit, ...rest } of pages) results.push(await store.list('settings', limit === undefined ? rest : { ...rest, limit }))
  for (const kind of ['a', 'B', '']) results.push(await store.get('settings', kind))
  return [...results, ...changes]
}

test('whatever is done to it, the embedded store answers as the one in memory does', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.array(write, { maxLength: 4 }), { maxLength: 8 }), fc.array(page, { maxLength: 3 }), async (writes, pages) => {
    await using database = openEmbeddedDatabase({ file: ':memory:' })

    expect(await play(await openSqlStore(database), writes, pages)).toEqual(await play(openMemoryStore(), writes, pages))
  }), { numRuns: 150 })
})

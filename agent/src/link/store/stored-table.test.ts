import { randomBytes } from 'node:crypto'
import type { RoutingTable } from '@vamp/model/routing/table'
import { expect, test } from 'vitest'
import { contractGateway } from '../../proxy/testdata/contract-world.ts'
import { openMemoryKeyValueStore } from './memory.ts'
import { readPointer, readTable, writeTable } from './stored-table.ts'

const table = (revision: number, gateways = 1): RoutingTable => ({ revision, gateways: Array.from({ length: gateways }, (_, index) => contractGateway(`g${index}-${randomBytes(8).toString('hex')}`, 9000 + index, { a: { weight: 10_000, to: [{ id: randomBytes(16).toString('hex'), host: '127.0.0.1', port: 1, state: 'ready' }] } })) })

async function read(store: ReturnType<typeof openMemoryKeyValueStore>) {
  const { pointer } = await readPointer(store, 'vamp')
  return pointer && await readTable(store, 'vamp', pointer)
}

test('a large table goes in pieces and comes back whole; of the tables before, one stays', async () => {
  const store = openMemoryKeyValueStore()
  const [one, two, three] = [table(1, 9000), table(2, 9000), table(3)]

  for (const next of [one, two, three]) {
    expect(await writeTable(store, 'vamp', next, 1)).toBe('written')
    expect(await read(store)).toEqual(next)
  }

  expect(store.keys.filter(key => key.includes('/tables/')).length).toBeGreaterThan(2)
  expect(await writeTable(store, 'vamp', three, 1)).toBe('there')
  for (const next of [table(4), table(5)]) await writeTable(store, 'vamp', next, 1)
  expect(store.keys.filter(key => key.includes('/tables/'))).toHaveLength(2)
})

test('a leader that was replaced writes nothing more', async () => {
  const store = openMemoryKeyValueStore()
  await writeTable(store, 'vamp', table(1), 3)
  const [later, stale] = [table(1), table(9)]
  await writeTable(store, 'vamp', later, 4)

  await expect(writeTable(store, 'vamp', stale, 3)).rejects.toMatchObject({ code: 'conflict' })

  expect(await read(store)).toEqual(later)
})

test('a store that lost a piece is written anew', async () => {
  const store = openMemoryKeyValueStore()
  const one = table(1)
  await writeTable(store, 'vamp', one, 1)
  for (const key of store.keys.filter(name => name.includes('/tables/'))) await store.delete(key)
  expect(await read(store)).toBeUndefined()

  expect(await writeTable(store, 'vamp', one, 1)).toBe('written')

  expect(await read(store)).toEqual(one)
})

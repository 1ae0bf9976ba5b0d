import { expect, test } from 'vitest'
import type { Sample } from '../proxy/proxy.ts'
import { batchOf } from '../proxy/testdata/batch.ts'
import { openSurges } from './surges.ts'

const samples = (route: string, count: number, by: Sample['by'] = 'weight') => Array.from({ length: count }, (): Sample => ({ gateway: 'g', route, instance: 'i', by, status: 200, error: false, latencyMs: 1, bytes: 1, endedAt: 0, part: 0 }))

test('a route that is suddenly asked for more is told at its first look, and no more once that is usual', () => {
  const surges = openSurges()
  const look = (count: number) => { surges.add(batchOf([...samples('a', count), ...samples('b', 2)])); return surges.close(250) }
  for (let n = 0; n < 100; n++) look(5)

  expect(look(30)).toEqual([{ route: 'a', requests: 30, ms: 250 }])
  for (let n = 0; n < 100; n++) look(30)
  expect(look(30)).toEqual([])
})

test('steady traffic is no surge, whatever chance does to it, and neither are copies', () => {
  const surges = openSurges()
  const look = (count: number) => { surges.add(batchOf([...samples('a', count), ...samples('a', 50, 'mirror')])); return surges.close(250) }
  for (let n = 0; n < 100; n++) look(10)
  // Ten and twice its standard deviation.
  for (const count of [4, 16, 12, 5, 16, 9]) expect(look(count)).toEqual([])
})

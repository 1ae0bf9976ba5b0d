import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import { cellOf, seriesContract, START } from '../contract.ts'
import { openSqlSeries } from './sql-series.ts'

seriesContract('embedded', async clock => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-series-'))
  const file = join(directory, 'vamp.db')
  let database = openEmbeddedDatabase({ file })
  return {
    series: await openSqlSeries({ database, clock }),
    async reopen() {
      await database[Symbol.asyncDispose]()
      database = openEmbeddedDatabase({ file })
      return await openSqlSeries({ database, clock })
    },
    async close() {
      await database[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}, { runs: 25 })

test('more instances than anybody can have count as one that nobody took, and no request is lost', async () => {
  await using database = openEmbeddedDatabase({ file: ':memory:' })
  const clock = virtualClock(START * 1000)
  const series = await openSqlSeries({ database, clock, seriesMax: 3 })

  for (let sequence = 1; sequence <= 2; sequence++) await series.add({ agent: 'a', sequence, second: START, dropped: 0, cells: Array.from({ length: 10 }, (_, index) => cellOf([1], { instance: `i${index}` })) })

  const [point] = await series.read({ from: START, to: START + 1, resolution: 1, wants: () => true })
  expect(new Map(point?.cells.map(({ instance, requests }) => [instance, requests]))).toEqual(new Map([['i0', 2], ['i1', 2], ['i2', 2], ['', 14]]))
})

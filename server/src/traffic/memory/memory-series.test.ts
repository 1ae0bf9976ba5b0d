import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import { cellOf, seriesContract, START } from '../contract.ts'
import { RESOLUTIONS } from '../series.ts'
import { openMemorySeries } from './memory-series.ts'

seriesContract('memory', async clock => ({ series: openMemorySeries({ clock }), async close() {} }))

test('a level that has taken its bytes forgets the oldest, and says since when it knows', async () => {
  const clock = virtualClock(START * 1000)
  const series = openMemorySeries({ clock, sizes: RESOLUTIONS.map(step => ({ step, periodSeconds: 600, bytesMax: 40_000 })) })
  for (let second = 0; second < 3600; second++) {
    await series.add({ agent: 'a', sequence: second, second: START + second, dropped: 0, cells: [cellOf([1, 2, 3]), cellOf([4, 5, 6], { route: 's' })] })
    if (second % 100 === 0) await clock.advance(100_000)
  }

  expect(series.bytes).toBeLessThanOrEqual(3 * 40_000)
  expect(series.since(1)).toBeGreaterThan(START)
  expect(series.since(60)).toBe(START + 3600 - 30 * 86_400)
  expect(await series.read({ from: START + 3500, to: START + 3600, resolution: 1, wants: () => true })).toHaveLength(100)
})

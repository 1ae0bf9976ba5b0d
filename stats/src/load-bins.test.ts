import { expect, test } from 'vitest'
import { type Block, meanOfQuickest, openLoadBins } from './load-bins.ts'
import { Sketch } from './sketch.ts'

const block = (over: Partial<Block>): Block => ({ at: 0, rate: 10, arrivals: 0.1, requests: 1000, meanMs: 100, quickMs: 50, late: 0, latency: [], brief: false, ...over })

function kept(...blocks: readonly Partial<Block>[]) {
  const bins = openLoadBins()
  for (const each of blocks) bins.keep(block(each))
  return bins.loads(Math.max(...blocks.map(({ at = 0 }) => at)))
}

const three = (over: Partial<Block> & { readonly at: number }) => [0, 1, 2].map(n => ({ ...over, at: over.at + 10 * n }))

test('loads of the same work are of use hours later', () => {
  const [low, high] = kept(...three({ at: 0, rate: 10 }), ...three({ at: 4 * 3600, rate: 15, meanMs: 102 }))
  expect(low).toMatchObject({ same: true, settled: true, current: false })
  expect(low?.unsure).toBeLessThan(0.1)
  expect(high).toMatchObject({ same: true, current: true })
})

test('a load of quicker work is unsure by as much as the work was quicker', () => {
  const [before] = kept(...three({ at: 0, rate: 10, meanMs: 80, quickMs: 40 }), ...three({ at: 600, rate: 15 }))
  expect(before?.same).toBe(false)
  expect(before?.unsure).toBeCloseTo(Math.log(100 / 80), 1)
})

test('what makes all wait is no other work', () => {
  const [before] = kept(...three({ at: 0, rate: 10 }), ...three({ at: 600, rate: 15, meanMs: 120, quickMs: 55 }))
  expect(before?.same).toBe(true)
})

test('what was seen only briefly gives way to what lasted', () => {
  expect(kept({ at: 0, rate: 30, brief: true }, { at: 1, rate: 20, brief: true }).map(({ rate }) => rate)).toEqual([20, 30])
  expect(kept({ at: 0, rate: 30, brief: true }, ...three({ at: 10, rate: 10 })).map(({ rate }) => rate)).toEqual([10])
})

test('the mean of the quickest tenth', () => {
  const sketch = new Sketch()
  for (let ms = 1; ms <= 100; ms++) sketch.record(ms)
  expect(meanOfQuickest(sketch.toData())).toBeCloseTo(5.5, 1)
})

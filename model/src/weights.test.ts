import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FULL_SHARE } from './routing/table.ts'
import { assignWeights, percentOf, shareOf, sharesOf, weightProblem } from './weights.ts'

const _ = undefined

test.each<[string, (number | undefined)[], number[]]>([
  ['two routes without weights share evenly', [_, _], [50, 50]],
  ['the last of three takes what is left over', [_, _, _], [33, 33, 34]],
  ['nothing is left beside a full weight', [100, _], [100, 0]],
  ['complete weights stay', [80, 20], [80, 20]],
  ['some weights are given, the rest share what is left', [_, 2.5, _], [48, 2.5, 49.5]],
  ['less than one percent is shared in hundredths', [99.9, _, _], [99.9, 0.05, 0.05]],
  ['no weight anywhere stays so', [0, 0], [0, 0]],
])('%s', (_title, given, weights) => {
  expect(assignWeights(given)).toEqual(weights)
})

test.each<[(number | undefined)[], boolean]>([
  [[50, 50], true], [[0, 0], true], [[_, 50], true], [[_, _], true], [[100, _], true], [[], true], [[33.3, 33.3, 33.4], true],
  [[60, 60], false], [[101, _], false], [[50, 20], false], [[-1, 101], false],
])('weights %j: %s', (given, legal) => {
  expect(weightProblem(given) === undefined).toBe(legal)
})

const weights = fc.array(fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined }), { minLength: 1, maxLength: 12 })
  .filter(parts => parts.includes(undefined) && parts.reduce<number>((sum, part) => sum + (part ?? 0), 0) <= 10_000)
  .map(parts => parts.map(part => part === undefined ? undefined : part / 100))

test('assigned weights are complete, total 100 and keep what was given', () => {
  fc.assert(fc.property(weights, given => {
    const assigned = assignWeights(given)

    expect(assigned.reduce((a, b) => a + b, 0)).toBeCloseTo(100, 6)
    expect(assigned.every(weight => weight >= 0)).toBe(true)
    given.forEach((weight, index) => { if (weight !== undefined) expect(assigned[index]).toBe(weight) })
  }))
})

test('shares total the full share exactly and are within one of the exact part', () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 }), percents => {
    const sum = percents.reduce((a, b) => a + b, 0)
    fc.pre(sum > 1e-6)
    const shares = sharesOf(percents)

    expect(shares.reduce((a, b) => a + b, 0)).toBe(FULL_SHARE)
    shares.forEach((share, index) => { expect(Math.abs(share - (percents[index] ?? 0) / sum * FULL_SHARE)).toBeLessThan(1 + 1e-6) })
  }))
})

test('hundredths of a percent are exact shares', () => {
  expect(sharesOf([97.5, 2.5])).toEqual([9750, 250])
  expect(sharesOf([33, 33, 34])).toEqual([3300, 3300, 3400])
  expect(sharesOf([0, 0])).toEqual([0, 0])
  expect([shareOf(2.5), percentOf(250)]).toEqual([250, 2.5])
})

import { expect, test } from 'vitest'
import { newSwitchback, observeSwitchback, SWITCHBACK, switchbackEvidence, switchbackFinding } from './switchback.ts'

/** Seconds until the finding; `bad` failures of a hundred requests in a second, given whether the new version has traffic. */
function probe(bad: (on: boolean, second: number) => number, coin: (pair: number) => number): { is: string; seconds: number } {
  let state = newSwitchback(coin(0))
  for (let second = 0; ; second++) {
    const finding = switchbackFinding(state, SWITCHBACK)
    if (finding.is !== 'open') return { is: finding.is, seconds: second }
    state = observeSwitchback(state, SWITCHBACK, 100, bad(finding.on, second), coin(state.scores.length + 1))
  }
}

const coins = (pair: number) => (Math.imul(pair + 1, 2654435761) >>> 0) / 2 ** 32

test('the evidence is one on average over all the ways the coins may fall, whatever happened in the blocks', () => {
  const sizes = [0.3, 7, 1.1, 0, 25, 2]
  let mean = 0
  for (let fall = 0; fall < 2 ** sizes.length; fall++)
    mean += switchbackEvidence(sizes.map((size, at) => fall & (1 << at) ? size : -size)) / 2 ** sizes.length

  expect(mean).toBeCloseTo(1, 10)
})

test('a version that makes everything fail more often is found, and the finding says so', () => {
  const found = probe(on => on ? 6 : 1, coins)

  expect(found.is).toBe('harmful')
  expect(found.seconds).toBeLessThanOrEqual(200)
})

test('trouble that comes and goes by itself is not blamed on the new version', () => {
  expect(probe((_, second) => Math.floor(second / 70) % 2 === 0 ? 10 : 0, coins).is).toBe('not shown')
})

test('one pair of blocks never more than doubles the evidence', () => {
  expect(switchbackEvidence([1000])).toBeLessThanOrEqual(2)
  expect(switchbackEvidence([1000, 1000])).toBeLessThanOrEqual(4)
})

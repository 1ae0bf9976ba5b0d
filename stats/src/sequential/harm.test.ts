import { describe, expect, test } from 'vitest'
import { closedEvidence, globalEvidence } from './attribution.ts'
import { ALTERNATIVES, bet, inject, latencyNats, metricEvidence, newCapital, newHarm, tempered } from './harm.ts'
import { logMoment } from './hypergeometric.ts'
import { logFactorial } from './log-gamma.ts'
import type { Counts } from './stratum.ts'

/** All outcomes of one stratum with the given margins, with their probabilities at a true log odds ratio. */
function outcomes(old: number, fresh: number, events: number, theta: number): { counts: Counts; probability: number }[] {
  const choose = (n: number, k: number) => logFactorial(n) - logFactorial(k) - logFactorial(n - k)
  const all = []
  for (let k = Math.max(0, events - old); k <= Math.min(events, fresh); k++) {
    const log = choose(fresh, k) + choose(old, events - k) - choose(old + fresh, events) + theta * k - logMoment(old, fresh, events, theta)
    all.push({ counts: { oldUnits: old, oldEvents: events - k, freshUnits: fresh, freshEvents: k }, probability: Math.exp(log) })
  }
  return all
}

/** The mean capital after three strata, over every path, at a true log odds ratio. */
function meanEvidence(truth: number, margin: number, noise: number): number {
  const step = (logs: readonly number[], capital: ReturnType<typeof newCapital>, left: number): number => {
    if (left === 0) return metricEvidence(logs, capital.cash)
    const [old, fresh, events] = [[9, 3, 2], [5, 4, 3], [20, 2, 4]][left - 1] ?? [1, 1, 1]
    return outcomes(old ?? 1, fresh ?? 1, events ?? 1, truth).reduce((sum, { counts, probability }) => {
      const later = { ...capital }
      const moved = [...logs]
      const injected = inject(later, 1, 0.05 * (4 - left))
      bet(moved, counts, margin, noise, injected)
      return sum + probability * step(moved, later, left - 1)
    }, 0)
  }
  return step(newHarm(1)[0] ?? [], newCapital(), 3)
}

describe('evidence of harm', () => {
  test('begins at one and stays one on average when the new version is exactly at its margin', () => {
    expect(metricEvidence(newHarm(1)[0] ?? [], newCapital().cash)).toBeCloseTo(1, 12)
    expect(meanEvidence(Math.log(1.05), Math.log(1.05), 1)).toBeCloseTo(1, 10)
    expect(meanEvidence(0, 0, 1)).toBeCloseTo(1, 10)
  })

  test.each([[-0.5, 0, 1], [0, Math.log(1.05), 1], [0, 0, 1.8], [0, 0, 6]])('shrinks on average at log odds %f with margin %f and noise %f', (truth, margin, noise) => {
    expect(meanEvidence(truth, margin, noise)).toBeLessThan(1)
  })

  test('grows on average when the new version is worse', () => {
    expect(meanEvidence(1, 0, 1)).toBeGreaterThan(1.2)
  })

  test('is not moved by seconds that cannot tell', () => {
    const logs = newHarm(1)[0] ?? []
    const before = [...logs]

    bet(logs, { oldUnits: 50, oldEvents: 0, freshUnits: 50, freshEvents: 0 }, 0, 1, 0)
    bet(logs, { oldUnits: 0, oldEvents: 0, freshUnits: 50, freshEvents: 20 }, 0, 1, 0)
    bet(logs, { oldUnits: 3, oldEvents: 3, freshUnits: 5, freshEvents: 5 }, 0, 1, 0)

    expect(logs).toEqual(before)
  })

  test('never bets more capital than there is', () => {
    const capital = newCapital()
    let bets = 0.6
    for (let second = 0; second < 5000; second++) bets += inject(capital, 1, second / 2500)

    expect(bets + capital.cash).toBeCloseTo(1, 12)
    expect(bets).toBeLessThanOrEqual(1)
    expect(capital.milestones).toBe(5)
  })

  test('counts for less under noise, and no single second decides then', () => {
    expect(tempered(6, 1.5)).toBe(4)
    expect(tempered(6, 4)).toBeCloseTo(1.2, 12)
    expect(tempered(1000, 4)).toBe(3)
    expect(ALTERNATIVES.length).toBe(7)
  })
})

describe('attribution', () => {
  const weights = [0.5, 0.125, 0.125, 0.25]

  /** The definition: the weakest of all sets that contain the metric. */
  function weakest(evidence: readonly number[], metric: number): number {
    const sets = Array.from({ length: 2 ** evidence.length }, (_, set) => set).filter(set => set & (1 << metric))
    return Math.min(...sets.map(set => {
      const members = evidence.map((_, at) => at).filter(at => set & (1 << at))
      return members.reduce((sum, at) => sum + (evidence[at] ?? 0) * (weights[at] ?? 0), 0) / members.reduce((sum, at) => sum + (weights[at] ?? 0), 0)
    }))
  }

  test.each([[[1, 1, 1, 1]], [[300, 0.2, 0.1, 2]], [[0.01, 5000, 40, 3]], [[7, 8, 9, 10]], [[0, 0, 1000, 0]]])('of %j is the weakest of all sets that hold the metric', evidence => {
    for (const [metric, closed] of closedEvidence(evidence, weights).entries()) expect(closed).toBeCloseTo(weakest(evidence, metric), 9)
  })

  test('never names a metric that the evidence as a whole does not support', () => {
    const evidence = [0.1, 900, 0.1, 0.1]

    expect(Math.max(...closedEvidence(evidence, weights))).toBeLessThanOrEqual(globalEvidence(evidence, weights) + 1e-9)
  })
})

test('what a second says of latency is bounded, most of all where it is noisy', () => {
  const stall = { oldUnits: 75, oldEvents: 1, freshUnits: 25, freshEvents: 20 }
  const gainsOf = (noise: number) => {
    const [logs = []] = newHarm(1)
    const before = [...logs]
    bet(logs, stall, 0, noise, 0, latencyNats(noise, 1))
    return Math.max(...logs.map((log, at) => log - (before[at] ?? 0)))
  }

  expect(gainsOf(1)).toBeCloseTo(1.5, 12)
  expect(gainsOf(4)).toBeCloseTo(0.1, 12)
})

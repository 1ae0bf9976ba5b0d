import { expect, test } from 'vitest'
import { metricEvidence, newCapital, newHarm } from './harm.ts'
import { type EventMetric, learnOutcome, newOutcome, outcomeOdds, type OutcomeState } from './outcomes.ts'
import { safetyEvidence } from './safety.ts'
import { seeded } from '../testdata/seeded.ts'

const purchase: EventMetric = { metric: 'event:purchase', weight: 0.2, margin: 0.1, shows: 'not-worse', within: 60 }

/** Ten seconds of forty sessions each, a quarter of them on the new version; what they lead to goes up and down with the time of day. */
function released(seed: number, strata: number, old: number, fresh: number, seen: (state: OutcomeState) => void = () => {}): OutcomeState {
  const next = seeded(seed)
  const state = newOutcome(newHarm(1)[0] ?? [])
  const reached = (sessions: number, share: number) => Array.from({ length: sessions }, next).filter(u => u < share).length
  for (let stratum = 0; stratum < strata; stratum++) {
    const tide = 1 + 0.5 * Math.sin(stratum / 20)
    learnOutcome(state, purchase, { metric: purchase.metric, old: { sessions: 300, reached: reached(300, old * tide) }, fresh: { sessions: 100, reached: reached(100, fresh * tide) } })
    seen(state)
  }
  return state
}

const evidence = ({ harm }: OutcomeState) => metricEvidence(harm, newCapital().cash)

test('of two hundred releases on which a tenth fewer buy, which is tolerated, at most one in a hundred is ever taken for worse', () => {
  let worse = 0
  for (let seed = 0; seed < 200; seed++) {
    let most = 0
    released(seed, 60, 0.05, 0.045, state => { most = Math.max(most, evidence(state)) })
    if (most >= 100) worse += 1
  }

  expect(worse).toBeLessThanOrEqual(2)
})

test('half as many is worse, as many is not worse, and twice as many is better', () => {
  expect(evidence(released(1, 60, 0.05, 0.025))).toBeGreaterThan(100)
  expect(safetyEvidence(released(2, 400, 0.05, 0.05).safety)).toBeGreaterThan(20)
  expect(outcomeOdds(released(3, 60, 0.05, 0.1), 0.95).low).toBeGreaterThan(1)
})

test('a stratum without sessions of both versions says nothing', () => {
  const state = newOutcome(newHarm(1)[0] ?? [])
  const before = structuredClone(state)

  learnOutcome(state, purchase, { metric: purchase.metric, old: { sessions: 30, reached: 3 }, fresh: { sessions: 0, reached: 0 } })

  expect(state).toEqual(before)
})

import { describe, expect, test } from 'vitest'
import type { ArmPart, ArmSecond } from './arm-second.ts'
import { advance, decide, type Decision, type JudgedSecond, type JudgeState, newJudge, observeBaseline } from './judge.ts'
import { DEFAULT_SETTINGS, type JudgeSettings } from './settings.ts'
import { seeded } from '../testdata/seeded.ts'

interface Version { readonly errors: number; readonly slower?: number }

/** One second of a version: latencies spread over a hundred buckets around number 230 (100 ms). */
function arm(next: () => number, requests: number, { errors, slower = 0 }: Version): ArmSecond {
  const drawn = Array.from({ length: requests }, () => ({
    part: Math.floor(next() * 8), failed: next() < errors,
    bucket: 200 + Math.floor(30 * (next() + next())) + slower,
  }))
  const tally = (of: typeof drawn): ArmPart => {
    const counts = new Map<number, number>()
    for (const { bucket } of of) counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
    return { requests: of.length, errors: of.filter(({ failed }) => failed).length, latency: [...counts].sort((a, b) => a[0] - b[0]) }
  }
  const parts = Array.from({ length: 8 }, (_, part) => tally(drawn.filter(one => one.part === part)))
  return { ...tally(drawn), parts, instances: [] }
}

interface Told { readonly state: JudgeState; readonly decision: Decision; readonly elapsed: number; readonly seconds: JudgedSecond[]; readonly actions: Set<string> }

/** A release from its first second to its verdict. `carried`: what the router makes of an ordered share. */
function release(fresh: Version, options: { old?: Version; rate?: number; limit?: number; settings?: JudgeSettings; carried?: (share: number) => number } = {}): Told {
  const { old = { errors: 0.001 }, rate = 100, limit = 600, settings = DEFAULT_SETTINGS, carried = share => share } = options
  const next = seeded(rate + Math.round(fresh.errors * 1e4))
  let state = newJudge(settings)
  for (let second = 0; second < 120; second++) state = observeBaseline(state, { second, ...arm(next, rate, old) })
  const [seconds, actions] = [[] as JudgedSecond[], new Set<string>()]
  let decision = decide(state, { elapsed: 0, atLoadCheck: 0 })
  let [age, atLoadCheck] = [0, 0]
  for (let at = 0; at < limit; at++) {
    const { share } = decision
    const canary = Array.from({ length: rate }, () => next()).filter(u => u < carried(share)).length
    const given = { second: 120 + at, share, age, baseline: arm(next, rate - canary, old), canary: arm(next, canary, fresh) }
    seconds.push(given)
    state = advance(state, given)
    if (canary > 0 || age > 0) age += 1
    if (share >= 0.5) atLoadCheck += 1
    decision = decide(state, { elapsed: age, atLoadCheck })
    actions.add(decision.action)
    if (['roll_back', 'promote', 'ask'].includes(decision.action)) break
  }
  return { state, decision, elapsed: age, seconds, actions }
}

const hasty: JudgeSettings = { ...DEFAULT_SETTINGS, clock: { minimum: 45, maximum: 300, warmUp: 5, loadCheck: 15, holdBack: 10 } }

describe('a release', () => {
  test('that fails always is rolled back within three seconds', () => {
    const { decision, elapsed } = release({ errors: 1 })

    expect(decision).toMatchObject({ action: 'roll_back', share: 0 })
    expect(elapsed).toBeLessThanOrEqual(3)
    expect(decision.metrics.find(({ metric }) => metric === 'error_rate')?.finding).toBe('worse')
  })

  test('that fails one request in twenty is rolled back for few of them', () => {
    const { decision, elapsed } = release({ errors: 0.05 })

    expect(decision.action).toBe('roll_back')
    expect(elapsed).toBeLessThan(60)
    expect(decision.excess).toBeLessThan(12)
    expect(decision.sentence).toMatch(/^Rolled back after \d+ s\. The new version failed \d+ of \d+ requests; the old version, in the same seconds, /)
  })

  test('that is slower is rolled back, and the latencies are blamed', () => {
    const { decision } = release({ errors: 0.001, slower: 15 })

    expect(decision.action).toBe('roll_back')
    expect(decision.metrics.filter(({ finding }) => finding === 'worse').every(({ metric }) => metric.startsWith('latency_'))).toBe(true)
    expect(decision.sentence).toContain("of the new version's requests took up to")
  })

  test('that is as good as the old version is promoted when its time is up, after the load check', () => {
    const { decision, elapsed, actions } = release({ errors: 0.001 })

    expect(decision).toMatchObject({ action: 'promote', share: 0.9 })
    expect(decision.missing).toBeUndefined()
    expect(elapsed).toBeGreaterThanOrEqual(300)
    expect(actions).toContain('load_check')
    expect(actions).not.toContain('ask')
  })

  test('with short clocks is promoted sooner, on the same evidence', () => {
    const { decision, elapsed, state } = release({ errors: 0 }, { old: { errors: 0 }, settings: hasty })

    expect(decision.action).toBe('promote')
    expect(decision.metrics[0]?.finding).toBe('not worse')
    expect(elapsed).toBeLessThan(120)
    expect(state.totals.canaryRequests).toBeGreaterThan(1500)
  })

  test('with too little traffic is held at its maximum, and says what is still possible', () => {
    const { decision } = release({ errors: 0 }, { old: { errors: 0 }, rate: 5, settings: hasty })

    expect(decision.action).toBe('ask')
    expect(decision.sentence).toMatch(/^Not decided in the time given: errors could be up to \+[\d.]+ points/)
    expect(decision.missing?.map(({ is }) => is)).toContain('errors')
  })

  test('without any traffic is held too', () => {
    const { decision, state } = release({ errors: 0 }, { rate: 0, limit: 20 })

    expect(decision.action).toBe('hold')
    expect(state.totals.canaryRequests).toBe(0)
    expect(decision.harm).toBeCloseTo(1, 1)
  })

  test('that gets half of what was ordered is frozen, not judged', () => {
    const { decision, actions } = release({ errors: 0.001 }, { carried: share => share >= 0.05 ? share / 2 : share, limit: 240 })

    expect(actions).toContain('freeze')
    expect(actions).not.toContain('promote')
    expect(decision.sentence).toContain('router or measurement is wrong')
  })

  test('is not frozen for its share where sessions stick', () => {
    const { actions } = release({ errors: 0.001 }, { carried: share => share >= 0.05 ? share / 2 : share, limit: 240, settings: { ...DEFAULT_SETTINGS, sampleRatio: false } })

    expect(actions).not.toContain('freeze')
  })

  test('that is slow only while it is cold is not blamed for it', () => {
    let age = 0
    const cold: Version = { errors: 0.001, get slower() { return age++ < 25 ? 40 : 0 } }

    expect(release(cold, { limit: 120 }).actions).not.toContain('roll_back')
  })
})

describe('the state', () => {
  test('is replayed from the recorded seconds bit for bit, also through JSON after every second', () => {
    const { seconds, state } = release({ errors: 0.01 }, { limit: 150 })
    const next = seeded(100 + 100)
    let replayed = newJudge(DEFAULT_SETTINGS)
    for (let second = 0; second < 120; second++) replayed = observeBaseline(JSON.parse(JSON.stringify(replayed)), { second, ...arm(next, 100, { errors: 0.001 }) })

    for (const given of JSON.parse(JSON.stringify(seconds))) replayed = advance(JSON.parse(JSON.stringify(replayed)), given)

    expect(replayed).toEqual(state)
    expect(JSON.stringify(replayed)).toBe(JSON.stringify(state))
  })

  test('stays small however long a release takes', () => {
    const { state } = release({ errors: 0.001 }, { limit: 250 })

    expect(JSON.stringify(state).length).toBeLessThan(40_000)
  })

  test('is the same whether a decision was taken or not', () => {
    const { state } = release({ errors: 0.001 }, { limit: 30 })
    const before = JSON.stringify(state)

    decide(state, { elapsed: 30, atLoadCheck: 0 })

    expect(JSON.stringify(state)).toBe(before)
  })
})

test('silence moves no traffic, and what comes after it is met with the care that its rate asks for', () => {
  const next = seeded(31)
  const nothing: ArmSecond = arm(next, 0, { errors: 0 })
  let state = newJudge(DEFAULT_SETTINGS)
  for (let second = 0; second < 120; second++) state = observeBaseline(state, { second, ...arm(next, 30, { errors: 0 }) })
  let share = decide(state, { elapsed: 0, atLoadCheck: 0 }).share
  const shares: number[] = []
  for (let at = 0; at < 100; at++) {
    const silent = at >= 5 && at < 85
    const canary = silent ? 0 : Math.max(1, Math.round(30 * share))
    state = advance(state, { second: 120 + at, share, age: at, baseline: silent ? nothing : arm(next, 30 - canary, { errors: 0 }), canary: silent ? nothing : arm(next, canary, { errors: 0 }) })
    share = decide(state, { elapsed: at + 1, atLoadCheck: 0 }).share
    shares.push(share)
  }

  const [asItBegan, silenceEnds, after] = [shares[10] ?? 0, shares[84] ?? 0, shares[85] ?? 0]
  expect(asItBegan).toBeLessThan(0.1)
  expect(silenceEnds).toBe(asItBegan)
  // Of seven requests none has failed: 28 of 100 may, and that times the 25 a second of before is what five seconds of the budget are spent on.
  expect(after).toBeLessThan(10 / (25 * 5 * 0.28) * 1.12)
})

test('the first share is two requests a second also where visitors have only just come', () => {
  const next = seeded(7)
  let state = newJudge(DEFAULT_SETTINGS)
  for (const [second, requests] of [30, 100, 100, 100, 100].entries()) state = observeBaseline(state, { second, ...arm(next, requests, { errors: 0 }) })

  expect(decide(state, { elapsed: 0, atLoadCheck: 0 }).share).toBeCloseTo(2 / 86, 5)
})

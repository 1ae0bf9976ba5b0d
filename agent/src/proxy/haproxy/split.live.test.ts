/**
 * Shares as they come out of a real HAProxy: weights, strengths, stickiness and numbers of instances in every combination, by lot and
 * by turns. By lot each count is held against the exact binomial; by turns it must be one that consecutive turns can give, beside what a
 * condition takes by lot. All checks of a run together raise a false alarm in fewer than one of a million runs. More requests with `REQUESTS=20000 npx vitest run --project live agent/src/proxy/haproxy/split`.
 */
import { FULL_SHARE } from '@vamp/model/routing/table'
import { SMOOTH_STEP } from '@vamp/model/routing/smooth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contractGateway, type ProxyHarness } from '../testdata/contract-world.ts'
import { findBinary } from './process.ts'
import { haproxyWorld } from './testdata/harness.ts'

const REQUESTS = Number(process.env['REQUESTS'] ?? 300)
/** Turns leave little to chance. */
const REQUESTS_BY_TURNS = REQUESTS / 3
/** Of all checks together. */
const FALSE_ALARM = 1e-6

const COMBINATIONS = [20, 250, 3_333, 5_000].flatMap(weight => ([[undefined, 'none'], [500, 'none'], [500, 'route'], [7_500, 'route'], [undefined, 'instance']] as const).flatMap(([strength, sticky]) =>
  [1, 3].map(instances => ({ weight, strength, sticky, instances }))))

describe.skipIf(findBinary() === undefined)('the split', { timeout: 60_000 + COMBINATIONS.length * REQUESTS * 5 }, () => {
  let harness: ProxyHarness
  beforeAll(async () => { harness = await haproxyWorld() })
  afterAll(async () => { await harness.close() })

  /** The instances that so many new visitors come to. */
  const visits = async (port: number, requests: number, headers: Record<string, string> = {}) => {
    const counts = new Map<string, number>()
    for (let asked = 0; asked < requests; asked += 20) {
      const answers = await Promise.all(Array.from({ length: Math.min(20, requests - asked) }, () => harness.request(port, { headers })))
      for (const { status, instance } of answers) { expect(status).toBe(200); counts.set(instance, (counts.get(instance) ?? 0) + 1) }
    }
    return counts
  }
  const ofVersion = (counts: ReadonlyMap<string, number>, version: string) => [...counts].reduce((sum, [id, count]) => id.startsWith(version) ? sum + count : sum, 0)

  /** Asks in every combination, as a visitor of each kind, and holds what came to version b against what may come. */
  const everyCombination = async (mode: { readonly requests: number; readonly smooth?: true }, chance: (count: number, weight: number, strength: number) => number) => {
    const port = await harness.freePort()
    const all = await Promise.all(['a0', 'a1', 'a2', 'b0', 'b1', 'b2'].map(id => harness.backend(id)))
    const found: { readonly what: object; readonly count: number; readonly chance: number }[] = []
    for (const { weight, strength, sticky, instances } of COMBINATIONS) {
      const to = (version: string) => all.filter(({ id }) => id.startsWith(version)).slice(0, instances)
      await harness.proxy.apply({ revision: ++revision, gateways: [contractGateway('shop', port, {
        a: { weight: FULL_SHARE - weight, to: to('a') },
        b: { weight, to: to('b'), ...(strength === undefined ? {} : { strength, condition: { is: 'header' as const, name: 'x-canary' } }) },
      }, { sticky, ...(mode.smooth ? { smooth: true } : {}) })] })
      for (const canary of strength === undefined ? [false] : [false, true]) {
        const counts = await visits(port, mode.requests, canary ? { 'x-canary': '1' } : {})
        const count = ofVersion(counts, 'b')
        found.push({ what: { weight, strength, sticky, instances, canary }, count, chance: chance(count, weight, canary ? strength ?? 0 : 0) })
        // Inside a version it goes round.
        const inA = [...counts].filter(([id]) => id.startsWith('a')).map(([, asked]) => asked)
        expect(inA).toHaveLength(instances)
        expect(Math.max(...inA) - Math.min(...inA), JSON.stringify([...counts])).toBeLessThanOrEqual(Math.max(8, mode.requests / 50))
      }
    }
    for (const { what, count, chance } of found) expect(chance, `${count} of ${mode.requests}: ${JSON.stringify(what)}`).toBeGreaterThan(FALSE_ALARM / 2 / found.length)
  }
  let revision = 0

  test('by lot', () => everyCombination({ requests: REQUESTS }, (count, weight, strength) =>
    chanceOf(count, REQUESTS, strength / FULL_SHARE + (1 - strength / FULL_SHARE) * weight / FULL_SHARE)))

  test('by turns', () => everyCombination({ requests: REQUESTS_BY_TURNS, smooth: true }, (count, weight, strength) => {
    // The condition takes its part by lot; whoever is left takes turns, so whatever is not of the turns was taken.
    const taken = Array.from({ length: strength > 0 ? count + 1 : 1 }, (_, by) => by).filter(by => countsByTurns(REQUESTS_BY_TURNS - by, FULL_SHARE - weight).has(count - by))
    return Math.max(0, ...taken.map(by => strength > 0 ? chanceOf(by, REQUESTS_BY_TURNS, strength / FULL_SHARE) : 1))
  }))
})

/** How many of so many consecutive turns can fall at `from` or above, wherever they begin. */
function countsByTurns(turns: number, from: number): ReadonlySet<number> {
  const above = (turn: number) => (turn * SMOOTH_STEP) % FULL_SHARE >= from ? 1 : 0
  let count = 0
  for (let turn = 0; turn < turns; turn++) count += above(turn)
  const counts = new Set([count])
  for (let first = 0; first < FULL_SHARE; first++) {
    count += above(first + turns) - above(first)
    counts.add(count)
  }
  return counts
}

/** The chance of a count that is no likelier than this one: the exact two-sided test of a binomial. */
function chanceOf(count: number, of: number, share: number): number {
  const logs = [0]
  for (let each = 1; each <= of; each++) logs.push((logs[each - 1] ?? 0) + Math.log(each))
  const chance = (k: number) => Math.exp((logs[of] ?? 0) - (logs[k] ?? 0) - (logs[of - k] ?? 0) + k * Math.log(share) + (of - k) * Math.log(1 - share))
  const limit = chance(count) * (1 + 1e-9)
  let sum = 0
  for (let k = 0; k <= of; k++) if (chance(k) <= limit) sum += chance(k)
  return sum
}

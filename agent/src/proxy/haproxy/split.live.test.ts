/**
 * Shares as they come out of a real HAProxy: weights, strengths, stickiness and numbers of instances in every combination. By lot
 * each count is held against the exact binomial, and all checks of a run together raise a false alarm in fewer than one of a million
 * runs; by turns each count must be one that consecutive turns can give. More requests with `REQUESTS=20000 npx vitest run --project live agent/src/proxy/haproxy/split`.
 */
import { FULL_SHARE } from '@vamp/model/routing/table'
import { SMOOTH_STEP } from '@vamp/model/routing/smooth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contractGateway, type ProxyHarness } from '../testdata/contract-world.ts'
import { findBinary } from './process.ts'
import { haproxyWorld } from './testdata/harness.ts'

const REQUESTS = Number(process.env['REQUESTS'] ?? 300)
/** Of all checks together. */
const FALSE_ALARM = 1e-6

const COMBINATIONS = [20, 250, 3_333, 5_000].flatMap(weight => ([[undefined, 'none'], [500, 'none'], [500, 'route'], [7_500, 'route'], [undefined, 'instance']] as const).flatMap(([strength, sticky]) =>
  [1, 3].map(instances => ({ weight, strength, sticky, instances }))))

describe.skipIf(findBinary() === undefined)('the split', { timeout: 60_000 + COMBINATIONS.length * REQUESTS * 5 }, () => {
  let harness: ProxyHarness
  beforeAll(async () => { harness = await haproxyWorld() })
  afterAll(async () => { await harness.close() })

  /** The instances that so many new visitors come to. */
  const visits = async (port: number, headers: Record<string, string> = {}) => {
    const counts = new Map<string, number>()
    for (let asked = 0; asked < REQUESTS; asked += 20) {
      const answers = await Promise.all(Array.from({ length: Math.min(20, REQUESTS - asked) }, () => harness.request(port, { headers })))
      for (const { status, instance } of answers) { expect(status).toBe(200); counts.set(instance, (counts.get(instance) ?? 0) + 1) }
    }
    return counts
  }
  const ofVersion = (counts: ReadonlyMap<string, number>, version: string) => [...counts].reduce((sum, [id, count]) => id.startsWith(version) ? sum + count : sum, 0)

  test('by lot', async () => {
    const port = await harness.freePort()
    const all = await Promise.all(['a0', 'a1', 'a2', 'b0', 'b1', 'b2'].map(id => harness.backend(id)))
    const chances: { readonly what: object; readonly count: number; readonly chance: number }[] = []
    for (const [revision, { weight, strength, sticky, instances }] of COMBINATIONS.entries()) {
      const to = (version: string) => all.filter(({ id }) => id.startsWith(version)).slice(0, instances)
      await harness.proxy.apply({ revision: revision + 1, gateways: [contractGateway('shop', port, {
        a: { weight: FULL_SHARE - weight, to: to('a') },
        b: { weight, to: to('b'), ...(strength === undefined ? {} : { strength, condition: { is: 'header' as const, name: 'x-canary' } }) },
      }, { sticky })] })
      const looks = [{ headers: {}, share: weight / FULL_SHARE }, ...(strength === undefined ? [] : [{ headers: { 'x-canary': '1' }, share: strength / FULL_SHARE + (1 - strength / FULL_SHARE) * weight / FULL_SHARE }])]
      for (const { headers, share } of looks) {
        const counts = await visits(port, headers)
        chances.push({ what: { weight, strength, sticky, instances, headers, share }, count: ofVersion(counts, 'b'), chance: chanceOf(ofVersion(counts, 'b'), REQUESTS, share) })
        // Inside a version it goes round.
        const inA = [...counts].filter(([id]) => id.startsWith('a')).map(([, count]) => count)
        expect(inA).toHaveLength(instances)
        expect(Math.max(...inA) - Math.min(...inA), JSON.stringify([...counts])).toBeLessThanOrEqual(Math.max(8, REQUESTS / 50))
      }
    }
    for (const { what, count, chance } of chances) expect(chance, `${count} of ${REQUESTS}: ${JSON.stringify(what)}`).toBeGreaterThan(FALSE_ALARM / chances.length)
  })

  test('by turns', async () => {
    const port = await harness.freePort()
    const [a, b] = await Promise.all(['a0', 'b0'].map(id => harness.backend(id)))
    if (!a || !b) return expect.fail()
    for (const [index, weight] of [20, 250, 3_333, 5_000].entries()) {
      await harness.proxy.apply({ revision: 1_000 + index, gateways: [contractGateway('turns', port, { a: { weight: FULL_SHARE - weight, to: [a] }, b: { weight, to: [b] } }, { smooth: true })] })
      expect(countsByTurns(REQUESTS, FULL_SHARE - weight)).toContain(ofVersion(await visits(port), 'b'))
    }
    return undefined
  })
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

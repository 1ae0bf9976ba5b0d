/** What was recorded of a release, decided again. */
import type { Release } from '@vamp/model/release'
import type { ReleaseStatus } from '@vamp/model/release-status'
import { type DecisionLog, parseDecisionLog } from '@vamp/server/release/decision-log'
import { replay } from '@vamp/server/release/replay'
import { afterEach, describe, expect, test } from 'vitest'
import { breed, release, shop } from './shop.ts'
import { openWorld, type World, type WorldOptions } from './world.ts'


const lognormal = (random: () => number, median: number) => median * Math.exp(0.5 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))
const healthy: WorldOptions['answer'] = (_, random) => ({ status: 200, latencyMs: lognormal(random, 10) })
const failing: WorldOptions['answer'] = (version, random) => ({ status: version === 'web:1.1' && random() < 0.05 ? 500 : 200, latencyMs: lognormal(random, 10) })

let world: World | undefined
afterEach(async () => { await world?.close() })

const statusOf = async (w: World): Promise<ReleaseStatus | undefined> => (await w.store.get('release-statuses', 'r'))?.value
const logOf = async (w: World): Promise<DecisionLog> => {
  const parsed = parseDecisionLog(await (await fetch(`${w.url}/api/v1/releases/r/decisions`)).text())
  if (parsed.is === 'refused') throw new Error(parsed.reason)
  return parsed.value
}

async function recorded(answer: WorldOptions['answer'], meanwhile: (w: World) => Promise<void> = async () => undefined): Promise<{ readonly w: World; readonly log: DecisionLog }> {
  const w = await openWorld({ seed: 7, answer })
  world = w
  await w.apply(breed('web:1.1') + shop('web:1.0'))
  await w.until(20, async () => (await w.store.get('deployment-statuses', 'shop'))?.value.services[0]?.phase === 'Done')
  w.visit(9050, 100)
  await w.seconds(12)
  await w.apply(release('r', 'web:1.1'))
  await meanwhile(w)
  await w.until(240, async () => ['promoted', 'rolled_back'].includes((await statusOf(w))?.phase ?? ''))
  return { w, log: await logOf(w) }
}

/** Everything that moved the traffic, with its moment to the millisecond. */
const moves = (log: DecisionLog) => log.told.filter(({ change }) => ['weight', 'promoted', 'rolled_back'].includes(change)).map(({ weight, sentence, harm }) => ({ weight, sentence, harm }))

describe('under its own policy', () => {
  test.each([['healthy', healthy, 'promoted'], ['failing', failing, 'rolled_back']] as const)('a %s release takes every step again, and its verdict comes at the same moment with the same evidence', async (_, answer, verdict) => {
    const { w, log } = await recorded(answer)

    const again = replay(log, log.release)

    const status = await statusOf(w)
    expect([again.verdict, again.missing]).toEqual([verdict, 0])
    expect(new Date(again.at).toISOString()).toBe(status?.ended)
    expect(again.harm).toBe(status?.harm)
    expect(again.evidence).toEqual(status?.evidence)
    // What was told says besides which share it was before, and which requests failed.
    const told = moves(log)
    expect(again.steps.map(({ weight, harm }) => ({ weight, harm }))).toEqual(told.map(({ weight, harm }) => ({ weight, harm })))
    for (const [index, { sentence }] of again.steps.entries()) expect(told[index]?.sentence).toContain(sentence)
    expect(again.steps.length).toBeGreaterThan(2)
    expect([again.requests, again.failed]).toEqual([status?.requests.canary, status?.failed.canary])
  })

  test('a release is the same after its server was replaced in the middle', async () => {
    const { w, log } = await recorded(failing, async w => {
      await w.until(60, async () => ((await statusOf(w))?.requests.canary ?? 0) > 20)
      await w.killAndRestart()
    })

    const again = replay(log, log.release)

    expect([again.verdict, new Date(again.at).toISOString(), again.missing]).toEqual(['rolled_back', (await statusOf(w))?.ended, 0])
  })

  test('a release whose weight a person set is promoted at the same moment again', async () => {
    const order = (w: World, path: string, method: string, body: object) => fetch(`${w.url}/api/v1/releases/r/${path}`, { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
    const { w, log } = await recorded(healthy, async w => {
      await w.until(60, async () => ((await statusOf(w))?.weight ?? 0) > 3)
      await order(w, 'weight', 'PUT', { weight: 60 })
      await w.seconds(3)
      await order(w, 'resume', 'POST', {})
    })

    const again = replay(log, log.release)

    expect([again.verdict, new Date(again.at).toISOString(), again.missing]).toEqual(['promoted', (await statusOf(w))?.ended, 0])
  })

  test('every recorded decision has the evidence that it is taken on again', async () => {
    const { log } = await recorded(failing)
    const harms = log.evidence.flatMap(noted => noted.phase !== 'preparing' && noted.harm !== undefined ? [noted.harm] : [])

    const again = harms.map((_, index) => replay({ evidence: upToDecision(log, index) }, log.release).harm)

    expect(harms.length).toBeGreaterThan(10)
    expect(again).toEqual(harms)
  })
})

/** The record as it was when the decision of that number had been taken. */
function upToDecision({ evidence }: DecisionLog, index: number): DecisionLog['evidence'] {
  const decisions = evidence.flatMap((noted, at) => noted.phase !== 'preparing' && noted.harm !== undefined ? [at] : [])
  return evidence.slice(0, (decisions[index] ?? 0) + 1)
}

describe('under another policy', () => {
  test('a release that tolerates what was seen is not rolled back, and what it would have cost is told', async () => {
    const { log } = await recorded(failing)
    const own = replay(log, log.release)
    const patient: Release = { ...log.release, confidence: 99.9999 }

    const other = replay(log, patient)

    expect(other.verdict).toBe('undecided')
    expect(other.at).toBeGreaterThanOrEqual(own.at)
    expect(other.harm).toBe(own.harm)
  })

  test('one that needs less evidence decides no later and hurts no more', async () => {
    const { log } = await recorded(failing)
    const own = replay(log, log.release)

    const other = replay(log, { ...log.release, confidence: 80 })

    expect(other.verdict).toBe('rolled_back')
    expect(other.at).toBeLessThan(own.at)
    expect(other.failed).toBeLessThanOrEqual(own.failed)
  })

  test('one with a longer clock is still undecided where the record ends', async () => {
    const { log } = await recorded(healthy)

    const other = replay(log, { ...log.release, clock: { ...log.release.clock, minimum: 3600, maximum: 7200 } })

    expect(other.verdict).toBe('undecided')
    expect(other.next).not.toBe('')
  })
})

test('a record with a hole is replayed, and the hole is told', async () => {
  const { log } = await recorded(failing)

  const holed = replay({ evidence: log.evidence.filter((_, index) => index !== 15 && index !== 16) }, log.release)

  expect(holed.missing).toBe(2)
})

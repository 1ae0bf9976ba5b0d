/** Objectives about what sessions lead to: events that applications tell, each with the session and the version that it belongs to. */
import type { ReleaseStatus } from '@vamp/model/release-status'
import { parseDecisionLog } from '@vamp/server/release/decision-log'
import { replay } from '@vamp/server/release/replay'
import { afterEach, expect, test, vi } from 'vitest'
import { breed, release, shop } from './shop.ts'
import { openWorld, type World } from './world.ts'


vi.setConfig({ testTimeout: 90_000 })

let world: World | undefined
afterEach(async () => { await world?.close() })

const lognormal = (random: () => number) => 10 * Math.exp(0.3 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))

interface Shop { readonly w: World; statusOf(): Promise<ReleaseStatus | undefined>; seconds(count: number, until?: (status: ReleaseStatus | undefined) => boolean): Promise<void> }

/** Thirty sessions begin in a second; `buys` of them, by version, tell that they bought something three seconds later. */
async function shopWhere(buys: Readonly<Record<string, number>>, objective: string): Promise<Shop> {
  world = await openWorld({ seed: 3, answer: (_, random) => ({ status: 200, latencyMs: lognormal(random) }) })
  const w = world
  await w.apply(shop('web:1.0'))
  await w.until(30, async () => (await w.store.get('gateway-statuses', 'shop/9050'))?.value.deployed === true && (await w.store.get('deployment-statuses', 'shop'))?.value.services[0]?.phase === 'Done')
  w.visit(9050, 100)
  await w.seconds(12)
  await w.apply(breed('web:1.1') + release('r', 'web:1.1', { clock: 'maximum: 15m', more: `objectives: [${objective}]` }))
  const statusOf = async () => (await w.store.get('release-statuses', 'r'))?.value
  let state = 77
  const random = () => { state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; return state / 2 ** 32 }
  const later: { readonly at: number; readonly tags: readonly string[] }[] = []
  let number = 0
  const second = async () => {
    const share = ((await statusOf())?.weight ?? 0) / 100
    for (let session = 0; session < 30; session++) {
      const version = random() < share ? 'web:1.1' : 'web:1.0'
      const tags = [`session:${number++}`]
      await w.events.append([{ type: 'view', tags: [...tags, `services:${version}`, 'deployments:shop'] }])
      if (random() < (buys[version] ?? 0)) later.push({ at: w.clock.now() + 3000, tags })
    }
    for (; (later[0]?.at ?? Number.POSITIVE_INFINITY) <= w.clock.now();) await w.events.append([{ type: 'purchase', tags: later.shift()?.tags ?? [] }])
    await w.seconds(1)
  }
  return {
    w, statusOf,
    async seconds(count, until = () => false) { for (let at = 0; at < count && !until(await statusOf()); at++) await second() },
  }
}

const over = (status: ReleaseStatus | undefined) => status?.verdict !== undefined

test('a version on which fewer sessions buy is rolled back, although nothing fails and nothing is slow', async () => {
  const shop = await shopWhere({ 'web:1.0': 0.3, 'web:1.1': 0.1 }, '{ metric: event:purchase, within: 10s }')

  await shop.seconds(300, over)

  const status = await shop.statusOf()
  expect(status?.verdict).toBe('rolled_back')
  expect(status?.sentence).toMatch(/^Rolled back after \d+ s\. \d+ of \d+ sessions of the new version led to purchase; of the old version's that began in the same seconds, [\d.]+ of as many\./)
  const purchase = status?.evidence.find(({ metric }) => metric === 'event:purchase')
  expect(purchase).toMatchObject({ finding: 'worse' })
  expect(purchase?.baseline).toBeCloseTo(0.3, 1)
  expect(purchase?.canary).toBeCloseTo(0.1, 1)
  expect(purchase?.odds?.high).toBeLessThan(1)
  const log = parseDecisionLog(await (await fetch(`${shop.w.url}/api/v1/releases/r/decisions`)).text())
  if (log.is !== 'ok') throw new Error(log.reason)
  expect(replay(log.value, log.value.release)).toMatchObject({ verdict: 'rolled_back', sentence: status?.sentence, harm: status?.harm })
})

test('one on which as many buy is promoted, and not before it is shown that they are not fewer by the margin', async () => {
  const shop = await shopWhere({ 'web:1.0': 0.3, 'web:1.1': 0.3 }, '{ metric: event:purchase, within: 10s, margin: 30% }')

  await shop.seconds(25)
  const early = await shop.statusOf()
  await shop.seconds(500, over)

  expect(early?.missing?.find(({ is }) => is === 'events')?.sentence).toMatch(/sessions that are needed have had their 10 seconds|purchase could be more than 30 % rarer/)
  const status = await shop.statusOf()
  expect(status?.verdict).toBe('promoted')
  expect(status?.evidence.find(({ metric }) => metric === 'event:purchase')?.safety).toBeGreaterThanOrEqual(20)
})

test('a server that takes over comes to the same counts', async () => {
  const shop = await shopWhere({ 'web:1.0': 0.3, 'web:1.1': 0.1 }, '{ metric: event:purchase, within: 10s }')
  await shop.seconds(50)

  await shop.w.killAndRestart()
  await shop.seconds(300, over)

  expect((await shop.statusOf())?.verdict).toBe('rolled_back')
  const judged = (await shop.w.events.query({ tags: ['releases:r'], type: 'release-evidence' }, { limit: 1000 })).events
    .flatMap(({ value }) => (value as { matured?: readonly { old: { sessions: number }; fresh: { sessions: number } }[] }).matured ?? [])
  const sessions = judged.reduce((sum, { old, fresh }) => sum + old.sessions + fresh.sessions, 0)
  const began = (await shop.w.events.query({ type: 'view' }, { limit: 1 })).total
  expect(sessions).toBeGreaterThan(600)
  expect(sessions).toBeLessThan(began)
  expect(judged.every(({ old, fresh }) => old.sessions + fresh.sessions <= 300)).toBe(true)
})

/** A server that is killed in the middle of a write, again and again, during releases: the verdict is the same, and no weight jumps. */
import type { ReleaseStatus } from '@vamp/model/release-status'
import { afterEach, expect, test } from 'vitest'
import { breed, release, shop } from './shop.ts'
import { openWorld, type World } from './world.ts'

/** `KILLS=120 npx vitest run --project unit test/acceptance/crash.test.ts` for the long one. */
const KILLS = Number(process.env['KILLS'] ?? 24)
const WRITES_MAX = 60


let world: World | undefined
afterEach(async () => { await world?.close() })

const statusOf = async (w: World, name: string): Promise<ReleaseStatus | undefined> => (await w.store.get('release-statuses', name))?.value
const lognormal = (random: () => number) => 10 * Math.exp(0.3 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))

test(`killed ${KILLS} times: every verdict as without, every weight where it was`, { timeout: 30_000 + KILLS * 3000 }, async () => {
  world = await openWorld({ seed: 29, answer: (version, random) => ({ status: version.startsWith('web:bad') && random() < 0.05 ? 500 : 200, latencyMs: lognormal(random) }) })
  const w = world
  let state = 5
  const draw = (below: number) => { state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0; return Math.floor(state / 4_294_967_296 * below) }
  await w.apply(shop('web:1'))
  await w.until(30, async () => ((await w.store.get('gateway-statuses', 'shop/9050'))?.value.deployed ?? false)
    && (await w.store.get('deployment-statuses', 'shop'))?.value.services[0]?.phase === 'Done')
  w.visit(9050, 100)
  await w.seconds(15)

  let kills = 0
  for (let run = 0; kills < KILLS; run++) {
    const [version, verdict] = run % 2 === 0 ? [`web:bad${run}`, 'rolled_back'] as const : [`web:good${run}`, 'promoted'] as const
    const name = version.replace(':', '-')
    await w.apply(breed(version) + release(version.replace(':', '-'), version))
    for (let looks = 0; (await statusOf(w, name))?.verdict === undefined && looks < 80; looks++) {
      const before = await statusOf(w, name)
      await w.killAtWrite(1 + draw(WRITES_MAX), draw(2) === 0)
      kills += 1
      const after = await statusOf(w, name)
      if (before && after && after.verdict === undefined && after.phase !== 'hold_back') {
        // In the moments before its end the server may have ordered some steps of its ramp, never more than the growth of the time that passed.
        const seconds = after.judged_until - before.judged_until + 2
        expect(after.weight).toBeGreaterThanOrEqual(before.weight)
        if (before.weight > 0) expect(after.weight).toBeLessThanOrEqual(Math.max(50, before.weight * 2 ** seconds))
        expect(after.requests.canary).toBeGreaterThanOrEqual(before.requests.canary)
      }
      const [gateway, stored] = [await w.store.get('gateways', 'shop/web/http'), await statusOf(w, name)]
      const route = gateway?.value.routes.find(({ path }) => path === `shop/web/${version}/http`)
      if (stored && route?.settings.is === 'inline') expect(route.settings.value.weight).toBe(stored.weight)
      await w.seconds(2)
    }
    await w.until(120, async () => ['promoted', 'rolled_back'].includes((await statusOf(w, name))?.phase ?? ''))
    expect([name, (await statusOf(w, name))?.verdict]).toEqual([name, verdict])
  }
  expect(w.visits.get('none')?.failed ?? 0).toBe(0)
})

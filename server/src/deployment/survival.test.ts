/** Servers die at any of their steps; what was wanted comes true all the same, once. */
import { expect, test } from 'vitest'
import { seeded } from '@vamp/stats/testdata/seeded'
import { openWorld, type Service, type World } from './testdata/world.ts'

const SEEDS = 240

test('a server killed at any one step of a first deployment starts nothing twice', async () => {
  for (const lastTakesEffect of [true, false]) {
    for (let steps = 1; ; steps++) {
      const world = openWorld()
      const server = world.startServer({ steps, lastTakesEffect })
      await world.put([{ cluster: 'web', breed: 'web:1.0', instances: 3 }])
      await world.clock.advance(5000)
      const died = server.dead
      server.die()
      world.startServer()
      await world.until(async () => await world.phase('web:1.0') === 'Done')

      expect(world.machine.history.filter(({ what }) => what === 'started'), `killed at step ${steps}`).toHaveLength(3)
      if (!died) {
        expect(steps).toBeGreaterThan(10)
        break
      }
    }
  }
})

test('a server killed at any one step of a rolling replacement and of an undeployment loses nothing', async () => {
  for (let steps = 1; ; steps++) {
    const world = openWorld({ behaviour: () => ({ startUpMs: 300 }), connectionsLastMs: () => 700 })
    const first = world.startServer()
    await world.put([{ cluster: 'web', breed: 'web:1.0', instances: 2 }])
    await world.until(async () => await world.phase('web:1.0') === 'Done')
    first.die()
    const server = world.startServer({ steps, lastTakesEffect: steps % 2 === 0 })
    await world.put([{ cluster: 'web', breed: 'web:1.0', instances: 2, command: 'next' }])
    await world.clock.advance(4000)
    await world.put([{ cluster: 'web', breed: 'web:1.0', instances: 2, command: 'next', intention: 'Undeployment' }])
    await world.clock.advance(4000)
    const died = server.dead
    server.die()
    world.startServer()
    await world.until(async () => await world.store.get('deployments', 'shop') === undefined && await world.status() === undefined)

    expect(world.violations, `killed at step ${steps}`).toEqual([])
    expect(world.machine.instances.size).toBe(0)
    if (!died) {
      expect(steps).toBeGreaterThan(20)
      break
    }
  }
})

test(`whatever happens in whatever order, it converges, and nothing is stopped that serves (${SEEDS} seeds)`, { timeout: 120_000 }, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await live(seed)
})

/** One random life: operations, crashes, sickness and deaths of the server; then quiet, and the check. */
async function live(seed: number): Promise<void> {
  const random = seeded(seed)
  const upTo = (count: number) => Math.floor(random() * count)
  const sick = new Set<string>()
  let refusing = false
  const world = openWorld({
    random,
    behaviour: (_service, id) => ({
      startUpMs: upTo(1500), stopMs: upTo(3000), start: () => { if (refusing) throw new Error('no more memory') },
      answer: () => sick.has(id) ? 'answered 503' : undefined,
    }),
    connectionsLastMs: id => id.length % 3 === 0 ? 40_000 : 1000 * (id.charCodeAt(id.length - 1) % 4),
    carryMs: upTo(150),
  })
  let wanted: Service[] = [service(upTo(2), upTo(4), upTo(2))]
  const fate = () => ({ steps: 1 + upTo(60), lastTakesEffect: random() < 0.5 })
  let server = world.startServer(fate())
  await world.put(wanted)

  for (let step = 0; step < 12; step++) {
    await world.clock.advance(upTo(8000))
    const what = upTo(7)
    if (what === 0) wanted = [...wanted.filter(({ breed }) => breed !== 'web:1.1'), service(1, upTo(4), upTo(2))]
    if (what === 1) wanted = wanted.map(entry => ({ ...entry, instances: upTo(5), warm: upTo(3) }))
    if (what === 2) wanted = wanted.map(entry => ({ ...entry, command: `c${upTo(3)}` }))
    if (what === 3) wanted = wanted.map((entry, index) => index === 0 ? { ...entry, intention: random() < 0.5 ? 'Undeployment' as const : 'Deployment' as const } : entry)
    if (what === 4) world.machine.crash(pick(world.running(), random) ?? '')
    if (what === 5) refusing = !refusing
    if (what === 6) sick.add(pick(world.running(), random) ?? '')
    if (what < 4) await world.put(wanted)
    if (server.dead || random() < 0.2) {
      server.die()
      await world.clock.advance(upTo(2000))
      server = world.startServer(fate())
    }
  }

  server.die()
  refusing = false
  sick.clear()
  world.startServer()
  await settled(world, wanted, seed)
  expect(world.violations, `seed ${seed}`).toEqual([])
}

async function settled(world: World, wanted: readonly Service[], seed: number): Promise<void> {
  const stay = wanted.filter(({ intention }) => intention !== 'Undeployment')
  for (let tried = 0; tried < 40; tried++) {
    await world.clock.advance(10_000)
    const done = await Promise.all(stay.map(async ({ breed, instances, warm = 0 }) => await world.phase(breed) === 'Done' && world.running(breed).length === instances + warm))
    const all = stay.reduce((sum, { instances, warm = 0 }) => sum + instances + warm, 0)
    if (done.every(Boolean) && world.machine.instances.size === all && ((await world.status())?.instances.length ?? 0) === all && (stay.length > 0 || await world.status() === undefined)) return
  }
  expect.fail(`seed ${seed} does not converge: ${JSON.stringify({ wanted, machine: [...world.machine.instances.keys()], status: await world.status() }, undefined, 1)}`)
}

function service(version: number, instances: number, command: number): Service {
  return { cluster: 'web', breed: `web:1.${version}`, instances, command: `c${command}`, checked: true }
}

function pick<T>(items: readonly T[], random: () => number): T | undefined {
  return items[Math.floor(random() * items.length)]
}

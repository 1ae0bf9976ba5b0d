/**
 * One random life of a deployment behind a gateway with visitors: an operator changes what is wanted, somebody kills the server,
 * instances and the engine meanwhile. Then quiet, and the account: what is wanted runs, once, and nothing else; who could be served was.
 * In the end all of it is undeployed, the server is killed once more, and nothing may be left.
 */
import { connect } from 'node:net'
import { systemClock as clock } from '../../agent/src/base/clock.ts'
import { seeded } from '../../stats/src/testdata/seeded.ts'
import type { Ground } from './ground.ts'
import type { Server } from './server.ts'
import { startVisitors, type Visit, type Visitors } from './visitors.ts'

const CHANGES = 4
const INSTANCES_MAX = 4
/** Whoever else uses the machine may keep it from everything for minutes. */
const CONVERGE_MS = 600_000
/** So long after its return a server may not have looked at everything yet. */
const RECALL_MS = 5000
/** At least so long nothing is done any more, and at most so long until each instance has answered. */
const QUIET_MS = 1000
const QUIET_MS_MAX = 20_000

export interface Account {
  readonly seed: number
  readonly requests: number
  readonly underWay: number
  readonly nobody: number
  readonly leaving: number
  readonly kills: number
  /** What should not be. */
  readonly wrong: readonly string[]
  /** What happened, in order. */
  readonly trail: readonly string[]
}

export interface LifeOptions { readonly seed: number; readonly ground: Ground; readonly server: Server; readonly gateway: number }

interface Wanted { version: number; instances: number; generation: number }

interface InstanceRow { readonly name: string; readonly state: string; readonly since: string; readonly service: string }

/** Others may live on the same installation meanwhile: the server and the engine die for all of them. */
export async function live(given: LifeOptions): Promise<Account> {
  const { seed, gateway } = given
  const ground = only(given.ground, seed)
  const options = { ...given, ground }
  const [trail, wrong]: [string[], string[]] = [[], []]
  const note = (what: string) => { trail.push(`${time()} ${what}`) }
  const operator = openOperator(options, note)
  const random = seeded(seed)
  await operator.first(upTo(random, INSTANCES_MAX - 1) + 1)
  const visitors = startVisitors(gateway, { leaves: operator.leaves, outages: ground.outages, note })
  await visitors.answered()
  const villain = startVillain(options, visitors, { note, wrong })
  try {
    for (let change = 0; change < CHANGES; change++) {
      await clock.sleep(upTo(random, 900))
      await operator.change(random)
    }
    await villain.stop()
    wrong.push(...await settled(operator, ground, visitors, note))
  } catch (error) {
    wrong.push(String(error))
  } finally {
    await villain.stop()
    await visitors.stop()
  }
  wrong.push(...visitors.lost.map(what => `a request was lost: ${what}`))
  await Promise.all([operator.end(), villain.killServerOnceMore()]).catch((error: unknown) => wrong.push(String(error)))
  wrong.push(...(await ground.remains()).map(what => `${what} is left over`), ...await closed(gateway) ? [] : [`port ${gateway} is left open`])
  return { seed, requests: visitors.requests, ...visitors.excused, kills: villain.kills, wrong, trail }
}

const nameOf = (seed: number) => `life-${seed}`
/** As instances are named. */
const versionOf = (instance: string) => Number(/^life-\d+-web-(\d+)-/.exec(instance)?.[1])

/** The same ground, on which nobody but the instances of this life is seen. */
function only(ground: Ground, seed: number): Ground {
  const own = (names: readonly string[]) => names.filter(name => name.startsWith(`${nameOf(seed)}-`))
  return { ...ground, running: async () => own(await ground.running()), remains: async () => own(await ground.remains()) }
}

/** As the server's log tells it. */
const time = () => new Date().toISOString().slice(11, 23)
const upTo = (random: () => number, count: number) => Math.floor(random() * count)

interface Operator {
  first(instances: number): Promise<void>
  /** One of the things that are done to a deployment. */
  change(random: () => number): Promise<void>
  /** What is wrong when it should be as wanted. */
  converged(): Promise<readonly string[]>
  ready(): Promise<readonly string[]>
  /**
   * For good: the operator had taken its version's share away before the request was made, and the server had said so; or as the server
   * says, if there is one: what drains is called back if it is of what is wanted, and if there is a server that does it.
   */
  leaves(instance: string, visit: Visit): Promise<boolean>
  readonly wanted: Wanted
  end(): Promise<void>
}

function openOperator({ seed, ground, server, gateway }: LifeOptions, note: (what: string) => void): Operator {
  const name = nameOf(seed)
  const wanted: Wanted = { version: 1, instances: 1, generation: 0 }
  /** Version → since when it has no share, by the monotonic clock. */
  const shareless = new Map<number, number>()
  const service = ({ version, instances, generation }: Wanted) => ({
    breed: {
      name: `web:${version}`, deployable: ground.deployable, ports: { web: '0/http' }, environment_variables: { GENERATION: String(generation), WARM_UP: seed % 2 === 0 ? '0' : '0.3' },
      health_checks: [{ path: '/', port: 'web', initial_delay: '0s', interval: '1s', timeout: '2s', failures: 3 }],
    },
    scale: { cpu: 0.1, memory: '64MB', instances }, ...(ground.dialects === undefined ? {} : { dialects: ground.dialects }),
  })
  const rows = () => server.ask<readonly InstanceRow[]>('GET', `/instances?per_page=100&deployment=${name}`)
  const ready = async () => (await rows()).filter(({ state, service }) => state === 'ready' && service === `web:${wanted.version}`).map(({ name: id }) => id)
  const put = () => server.ask('PUT', `/deployments/${name}`, { name, gateways: { [gateway]: 'web/web' }, clusters: { web: { services: [service(wanted)] } } })
  const until = async (what: string, holds: () => Promise<boolean>) => {
    for (const end = clock.monotonic() + CONVERGE_MS; !await holds(); await clock.sleep(100)) if (clock.monotonic() > end) throw new Error(`never ${what}: ${JSON.stringify(await rows())}`)
  }
  /** The next version comes beside the present one, gets the traffic when it is ready, and stays alone. */
  const replace = async () => {
    const before = wanted.version
    wanted.version++
    note(`web:${wanted.version} beside web:${before}`)
    await put()
    await until(`web:${wanted.version} ready`, async () => (await ready()).length > 0)
    const path = `/gateways/${name}/web/web`
    const view = await server.ask<{ routes: Record<string, object> }>('GET', path)
    const routes = Object.fromEntries(Object.entries(view.routes).map(([route, settings]) => [route, { ...settings, weight: route.includes(`web:${wanted.version}`) ? '100%' : '0%' }]))
    note(`traffic to web:${wanted.version}`)
    await server.ask('PUT', path, { ...view, routes })
    shareless.set(before, clock.monotonic())
    note(`without web:${before}`)
    await server.ask('PUT', `/deployments/${name}?delete=true`, { name, clusters: { web: { services: [{ breed: { name: `web:${before}`, deployable: ground.deployable } }] } } })
  }
  return {
    wanted, ready,
    async leaves(instance, { from, to }) {
      if (from >= (shareless.get(versionOf(instance)) ?? Number.POSITIVE_INFINITY)) return true
      // Whoever is killed while it is asked has not said that it stays: the next one is asked.
      const row = (await rows()).find(({ name: id }) => id === instance)
      const alone = server.away.some(time => from <= time.to + RECALL_MS && to >= time.from)
      // One that was called back since has been ready since.
      if (alone && row !== undefined && Date.parse(row.since) > clock.now() - clock.monotonic() + from) return true
      return row !== undefined && row.state !== 'ready' && (alone || row.state !== 'draining' || row.service !== `web:${wanted.version}`)
    },
    async first(instances) {
      wanted.instances = instances
      note(`${instances} of web:1`)
      await put()
      await until('ready', async () => (await ready()).length === instances)
    },
    async change(random) {
      const what = upTo(random, 4)
      if (what === 0) { await replace(); return }
      if (what < 3) wanted.instances = 1 + upTo(random, INSTANCES_MAX)
      else wanted.generation++
      note(what < 3 ? `${wanted.instances} instances` : `generation ${wanted.generation}`)
      await put()
    },
    async converged() {
      const settled = async () => { const all = await rows(); return all.length === wanted.instances && all.every(({ state, service }) => state === 'ready' && service === `web:${wanted.version}`) }
      return until('as wanted', settled).then(() => [], (error: unknown) => [`${String(error)}, wanted ${JSON.stringify(wanted)}`])
    },
    async end() {
      note('undeployed')
      await server.ask('DELETE', `/deployments/${name}?all=true`)
      await until('gone', async () => (await rows()).length === 0)
    },
  }
}

/**
 * What is wrong for good. What was asked for last may not have begun yet, when what is there looks as wanted; and those who live on the
 * same engine may kill it still.
 */
async function settled(operator: Operator, ground: Ground, visitors: Visitors, note: (what: string) => void): Promise<readonly string[]> {
  for (const end = clock.monotonic() + CONVERGE_MS; ;) {
    const found = [...await operator.converged()]
    await visitors.free()
    found.push(...await quiet(operator, ground, visitors))
    if (found.length === 0 || clock.monotonic() > end) return found
    note(`not yet: ${found.join('; ').slice(0, 200)}`)
  }
}

/** Nothing is done any more: who is ready runs, once, and answers, and nobody else. */
async function quiet(operator: Operator, ground: Ground, visitors: Visitors): Promise<readonly string[]> {
  const [ready, running] = [(await operator.ready()).toSorted(), (await ground.running()).toSorted()]
  const since = clock.monotonic()
  const recent = () => visitors.since(since)
  const answerers = () => [...new Set(recent().flatMap(({ instance }) => instance ?? []))].toSorted()
  do await clock.sleep(QUIET_MS); while (running.some(instance => !answerers().includes(instance)) && clock.monotonic() - since < QUIET_MS_MAX)
  const answered = answerers()
  const strange = recent().filter(({ failure, generation }) => failure !== undefined || generation !== String(operator.wanted.generation))
  return [
    ...(ready.join() === running.join() ? [] : [`ready are ${ready.join(', ')}, and there run ${running.join(', ')}`]),
    ...(ready.length === operator.wanted.instances ? [] : [`${ready.length} ready, wanted ${operator.wanted.instances}`]),
    ...(answered.join() === running.join() ? [] : [`there run ${running.join(', ')}, and ${answered.join(', ')} answered`]),
    ...(strange.length === 0 ? [] : [`${strange.length} of ${recent().length} requests were not answered as wanted: ${JSON.stringify(strange[0])}`]),
  ]
}

async function closed(port: number): Promise<boolean> {
  const refused = () => new Promise<boolean>(done => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); done(false) })
    socket.on('error', () => done(true))
  })
  for (const end = clock.monotonic() + CONVERGE_MS; clock.monotonic() < end; await clock.sleep(100)) if (await refused()) return true
  return false
}

interface Villain {
  readonly kills: number
  /** Everything that was stopped goes on; the server runs. */
  stop(): Promise<void>
  /** While everything is undeployed. */
  killServerOnceMore(): Promise<void>
}

function startVillain({ seed, ground, server }: LifeOptions, visitors: Visitors, { note, wrong }: { readonly note: (what: string) => void; readonly wrong: string[] }): Villain {
  const random = seeded(seed + 1_000_003)
  const ending = new AbortController()
  let kills = 0
  const done = (what: string) => { kills++; note(what) }
  const someone = async () => { const all = (await ground.running()).toSorted(); return all[upTo(random, all.length)] }
  const during = async (harm: { to: number }, work: () => Promise<void>) => { await work(); harm.to = clock.monotonic() }
  const killInstance = async () => {
    const instance = await someone()
    if (instance === undefined) return
    done(`killed ${instance}`)
    await during(visitors.harm(instance), () => ground.kill(instance))
  }
  /** Requests that it has taken wait with it; if it is replaced meanwhile they end with it. */
  const pauseInstance = async () => {
    const instance = await someone()
    if (instance === undefined) return
    const pausedMs = 200 + upTo(random, 4000)
    done(`paused ${instance} for ${pausedMs} ms`)
    const harm = visitors.harm(instance)
    await ground.pause(instance)
    await clock.sleep(pausedMs, ending.signal).catch(() => {})
    await ground.resume(instance)
    harm.to = clock.monotonic()
  }
  const killServer = () => server.alone(async early => {
    if (!early || random() < 0.5) {
      await server.ready()
      await clock.sleep(upTo(random, 1000), ending.signal).catch(() => {})
    }
    if (!ending.signal.aborted) await nextServer()
  })
  const nextServer = async () => {
    done('killed the server')
    await server.kill()
    await clock.sleep(upTo(random, 1500))
    server.start()
    note('the next server')
  }
  /** Who is killed before it has noticed has lost it; so nobody kills it meanwhile. */
  const loseData = () => server.alone(async () => {
    await server.ready()
    if (ending.signal.aborted || !server.lives) return
    done('took the data directory away')
    await server.loseData().then(() => note('it is there again'), (error: unknown) => { wrong.push(String(error)) })
  })
  const restartEngine = async () => {
    const since = clock.monotonic()
    if (await ground.restart?.()) done(`killed the engine, which is back after ${Math.round(clock.monotonic() - since)} ms`)
  }
  const ways = [killServer, killServer, killServer, killInstance, killInstance, pauseInstance, loseData, ...(ground.restart ? [restartEngine] : [])]
  const work = (async () => {
    while (!ending.signal.aborted) {
      await clock.sleep(100 + upTo(random, 2000), ending.signal).catch(() => {})
      if (ending.signal.aborted) break
      await ways[upTo(random, ways.length)]?.().catch((error: unknown) => note(`could not do it: ${error}`))
    }
  })()
  return {
    get kills() { return kills },
    async stop() {
      ending.abort()
      await work
    },
    killServerOnceMore: () => server.alone(async () => {
      await clock.sleep(upTo(random, 1000))
      await nextServer()
    }),
  }
}

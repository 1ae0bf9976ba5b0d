import { Fault } from '@vamp/model/fault'
import type { Window } from '@vamp/model/metric'
import type { Endpoint, RoutingTable } from '@vamp/model/routing/table'
import { describe, expect, test } from 'vitest'
import { startAgent } from './agent.ts'
import { silent } from './base/log.ts'
import { virtualClock } from './base/virtual-clock.ts'
import { linkPair } from './link/in-process.ts'
import { contractGateway } from './proxy/testdata/contract-world.ts'
import { type EndpointAnswer, openMemoryProxy } from './proxy/memory/memory.ts'
import type { Proxy as ProxyPort } from './proxy/proxy.ts'
import { memorySequence, openSequence } from './traffic/sequence.ts'

const endpoint = (id: string, state: Endpoint['state'] = 'ready'): Endpoint => ({ id, host: 'virtual', port: 1, state })
const tableOf = (revision: number, ...endpoints: Endpoint[]): RoutingTable =>
  ({ revision, gateways: [contractGateway('shop', 80, { a: { weight: 10_000, to: endpoints } })] })

async function world(answer: () => EndpointAnswer | Promise<EndpointAnswer> = () => ({ status: 200, latencyMs: 3 }), wrap: (proxy: ProxyPort) => ProxyPort = proxy => proxy) {
  const clock = virtualClock()
  const proxy = openMemoryProxy({ clock, random: () => 0.5, answer })
  const pair = linkPair()
  const agent = await startAgent({ name: 'a1', proxy: wrap(proxy), link: pair.link, clock, log: silent, sequence: memorySequence() })
  const sent = async (port: number) => {
    const answer = proxy.send(port)
    await clock.advance(10)
    return await answer
  }
  return { clock, proxy, pair, agent, sent, last: () => pair.reports.at(-1), [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() }
}

test('a table is carried and confirmed, with its endpoints and the shares in force', async () => {
  await using given = await world()

  given.pair.publish(tableOf(7, endpoint('one'), endpoint('two', 'draining')))
  await given.clock.advance(0)

  expect(given.last()).toEqual({
    agent: 'a1', time: given.clock.now(), driver: 'memory', acknowledged: 7, shares: [{ name: 'shop', routes: { a: 10_000 } }], reloads: 0,
    endpoints: [{ id: 'one', state: 'ready', connections: 0 }, { id: 'two', state: 'draining', connections: 0 }],
  })
})

test('it reports every second, also when nothing happens', async () => {
  await using given = await world()

  await given.clock.advance(5_000)

  expect(given.pair.reports).toHaveLength(5)
  expect(given.last()).toMatchObject({ acknowledged: 0, endpoints: [] })
})

test('tables that are superseded while another is being carried are skipped', async () => {
  const carried: number[] = []
  let release = () => {}
  await using given = await world(undefined, proxy => ({ ...proxy, [Symbol.asyncDispose]: proxy[Symbol.asyncDispose], apply: async table => {
    carried.push(table.revision)
    if (table.revision === 1) await new Promise<void>(resolve => { release = resolve })
    return await proxy.apply(table)
  } }))

  for (const revision of [1, 2, 3, 4]) given.pair.publish(tableOf(revision, endpoint('one')))
  await given.clock.advance(0)
  release()
  await given.clock.advance(0)

  expect(carried).toEqual([1, 4])
  expect(given.last()?.acknowledged).toBe(4)
})

test('while an instance drains its connections are told as they end, faster than every second', async () => {
  let finish = () => {}
  await using given = await world(() => new Promise(resolve => { finish = () => resolve({ status: 200, latencyMs: 0 }) }))
  given.pair.publish(tableOf(1, endpoint('one')))
  await given.clock.advance(0)
  const sent = given.proxy.send(80)
  await given.clock.advance(0)
  given.pair.publish(tableOf(2, endpoint('one', 'draining')))
  await given.clock.advance(0)
  expect(given.last()?.endpoints).toEqual([{ id: 'one', state: 'draining', connections: 1 }])

  finish()
  await sent
  await given.clock.advance(100)

  expect(given.last()?.endpoints).toEqual([{ id: 'one', state: 'draining', connections: 0 }])
})

test('an instance that leaves with its route is told of until it has finished, from the first table on that has it no more', async () => {
  let finish = () => {}
  await using given = await world(() => new Promise(resolve => { finish = () => resolve({ status: 200, latencyMs: 0 }) }))
  given.pair.publish(tableOf(1, endpoint('one'), endpoint('two', 'draining')))
  await given.clock.advance(0)
  const sent = given.proxy.send(80)
  await given.clock.advance(0)
  given.pair.publish(tableOf(2))
  await given.clock.advance(0)
  expect(given.pair.reports.filter(({ acknowledged }) => acknowledged === 2).map(({ endpoints, finishing }) => ({ endpoints, finishing })))
    .toEqual([{ endpoints: [], finishing: [{ id: 'one', connections: 1 }] }])

  finish()
  await sent
  await given.clock.advance(100)

  expect(given.last()).toEqual({ agent: 'a1', time: expect.any(Number), driver: 'memory', acknowledged: 2, endpoints: [], shares: [{ name: 'shop', routes: { a: 10_000 } }], reloads: 0 })
})

test('what gets nothing new and was not counted since is busy, also where it cannot be counted', async () => {
  let counts = true
  const refusing = (proxy: ProxyPort): ProxyPort => ({ ...proxy, connections: () => counts ? proxy.connections() : Promise.reject(new Fault('proxy_unreachable', 'no answer')) })
  await using given = await world(undefined, refusing)
  given.pair.publish(tableOf(1, endpoint('one'), endpoint('two'), endpoint('three')))
  await given.clock.advance(0)
  counts = false
  given.pair.publish(tableOf(2, endpoint('one'), endpoint('two', 'draining')))
  await given.clock.advance(1000)
  expect(given.last()).toMatchObject({ acknowledged: 2, endpoints: [{ id: 'one', connections: 0 }, { id: 'two', connections: 1 }], finishing: [{ id: 'three', connections: 1 }] })

  counts = true
  await given.clock.advance(100)
  expect(given.last()?.endpoints).toEqual([{ id: 'one', state: 'ready', connections: 0 }, { id: 'two', state: 'draining', connections: 0 }])
  expect(given.last()?.finishing).toBeUndefined()
})

test('what was counted before an instance began to drain is never told of it, however late the answer comes', async () => {
  const answers: ((connections: ReadonlyMap<string, number>) => void)[] = []
  let slow = false
  const counting = (proxy: ProxyPort): ProxyPort => ({ ...proxy, connections: () => slow ? new Promise(done => { answers.push(done) }) : Promise.resolve(new Map([['one', 1], ['two', 1]])) })
  await using given = await world(undefined, counting)
  given.pair.publish(tableOf(1, endpoint('one', 'draining'), endpoint('two')))
  await given.clock.advance(0)
  slow = true
  await given.clock.advance(50)
  expect(answers).toHaveLength(1)

  given.pair.publish(tableOf(2, endpoint('one', 'draining'), endpoint('two', 'draining')))
  await given.clock.advance(0)
  // The later question is answered first, and before anybody has told of it.
  answers[1]?.(new Map([['one', 1], ['two', 1]]))
  answers[0]?.(new Map())
  await given.clock.advance(0)
  const told = given.pair.reports.flatMap(({ endpoints }) => endpoints).filter(({ id, state }) => id === 'two' && state === 'draining')
  expect(told.filter(({ connections }) => connections === 0)).toEqual([])

  slow = false
  for (const answer of answers) answer(new Map([['one', 1], ['two', 1]]))
  await given.clock.advance(100)
  expect(given.last()?.endpoints).toEqual([{ id: 'one', state: 'draining', connections: 1 }, { id: 'two', state: 'draining', connections: 1 }])
})

test('a gateway whose port is taken is reported with the reason and holds up no other; it comes when the port is free', async () => {
  await using given = await world()
  given.pair.publish(tableOf(1, endpoint('one')))
  await given.clock.advance(0)
  given.proxy.occupy(81, 'nginx (process 4711)')
  const late = contractGateway('late', 81, { a: { weight: 10_000, to: [endpoint('three')] } })
  const beforeLate = contractGateway('before-late', 82, { a: { weight: 10_000, to: 'late' } })

  given.pair.publish({ revision: 2, gateways: [...tableOf(2, endpoint('two')).gateways, beforeLate, late] })
  await given.clock.advance(0)
  expect(given.last()).toMatchObject({
    acknowledged: 2, shares: [{ name: 'shop', routes: { a: 10_000 } }], endpoints: [{ id: 'two' }, { id: 'three' }],
    refusal: { revision: 2, code: 'port_taken', reason: 'port 81 is held by nginx (process 4711): free it, and the gateway takes it by itself, or give the gateway another port', gateway: 'late' },
  })
  expect(given.last()?.shares.map(({ name }) => name)).toEqual(['shop'])
  expect(await given.sent(80)).toMatchObject({ instance: 'two' })

  given.proxy.vacate(81)
  await given.clock.advance(2_000)
  expect(given.last()?.shares.map(({ name }) => name)).toEqual(['shop', 'before-late', 'late'])
  expect(given.last()?.refusal).toBeUndefined()
})

test('a port that stays taken is tried for more and more rarely', async () => {
  let tries = 0
  await using given = await world(undefined, proxy => ({ ...proxy, [Symbol.asyncDispose]: proxy[Symbol.asyncDispose], apply: async table => {
    if (table.gateways.some(({ port }) => port === 81)) tries++
    return await proxy.apply(table)
  } }))
  given.proxy.occupy(81, 'nginx (process 4711)')
  given.pair.publish({ revision: 1, gateways: [...tableOf(1, endpoint('one')).gateways, contractGateway('late', 81, { a: { weight: 10_000, to: [endpoint('two')] } })] })

  await given.clock.advance(60_000)

  expect(tries, 'after 1, 3, 7, 15, 23 seconds, and so on').toBe(10)
})

test('a gateway that is refused as it shall be stays as it was, and the others change', async () => {
  const refuse = (table: RoutingTable) => table.gateways.some(({ port }) => port === 81)
  await using given = await world(undefined, proxy => ({ ...proxy, [Symbol.asyncDispose]: proxy[Symbol.asyncDispose], apply: async table => {
    if (refuse(table)) throw new Fault('proxy_refused', 'no', { reason: 'unknown fetch', gateway: 'wrong' })
    return await proxy.apply(table)
  } }))
  const wrong = (port: number) => contractGateway('wrong', port, { a: { weight: 10_000, to: [endpoint('one')] } })
  given.pair.publish({ revision: 1, gateways: [...tableOf(1, endpoint('one')).gateways, wrong(82)] })
  await given.clock.advance(0)

  given.pair.publish({ revision: 2, gateways: [...tableOf(2, endpoint('two')).gateways, wrong(81)] })
  await given.clock.advance(0)

  expect(given.last()).toMatchObject({ acknowledged: 2, refusal: { gateway: 'wrong', reason: 'unknown fetch' } })
  expect(await given.sent(80)).toMatchObject({ instance: 'two' })
  expect(await given.sent(82)).toMatchObject({ instance: 'one' })
})

test('where nobody says which gateway is refused it is found, and all the others are carried', async () => {
  let attempts = 0
  await using given = await world(undefined, proxy => ({ ...proxy, [Symbol.asyncDispose]: proxy[Symbol.asyncDispose], apply: async table => {
    attempts++
    if (table.gateways.some(({ port }) => port === 85 || port === 89)) throw new Fault('proxy_refused', 'no', { reason: 'an error in a map' })
    return await proxy.apply(table)
  } }))
  const gateways = (instance: string, ports: readonly number[]) => ports.map(port => contractGateway(`at-${port % 10}`, port, { a: { weight: 10_000, to: [endpoint(instance)] } }))
  const ports = Array.from({ length: 10 }, (_, index) => 80 + index)
  given.pair.publish({ revision: 1, gateways: gateways('one', ports.map(port => port === 85 ? 95 : port).filter(port => port !== 89)) })
  await given.clock.advance(0)
  attempts = 0

  given.pair.publish({ revision: 2, gateways: gateways('two', ports) })
  await given.clock.advance(0)

  for (const port of ports.filter(each => each !== 85 && each !== 89)) expect(await given.sent(port)).toMatchObject({ instance: 'two' })
  expect(await given.sent(95)).toMatchObject({ instance: 'one' })
  expect(given.last()?.refusal).toMatchObject({ reason: 'an error in a map' })
  expect(['at-5', 'at-9']).toContain(given.last()?.refusal?.gateway)
  expect(attempts).toBeLessThan(14)
})

describe('a proxy that refuses whatever changes, and names nobody', () => {
  const ports = Array.from({ length: 40 }, (_, index) => 8000 + index)
  const gateways = (instance: string) => ports.map(port => contractGateway(`at-${port}`, port, { a: { weight: 10_000, to: [endpoint(instance)] } }))
  async function refusing(what: (port: number) => boolean) {
    let [refuses, attempts] = [false, 0]
    const given = await world(undefined, proxy => ({ ...proxy, [Symbol.asyncDispose]: proxy[Symbol.asyncDispose], apply: async table => {
      attempts++
      if (refuses && table.gateways.some(({ port, routes }) => what(port) && JSON.stringify(routes).includes('two'))) throw new Fault('proxy_refused', 'no', { reason: 'out of memory' })
      return await proxy.apply(table)
    } }))
    given.pair.publish({ revision: 1, gateways: gateways('one') })
    await given.clock.advance(0)
    ;[refuses, attempts] = [true, 0]
    given.pair.publish({ revision: 2, gateways: gateways('two') })
    await given.clock.advance(0)
    return { ...given, attempts: () => attempts, heal() { refuses = false } }
  }

  test('has no gateway blamed, is not asked for each of them, and is tried again until it takes them', async () => {
    const given = await refusing(() => true)
    await using _ = { [Symbol.asyncDispose]: given[Symbol.asyncDispose] }

    expect(given.last()?.refusal).toEqual({ revision: 2, code: 'proxy_refused', reason: 'out of memory' })
    expect(given.attempts()).toBeLessThan(30)
    for (const port of [8000, 8039]) expect(await given.sent(port)).toMatchObject({ instance: 'one' })
    given.heal()
    await given.clock.advance(1000)
    expect(given.last()?.refusal).toBeUndefined()
    for (const port of [8000, 8039]) expect(await given.sent(port)).toMatchObject({ instance: 'two' })
  })

  test('gets those that it takes, wherever they stand', async () => {
    const given = await refusing(port => port < 8030)
    await using _ = { [Symbol.asyncDispose]: given[Symbol.asyncDispose] }
    expect(await given.sent(8035)).toMatchObject({ instance: 'one' })

    await given.clock.advance(120_000)

    for (const port of [8030, 8035, 8039]) expect(await given.sent(port)).toMatchObject({ instance: 'two' })
    expect(await given.sent(8000)).toMatchObject({ instance: 'one' })
    expect(given.last()?.refusal).toMatchObject({ gateway: expect.stringMatching(/^at-80[0-2]/) })
  })
})

test('where two gateways are refused without being named one of them is told, although those before them were taken', async () => {
  await using given = await world(undefined, proxy => ({ ...proxy, [Symbol.asyncDispose]: proxy[Symbol.asyncDispose], apply: async table => {
    if (table.gateways.some(({ port }) => port >= 82)) throw new Fault('proxy_refused', 'no', { reason: 'an error in a map' })
    return await proxy.apply(table)
  } }))

  given.pair.publish({ revision: 1, gateways: [80, 81, 82, 83].map(port => contractGateway(`at-${port}`, port, { a: { weight: 10_000, to: [endpoint('one')] } })) })
  await given.clock.advance(0)

  expect(given.last()?.refusal).toMatchObject({ reason: 'an error in a map', gateway: 'at-82' })
  expect(await given.sent(81)).toMatchObject({ instance: 'one' })
})

test('where the proxy refuses even what it carries no gateway is blamed', async () => {
  let refuses = false
  await using given = await world(undefined, proxy => ({ ...proxy, [Symbol.asyncDispose]: proxy[Symbol.asyncDispose], apply: async table => {
    if (refuses) throw new Fault('proxy_refused', 'no', { reason: 'out of memory' })
    return await proxy.apply(table)
  } }))
  given.pair.publish(tableOf(1, endpoint('one')))
  await given.clock.advance(0)
  refuses = true

  given.pair.publish(tableOf(2, endpoint('two')))
  await given.clock.advance(0)

  expect(given.last()).toMatchObject({ acknowledged: 1, refusal: { revision: 2, reason: 'out of memory' } })
  expect(given.last()?.refusal).not.toHaveProperty('gateway')
})

test('a table that failed while a newer one was waiting never comes into force after it', async () => {
  let fail = () => {}
  await using given = await world(undefined, proxy => ({ ...proxy, [Symbol.asyncDispose]: proxy[Symbol.asyncDispose], apply: async table => {
    if (table.revision === 1 && !given.pair.reports.some(({ acknowledged }) => acknowledged === 2))
      await new Promise<void>((_, reject) => { fail = () => reject(new Fault('proxy_unreachable', 'haproxy did not answer')) })
    return await proxy.apply(table)
  } }))
  for (const revision of [1, 2]) given.pair.publish(tableOf(revision, endpoint(`of-${revision}`)))
  await given.clock.advance(0)

  fail()
  await given.clock.advance(10_000)

  expect(given.last()).toMatchObject({ acknowledged: 2, endpoints: [{ id: 'of-2' }] })
})

test('what was in the way is tried again, what is wrong is not', async () => {
  let attempts = 0
  let fault = new Fault('proxy_unreachable', 'haproxy did not answer')
  await using given = await world(undefined, proxy => ({ ...proxy, [Symbol.asyncDispose]: proxy[Symbol.asyncDispose], apply: async table => {
    attempts++
    if (attempts <= 3) throw fault
    return await proxy.apply(table)
  } }))
  given.pair.publish(tableOf(1, endpoint('one')))

  await given.clock.advance(3_000)
  expect(given.last()).toMatchObject({ acknowledged: 1 })
  expect(attempts).toBe(4)

  attempts = 0
  fault = new Fault('proxy_refused', 'no', { reason: 'unknown balance algorithm' })
  given.pair.publish(tableOf(2, endpoint('one')))
  await given.clock.advance(10_000)
  expect(attempts).toBe(1)
  expect(given.last()).toMatchObject({ acknowledged: 1, refusal: { code: 'proxy_refused', reason: 'unknown balance algorithm' } })
})

test('every request is in exactly one window; windows come a second at a time and count on', async () => {
  await using given = await world()
  given.pair.publish(tableOf(1, endpoint('one')))
  await given.clock.advance(0)
  for (let request = 0; request < 50; request++) {
    void given.proxy.send(80)
    await given.clock.advance(100)
  }
  await given.clock.advance(2_000)

  const { windows } = given.pair
  expect(windows.map(({ sequence }) => sequence)).toEqual(windows.map((_, index) => index + 1))
  expect(windows.map(({ second }) => second)).toEqual(windows.map((_, index) => (windows[0]?.second ?? 0) + index))
  expect(windows.flatMap(({ cells }) => cells).reduce((sum, cell) => sum + cell.requests, 0)).toBe(50)
  expect(windows.every(({ agent, dropped }) => agent === 'a1' && dropped === 0)).toBe(true)
})

test('a clock that is set back holds up nothing: a second follows the other, each with what happened in it; one that is set forward is followed', async () => {
  await using given = await world()
  given.pair.publish(tableOf(1, endpoint('one')))
  await given.clock.advance(0)
  const live = async (seconds: number) => {
    const from = given.pair.windows.length
    for (let second = 0; second < seconds; second++) {
      void given.proxy.send(80)
      await given.clock.advance(1000)
    }
    return given.pair.windows.slice(from).map(({ second, cells }) => [second, cells.reduce((sum, { requests }) => sum + requests, 0)] as const)
  }
  const before = await live(5)
  const last = before.at(-1)?.[0] ?? 0

  given.clock.set(given.clock.now() - 3_600_000)
  const after = await live(10)
  expect(after.map(([second]) => second)).toEqual(Array.from({ length: 10 }, (_, index) => last + 1 + index))
  // What the proxy says of its time is late now, and counts in the oldest second still open.
  expect(after.map(([, requests]) => requests)).toEqual([2, 1, 1, 1, 1, 1, 1, 1, 1, 1])
  expect(given.last()?.time).toBeGreaterThan((last + 10) * 1000)

  given.clock.set(given.clock.now() + 3 * 3_600_000)
  await live(2)
  expect((await live(5)).map(([second]) => second)).toEqual(Array.from({ length: 5 }, (_, index) => Math.floor(given.clock.now() / 1000) - 6 + index))
})

test('windows wait while the line is cut, in order; the oldest are given up beyond the bound, and that is told', async () => {
  await using given = await world()
  given.pair.publish(tableOf(1, endpoint('one')))
  await given.clock.advance(0)
  given.pair.cut(true)
  for (let second = 0; second < 700; second++) {
    void given.proxy.send(80)
    await given.clock.advance(1000)
  }
  expect(given.pair.windows).toEqual([])

  given.pair.cut(false)
  await given.clock.advance(2_000)

  const { windows } = given.pair
  expect(windows.length).toBeGreaterThan(590)
  const told = windows.reduce((sum, { cells, dropped }) => sum + dropped + cells.reduce((requests, cell) => requests + cell.requests, 0), 0)
  expect(told).toBe(700)
  expect(windows.map(({ second }) => second)).toEqual(windows.map(({ second }) => second).toSorted((a, b) => a - b))
})

test('an agent that ends delivers what it has, the second in progress too', async () => {
  const given = await world()
  given.pair.publish(tableOf(1, endpoint('one')))
  await given.clock.advance(0)
  const sent = given.proxy.send(80)
  await given.clock.advance(3)
  await sent

  await given.agent[Symbol.asyncDispose]()

  expect(given.pair.windows.flatMap(({ cells }) => cells)).toMatchObject([{ requests: 1 }])
})

test('window numbers go on after a restart and are never given twice, wherever it died', async () => {
  let stored = 0
  const given: number[] = []
  for (const count of [3, 0, 2000, 1]) {
    const sequence = await openSequence({ load: async () => stored, save: async reserved => { stored = reserved } })
    for (let window = 0; window < count; window++) given.push(await sequence.next())
  }

  expect(given).toEqual([...new Set(given)].sort((a, b) => a - b))
  expect(given).toHaveLength(2004)
})

test('a window is written down before it is sent; the one that an earlier agent had begun comes first, as it was', async () => {
  const begun = { agent: 'a1', sequence: 41, second: 1_699_999_000, cells: [], dropped: 3 }
  const written: number[] = []
  let release = () => {}
  const held = new Promise<void>(resolve => { release = resolve })
  const begin = async ({ sequence }: Window) => { await held; written.push(sequence) }
  await using given = await world(undefined, proxy => ({ ...proxy, [Symbol.asyncDispose]: proxy[Symbol.asyncDispose], account: { begun, begin } }))

  await given.clock.advance(1_500)
  expect(given.pair.windows).toEqual([begun])
  release()
  await given.clock.advance(0)

  const sent = given.pair.windows.map(({ sequence }) => sequence)
  expect(sent.slice(0, 2)).toEqual([41, 1])
  expect(written).toEqual(sent.slice(1))
})

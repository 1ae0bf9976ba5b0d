import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@vamp/agent/base/clock'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { HealthCheck } from '@vamp/model/health-check'
import { expect, onTestFinished, test } from 'vitest'
import type { Workload } from './container-driver.ts'
import { withHealth } from './health.ts'
import { openMemoryDriver } from './memory/memory-driver.ts'
import { type Behaviour, memoryMachine } from './memory/memory-machine.ts'
import { networkProbe } from './network-probe.ts'
import { TEST_WORKLOAD } from './testdata/workload.ts'

const CHECK: HealthCheck = { path: '/health', port: 'web', initial_delay: 5, timeout: 1, interval: 2, failures: 3, protocol: 'HTTP' }
const workload = (health_checks: readonly HealthCheck[]): Workload => ({ ...TEST_WORKLOAD, id: 'one', deployable: { type: 'process', definition: 'x' }, health_checks })

async function run(answer: Behaviour['answer'], checks: readonly HealthCheck[] = [CHECK]) {
  const clock = virtualClock()
  const machine = memoryMachine({ clock, behaviour: () => ({ startUpMs: 0, ...(answer ? { answer } : {}) }) })
  const driver = withHealth(openMemoryDriver(machine), { clock, probe: ({ id }, check) => machine.probe(id, check) })
  onTestFinished(() => driver[Symbol.asyncDispose]())
  const changes: (string | undefined)[] = []
  driver.watch(() => { void driver.observe().then(([seen]) => changes.push(seen?.health)) })
  await driver.start(workload(checks))
  await clock.advance(0)
  const startedAt = clock.now()
  return { clock, machine, driver, changes, startedAt, seen: async () => (await driver.observe())[0] }
}

test('what runs when its start returns is examined before anybody looks at it', async () => {
  const clock = virtualClock()
  const machine = memoryMachine({ clock, behaviour: () => ({ startUpMs: 0 }) })
  const memory = openMemoryDriver(machine)
  let asked = 0
  await using driver = withHealth({ ...memory, start: async wanted => { await memory.start(wanted); await clock.advance(0) } }, { clock, probe: () => { asked++; return undefined } })

  await driver.start(workload([CHECK]))

  expect(asked).toBe(1)
})

test('ten that start together are asked as often as one', async () => {
  const askedOf = async (instances: number) => {
    const clock = virtualClock()
    const machine = memoryMachine({ clock, behaviour: () => ({ startUpMs: 0 }) })
    let asked = 0
    await using driver = withHealth(openMemoryDriver(machine), { clock, probe: () => { asked++; return 'was refused' } })
    for (let number = 0; number < instances; number++) await driver.start({ ...workload([CHECK]), id: `i${number}` })
    await clock.advance(0)
    await driver.observe()
    await clock.advance(100)
    return asked
  }

  expect(await askedOf(10)).toBeLessThan(2 * await askedOf(1))
})

test('ten that start together, one after the other, are seen to be healthy together', async () => {
  const clock = virtualClock()
  const machine = memoryMachine({ clock, behaviour: () => ({ startUpMs: 0 }) })
  const readyAt = new Map<string, number>()
  await using driver = withHealth(openMemoryDriver(machine), { clock, probe: ({ id }) => clock.monotonic() >= (readyAt.get(id) ?? 0) ? undefined : 'was refused' })
  const told = new Set<number>()
  for (let number = 0; number < 10; number++) {
    readyAt.set(`i${number}`, 200 + 4 * number)
    await driver.start({ ...workload([CHECK]), id: `i${number}` })
    await clock.advance(3)
    await driver.observe()
  }
  driver.watch(() => told.add(clock.monotonic()))

  await clock.advance(300)

  const healthy = (await driver.observe()).filter(({ health }) => health === 'healthy')
  expect(healthy).toHaveLength(10)
  expect(told.size).toBeLessThanOrEqual(5)
})

test('a new instance waits at most a twentieth of its own start before it is seen to be healthy', async () => {
  for (const startMs of [0, 40, 200, 2000]) {
    let ready = false
    const { clock, seen } = await run(() => ready ? undefined : 'was refused')
    await clock.advance(startMs)
    ready = true

    await clock.advance(Math.max(2, startMs / 20 + 1))

    expect([startMs, (await seen())?.health]).toEqual([startMs, 'healthy'])
  }
})

test('a new instance is healthy within a quarter of a second of its first good answer, whatever the interval', async () => {
  let ready = false
  const { clock, seen, changes } = await run(() => ready ? undefined : 'answered 503')
  await clock.advance(1000)
  expect(await seen()).toMatchObject({ health: 'unknown', reason: 'health check `GET /health` answered 503' })

  ready = true
  await clock.advance(250)

  expect((await seen())?.health).toBe('healthy')
  expect((await seen())?.reason).toBeUndefined()
  expect(changes.at(-1)).toBe('healthy')
})

test('failures count after the initial delay, once per interval', async () => {
  const { clock, seen } = await run(() => 'was refused')

  await clock.advance(8900)
  expect((await seen())?.health).toBe('unknown')
  await clock.advance(1000)

  expect(await seen()).toMatchObject({ health: 'unhealthy', reason: 'health check `GET /health` was refused for 9 s' })
})

test('a healthy instance is unhealthy after so many failures in a row as the check says, and well again with the next good answer', async () => {
  let failing = false
  const { clock, seen } = await run(() => failing ? 'answered 500' : undefined)
  await clock.advance(1)
  failing = true

  await clock.advance(4000)
  expect((await seen())?.health).toBe('healthy')
  await clock.advance(2000)
  expect((await seen())?.health).toBe('unhealthy')

  failing = false
  await clock.advance(2000)
  expect((await seen())?.health).toBe('healthy')
})

test('the worst of several checks counts', async () => {
  const { clock, seen } = await run(check => check.path === '/bad' ? 'answered 500' : undefined, [CHECK, { ...CHECK, path: '/bad', initial_delay: 0, failures: 1 }])
  await clock.advance(500)

  expect(await seen()).toMatchObject({ health: 'unhealthy', reason: 'health check `GET /bad` answered 500' })
})

test('with zero failures allowed for, an instance is never called unhealthy', async () => {
  const { clock, seen } = await run(() => 'answered 500', [{ ...CHECK, failures: 0, initial_delay: 0 }])
  await clock.advance(60_000)

  expect((await seen())?.health).toBe('unknown')
})

test('nobody is asked after the instance was stopped', async () => {
  let asked = 0
  const { clock, driver } = await run(() => { asked++; return undefined })
  await clock.advance(5000)

  const stopped = driver.stop('one', 100)
  await clock.advance(100)
  await stopped
  const before = asked
  await clock.advance(60_000)

  expect(before).toBeGreaterThan(0)
  expect(asked).toBe(before)
})

test('over the network: statuses, refusals, silence and TCP are told apart', async () => {
  const server = createServer((question, answer) => {
    if (question.url === '/silent') return
    answer.writeHead(Number(question.url?.slice(1)) || 200).end('x')
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => { server.closeAllConnections(); server.close() })
  const web = (server.address() as AddressInfo).port
  const probe = networkProbe(systemClock)
  const ask = (check: Partial<HealthCheck>, ports: Record<string, number> = { web }) => probe({ host: '127.0.0.1', ports }, { ...CHECK, ...check }, new AbortController().signal)

  expect(await ask({ path: '/200' })).toBeUndefined()
  expect(await ask({ path: '302' })).toBeUndefined()
  expect(await ask({ path: '/503' })).toBe('answered 503')
  expect(await ask({ path: '/silent', timeout: 0.2 })).toBe('did not answer within 0.2 s')
  expect(await ask({ protocol: 'TCP' })).toBeUndefined()
  expect(await ask({ protocol: 'MESOS_HTTP', path: '/404' })).toBe('answered 404')
  expect(await ask({ port: 'admin' })).toBe('finds no port admin')
  server.closeAllConnections()
  await new Promise(done => server.close(done))
  expect(await ask({})).toBe('was refused')
  expect(await ask({ protocol: 'TCP' })).toBe('was refused')
})

test('an instance that goes over to another protocol unasked has answered', async () => {
  const server = createServer().on('connection', socket => { socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n') })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => { server.closeAllConnections(); server.close() })

  expect(await networkProbe(systemClock)({ host: '127.0.0.1', ports: { web: (server.address() as AddressInfo).port } }, CHECK, new AbortController().signal)).toBe('answered 101')
})

test('a question whose instance is gone is ended, throws nothing and leaves no connection', async () => {
  const server = createServer(() => {})
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => { server.closeAllConnections(); server.close() })
  const probe = networkProbe(systemClock)
  const ask = (signal: AbortSignal, protocol: string) => probe({ host: '127.0.0.1', ports: { web: (server.address() as AddressInfo).port } }, { ...CHECK, protocol, timeout: 60 }, signal)
  const [soon, now] = [new AbortController(), new AbortController()]
  now.abort()

  const asked = [ask(soon.signal, 'HTTP'), ask(soon.signal, 'HTTPS'), ask(now.signal, 'HTTP'), ask(now.signal, 'TCP')]
  await systemClock.sleep(50)
  soon.abort()

  for (const answer of await Promise.all(asked)) expect(answer).toMatch(/^failed: /)
  await new Promise<void>(done => { const look = () => server.getConnections((_, count) => count === 0 ? done() : setTimeout(look, 5)); look() })
})

test('a path is asked for as a browser would: what cannot be in a request is encoded, what is encoded stays', async () => {
  const asked: (string | undefined)[] = []
  const server = createServer((question, answer) => { asked.push(question.url); answer.end() })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => { server.close() })
  const { port } = server.address() as AddressInfo

  for (const path of ['/is it well?', 'größe', '/a%20b?c=d&e', '/\ud800'])
    expect(await networkProbe(systemClock)({ host: '127.0.0.1', ports: { web: port } }, { ...CHECK, path }, new AbortController().signal)).toBeUndefined()

  expect(asked).toEqual(['/is%20it%20well?', '/gr%C3%B6%C3%9Fe', '/a%20b?c=d&e', '/%EF%BF%BD'])
})

test('over TLS: the certificate is not asked about, the status is; who speaks no TLS is not well', async () => {
  const pem = readFileSync(new URL('../../../agent/src/proxy/testdata/certificate-one.pem', import.meta.url))
  const [secure, plain] = [createSecureServer({ cert: pem, key: pem }, (question, answer) => { answer.writeHead(Number(question.url?.slice(1))).end('x') }), createServer((_, answer) => { answer.end('x') })]
  onTestFinished(() => { for (const server of [secure, plain]) { server.closeAllConnections(); server.close() } })
  for (const server of [secure, plain]) await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const [tls, http] = [secure, plain].map(server => (server.address() as AddressInfo).port)
  const probe = networkProbe(systemClock)
  const ask = (check: Partial<HealthCheck>) => probe({ host: '127.0.0.1', ports: { web: tls ?? 0, http: http ?? 0 } }, { ...CHECK, protocol: 'HTTPS', ...check }, new AbortController().signal)

  expect(await ask({ path: '/200' })).toBeUndefined()
  expect(await ask({ path: '/503' })).toBe('answered 503')
  expect(await ask({ path: '/200', protocol: 'MESOS_HTTPS' })).toBeUndefined()
  expect(await ask({ port: 'http' })).toMatch(/^failed: /)
})

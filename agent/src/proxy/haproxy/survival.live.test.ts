/** What a reload, a killed worker and a killed owner cost: nothing, or what was on the killed process. */
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Agent, createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { FULL_SHARE } from '@vamp/model/routing/table'
import type { Endpoint, RoutingTable } from '@vamp/model/routing/table'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock, type Clock } from '../../base/clock.ts'
import { contractGateway } from '../testdata/contract-world.ts'
import type { ContractAnswer } from '../testdata/contract-world.ts'
import type { Proxy as ProxyPort, Sample } from '../proxy.ts'
import { readCarried } from './files.ts'
import { handedHeader } from './frontend.ts'
import { askMaster } from './master-socket.ts'
import { findBinary } from './process.ts'
import { haproxyWorld, sendRequest } from './testdata/harness.ts'
import type { HaproxyWorld } from './testdata/harness.ts'

describe.skipIf(findBinary() === undefined)('HAProxy under traffic', () => {
  let world: HaproxyWorld
  beforeEach(async () => { world = await haproxyWorld() })
  afterEach(async () => { await world.close() })

  const table = (revision: number, port: number, a: readonly Endpoint[], b: readonly Endpoint[], share: number, over: Partial<RoutingTable> = {}): RoutingTable =>
    ({ revision, gateways: [contractGateway('shop', port, { a: { weight: FULL_SHARE - share, to: a }, b: { weight: share, to: b } })], ...over })

  /** Ten clients ask without a pause, every fifth request over a connection of its own, until told to stop. */
  const traffic = (port: number) => {
    const agent = new Agent({ keepAlive: true })
    const answers: ContractAnswer[] = []
    let going = true
    const clients = Array.from({ length: 10 }, async () => {
      for (let count = 0; going; count++) answers.push(await sendRequest(port, { path: '/slowest', fresh: count % 5 === 0 }, agent))
    })
    return {
      answers,
      async stop() {
        going = false
        await Promise.all(clients)
        agent.destroy()
        return answers.filter(({ status }) => status !== 200)
      },
    }
  }

  test('hundreds of weight changes, instances that come and go and reloads fail no request, and all are sampled', async () => {
    const [port, others] = [await world.freePort(), await world.freePort()]
    const [one, two, three] = [await world.backend('one'), await world.backend('two'), await world.backend('three')]
    const samples: Sample[] = []
    let dropped = 0
    world.proxy.onSamples((more, lost) => { samples.push(...more); dropped += lost })
    await world.proxy.apply(table(1, port, [one], [two], 0))
    const load = traffic(port)
    const reloads: string[] = []
    let before = 0
    for (let revision = 2; revision <= 301; revision++) {
      const to = revision % 10 < 5 ? [two] : revision % 10 === 5 ? [{ ...two, state: 'draining' as const }, three] : [three]
      const next = table(revision, port, [one], to, (revision * 37) % FULL_SHARE)
      const extra = contractGateway('extra', others, { r: { weight: FULL_SHARE, to: [one] } })
      const applied = await world.proxy.apply(revision % 100 >= 50 ? { ...next, gateways: [...next.gateways, extra] } : next)
      if (applied.how === 'reload') reloads.push(...applied.reasons)
      else {
        expect(applied.how).toBe('runtime')
        // Some requests between one change and the next.
        await world.until(() => load.answers.length >= before + 5)
      }
      before = load.answers.length
    }
    const failed = await load.stop()

    expect(failed).toEqual([])
    expect(reloads).toEqual([...Array(3).fill([`new port ${others}`, `port ${others} closed`])].flat())
    expect(load.answers.length).toBeGreaterThan(1_500)
    await world.until(() => samples.length >= load.answers.length)
    expect([samples.length, dropped]).toEqual([load.answers.length, 0])
  })

  test('a request that an instance died under counts as failed also where HAProxy writes no line about it, over reloads too', async () => {
    const [port, others, one, two] = [await world.freePort(), await world.freePort(), await world.backend('one'), await world.backend('two')]
    const samples: Sample[] = []
    let dropped = 0
    world.proxy.onSamples((more, lost) => { samples.push(...more); dropped += lost })
    await world.proxy.apply(table(1, port, [one], [two], FULL_SHARE))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ask = async (path: string, fresh = false) => (await sendRequest(port, { path, fresh }, agent)).status
    const failures = () => samples.filter(({ error }) => error).map(({ route, status, ending }) => `${route} ${status} ${ending}`).sort()

    // The first one of a connection gets an answer, and a line; a later one neither.
    expect([await ask('/reset', true), await ask('/'), await ask('/reset'), await ask('/'), await ask('/reset')]).toEqual([502, 200, 0, 200, 0])
    const before = ['b 0 server', 'b 0 server', 'b 502 server']
    await world.until(() => failures().length >= before.length)

    await ask('/')
    const gateways = [...table(2, port, [one], [two], 0).gateways, contractGateway('extra', others, { r: { weight: FULL_SHARE, to: [one] } })]
    expect(await ask('/reset')).toBe(0)
    expect(await world.proxy.apply({ revision: 2, gateways })).toMatchObject({ how: 'reload' })
    expect([await ask('/'), await ask('/reset')]).toEqual([200, 0])
    await world.until(() => failures().length >= before.length + 2)

    expect(failures()).toEqual(['a 0 server', ...before.slice(0, 2), 'b 0 server', 'b 502 server'])
    expect([samples.length, dropped]).toEqual([9, 0])
    agent.destroy()
  })

  test('the owner is killed: traffic goes on, and the next one finds HAProxy as it was and takes over without a reload', async () => {
    const [port, one, two] = [await world.freePort(), await world.backend('one'), await world.backend('two')]
    const owner = fork(join(import.meta.dirname, 'testdata/owner.ts'), [world.directory, JSON.stringify(table(1, port, [one], [two], 0)), JSON.stringify(table(2, port, [one], [two], FULL_SHARE))])
    let acknowledged = ''
    owner.on('message', message => { acknowledged = String(message) })
    await world.until(() => acknowledged === 'runtime')
    // The files follow within moments.
    await world.until(async () => (await readCarried(world.directory))?.layout.revision === 2)
    const load = traffic(port)
    await world.until(() => load.answers.length > 100)

    owner.kill('SIGKILL')
    const at = load.answers.length
    await world.until(() => load.answers.length > at + 200)
    const samples: Sample[] = []
    const heir: ProxyPort = await world.reopen()
    heir.onSamples(more => { samples.push(...more) })

    expect(await heir.apply(table(2, port, [one], [two], FULL_SHARE))).toMatchObject({ how: 'nothing', reasons: [] })
    expect(await heir.apply(table(3, port, [one], [two], 0))).toMatchObject({ how: 'runtime' })
    await world.until(() => samples.length > 200)
    expect(await load.stop()).toEqual([])
    expect(samples.every(({ route, instance, error }) => (route === 'a' || route === 'b') && instance !== '' && !error)).toBe(true)
    await heir.stop(0)
  })

  test('a request that is in progress in a worker of before still counts for its instance', async () => {
    const [port, others, one] = [await world.freePort(), await world.freePort(), await world.backend('one')]
    await world.proxy.apply(table(1, port, [one], [], 0))
    const held = world.request(port, { path: '/hold', fresh: true })
    await world.until(() => world.held('one') === 1)

    const applied = await world.proxy.apply({ revision: 2, gateways: [...table(2, port, [one], [], 0).gateways, contractGateway('extra', others, { r: { weight: FULL_SHARE, to: [one] } })] })

    expect(applied.how).toBe('reload')
    expect((await world.proxy.connections()).get('one')).toBe(1)
    world.release()
    await held
    await world.until(async () => !(await world.proxy.connections()).has('one'))
  })

  test('a service sees the address of a visitor whose kept connection outlives a reload, and nobody else can say where a request comes from', async () => {
    const [port, others] = [await world.freePort(), await world.freePort()]
    const seen: IncomingHttpHeaders[] = []
    const service = createServer((request, response) => { seen.push(request.headers); response.end() })
    await once(service.listen(await world.freePort(), '127.0.0.1'), 'listening')
    const one: Endpoint = { id: 'one', host: '127.0.0.1', port: (service.address() as AddressInfo).port, state: 'ready' }
    const header = handedHeader(readFileSync(join(world.directory, 'secret'), 'utf8').trim())
    await world.proxy.apply(table(1, port, [one], [], 0))
    const visitor = new Agent({ keepAlive: true, maxSockets: 1, localAddress: '127.0.0.9' })
    const visit = (headers: Record<string, string> = {}) => new Promise<void>((resolve, reject) => {
      request({ host: '127.0.0.1', port, agent: visitor, headers }, answer => { answer.resume().once('end', resolve) }).once('error', reject).end()
    })
    await visit({ [header]: '10.6.6.6' })
    const applied = await world.proxy.apply({ revision: 2, gateways: [...table(2, port, [one], [], 0).gateways, contractGateway('extra', others, { r: { weight: FULL_SHARE, to: [one] } })] })
    expect(applied.how).toBe('reload')
    await visit()
    await visit()
    visitor.destroy()
    service.close()

    expect(seen.map(headers => headers['x-forwarded-for'])).toEqual(['127.0.0.9', '127.0.0.9', '127.0.0.9'])
    expect(seen.slice(1).flatMap(headers => Object.keys(headers)).filter(name => name.startsWith('x-vamp'))).toEqual([])
  })

  test('a state that is older than what HAProxy carries is noticed, and repaired by one reload', async () => {
    const [port, one, two] = [await world.freePort(), await world.backend('one'), await world.backend('two')]
    const state = join(world.directory, 'carried.json')
    await world.proxy.apply(table(1, port, [one], [], FULL_SHARE))
    const older = readFileSync(state)
    await world.proxy.apply(table(2, port, [one], [two], 0))
    await world.proxy.detach()
    writeFileSync(state, older)
    rmSync(join(world.directory, 'carried-since.jsonl'), { force: true })
    const heir = await world.reopen()

    const applied = await heir.apply(table(3, port, [one], [two], 0))

    expect(applied).toMatchObject({ how: 'reload', reasons: [expect.stringContaining('did not carry')] })
    expect((await world.request(port)).instance).toBe('one')
    expect(await heir.apply(table(4, port, [one], [two], FULL_SHARE))).toMatchObject({ how: 'runtime' })
    await heir.stop(0)
  })

  test('instances that came, drained, were called back or left just before the owner was killed are found as they are, and no reload is needed', async () => {
    const [port, [one, two, three, four]] = [await world.freePort(), await Promise.all(['one', 'two', 'three', 'four'].map(world.backend))] as [number, [Endpoint, Endpoint, Endpoint, Endpoint]]
    const files = ['carried.json', 'haproxy.cfg'].map(name => join(world.directory, name))
    const drained = { ...two, state: 'draining' as const }
    await world.proxy.apply(table(1, port, [one, drained], [three], 0))
    const older = files.map(file => readFileSync(file))
    await world.proxy.apply(table(2, port, [{ ...one, state: 'draining' }, two, four], [], 0))
    await world.proxy.detach()
    for (const [index, file] of files.entries()) writeFileSync(file, older[index] ?? '')
    rmSync(join(world.directory, 'carried-since.jsonl'), { force: true })
    const heir = await world.reopen()

    expect(await heir.apply(table(3, port, [one, drained], [], 0))).toMatchObject({ how: 'runtime' })

    const instances = new Set<string>()
    for (let request = 0; request < 20; request++) instances.add((await world.request(port, { fresh: true })).instance)
    expect([...instances]).toEqual(['one'])
    expect(await heir.apply(table(4, port, [two, four], [three], 0))).toMatchObject({ how: 'runtime' })
    await heir.detach()
    const last = await world.reopen()
    expect(await last.apply(table(4, port, [two, four], [three], 0))).toMatchObject({ how: 'nothing' })
    await last.stop(0)
  })

  test('an heir with other settings reloads once, and says why', async () => {
    const [port, one] = [await world.freePort(), await world.backend('one')]
    await world.proxy.apply(table(1, port, [one], [], 0))
    await world.proxy.detach()
    const heir = await world.reopen({ threads: 1 })

    expect(await heir.apply(table(1, port, [one], [], 0))).toMatchObject({ how: 'reload', reasons: [expect.stringContaining('other settings')] })
    expect(await heir.apply(table(1, port, [one], [], 0))).toMatchObject({ how: 'nothing' })
    await heir.stop(0)
  })

  test('HAProxy is killed after it refused a table: it comes back with the one that it took', async () => {
    const [port, one] = [await world.freePort(), await world.backend('one')]
    const good = table(1, port, [one], [], 0)
    await world.proxy.apply(good)
    await expect(world.proxy.apply(world.refused({ ...good, revision: 2 }))).rejects.toThrowError('refused')
    const { pid } = JSON.parse(readFileSync(join(world.directory, 'process.json'), 'utf8'))

    process.kill(pid, 'SIGKILL')

    await world.until(() => JSON.parse(readFileSync(join(world.directory, 'process.json'), 'utf8')).pid !== pid)
    await world.until(async () => (await world.request(port, { fresh: true })).status === 200)
  })

  test('a program of HAProxy that is away for a while is no refusal of what is wanted', async () => {
    const binary = join(world.directory, '..', 'haproxy-program')
    symlinkSync(findBinary() ?? '', binary)
    const own = await haproxyWorld({ binary })
    try {
      const [port, others, one] = [await own.freePort(), await own.freePort(), await own.backend('one')]
      await own.proxy.apply(table(1, port, [one], [], 0))
      rmSync(binary)
      await expect(own.proxy.apply(table(2, others, [one], [], 0))).rejects.toMatchObject({ code: 'proxy_unreachable', facts: { reason: expect.stringContaining(binary) } })
      symlinkSync(findBinary() ?? '', binary)
      await own.proxy.apply(table(3, others, [one], [], 0))

      expect((await own.request(others, { fresh: true })).status).toBe(200)
    } finally {
      await own.close()
    }
  })

  test('HAProxy is killed: it is started again by itself, as it was', async () => {
    const [port, one, two] = [await world.freePort(), await world.backend('one'), await world.backend('two')]
    await world.proxy.apply(table(1, port, [one], [two], 0))
    await world.proxy.apply(table(2, port, [one], [two], FULL_SHARE))
    const { pid } = JSON.parse(readFileSync(join(world.directory, 'process.json'), 'utf8'))

    process.kill(pid, 'SIGKILL')
    await world.until(() => JSON.parse(readFileSync(join(world.directory, 'process.json'), 'utf8')).pid !== pid)
    await world.until(async () => (await world.request(port, { fresh: true })).status === 200)

    expect((await world.request(port, { fresh: true })).instance).toBe('two')
    expect(await world.proxy.apply(table(3, port, [one], [two], 0))).toMatchObject({ how: 'runtime' })
    expect((await world.request(port, { fresh: true })).instance).toBe('one')
  })

  test('HAProxy is killed while it is written down what it carries since a reload: it is started again by itself', async () => {
    const [port, others, one] = [await world.freePort(), await world.freePort(), await world.backend('one')]
    await world.proxy.apply(table(1, port, [one], [], 0))
    const { pid } = JSON.parse(readFileSync(join(world.directory, 'process.json'), 'utf8'))
    // Whoever writes there waits until somebody reads.
    const written = join(world.directory, 'carried.json.new')
    execFileSync('mkfifo', [written])
    const applied = world.proxy.apply(table(2, others, [one], [], 0))
    await world.until(async () => (await world.request(others, { fresh: true })).status === 200)
    await systemClock.sleep(300)

    process.kill(pid, 'SIGKILL')
    await world.until(async () => (await world.request(others, { fresh: true })).status === 0)
    await systemClock.sleep(100)
    await readFile(written)
    await applied

    await world.until(async () => (await world.request(others, { fresh: true })).status === 200)
  })

  test('its directory is taken away: no request fails, all is written anew, and the next one finds it', async () => {
    const [port, one, two] = [await world.freePort(), await world.backend('one'), await world.backend('two')]
    const samples: Sample[] = []
    let dropped = 0
    world.proxy.onSamples((more, lost) => { samples.push(...more); dropped += lost })
    await world.proxy.apply(table(1, port, [one], [two], 0))
    const before = readFileSync(join(world.directory, 'process.json'), 'utf8')
    const secret = readFileSync(join(world.directory, 'secret'), 'utf8')
    const load = traffic(port)
    await world.until(() => load.answers.length > 100)

    rmSync(world.directory, { recursive: true })
    expect(await world.proxy.apply(table(2, port, [one], [two], FULL_SHARE))).toMatchObject({ how: 'runtime' })
    await world.until(() => existsSync(join(world.directory, 'process.json')))
    expect(await world.proxy.apply(table(3, port, [one], [{ ...two, state: 'draining' }], 0))).toMatchObject({ how: 'runtime' })
    const held = world.request(port, { path: '/hold', fresh: true })
    await world.until(() => world.held('one') === 1)
    await world.until(async () => (await world.proxy.connections()).has('one') && !(await world.proxy.connections()).has('two'))
    world.release()
    await held
    const failed = await load.stop()

    expect(failed).toEqual([])
    expect([readFileSync(join(world.directory, 'process.json'), 'utf8'), readFileSync(join(world.directory, 'secret'), 'utf8')]).toEqual([before, secret])
    await world.until(() => samples.length + dropped >= load.answers.length + 1)
    expect([samples.length, dropped]).toEqual([load.answers.length + 1, 0])
    await world.proxy.detach()
    const heir = await world.reopen()
    // It would spell the names of the sockets otherwise.
    expect(await heir.apply(table(3, port, [one], [{ ...two, state: 'draining' }], 0))).toMatchObject({ how: 'reload' })
    expect(JSON.parse(readFileSync(join(world.directory, 'process.json'), 'utf8'))).toEqual(JSON.parse(before))
    expect((await world.request(port, { fresh: true })).instance).toBe('one')
    await heir.stop(0)
  })

  test('requests that wait for an instance go on waiting where the directory is taken away, and others wait after it', async () => {
    const [port, one] = [await world.freePort(), await world.backend('one')]
    const waits = (revision: number, to: readonly Endpoint[]): RoutingTable => {
      const shop = contractGateway('shop', port, { a: { weight: FULL_SHARE, to } })
      return { revision, gateways: [{ ...shop, routes: shop.routes.map(route => ({ ...route, policy: { hold: { time: 60, maximum: 10 } } })) }] }
    }
    const waiting = async (count: number) => { await world.until(() => world.proxy.waiting().reduce((sum, { requests }) => sum + requests, 0) === count) }
    await world.proxy.apply(waits(1, []))
    const before = world.request(port, { fresh: true })
    await waiting(1)

    rmSync(world.directory, { recursive: true })
    await world.until(() => existsSync(join(world.directory, 'process.json')))
    const after = world.request(port, { fresh: true })
    await waiting(2)
    await world.proxy.apply(waits(2, [one]))

    expect((await Promise.all([before, after])).map(({ status, instance }) => [status, instance])).toEqual([[200, 'one'], [200, 'one']])
  })

  test('what is in progress is counted at once, also while a worker of before the reload still has something', async () => {
    const [port, other, one] = [await world.freePort(), await world.freePort(), await world.backend('one')]
    await world.proxy.apply(table(1, port, [one], [], 0))
    const held = world.request(port, { path: '/hold' })
    await world.until(() => world.held('one') === 1)
    expect(await world.proxy.apply({ ...table(2, port, [one], [], 0), gateways: [...table(2, port, [one], [], 0).gateways, contractGateway('extra', other, { r: { weight: FULL_SHARE, to: [one] } })] })).toMatchObject({ how: 'reload' })

    // Nobody runs out of patience: what does not answer by itself never does.
    const patient: Clock = { ...systemClock, after: () => () => {} }
    const shown = await Promise.all(Array.from({ length: 5 }, () => askMaster(world.directory, patient, 'show proc')))
    expect(shown.every(text => /# old workers\n\d+/.test(text))).toBe(true)
    expect((await world.proxy.connections()).get('one')).toBe(1)

    world.release()
    expect(await held).toMatchObject({ status: 200 })
  })

  test('requests that circle by addresses that nobody knew end by themselves: each round adds a header, and there is a bound of them', async () => {
    const [ping, pong] = [await world.freePort(), await world.freePort()]
    const samples: Sample[] = []
    world.proxy.onSamples(more => { samples.push(...more) })
    const to = (name: string, port: number, at: number) => contractGateway(name, port, { r: { weight: FULL_SHARE, to: [{ id: `at-${at}`, host: '127.0.0.1', port: at, state: 'ready' }] } })
    await world.proxy.apply({ revision: 1, gateways: [to('ping', ping, pong), to('pong', pong, ping)] })

    expect((await world.request(ping, { fresh: true })).status).toBe(400)

    await world.until(() => samples.length > 90)
    expect(samples.length).toBeLessThan(110)
  })

  test('new routes, instances and virtual hosts need no reload until the spare backends are used up', async () => {
    const [port, shared, one] = [await world.freePort(), await world.freePort(), await world.backend('one')]
    const virtual_hosts = { address: '127.0.0.1', port: shared }
    const routes = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`r${index}`, { weight: index === count - 1 ? FULL_SHARE : 0, to: [one] }]))
    const apply = (revision: number, count: number, hosts: readonly string[]) =>
      world.proxy.apply({ revision, virtual_hosts, gateways: [contractGateway('shop', port, routes(count), { virtual_hosts: hosts })] })
    await apply(1, 1, [])

    expect(await apply(2, 20, ['shop.example'])).toMatchObject({ how: 'runtime' })
    expect(await world.request(shared, { headers: { host: 'shop.example' } })).toMatchObject({ instance: 'one' })
    expect(await apply(3, 20, [])).toMatchObject({ how: 'runtime' })
    expect(await world.request(shared, { headers: { host: 'shop.example' } })).toMatchObject({ status: 404 })
    expect(await apply(4, 60, [])).toMatchObject({ how: 'reload', reasons: ['spare backends used up'] })
    expect(await apply(5, 80, ['other.example'])).toMatchObject({ how: 'runtime' })
    expect(await world.request(shared, { headers: { host: 'OTHER.example:8080' } })).toMatchObject({ instance: 'one' })
  })
})

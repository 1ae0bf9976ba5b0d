/**
 * Are the counts exact? A real HAProxy and a real agent, visitors who write down every request themselves, and in between new gateways
 * (which need reloads), weights, instances that drain and come back, agents that end and agents that are killed.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock as clock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { gatewayLookupName, routeLookupName } from '@vamp/model/lookup-name'
import type { GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import { testServer } from '@vamp/server/api/testdata/test-server'
import type { Traffic } from '@vamp/server/traffic/traffic'
import { merge, quantile } from '@vamp/stats/sketch'
import { adminSocket } from '@vamp/agent/proxy/haproxy/master-socket'
import { socketDirectory } from '@vamp/agent/proxy/haproxy/socket-directory'
import type { Recorded } from './exact-visitors.ts'

export interface ExactnessLoad {
  readonly requests: number
  readonly connections: number
  /** At most so many requests a second. */
  readonly rate?: number
  /** Seconds between two disturbances. */
  readonly everySeconds: number
  /** Whether agents are killed, too. */
  readonly kills: boolean
}

export interface ExactnessFigures {
  readonly answered: number
  readonly broken: number
  readonly counted: number
  /** Told as lost. */
  readonly lost: number
  /** Counted and told, less what was answered: 0 where everything is accounted for. */
  readonly difference: number
  /** Of each class of status. */
  readonly statusDifference: number
  readonly perSecond: number
  readonly disturbances: Readonly<Record<string, number>>
  /** Largest relative distance of p1, p5, p10, … p99.9 from the visitors', who wait for a processor, too. */
  readonly visitorsPercentileError: number
  /** The same from what HAProxy itself wrote down, as a second reader has it. */
  readonly percentileError: number
  /** Lines that the second reader has. */
  readonly logged: number
}

const INSTANCES = 4
const GATEWAY = 'exact'

export async function measureExactness({ requests, connections, rate, everySeconds, kills }: ExactnessLoad): Promise<ExactnessFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-exact-'))
  const server = await testServer({ gateway: 'none' })
  const { fleet, traffic } = server
  const endListening = fleet.onWindow(window => traffic.add(window))
  const instances = await Promise.all(Array.from({ length: INSTANCES }, async () => await started('exact-instance.ts')))
  const world: World = { port: await freePort(), extra: [], weights: [5000, 5000], draining: undefined, revision: 0, ports: instances.map(({ port }) => port) }
  let agent = startAgent(server.url, directory)
  const begun = Math.floor(Date.now() / 1000) - 1
  try {
    const publish = async () => {
      world.revision++
      fleet.publish(tableOf(world))
      await until(() => fleet.acknowledged() === world.revision)
    }
    await publish()
    const visitors = fork(new URL('exact-visitors.ts', import.meta.url), [world.port, requests, connections, ...rate === undefined ? [] : [rate]].map(String))
    const second = fork(new URL('exact-log.ts', import.meta.url), [adminSocket(socketDirectory(directory)), 'g1'])
    let recorded: Recorded | undefined
    visitors.on('message', message => { if (typeof message === 'object') recorded = message as Recorded })
    const disturbances: Record<string, number> = {}
    const restart = async (signal: 'SIGTERM' | 'SIGKILL') => {
      const ended = once(agent, 'exit')
      agent.kill(signal)
      await ended
      agent = startAgent(server.url, directory)
      await publish()
    }
    const acts: readonly (readonly [string, () => Promise<void>])[] = [
      ['weights', async () => { const first = 1000 + Math.floor(Math.random() * 8000); world.weights = [first, 10_000 - first]; await publish() }],
      ['reload', async () => { world.extra.push(await freePort()); await publish() }],
      ['drain', async () => { world.draining = world.draining === undefined ? world.revision % INSTANCES : undefined; await publish() }],
      ['agent ended', () => restart('SIGTERM')],
      ...(kills ? [['agent killed', () => restart('SIGKILL')] as const] : []),
    ]
    for (let turn = 0; ; turn++) {
      for (let waited = 0; waited < everySeconds && !recorded; waited += 0.25) await sleep(250)
      if (recorded) break
      const [name, act] = acts[turn % acts.length] ?? ['nothing', async () => {}]
      await act()
      disturbances[name] = (disturbances[name] ?? 0) + 1
    }
    const told = async () => await counted(traffic, begun)
    // A line that is missing is told when it has been missing for a while.
    for (let tries = 0; tries < 20 && (await told()).requests + traffic.dropped < recorded.answered; tries++) await sleep(500)
    await sleep(3000)
    return figures(recorded, await collected(second), { ...await told(), lost: traffic.dropped }, disturbances)
  } finally {
    const ended = once(agent, 'exit')
    agent.kill()
    await ended
    await stopHaproxy(directory)
    for (const { child } of instances) child.disconnect()
    endListening()
    await server[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Ends the second reader; the milliseconds that it read, ascending. */
async function collected(reader: ChildProcess): Promise<readonly number[]> {
  const answer = once(reader, 'message')
  reader.send('end')
  return (await answer)[0] as readonly number[]
}

interface World { readonly port: number; readonly extra: number[]; weights: readonly [number, number]; draining: number | undefined; revision: number; readonly ports: readonly number[] }

function tableOf({ port, extra, weights, draining, revision, ports }: World): RoutingTable {
  const route = (index: number): GatewayTable['routes'][number] => {
    const path = `exact/web/web:1.${index}/http`
    const endpoints = ports.flatMap((of, instance) => instance % 2 === index ? [{ id: `exact-${instance}`, host: '127.0.0.1', port: of, state: instance === draining ? 'draining' as const : 'ready' as const }] : [])
    return { path, lookup_name: routeLookupName(GATEWAY, path), weight: weights[index] ?? 0, strength: 10_000, target: { is: 'endpoints', endpoints }, rewrites: [] }
  }
  const gateway = (name: string, at: number, routes: GatewayTable['routes']): GatewayTable => ({ name, lookup_name: gatewayLookupName(name), address: '127.0.0.1', port: at, mode: 'http', virtual_hosts: [], sticky: 'none', routes })
  return { revision, gateways: [gateway(GATEWAY, port, [route(0), route(1)]), ...extra.map((at, index) => gateway(`${GATEWAY}${index}`, at, []))] }
}

async function counted(traffic: Traffic, since: number) {
  const to = Math.floor(Date.now() / 1000) + 60
  const from = since - since % 60
  const cells = (await traffic.read({ from, to: to - to % 60 + 60, resolution: 60, step: 86_400, wants: ({ gateway }) => gateway === GATEWAY })).flatMap(point => point.cells)
  return { requests: cells.reduce((sum, { requests }) => sum + requests, 0), errors: cells.reduce((sum, { statuses }) => sum + statuses[5], 0), latency: merge(cells.map(({ latency }) => latency)) }
}

function figures({ answered, broken, statuses, times, perSecond }: Recorded, logged: readonly number[], told: Awaited<ReturnType<typeof counted>> & { readonly lost: number }, disturbances: Readonly<Record<string, number>>): ExactnessFigures {
  const error = (truths: readonly number[]) => Math.max(...[1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9].map(percent => {
    const [ours = 0, truth = 0] = [quantile(told.latency, percent / 100), truths[Math.floor(percent / 100 * (truths.length - 1))]]
    return Math.abs(ours - truth) / truth
  }))
  return {
    answered, broken, counted: told.requests, lost: told.lost, difference: told.requests + told.lost - answered, perSecond: Math.round(perSecond),
    statusDifference: told.errors - Object.entries(statuses).reduce((sum, [status, count]) => sum + (Number(status) >= 500 ? count : 0), 0), disturbances,
    visitorsPercentileError: error(times), percentileError: error(logged), logged: logged.length,
  }
}

function startAgent(server: string, directory: string): ChildProcess {
  const main = new URL('../../agent/src/main.ts', import.meta.url).pathname
  return spawn(process.execPath, [main, '--server', server, '--name', 'exact', '--gateway', 'haproxy', '--data', directory], { stdio: ['ignore', 'ignore', process.env['EXACT_LOG'] ? 'inherit' : 'ignore'] })
}

/** What the agent leaves serving when it ends. */
async function stopHaproxy(directory: string): Promise<void> {
  const { openHaproxy } = await import('@vamp/agent/proxy/haproxy/haproxy')
  const proxy = await openHaproxy({ directory: socketDirectory(directory), clock, log: silent })
  await proxy.stop(0)
}

async function started(file: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(new URL(file, import.meta.url))
  const [port] = await once(child, 'message') as [number]
  return { child, port }
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 1200) throw new Error('it did not come')
    await sleep(50)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

/**
 * The same on the real system: a server of this project, HAProxy, processes (or containers of a Docker engine), visitors.
 *
 * - step: six times as many visitors; from then until more are ordered, and until ten more serve
 * - microscaling: on a full pool a spike of the important service; from the event that tells of it until its instances serve
 * - soak: random sizes under load, with the server killed in between; every request is counted
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startVisitors } from '../../cli/src/demo/visitors.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface LiveRow { readonly scenario: string; readonly method: string; readonly [measure: string]: string | number | null }

interface Place {
  readonly port: number
  readonly gateway: number
  up(...flags: readonly string[]): Promise<ChildProcess>
  ask<T>(path: string, method?: string, body?: unknown): Promise<T>
  stop(): Promise<void>
}

async function place(flags: readonly string[]): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-scaling-'))
  const [port, gateway] = [await freePort(), await freePort()]
  let server: ChildProcess | undefined
  const ask = async <T>(path: string, method = 'GET', body?: unknown): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, { method, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': typeof body === 'string' ? 'application/x-yaml' : 'application/json' } }) })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  const up = async (...more: readonly string[]) => {
    server = spawn(process.execPath, [join(ROOT, 'cli/bin/vamp.mjs'), 'up', '--port', String(port), '--data', join(directory, 'data'), '--gateway', 'haproxy', ...flags, ...more], { cwd: ROOT, stdio: 'ignore' })
    await until(async () => { await ask('/health/ready'); return true })
    return server
  }
  return {
    port, gateway, up, ask,
    async stop() {
      if (server && server.exitCode === null && server.signalCode === null) { server.kill('SIGKILL'); await once(server, 'exit') }
      const sweeper = await up('--on-exit', 'stop')
      await sleep(500)
      sweeper.kill('SIGTERM')
      await once(sweeper, 'exit')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function until(holds: () => Promise<boolean>, everyMs = 25, mostMs = 120_000): Promise<void> {
  for (const end = Date.now() + mostMs; Date.now() < end;) {
    if (await holds().catch(() => false)) return
    await sleep(everyMs)
  }
  throw new Error('it never came')
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}

const breed = (name: string) => `{kind: breed, name: '${name}', deployable: {type: process, definition: '${process.execPath} examples/shop/shop.ts'}, ports: {http: 8080/http}, environment_variables: {SHOP_VERSION: '1'}, health_checks: [{path: /health, port: http, initial_delay: 0s, timeout: 1s, interval: 1s, failures: 5}]}`
const deployment = (name: string, port: number, instances: number) => `{kind: deployment, name: ${name}, gateways: {'${port}': main/http}, clusters: {main: {services: [{breed: '${name}:1', scale: {cpu: 0.1, memory: 64MB, instances: ${instances}}}]}}}`

interface Shown { readonly clusters: { readonly main: { readonly services: readonly { readonly scale: { readonly instances: number }; readonly instances: readonly { readonly deployed: boolean }[] }[] } } }

async function sizeOf({ ask }: Place, name: string): Promise<{ ordered: number; ready: number }> {
  const [service] = (await ask<Shown>(`/deployments/${name}`)).clusters.main.services
  return { ordered: service?.scale.instances ?? 0, ready: service?.instances.filter(({ deployed }) => deployed).length ?? 0 }
}

async function begin(at: Place, name: string, port: number, instances: number): Promise<void> {
  await at.ask('', 'POST', `${breed(`${name}:1`)}\n---\n${deployment(name, port, instances)}`)
  await until(async () => (await sizeOf(at, name)).ready === instances && (await fetch(`http://127.0.0.1:${port}/`)).ok)
}

/** From twenty visitors a second to a hundred and twenty, at ten an instance. */
export async function step(): Promise<LiveRow> {
  const at = await place([])
  try {
    await at.up()
    await begin(at, 'web', at.gateway, 2)
    await at.ask('', 'POST', "{kind: autoscaler, name: web, deployment: web, cluster: main, minimum: 2, maximum: 20, signals: [{metric: requests, target: 10}], prediction: 'off'}")
    const few = startVisitors({ host: '127.0.0.1', port: at.gateway, perSecond: 18 })
    await sleep(35_000)
    const many = startVisitors({ host: '127.0.0.1', port: at.gateway, perSecond: 100 })
    const began = Date.now()
    let decided: number | null = null
    let served: number | null = null
    await until(async () => {
      const { ordered, ready } = await sizeOf(at, 'web')
      if (decided === null && ordered > 2) decided = Date.now() - began
      if (served === null && ready >= 12) served = Date.now() - began
      return served !== null
    }, 20, 60_000)
    await sleep(3000)
    const [a, b] = [await few.stop(), await many.stop()]
    return { scenario: 'step ×6, processes', method: 'vamp', decision_s: seconds(decided), serving_s: seconds(served), requests: a.requests + b.requests, failed: a.failed + b.failed }
  } finally {
    await at.stop()
  }
}

/** Twelve slots, ten of them with batch work; the important service wants eight more. */
export async function microscaling(rounds: number): Promise<LiveRow> {
  const at = await place(['--slots', '12'])
  try {
    await at.up()
    const other = await freePort()
    await begin(at, 'batch', other, 1)
    await begin(at, 'web', at.gateway, 1)
    await at.ask('', 'POST', "{kind: autoscaler, name: batch, deployment: batch, cluster: main, minimum: 1, maximum: 20, priority: 1, signals: [{metric: 'event:batch', target: 1}], behaviour: {down: {stabilisation: 1s}}, prediction: 'off'}")
    await at.ask('', 'POST', "{kind: autoscaler, name: web, deployment: web, cluster: main, minimum: 1, maximum: 20, priority: 9, signals: [{metric: 'event:web', target: 1}], behaviour: {down: {stabilisation: 1s}}, prediction: 'off'}")
    const say = (type: string, value: number) => at.ask('/events', 'POST', { type, tags: [type], value })
    await say('web', 1)
    await say('batch', 20)
    const times: number[] = []
    const work = startVisitors({ host: '127.0.0.1', port: other, perSecond: 40 })
    for (let round = 0; round < rounds; round++) {
      await until(async () => (await sizeOf(at, 'batch')).ready >= 10)
      await sleep(1500)
      const began = Date.now()
      await say('web', 5)
      await until(async () => (await sizeOf(at, 'web')).ready >= 5, 10)
      times.push(Date.now() - began)
      await say('web', 1)
    }
    const { requests, failed } = await work.stop()
    times.sort((a, b) => a - b)
    return { scenario: 'microscaling: four of twelve slots pre-empted, processes', method: 'vamp', serving_s: seconds(times[Math.floor(times.length / 2)] ?? null), worst_s: seconds(times.at(-1) ?? null), low_priority_requests: requests, low_priority_failed: failed }
  } finally {
    await at.stop()
  }
}

/** Sizes from one to six at random, sixty visitors a second, the server killed now and then. */
export async function soak(changes: number, kills: number): Promise<LiveRow> {
  const at = await place([])
  let server = await at.up()
  try {
    await begin(at, 'web', at.gateway, 2)
    const visitors = startVisitors({ host: '127.0.0.1', port: at.gateway, perSecond: 60 })
    const every = Math.max(1, Math.floor(changes / (kills + 1)))
    let done = 0
    for (let change = 1; change <= changes; change++) {
      const instances = 1 + Math.floor(Math.random() * 6)
      await at.ask('/deployments/web/clusters/main/services/web:1/scale', 'PUT', { cpu: 0.1, memory: '64MB', instances })
      done++
      await sleep(100 + Math.random() * 500)
      if (change % every === 0 && change < changes) {
        server.kill('SIGKILL')
        await once(server, 'exit')
        await sleep(Math.random() * 1000)
        server = await at.up()
      }
    }
    await sleep(2000)
    const { requests, failed } = await visitors.stop()
    return { scenario: 'soak: random sizes under load, server killed', method: 'vamp', changes: done, kills, requests, failed }
  } finally {
    await at.stop()
  }
}

/** A service that nobody asked for anything; then somebody does. */
export async function zero(): Promise<LiveRow> {
  const at = await place([])
  try {
    await at.up()
    await at.ask('', 'POST', `${breed('web:1')}\n---\n${deployment('web', at.gateway, 1).replace("clusters: {main: {", "clusters: {main: {gateways: {http: {policy: {hold: {time: 30s, maximum: 100}}}}, ")}`)
    await until(async () => (await sizeOf(at, 'web')).ready === 1)
    await at.ask('', 'POST', "{kind: autoscaler, name: web, deployment: web, cluster: main, minimum: 0, maximum: 5, signals: [{metric: requests, target: 50}], behaviour: {down: {stabilisation: 3s}}, prediction: 'off'}")
    await until(async () => { const { ordered, ready } = await sizeOf(at, 'web'); return ordered === 0 && ready === 0 })
    await sleep(1000)
    const before = (await sizeOf(at, 'web')).ordered
    const visitors = startVisitors({ host: '127.0.0.1', port: at.gateway, perSecond: 10 })
    const began = Date.now()
    await until(async () => (await sizeOf(at, 'web')).ready >= 1)
    const served = Date.now() - began
    await sleep(1500)
    const { requests, failed } = await visitors.stop()
    return { scenario: 'from zero, processes', method: 'vamp', instances_before: before, serving_s: seconds(served), requests, failed }
  } finally {
    await at.stop()
  }
}

const seconds = (ms: number | null) => ms === null ? null : Math.round(ms) / 1000

export function lineOf(row: LiveRow): string {
  return Object.entries(row).map(([name, value]) => `${name} ${value ?? '-'}`).join('  ')
}


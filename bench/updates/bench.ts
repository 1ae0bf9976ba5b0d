/**
 * What changes cost under full load, and whether they lose anything: weights ordered over the API of a whole server with its own
 * HAProxy, then instances that come and are drained away, and reloads that are forced. Kept and short connections all the while,
 * every answer judged against what had been acknowledged when its request began. Needs HAProxy.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { systemClock as clock } from '../../agent/src/base/clock.ts'
import { silent } from '../../agent/src/base/log.ts'
import { startAgent } from '../../agent/src/agent.ts'
import { openHaproxy } from '../../agent/src/proxy/haproxy/haproxy.ts'
import { findBinary } from '../../agent/src/proxy/haproxy/process.ts'
import type { Applied, Proxy as ProxyPort } from '../../agent/src/proxy/proxy.ts'
import type { Endpoint, GatewayTable } from '../../model/src/routing/table.ts'
import { startApp } from '../../server/src/app.ts'
import { configOf } from '../../server/src/config.ts'
import { openMemoryDriver } from '../../server/src/container/memory/memory-driver.ts'
import { memoryMachine } from '../../server/src/container/memory/memory-machine.ts'
import { openMemoryEventLog } from '../../server/src/event/memory/memory-event-log.ts'
import { memorySequence } from '../../agent/src/traffic/sequence.ts'
import { openFleet } from '../../server/src/fleet/live-fleet.ts'
import { openMemoryStore } from '../../server/src/store/memory/memory-store.ts'
import { freePorts } from '../free-ports.ts'
import { type Interval, type Judged, judge, nowUs } from './judge.ts'

interface Counts { readonly reloads: Record<string, number>; readonly effects: number[] }

export async function run(args: readonly string[]): Promise<void> {
  const option = (name: string, usual: number) => args.includes(name) ? Number(args[args.indexOf(name) + 1]) : usual
  const [weights, scalings, reloads, wanted] = [option('--weights', 1000), option('--scalings', 200), option('--reloads', 50), option('--requests', 400_000)]
  const directory = mkdtempSync('/tmp/vamp-updates-')
  const instances = await freePorts(12)
  const upstream = spawnBackends(directory, instances)
  try {
    const api = await weightChanges({ directory, instances, changes: weights, requests: wanted / 2 })
    const own = await scaling({ directory, instances, scalings, reloads, requests: wanted / 2 })
    const sum = (name: keyof Judged) => api.judged[name] + own.judged[name]
    const result = {
      changes: { weights, scale_outs: scalings, drained_scale_ins: scalings, forced_reloads: reloads },
      requests: sum('requests'), judged: sum('judged'), failed_requests: sum('failed'), resets: sum('resets'), wrong_version: sum('wrong'),
      effect_ms: { p50: at(api.saturated, 0.5), p99: at(api.saturated, 0.99), idle_p50: at(api.idle, 0.5), idle_p99: at(api.idle, 0.99) },
      reloads: Object.fromEntries([...new Set([...Object.keys(api.reloads), ...Object.keys(own.reloads)])].map(reason => [reason, (api.reloads[reason] ?? 0) + (own.reloads[reason] ?? 0)])),
    }
    console.log(args.includes('--json') ? JSON.stringify(result) : result)
  } finally {
    upstream.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

const IDLE_CHANGES = 200
/** Between two changes, so that there are requests to judge. */
const PAUSE_MS = 40

interface Phase { readonly directory: string; readonly instances: readonly number[]; readonly requests: number }

/** A whole server: from `PUT` to the proxy's confirmation. */
async function weightChanges({ directory, instances, changes, requests }: Phase & { readonly changes: number }) {
  const [port = 0, apiPort = 0] = await freePorts(2)
  const counts: Counts = { reloads: {}, effects: [] }
  const acks = new Map<string, () => void>()
  const proxy = counting(await openHaproxy({ directory: `${directory}/api`, clock, log: silent }), counts, table => {
    const shares = table.find(({ name }) => name === 'shop')?.routes.map(({ weight }) => weight).join()
    acks.get(shares ?? '')?.()
  })
  const events = openMemoryEventLog({ clock })
  const app = await startApp(configOf({ port: apiPort }), {
    clock, log: silent, random: Math.random, store: openMemoryStore(events), events, sinks: () => new Map(), containers: openMemoryDriver(memoryMachine({ clock })), portFree: async () => true, proxy,
  })
  const [a, b] = [instances[0] ?? 0, instances[1] ?? 0]
  const order = async (first: number): Promise<number> => {
    const acknowledged = new Promise<void>(resolve => { acks.set(`${first * 100},${(100 - first) * 100}`, resolve) })
    const from = performance.now()
    const answer = fetch(`${app.url}/api/v1/gateways/shop`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({
      name: 'shop', port, routes: { [`[127.0.0.1:${a}]`]: { weight: `${first}%` }, [`[127.0.0.1:${b}]`]: { weight: `${100 - first}%` } },
    }) })
    await Promise.all([acknowledged.then(() => counts.effects.push(performance.now() - from)), answer.then(async ({ status }) => { if (status >= 300) throw new Error(`the API answered ${status}`) })])
    acks.clear()
    return nowUs()
  }
  try {
    await order(100)
    const idleFrom = counts.effects.length
    for (let change = 0; change < IDLE_CHANGES; change++) await order(change % 2 * 100)
    const idle = counts.effects.slice(idleFrom)
    const load = startLoad(directory, port, 'api')
    const intervals: Interval[] = []
    const from = counts.effects.length
    const began = performance.now()
    for (let change = 0; change < changes || !enough(began, requests); change++) {
      const last = intervals.at(-1)
      if (last) last.to = nowUs()
      const acknowledged = await order(change % 2 * 100)
      intervals.push({ from: acknowledged, to: Number.POSITIVE_INFINITY, allowed: new Set([change % 2 === 1 ? 0 : 1]) })
      await clock.sleep(PAUSE_MS)
    }
    const judged = judge(await load.stop(), intervals)
    return { judged, idle, saturated: counts.effects.slice(from), reloads: counts.reloads }
  } finally {
    await app.close()
    await proxy.stop(0)
  }
}

/** The agent and its proxy alone: instances come, are drained and go, as the deployment reconciler does it; reloads come between. */
async function scaling({ directory, instances, scalings, reloads, requests }: Phase & { readonly scalings: number; readonly reloads: number }) {
  const [port = 0] = await freePorts(1)
  const counts: Counts = { reloads: {}, effects: [] }
  const proxy = counting(await openHaproxy({ directory: `${directory}/own`, clock, log: silent }), counts, () => {})
  const fleet = openFleet({ clock })
  const agent = await startAgent({ name: 'bench', proxy, link: fleet.join('bench'), clock, log: silent, sequence: memorySequence() })
  let revision = 0
  let patience = 60
  const publish = async (endpoints: readonly Endpoint[]): Promise<number> => {
    const gateway: GatewayTable = { name: 'shop', lookup_name: 'shop', address: '127.0.0.1', port, mode: 'http', virtual_hosts: [], sticky: 'none', routes: [
      { path: 'v', lookup_name: 'v', weight: 10_000, strength: 0, rewrites: [], target: { is: 'endpoints', endpoints }, policy: { timeouts: { request: patience } } },
    ] }
    const mine = ++revision
    fleet.publish({ revision: mine, gateways: [gateway] })
    while (fleet.acknowledged() < mine) await clock.sleep(1)
    return nowUs()
  }
  const endpoint = (index: number, state: Endpoint['state'] = 'ready'): Endpoint => ({ id: `i-${index}`, host: '127.0.0.1', port: instances[index] ?? 0, state })
  const intervals: Interval[] = []
  const change = async (endpoints: readonly Endpoint[], allowed: readonly number[]) => {
    const last = intervals.at(-1)
    if (last) last.to = nowUs()
    intervals.push({ from: await publish(endpoints), to: Number.POSITIVE_INFINITY, allowed: new Set(allowed) })
  }
  try {
    const [first = 0, second = 1] = [0, 1]
    const steady = [endpoint(first), endpoint(second)]
    await publish(steady)
    const load = startLoad(directory, port, 'own')
    const began = performance.now()
    for (let count = 0; count < scalings || !enough(began, requests); count++) {
      const extra = 2 + count % (instances.length - 2)
      await change([...steady, endpoint(extra)], [0, 1, extra])
      await clock.sleep(PAUSE_MS)
      await change([...steady, endpoint(extra, 'draining')], [0, 1])
      while (fleet.endpoint(`i-${extra}`).connections > 0) await clock.sleep(2)
      await change(steady, [0, 1])
      if (count < scalings && count % Math.max(1, Math.floor(scalings / reloads)) === 0) {
        patience = patience === 60 ? 61 : 60
        await change(steady, [0, 1])
      }
    }
    return { judged: judge(await load.stop(), intervals), reloads: counts.reloads }
  } finally {
    await agent[Symbol.asyncDispose]()
    await proxy.stop(0)
  }
}

/** Whether the load has gone on for long enough, by what a loaded machine of two cores answers in a second. */
const enough = (beganMs: number, requests: number) => performance.now() - beganMs > requests / REQUESTS_PER_SECOND * 1000
const REQUESTS_PER_SECOND = 2_500

function counting(proxy: ProxyPort, { reloads }: Counts, onApplied: (gateways: readonly GatewayTable[]) => void): ProxyPort {
  return new Proxy(proxy, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (property !== 'apply') return typeof value === 'function' ? value.bind(target) : value
      return async (table: Parameters<ProxyPort['apply']>[0], signal?: AbortSignal): Promise<Applied> => {
        const applied = await target.apply(table, signal)
        if (applied.how === 'reload') for (const reason of applied.reasons) reloads[reason] = (reloads[reason] ?? 0) + 1
        onApplied(table.gateways)
        return applied
      }
    },
  })
}

function startLoad(directory: string, port: number, name: string): { stop(): Promise<string> } {
  const file = `${directory}/${name}.rows`
  const child = fork(new URL('./load.ts', import.meta.url), [String(port), '24', '8', file])
  return {
    async stop() {
      const done = once(child, 'message')
      child.send('end')
      await done
      return file
    },
  }
}

/** One HAProxy answers for all instances, each with its number. */
function spawnBackends(directory: string, ports: readonly number[]): ChildProcess {
  const config = `${directory}/instances.cfg`
  writeFileSync(config, `global\n  nbthread 1\ndefaults\n  mode http\n  timeout client 60s\n  timeout http-keep-alive 60s\n${ports.map((port, index) =>
    `frontend i${index}\n  bind 127.0.0.1:${port}\n  http-request return status 200 content-type text/plain hdr x-v ${index} string ok\n`).join('')}`)
  return spawn(findBinary() ?? 'haproxy', ['-db', '-f', config], { stdio: 'ignore', env: {} })
}

const at = (values: readonly number[], share: number) => Math.round((values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN) * 100) / 100

/**
 * What a change of one gateway costs beside ten, a hundred, a thousand and ten thousand others: from the stored record to the
 * proxy's confirmation, with the server's reconciler, an agent and a real HAProxy. Beside it what is paid at once: building
 * everything anew, a reload, memory. Needs HAProxy.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { systemClock as clock } from '../../agent/src/base/clock.ts'
import { silent } from '../../agent/src/base/log.ts'
import { startAgent } from '../../agent/src/agent.ts'
import { stepCommands } from '../../agent/src/proxy/haproxy/command.ts'
import { openHaproxy } from '../../agent/src/proxy/haproxy/haproxy.ts'
import { compact, EMPTY, layOut } from '../../agent/src/proxy/haproxy/layout.ts'
import { plan } from '../../agent/src/proxy/haproxy/plan.ts'
import { render } from '../../agent/src/proxy/haproxy/render.ts'
import { memorySequence } from '../../agent/src/traffic/sequence.ts'
import type { Gateway } from '../../model/src/gateway.ts'
import type { RoutingTable } from '../../model/src/routing/table.ts'
import { buildTable } from '../../model/src/routing/build-table.ts'
import { openMemoryEventLog } from '../../server/src/event/memory/memory-event-log.ts'
import { openFleet } from '../../server/src/fleet/live-fleet.ts'
import { gatewayReconciler } from '../../server/src/gateway/reconciler.ts'
import { openMemoryStore } from '../../server/src/store/memory/memory-store.ts'
import { freePorts } from '../free-ports.ts'

const CHANGES = 40

export async function run(args: readonly string[]): Promise<void> {
  const sizes = args.includes('--sizes') ? (args[args.indexOf('--sizes') + 1] ?? '').split(',').map(Number) : [10, 100, 1_000, 10_000]
  const ports = await freePorts(Math.max(...sizes))
  const rows = []
  for (const size of sizes) {
    const row = await measure(size, ports)
    rows.push(row)
    console.error(JSON.stringify(row))
  }
  const [first, last] = [rows[0], rows.at(-1)]
  const result = { sizes: rows, slowdown: first && last ? rounded(last.change_ms / first.change_ms) : null }
  console.log(args.includes('--json') ? JSON.stringify(result) : result)
}

async function measure(size: number, ports: readonly number[]) {
  const directory = mkdtempSync('/tmp/vamp-scale-')
  const proxy = await openHaproxy({ directory: `${directory}/proxy`, clock, log: silent, threads: 1 })
  const fleet = openFleet({ clock })
  const events = openMemoryEventLog({ clock })
  const store = openMemoryStore(events)
  const agent = await startAgent({ name: 'bench', proxy, link: fleet.join('bench'), clock, log: silent, sequence: memorySequence() })
  const reconciler = gatewayReconciler({ store, events, fleet, log: silent, clock, listening: () => ({ address: '127.0.0.1' }), ports: () => ({ from: 40_000, to: 45_000 }), portFree: async () => true })
  const carried = async () => {
    await reconciler.reconcile('routing', new AbortController().signal)
    while (fleet.acknowledged() < fleet.table.revision) await clock.sleep(0.2)
  }
  try {
    const gateways = ports.slice(0, size).map((port, index) => gateway(index, port, 50))
    await store.transaction(gateways.map(value => ({ do: 'put', kind: 'gateways', name: value.name, value, expected: 'any' })))
    const start_ms = await timed(carried)
    // The first reconciliation after it stores what has been confirmed, for all of them.
    await carried()
    const changes: number[] = []
    for (let count = 0; count < CHANGES; count++) {
      const index = (count * 7) % size
      await store.put('gateways', `gateway-${index}`, gateway(index, ports[index] ?? 0, 10 + count))
      changes.push(await timed(carried))
      await carried()
    }
    const reload_ms = await timed(async () => {
      await store.put('gateways', 'gateway-0', { ...gateway(0, ports[0] ?? 0, 50), policy: { is: 'inline', value: { timeouts: { request: 7 } } } })
      await carried()
    })
    return {
      gateways: size, change_ms: rounded(changes.toSorted((a, b) => a - b)[Math.floor(CHANGES / 2)] ?? Number.NaN), change_bytes: bytesOfOne(gateways, fleet.table),
      start_ms: rounded(start_ms), reload_ms: rounded(reload_ms), rebuild_ms: rounded(await timed(async () => rebuild(gateways))),
      haproxy_mb: rounded(memoryOf(`${directory}/proxy`)), node_mb: rounded(process.memoryUsage().rss / 2 ** 20),
    }
  } finally {
    await agent[Symbol.asyncDispose]()
    await proxy.stop(0)
    rmSync(directory, { recursive: true, force: true })
  }
}

function gateway(index: number, port: number, weight: number): Gateway {
  const route = (path: string, share: number) => ({ path, settings: { is: 'inline' as const, value: { metadata: {}, rewrites: [], weight: share } } })
  return {
    kind: 'gateways', name: `gateway-${index}`, metadata: {}, port: { name: String(port), number: port, type: 'http' }, sticky: 'none', virtual_hosts: [],
    routes: [route('[127.0.0.1:1001]', weight), route('[127.0.0.1:1002]', 100 - weight)],
  }
}

const tableOf = (gateways: readonly Gateway[]): RoutingTable => buildTable({ gateways, deployments: [], statuses: [], revision: 1, address: '127.0.0.1' }).table

/** From nothing to the files of HAProxy. */
function rebuild(gateways: readonly Gateway[]): void {
  render(compact(layOut(EMPTY, tableOf(gateways))), { maps: '/m', adminSocket: '/m/a', tickSocket: '/m/t', waitingSocket: '/m/w', secret: 'a1', hardStopSeconds: 1 })
}

/** What goes over HAProxy's socket when one weight changes. */
function bytesOfOne(gateways: readonly Gateway[], table: RoutingTable): number {
  const before = compact(layOut(EMPTY, table))
  const [first] = tableOf([gateway(0, gateways[0]?.port.number ?? 0, 33)]).gateways
  const next = layOut(before, { ...table, gateways: table.gateways.map((each, index) => index === 0 && first ? { ...each, routes: each.routes.map((route, at) => ({ ...route, weight: first.routes[at]?.weight ?? 0 })) } : each) })
  const decided = plan(before, next, '/m')
  if (decided.is !== 'runtime') return Number.NaN
  return [...decided.add, ...decided.flip, ...decided.last, ...decided.later].flatMap(stepCommands).reduce((sum, { text }) => sum + text.length, 0)
}

/** Resident megabytes of the worker. */
function memoryOf(directory: string): number {
  const lines = execFileSync('ps', ['-eo', 'pid=,rss=,args=']).toString().split('\n').filter(line => line.includes(`${directory}/haproxy.cfg`))
  const shown = readFileSync(`${directory}/haproxy.cfg`, 'utf8')
  return shown === '' ? 0 : Math.max(...lines.map(line => Number(line.trim().split(/\s+/)[1]))) / 1024
}

async function timed(work: () => Promise<void>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

const rounded = (value: number) => Math.round(value * 100) / 100

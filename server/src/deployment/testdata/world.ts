/**
 * A whole small world on a virtual clock: a machine, a store, agents that carry what the status says (a little later), and
 * servers that can die at any of their steps. It watches over what must never happen.
 */
import { silent } from '@vamp/agent/base/log'
import { type VirtualClock, virtualClock } from '@vamp/agent/base/virtual-clock'
import type { Deployment, DeploymentService, DeploymentStatus, Intention } from '@vamp/model/deployment'
import type { NewEvent } from '@vamp/model/event'
import { openKeyedQueue } from '../../base/keyed-queue.ts'
import { withHealth } from '../../container/health.ts'
import { openMemoryDriver } from '../../container/memory/memory-driver.ts'
import { type Behaviour, type MemoryMachine, memoryMachine } from '../../container/memory/memory-machine.ts'
import type { EventLog } from '../../event/event-log.ts'
import type { Fleet } from '../../fleet/fleet.ts'
import { openMemoryStore } from '../../store/memory/memory-store.ts'
import type { Store } from '../../store/store.ts'
import { deploymentReconciler } from '../reconciler.ts'
import type { DeploymentSettings } from '../settings.ts'

export interface WorldOptions {
  readonly random?: () => number
  readonly behaviour?: (service: string, id: string) => Behaviour
  readonly settings?: Partial<DeploymentSettings>
  /** Milliseconds that the connections of a draining instance last. */
  readonly connectionsLastMs?: (id: string) => number
  /** From a status to the table of the agents. */
  readonly carryMs?: number
}

export interface Service { readonly cluster: string; readonly breed: string; readonly instances: number; readonly command?: string; readonly intention?: Intention; readonly needs?: readonly string[]; readonly checked?: boolean; readonly warm?: number }

/** How many steps (calls that leave the server) a server lives; and whether the last one still takes effect. */
export interface Fate { readonly steps: number; readonly lastTakesEffect: boolean }

export interface World {
  readonly clock: VirtualClock
  readonly machine: MemoryMachine
  readonly store: Store
  readonly events: NewEvent[]
  /** What must never happen, and did. */
  readonly violations: string[]
  startServer(fate?: Fate): Server
  put(services: readonly Service[], name?: string): Promise<void>
  status(name?: string): Promise<DeploymentStatus | undefined>
  /** Names of what runs, by breed. */
  running(breed?: string): readonly string[]
  /** Advances until the condition holds. */
  until(condition: () => Promise<boolean> | boolean, maxMs?: number): Promise<void>
  /** Instance states of a breed as the status tells them. */
  states(breed: string): Promise<readonly string[]>
  phase(breed: string): Promise<string | undefined>
}

export interface Server {
  readonly steps: number
  readonly dead: boolean
  die(): void
}

export function openWorld(options: WorldOptions = {}): World {
  const { random = () => 0.5, behaviour = () => ({}), carryMs = 20, connectionsLastMs = () => 0 } = options
  const clock = virtualClock()
  const machine = memoryMachine({ clock, behaviour: ({ service, id }) => behaviour(service, id) })
  const store = openMemoryStore()
  const events: NewEvent[] = []
  const violations: string[] = []
  const agents = openAgents(store, clock, carryMs, connectionsLastMs)
  const stop = machine.stop.bind(machine)
  machine.stop = (id, graceMs, ended) => {
    const instance = machine.instances.get(id)
    const endpoint = agents.endpoint(id)
    if (instance?.state === 'running' && endpoint.state !== 'absent') violations.push(`${id} was stopped while agents had it as ${endpoint.state}, with ${endpoint.connections} connections`)
    const drainsSince = agents.drainsSince(id)
    if (instance?.state === 'running' && drainsSince !== undefined && drainsSince > instance.startedAt && clock.now() - drainsSince < Math.min(connectionsLastMs(id), DRAIN_MS)) violations.push(`${id} was stopped before its connections had ended`)
    stop(id, graceMs, ended)
  }
  const status = async (name = 'shop') => (await store.get('deployment-statuses', name))?.value

  return {
    clock, machine, store, events, violations, status,
    startServer(fate) {
      const life = mortal(fate)
      const reportedAfterMs = Math.floor(random() * 1000)
      const agentsSeenAt = clock.now() + reportedAfterMs
      const fleet: Fleet = {
        ...agents.fleet,
        acknowledged: () => clock.now() >= agentsSeenAt ? 1 : 0,
        serves: id => clock.now() >= agentsSeenAt && agents.endpoint(id).state === 'ready',
        endpoint: id => clock.now() >= agentsSeenAt ? agents.endpoint(id) : { state: 'absent', connections: 0 },
      }
      const log: Pick<EventLog, 'append'> = { async append(added) { events.push(...added); return [] } }
      const driver = withHealth(life.guard(openMemoryDriver(machine)), { clock, probe: ({ id }, check) => machine.probe(id, check) })
      const reconciler = deploymentReconciler({ store: life.guard(store), events: life.guard(log as EventLog), fleet, driver, clock, log: silent, ...(options.settings ? { settings: options.settings } : {}) })
      const queue = openKeyedQueue({ name: 'deployments', reconciler, clock, log: silent, random })
      reconciler.watch(name => queue.wake(name))
      void reconciler.names().then(names => { for (const name of names) queue.wake(name) })
      const endGateway = agents.follow(reportedAfterMs)
      return { get steps() { return life.steps }, get dead() { return life.dead }, die() { life.die(); endGateway() } }
    },
    async put(services, name = 'shop') { await store.put('deployments', name, deploymentOf(name, services)) },
    running: breed => [...machine.instances.values()].filter(({ state, workload }) => state !== 'exited' && (breed === undefined || workload.service === breed)).map(({ workload }) => workload.id),
    async until(condition, maxMs = 60_000) {
      for (let passed = 0; passed <= maxMs; passed += 50) {
        if (await condition()) return
        await clock.advance(50)
      }
      throw new Error(`it did not come: ${JSON.stringify(await status(), undefined, 1)}`)
    },
    states: async breed => (await status())?.instances.filter(({ service }) => service === breed).map(({ state }) => state) ?? [],
    phase: async breed => (await status())?.services.find(({ service }) => service === breed)?.phase,
  }
}

interface Life { readonly steps: number; readonly dead: boolean; die(): void; guard<T extends object>(handle: T): T }

/** Every call of a promise is a step. A dead server's calls never come back. */
function mortal(fate?: Fate): Life {
  let steps = 0
  let dead = false
  const never = new Promise<never>(() => {})
  const step = (call: () => unknown): unknown => {
    if (dead) return never
    steps++
    if (fate && steps >= fate.steps) {
      dead = true
      if (fate.lastTakesEffect) void Promise.resolve(call()).catch(() => {})
      return never
    }
    const result = call()
    return result instanceof Promise ? result.then(value => dead ? never : value, error => { if (dead) return never; throw error }) : result
  }
  return {
    get steps() { return steps },
    get dead() { return dead },
    die() { dead = true },
    guard: handle => new Proxy(handle, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        const call = (...parameters: unknown[]) => Reflect.apply(value, target, parameters)
        if (name === 'watch') return (listener: (change: never) => void) => call((change: never) => { if (!dead) listener(change) })
        if (name === 'logs') return call
        return (...parameters: unknown[]) => step(() => call(...parameters))
      },
    }),
  }
}

interface Agents {
  readonly fleet: Omit<Fleet, 'acknowledged' | 'endpoint' | 'serves'>
  endpoint(id: string): { state: 'ready' | 'draining' | 'absent'; connections: number }
  /** When the agents began to drain it, milliseconds. */
  drainsSince(id: string): number | undefined
  /** A gateway side that is alive: the agents get what the status says. */
  follow(reportedAfterMs: number): () => void
}

/** Less than the deadline by what the agents may hear later than it is written. */
const DRAIN_MS = 28_500

function openAgents(store: Store, clock: VirtualClock, carryMs: number, connectionsLastMs: (id: string) => number): Agents {
  let carried = new Map<string, { state: 'ready' | 'draining'; since: number }>()
  const listeners = new Set<Parameters<Fleet['onReport']>[0]>()
  const drainedAt = new Map<string, number>()
  const report = () => { for (const listener of listeners) listener({ agent: 'a', driver: 'memory', acknowledged: 1, endpoints: [], shares: [], reloads: 0 }) }
  const carry = (statuses: readonly DeploymentStatus[]) => {
    const next = new Map<string, { state: 'ready' | 'draining'; since: number }>()
    for (const { id, state } of statuses.flatMap(({ instances }) => instances)) {
      if (state !== 'ready' && state !== 'draining') continue
      const before = carried.get(id)
      next.set(id, before?.state === state ? before : { state, since: clock.now() })
      if (state === 'ready') drainedAt.delete(id)
      else if (!drainedAt.has(id)) drainedAt.set(id, clock.now())
    }
    carried = next
    report()
  }
  return {
    fleet: {
      publish() {}, table: { revision: 1, gateways: [] }, reports: () => [], secondsBehind: () => 0, onWindow: () => () => {},
      onReport(listener) { listeners.add(listener); return () => listeners.delete(listener) },
    },
    endpoint(id) {
      const endpoint = carried.get(id)
      if (!endpoint) return { state: 'absent', connections: 0 }
      const open = endpoint.state === 'ready' || clock.now() - endpoint.since < connectionsLastMs(id)
      return { state: endpoint.state, connections: open ? 1 : 0 }
    },
    drainsSince: id => drainedAt.get(id),
    follow(reportedAfterMs) {
      let alive = true
      // What the agents get is what was true when the table was made.
      const later = async (ms: number) => {
        const statuses = (await store.list('deployment-statuses')).items.map(({ value }) => value)
        clock.after(ms, () => { if (alive) carry(statuses) })
      }
      const unwatch = store.watch(({ kind }) => { if (kind === 'deployment-statuses') void later(carryMs) })
      clock.after(reportedAfterMs, () => { if (alive) void later(carryMs) })
      return () => { alive = false; unwatch() }
    },
  }
}

export function deploymentOf(name: string, services: readonly Service[]): Deployment {
  const clusters = [...new Set(services.map(({ cluster }) => cluster))]
  return {
    kind: 'deployments', name, metadata: {}, ports: {}, hosts: {}, environment_variables: [], dialects: {},
    clusters: clusters.map(cluster => ({
      name: cluster, metadata: {}, gateways: [], dialects: {}, services: services.filter(service => service.cluster === cluster).map(serviceOf),
    })),
  }
}

function serviceOf({ breed, instances, command = breed, intention = 'Deployment', needs = [], checked = false, warm }: Service): DeploymentService {
  return {
    intention, environment_variables: [], arguments: [], dialects: {}, dependencies: Object.fromEntries(needs.map(cluster => [cluster, cluster])),
    scale: { kind: 'scales', name: '', metadata: {}, cpu: 0.1, memory: 64, instances, ...(warm === undefined ? {} : { warm }) },
    breed: {
      kind: 'breeds', name: breed, metadata: {}, deployable: { type: 'process', definition: command },
      ports: [{ name: 'web', number: 8080, type: 'http' }], environment_variables: [], constants: [], arguments: [], dependencies: {},
      ...(checked ? { health_checks: [{ path: '/', port: 'web', initial_delay: 1, timeout: 1, interval: 10, failures: 2, protocol: 'HTTP' }] } : {}),
    },
  }
}


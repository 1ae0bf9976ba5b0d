/**
 * The whole server with memory drivers under a virtual clock: stores, containers, proxy and visitors are simulated, everything
 * between them is the product. A minute of releases takes a fraction of a second.
 */
import { silent } from '@vamp/agent/base/log'
import { type VirtualClock, virtualClock } from '@vamp/agent/base/virtual-clock'
import { type EndpointAnswer, type MemoryProxy, openMemoryProxy, type VirtualRequest } from '@vamp/agent/proxy/memory/memory'
import { type App, startApp } from '@vamp/server/app'
import { type Config, configOf } from '@vamp/server/config'
import { withHealth } from '@vamp/server/container/health'
import { openMemoryDriver } from '@vamp/server/container/memory/memory-driver'
import { type Behaviour, type MemoryMachine, memoryMachine } from '@vamp/server/container/memory/memory-machine'
import type { EventLog } from '@vamp/server/event/event-log'
import { openMemoryEventLog } from '@vamp/server/event/memory/memory-event-log'
import { openMemoryStore } from '@vamp/server/store/memory/memory-store'
import type { Store } from '@vamp/server/store/store'
import { mortalEvents, mortalStore, newLife } from './mortal.ts'
import { openMemorySeries } from '@vamp/server/traffic/memory/memory-series'
import type { Series } from '@vamp/server/traffic/series'
import type { Cell } from '@vamp/model/metric'
import { seeded } from '@vamp/stats/testdata/seeded'

export interface World {
  readonly clock: VirtualClock
  readonly machine: MemoryMachine
  readonly proxy: MemoryProxy
  readonly store: Store
  readonly events: EventLog
  readonly url: string
  /** Requests so far and how many failed, by the version that was asked; `none` where nobody was. */
  readonly visits: ReadonlyMap<string, { requests: number; failed: number }>
  /** Sends a YAML document as `vamp apply` does. */
  apply(yaml: string): Promise<void>
  /** Steady visitors on a gateway's port from now on, until what is returned is called. */
  visit(port: number, perSecond: number, headers?: Readonly<Record<string, string>>): () => void
  /** Lets time pass. */
  seconds(count: number): Promise<void>
  /** Lets time pass until it is so; fails after the given number of seconds. */
  until(secondsMax: number, what: () => Promise<boolean>): Promise<void>
  /** The server dies as by `kill -9` — nothing of it closes — and another starts on the same store, machine and proxy. */
  killAndRestart(): Promise<void>
  /** The same with the so-and-so-manieth write from now, which is done or not: whatever the server meant to do after it does not happen. */
  killAtWrite(writes: number, done: boolean): Promise<void>
  close(): Promise<void>
}

export interface WorldOptions {
  readonly seed: number
  /** How a version answers. */
  readonly answer: (version: string, random: () => number, request: VirtualRequest) => EndpointAnswer
  /** What visitors ask for, in turns. */
  readonly paths?: readonly string[]
  readonly behaviour?: (version: string) => Behaviour
  readonly config?: Partial<Config>
  /** What was recorded before: requests per second of a route, minute by minute until now. */
  readonly past?: { readonly route: string; readonly rates: readonly number[] }
}

const TICK_MS = 50
/** A server that writes nothing for so long is killed without. */
const KILL_MS_MAX = 10_000

export async function openWorld({ seed, answer, behaviour = () => ({ startUpMs: 300 }), config = {}, past, paths = ['/'] }: WorldOptions): Promise<World> {
  const clock = virtualClock()
  const random = seeded(seed)
  const machine = memoryMachine({ clock, behaviour: workload => behaviour(workload.service) })
  const versionOf = (instance: string) => machine.instances.get(instance)?.workload.service ?? 'none'
  const proxy = openMemoryProxy({ clock, random, answer: (instance, request) => machine.instances.get(instance)?.state === 'running' ? answer(versionOf(instance), random, request) : { broken: 'refused', latencyMs: 1 } })
  const events = openMemoryEventLog({ clock })
  const store = openMemoryStore(events)
  const visits = new Map<string, { requests: number; failed: number }>()
  const series = openMemorySeries({ clock })
  if (past) await record(series, past, Math.floor(clock.now() / 60_000) * 60)
  let life = newLife()
  const start = () => {
    life = newLife()
    return startApp(configOf({ port: 0, gateway: 'memory', containers: 'memory', ...config }), {
      clock, log: silent, random, store: mortalStore(store, life), events: mortalEvents(events, life), proxy, portFree: async () => true, series,
      containers: withHealth(openMemoryDriver(machine), { clock, probe: (instance, check) => machine.probe(instance.id, check) }),
    })
  }
  let app: App = await start()
  const visitors: { port: number; perSecond: number; owed: number; headers: Readonly<Record<string, string>> }[] = []

  let sent = 0
  const send = async (port: number, headers: Readonly<Record<string, string>>) => {
    const { status, instance } = await proxy.send(port, { path: paths[sent++ % paths.length] ?? '/', ip: `10.0.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`, port: Math.floor(random() * 60_000), headers })
    const version = versionOf(instance)
    const entry = visits.get(version) ?? { requests: 0, failed: 0 }
    visits.set(version, { requests: entry.requests + 1, failed: entry.failed + (status === 0 || status >= 500 ? 1 : 0) })
  }
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= TICK_MS) {
      for (const visitor of visitors) {
        visitor.owed += (visitor.perSecond * TICK_MS) / 1000
        for (; visitor.owed >= 1; visitor.owed--) void send(visitor.port, visitor.headers)
      }
      await clock.advance(Math.min(TICK_MS, left))
    }
  }

  return {
    clock, machine, proxy, store, events, visits,
    get url() { return app.url },
    async apply(yaml) {
      const response = await fetch(`${app.url}/api/v1`, { method: 'POST', body: yaml, headers: { 'content-type': 'application/x-yaml' } })
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
    },
    visit(port, perSecond, headers = {}) {
      const visitor = { port, perSecond, owed: 0, headers }
      visitors.push(visitor)
      return () => { visitors.splice(visitors.indexOf(visitor), 1) }
    },
    seconds: count => advance(count * 1000),
    async until(secondsMax, what) {
      for (let left = secondsMax; !(await what()); left--) {
        if (left <= 0) throw new Error(`not so after ${secondsMax} s`)
        await advance(1000)
      }
    },
    async killAndRestart() {
      // What a dead server had planned must not happen; its clock keeps ticking, so it is closed, but only after the new one took over nothing from it.
      await app.close()
      app = await start()
    },
    async killAtWrite(writes, done) {
      life.writesLeft = writes
      life.done = done
      for (let left = KILL_MS_MAX; left > 0 && !life.dead; left -= TICK_MS) await advance(TICK_MS)
      life.dead = true
      await app.close()
      app = await start()
    },
    close: () => app.close(),
  }
}

async function record(series: Series, { route, rates }: NonNullable<WorldOptions['past']>, until: number): Promise<void> {
  for (const [index, rate] of rates.entries()) {
    const requests = Math.round(60 * rate)
    const cell: Cell = { gateway: route.split('/').toSpliced(2, 1).join('/'), route, instance: 'before', by: 'weight', part: 0, requests, errors: 0, statuses: [0, 0, requests, 0, 0, 0], bytes: 0, latency: [] }
    await series.add({ agent: 'before', sequence: index + 1, second: until - 60 * (rates.length - index), cells: requests > 0 ? [cell] : [], dropped: 0 })
  }
}


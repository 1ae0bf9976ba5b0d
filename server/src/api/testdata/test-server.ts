/** A real HTTP server over memory drivers, and a way to ask it things. No reconciler runs: tests write what those would. */
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { openMemoryDriver } from '../../container/memory/memory-driver.ts'
import { type MemoryMachine, memoryMachine } from '../../container/memory/memory-machine.ts'
import { openUsageMeter } from '../../container/usage.ts'
import { configOf, type Config } from '../../config.ts'
import type { EventLog } from '../../event/event-log.ts'
import { openMemoryEventLog } from '../../event/memory/memory-event-log.ts'
import { type LiveFleet, openFleet } from '../../fleet/live-fleet.ts'
import { openSettings } from '../../settings/settings.ts'
import { openMemoryStore } from '../../store/memory/memory-store.ts'
import type { Store } from '../../store/store.ts'
import { openScalingHistory } from '../../scaling/scaling-history.ts'
import { openTraffic, type Traffic } from '../../traffic/traffic.ts'
import { openWorkflows } from '../../workflow/workflows.ts'
import { openApi } from '../server.ts'
import type { World } from '../world.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Of a JSON answer. */
  readonly json: never
}

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly body?: string | object
  readonly headers?: Readonly<Record<string, string>>
}

export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly firstToken: string | undefined
  readonly store: Store
  readonly events: EventLog
  readonly traffic: Traffic
  readonly fleet: LiveFleet
  /** Where its containers would run. */
  readonly machine: MemoryMachine
  /** Paths without a leading `/api/v1` get one, unless they begin with `//`. */
  ask(path: string, ask?: Ask): Promise<Answer>
}

export async function testServer(changes: Partial<Config> = {}, refusal: NonNullable<World['refusal']> = () => undefined): Promise<TestServer> {
  const clock = systemClock
  const events = openMemoryEventLog({ clock })
  const store = openMemoryStore(events)
  const traffic = openTraffic({ clock })
  const fleet = openFleet({ clock })
  const machine = memoryMachine({ clock })
  const containers = openMemoryDriver(machine)
  const workflows = openWorkflows({ store, events, containers, clock, log: silent, random: Math.random, namespace: 'default', trusted: false })
  const config = configOf({ port: 0, ...changes })
  const settings = await openSettings({ store, config, log: silent })
  const api = await openApi({ config, settings, store, events, traffic, fleet, containers, usage: openUsageMeter({ driver: containers, clock }), scaling: openScalingHistory(), workflows, refusal, clock, log: silent })
  return {
    url: api.url, firstToken: api.firstToken, store, events, traffic, fleet, machine,
    async ask(path, { method = 'GET', body, headers = {} } = {}) {
      const url = path.startsWith('//') ? `${api.url}${path.slice(1)}` : `${api.url}/api/v1${path}`
      const response = await fetch(url, {
        method, headers: { ...(body === undefined ? {} : { 'Content-Type': typeof body === 'string' ? 'application/x-yaml' : 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, get json() { return JSON.parse(text) as never } }
    },
    async [Symbol.asyncDispose]() {
      await api.close()
      await events[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

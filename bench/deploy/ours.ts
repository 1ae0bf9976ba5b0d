/** Vamp itself, as a program of its own behind HAProxy, asked over its API. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock as clock } from '../../agent/src/base/clock.ts'

const MAIN = fileURLToPath(new URL('../../cli/bin/vamp.mjs', import.meta.url))
const GIVE_UP_MS = 240_000

export interface Service {
  readonly deployable: { readonly type: string; readonly definition: string }
  readonly dialects?: object
  readonly checked?: boolean
  /** Spare instances kept for it. */
  readonly warm?: number
}

export interface Ours {
  deploy(name: string, port: number, instances: number): Promise<void>
  scale(name: string, instances: number, warm?: number): Promise<void>
  /** Names of those that are ready. */
  ready(name: string): Promise<readonly string[]>
  /** Until nothing runs of it. */
  gone(name: string): Promise<void>
  undeploy(name: string): Promise<void>
  /** Until so many instances are in this state, over all deployments. */
  settled(state: string, count: number): Promise<void>
  /** How many instances HAProxy gives requests to. */
  inRotation(): Promise<number>
  /** CPU seconds of the server so far. */
  cpuSeconds(): number
  stop(): Promise<void>
}

export async function startOurs(directory: string, flags: readonly string[], service: Service): Promise<Ours> {
  const log = openSync(join(directory, 'server.log'), 'a')
  const child = spawn(MAIN, ['up', '--port', '8080', '--data', join(directory, 'data'), '--on-exit', 'stop', '--gateway', 'haproxy', ...flags], { stdio: ['ignore', log, log] })
  const api = async (method: string, path: string, body?: object) => {
    const response = await fetch(`http://127.0.0.1:8080/api/v1${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response.json() as Promise<never>
  }
  for (const until = clock.monotonic() + 20_000; !(await fetch('http://127.0.0.1:8080/api/v1/health/ready').then(({ ok }) => ok, () => false)); await clock.sleep(20))
    if (clock.monotonic() > until || child.exitCode !== null) throw new Error(`the server does not start: ${readFileSync(join(directory, 'server.log'), 'utf8').slice(-1000)}`)
  const breed = {
    name: 'web:1', deployable: service.deployable, ports: { web: '0/http' },
    ...(service.checked === false ? {} : { health_checks: [{ path: '/', port: 'web', initial_delay: '0s', interval: '10s', timeout: '2s', failures: 3 }] }),
  }
  const size = (instances: number, warm = service.warm) => ({ cpu: 0.1, memory: '256MB', instances, ...(warm === undefined ? {} : { warm }) })
  const instancesOf = async (name?: string) => (await all(page => api('GET', `/instances?per_page=100&page=${page}${name === undefined ? '' : `&deployment=${name}`}`))) as readonly { readonly name: string; readonly state: string }[]
  const gone = async (name: string) => {
    for (const until = clock.monotonic() + GIVE_UP_MS; (await instancesOf(name)).length > 0; await clock.sleep(50)) if (clock.monotonic() > until) throw new Error(`${name} is never gone`)
  }
  return {
    async deploy(name, port, instances) {
      await api('PUT', `/deployments/${name}`, {
        name, gateways: { [port]: 'web/web' },
        clusters: { web: { services: [{ breed, scale: size(instances), ...(service.dialects === undefined ? {} : { dialects: service.dialects }) }] } },
      })
    },
    async scale(name, instances, warm) { await api('PUT', `/deployments/${name}/clusters/web/services/web%3A1/scale`, size(instances, warm)) },
    ready: async name => (await instancesOf(name)).filter(({ state }) => state === 'ready').map(({ name: id }) => id),
    gone,
    async undeploy(name) {
      await api('DELETE', `/deployments/${name}?all=true`)
      await gone(name)
    },
    async settled(state, count) {
      for (const until = clock.monotonic() + GIVE_UP_MS; ; await clock.sleep(100)) {
        const states = (await instancesOf()).map(instance => instance.state)
        if (states.filter(seen => seen === state).length === count) return
        if (clock.monotonic() > until) throw new Error(`never ${count} ${state}: ${states.join()}`)
      }
    },
    inRotation: () => serversOf(join(directory, 'data', 'haproxy', 'admin.sock')),
    cpuSeconds: () => cpuSecondsOf(child),
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function all(page: (number: number) => Promise<readonly unknown[]>): Promise<unknown[]> {
  const items: unknown[] = []
  for (let number = 1; ; number++) {
    const next = await page(number)
    items.push(...next)
    if (next.length < 100) return items
  }
}

/** Instances that are up, not on hold and have a weight: without servers that wait in the place of instances, and without gateways, whose names are hashed. */
async function serversOf(socket: string): Promise<number> {
  const client = connect(socket)
  client.end('show servers state\n')
  let text = ''
  for await (const chunk of client) text += String(chunk)
  const ready = ([, , , name, address, state, administration, weight]: readonly string[]) => address === '127.0.0.1' && !name?.startsWith('h:') && state === '2' && administration === '0' && Number(weight) > 0
  return text.split('\n').filter(line => ready(line.split(' '))).length
}

function cpuSecondsOf({ pid }: ChildProcess): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

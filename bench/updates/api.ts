/** Weights ordered over the API of a whole server with its own HAProxy: from the first byte of the `PUT` to the proxy's confirmation. */
import { Agent, request } from 'node:http'
import { systemClock as clock } from '../../agent/src/base/clock.ts'
import { silent } from '../../agent/src/base/log.ts'
import { openHaproxy } from '../../agent/src/proxy/haproxy/haproxy.ts'
import { startApp } from '../../server/src/app.ts'
import { openEmbeddedDatabase } from '../../server/src/base/sql/embedded-database.ts'
import { configOf } from '../../server/src/config.ts'
import { openMemoryDriver } from '../../server/src/container/memory/memory-driver.ts'
import { memoryMachine } from '../../server/src/container/memory/memory-machine.ts'
import { openMemoryEventLog } from '../../server/src/event/memory/memory-event-log.ts'
import { openSqlEventLog } from '../../server/src/event/sql/sql-event-log.ts'
import { openMemoryStore } from '../../server/src/store/memory/memory-store.ts'
import { openSqlStore } from '../../server/src/store/sql/sql-store.ts'
import { freePorts } from '../free-ports.ts'
import { counting, type Reloads } from './counting.ts'
import { type Interval, judge, nowUs } from './judge.ts'
import type { Limit } from './limit.ts'
import { startLoad } from './visitor.ts'

export interface Phase { readonly directory: string; readonly instances: readonly number[]; readonly requests: number; readonly limit: Limit }

/** A server that has just started runs code that was never compiled; what is asked is what a server costs that runs. */
const WARM_UP_CHANGES = 300
const IDLE_CHANGES = 200
/** So that each change meets a server that has nothing else to do. */
const IDLE_PAUSE_MS = 10
/** Between two changes under load, so that there are requests to judge. */
export const PAUSE_MS = 40

/** What is in `memory` is durable when it is there; `disk` is the embedded database, which flushes before anybody is told. */
export async function weightChanges({ directory, instances, changes: wanted, requests, limit }: Phase & { readonly changes: number }) {
  const reloads: Reloads = {}
  const durable = await withServer('disk', { directory, instances, reloads }, async ({ idle }) => await idle(limit))
  return await withServer('memory', { directory, instances, reloads }, async ({ order, idle, port }) => {
    const quiet = await idle(limit)
    const load = startLoad(directory, port, 'api')
    const intervals: Interval[] = []
    const saturated: number[] = []
    let changes = 0
    for (; !limit.over() && (changes < wanted || load.requests() < requests); changes++) {
      const last = intervals.at(-1)
      if (last) last.to = nowUs()
      saturated.push(await order(changes % 2 * 100))
      intervals.push({ from: nowUs(), to: Number.POSITIVE_INFINITY, allowed: new Set([changes % 2 === 1 ? 0 : 1]) })
      await clock.sleep(PAUSE_MS)
    }
    return { judged: judge(await load.stop(), intervals), idle: quiet, durable, saturated, changes, reloads }
  })
}

interface Server {
  readonly port: number
  /** Gives the first of two versions so many percent. Returns the milliseconds until HAProxy had confirmed it. */
  order(first: number): Promise<number>
  idle(limit: Limit): Promise<number[]>
}

async function withServer<T>(kept: 'memory' | 'disk', { directory, instances, reloads }: { readonly directory: string; readonly instances: readonly number[]; readonly reloads: Reloads }, work: (server: Server) => Promise<T>): Promise<T> {
  const [port = 0, apiPort = 0] = await freePorts(2)
  const acks = new Map<string, () => void>()
  const proxy = counting(await openHaproxy({ directory: `${directory}/${kept}`, clock, log: silent }), reloads, table => {
    acks.get(table.find(({ name }) => name === 'shop')?.routes.map(({ weight }) => weight).join() ?? '')?.()
  })
  const database = kept === 'disk' ? openEmbeddedDatabase({ file: `${directory}/vamp.db` }) : undefined
  const { store, events } = database ? await onDisk(database) : inMemory()
  const app = await startApp(configOf({ port: apiPort }), {
    clock, log: silent, random: Math.random, store, events, sinks: () => new Map(), containers: openMemoryDriver(memoryMachine({ clock })), portFree: async () => true, proxy,
  })
  const connection = new Agent({ keepAlive: true, maxSockets: 1 })
  const [a, b] = [instances[0] ?? 0, instances[1] ?? 0]
  const order = async (first: number): Promise<number> => {
    const acknowledged = new Promise<void>(resolve => { acks.set(`${first * 100},${(100 - first) * 100}`, resolve) })
    const body = JSON.stringify({ name: 'shop', port, routes: { [`[127.0.0.1:${a}]`]: { weight: `${first}%` }, [`[127.0.0.1:${b}]`]: { weight: `${100 - first}%` } } })
    const from = performance.now()
    const answered = put(`${app.url}/api/v1/gateways/shop`, body, connection)
    const effect = acknowledged.then(() => performance.now() - from)
    const [took] = await Promise.all([effect, answered])
    acks.clear()
    return took
  }
  const idle = async (limit: Limit) => {
    const effects: number[] = []
    await order(100)
    for (let change = 0; change < WARM_UP_CHANGES + IDLE_CHANGES && !limit.over(); change++) {
      effects.push(await order(change % 2 * 100))
      await clock.sleep(IDLE_PAUSE_MS)
    }
    return effects.slice(WARM_UP_CHANGES)
  }
  try {
    return await work({ port, order, idle })
  } finally {
    connection.destroy()
    await app.close()
    await store[Symbol.asyncDispose]()
    await events[Symbol.asyncDispose]()
    await database?.[Symbol.asyncDispose]()
    await proxy.stop(0)
  }
}

function inMemory() {
  const events = openMemoryEventLog({ clock })
  return { events, store: openMemoryStore(events) }
}

async function onDisk(database: ReturnType<typeof openEmbeddedDatabase>) {
  const events = await openSqlEventLog({ database, clock })
  return { events, store: await openSqlStore(database, events) }
}

function put(url: string, body: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'PUT', agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, answer => {
      const { statusCode = 0 } = answer
      answer.resume()
      answer.once('end', () => statusCode < 300 ? resolve() : reject(new Error(`the API answered ${statusCode}`)))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

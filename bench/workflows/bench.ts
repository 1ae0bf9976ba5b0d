/**
 * What an event costs where many workflows wait for events, and how soon a script begins.
 *
 *     npm run bench -- workflows --json
 *
 * `match_us_p50`: finding the workflows of one event among 1 000, as the server does it; beside it the same among 10 and 10 000, and a
 * scan of all of them, which is what the index is for. `events_per_second`: events that become recorded runs, on the embedded database,
 * each matching one of 1 000 workflows, with a runner that ends at once. `start_ms_p50`: from the event to the first line of a script in
 * a real sandbox that was warm. `latency_ratio_hostile`: median latency of the API of a server that runs a loop, a memory bomb, a deep
 * recursion, a log flood and an event flood all the time, divided by the one without them; both take turns, `--rounds` times.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock as clock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { startServer } from '@vamp/cli/demo/server-process'
import { openClient } from '@vamp/client/client'
import { contract } from '@vamp/model/api/contract'
import { parseArtifact } from '@vamp/model/parse/document'
import { openEmbeddedDatabase } from '@vamp/server/base/sql/embedded-database'
import { openMemoryDriver } from '@vamp/server/container/memory/memory-driver'
import { memoryMachine } from '@vamp/server/container/memory/memory-machine'
import { openSqlEventLog } from '@vamp/server/event/sql/sql-event-log'
import { openSqlStore } from '@vamp/server/store/sql/sql-store'
import type { Runner } from '@vamp/server/workflow/runner'
import { openTagIndex } from '@vamp/server/workflow/tag-index'
import { openWorkflows } from '@vamp/server/workflow/workflows'

const WORKFLOWS = 1000
const EVENTS = 10_000
const STARTS = 40

export async function run(args: readonly string[]): Promise<void> {
  const matching = matchingCosts()
  const intake = await eventsPerSecond()
  const starts = await startTimes()
  const hostile = await hostileLatency(Number(/--rounds[= ](\d+)/.exec(args.join(' '))?.[1] ?? 5))
  const result = { match_us_p50: matching.of(WORKFLOWS), start_ms_p50: starts, events_per_second: intake, match_us_p50_10: matching.of(10), match_us_p50_10000: matching.of(10_000), scan_us_p50_1000: matching.scan, ...hostile }
  if (args.includes('--json')) console.log(JSON.stringify(result))
  else for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(22)} ${value}`)
}

const tagsOf = (index: number) => [`deployments:d${index % 97}`, `clusters:c${index}`, 'synchronization']
const eventOf = (index: number) => ['deployments', `deployments:d${index % 97}`, 'clusters', `clusters:c${index}`, 'synchronization', 'synchronization:deployed']
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const rounded = (value: number) => Number(value.toPrecision(4))

/** Microseconds for one event, the median of many batches. */
function timed(one: (index: number) => unknown): number {
  const batches = Array.from({ length: 60 }, (_, batch) => {
    const from = performance.now()
    for (let index = 0; index < 200; index++) one(batch * 200 + index)
    return ((performance.now() - from) * 1000) / 200
  })
  return rounded(median(batches.slice(10)))
}

function matchingCosts(): { of(count: number): number; readonly scan: number } {
  const costs = new Map([10, WORKFLOWS, 10_000].map(count => {
    const index = openTagIndex()
    for (let each = 0; each < count; each++) index.set(`w${each}`, tagsOf(each))
    return [count, timed(each => { if (index.match(eventOf(each % count)).length !== 1) throw new Error('an event was not matched once') })] as const
  }))
  const all = Array.from({ length: WORKFLOWS }, (_, index) => tagsOf(index))
  const scan = timed(each => { const own = new Set(eventOf(each % WORKFLOWS)); return all.filter(tags => tags.every(tag => own.has(tag))) })
  return { of: count => costs.get(count) ?? 0, scan }
}

async function world(runner: (() => Promise<Runner>) | undefined) {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-workflows-'))
  const database = openEmbeddedDatabase({ file: join(directory, 'vamp.db') })
  const events = await openSqlEventLog({ database, clock })
  const store = await openSqlStore(database, events)
  const workflows = openWorkflows({ store, events, containers: openMemoryDriver(memoryMachine({ clock })), clock, log: silent, random: Math.random, namespace: 'default', trusted: false, ...(runner ? { runner } : {}) })
  return { store, events, workflows, async close() { await workflows[Symbol.asyncDispose](); await store[Symbol.asyncDispose](); await events[Symbol.asyncDispose](); await database[Symbol.asyncDispose](); rmSync(directory, { recursive: true, force: true }) } }
}

function workflow(name: string, tags: readonly string[], script: string) {
  const parsed = parseArtifact('workflows', JSON.stringify({ name, schedule: { event: tags }, breed: { name, deployable: { type: 'application/javascript', definition: script } } }))
  if (parsed.is === 'refused') throw new Error(JSON.stringify(parsed.problems))
  return parsed.value
}

async function eventsPerSecond(): Promise<number> {
  let done = 0
  const { promise: all, resolve } = Promise.withResolvers<void>()
  const runner: Runner = { start: () => { if (++done === EVENTS) resolve(); return { ended: Promise.resolve({ state: 'succeeded' }), stop: () => {} } }, [Symbol.asyncDispose]: async () => {} }
  const it = await world(async () => runner)
  await it.store.transaction(Array.from({ length: WORKFLOWS }, (_, index) => ({ do: 'put', kind: 'workflows', name: `w${index}`, value: workflow(`w${index}`, tagsOf(index), 'x'), expected: 'any' }) as const))
  await it.workflows.serve({ url: 'http://127.0.0.1:9', lend: undefined })
  const from = performance.now()
  for (let index = 0; index < EVENTS; index += 100) await it.events.append(Array.from({ length: 100 }, (_, each) => ({ tags: tagsOf((index + each) % WORKFLOWS) })))
  await all
  const seconds = (performance.now() - from) / 1000
  await it.close()
  return Math.round(EVENTS / seconds)
}

async function startTimes(): Promise<number> {
  const it = await world(undefined)
  await it.store.put('workflows', 'now', workflow('now', ['go'], 'module.exports = Date.now()'))
  await it.workflows.serve({ url: 'http://127.0.0.1:9', lend: undefined })
  const waits: number[] = []
  for (let index = 0; index < STARTS; index++) {
    const { promise: over, resolve } = Promise.withResolvers<number>()
    const end = it.workflows.onNews(({ run }) => { if (run.state === 'succeeded' && typeof run.result === 'number') resolve(run.result) })
    const from = Date.now()
    await it.events.append([{ tags: ['go'] }])
    waits.push(await over - from)
    end()
  }
  await it.close()
  return median(waits.slice(5))
}

const HOSTILE: Readonly<Record<string, string>> = {
  loop: 'while (true) {}',
  bomb: 'const all = []; for (;;) all.push(new Array(1000).fill(7))',
  recursion: 'for (;;) { try { (function f() { return f() + 1 })() } catch {} }',
  'log-flood': 'for (;;) console.log("x".repeat(1000))',
  'event-flood': 'import { vamp } from "@vamp/client/workflow"\nfor (;;) { await Promise.allSettled(Array.from({ length: 500 }, (_, i) => vamp.events.publish(["flood"], i))) }',
}
const ASKED_PER_ROUND = 200
const ASK_EVERY_MS = 20

async function hostileLatency(rounds: number): Promise<{ latency_ms_p50_quiet: number; latency_ms_p50_hostile: number; latency_ratio_hostile: number; hostile_runs_contained: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-hostile-'))
  const server = await startServer({ main: fileURLToPath(new URL('../cli/bin/vamp.mjs', import.meta.url)), directory, port: await freePort(), gateway: 'embedded', containers: 'process', docker: 'unix:///var/run/docker.sock' })
  try {
    const client = openClient({ url: server.url })
    const breed = (name: string, definition: string) => ({ name, deployable: { type: 'application/javascript', definition }, environment_variables: { VAMP_WORKFLOW_EXECUTION_PERIOD: 0 } })
    for (const [name, script] of Object.entries(HOSTILE)) await client.call(contract.workflows.put, { path: { name }, body: { name, breed: breed(name, script), schedule: 'daemon', status: 'suspended', scale: { cpu: 0.5, memory: '64MB', instances: 1 } } })
    const all = async (status: string) => { for (const name of Object.keys(HOSTILE)) await client.call(contract.workflows.putStatus, { path: { name }, body: status }) }
    const quiet: number[] = []
    const hostile: number[] = []
    await latencies(server.url)
    for (let round = 0; round < rounds; round++) {
      quiet.push(...await latencies(server.url))
      await all('starting')
      await new Promise(resolve => setTimeout(resolve, 2000))
      hostile.push(...await latencies(server.url))
      await all('suspending')
      await new Promise(resolve => setTimeout(resolve, 1000))
    }
    const runs = (await Promise.all(Object.keys(HOSTILE).map(async name => (await client.call(contract.workflows.runs, { path: { name } })).data))).flat()
    const [calm, loaded] = [median(quiet), median(hostile)]
    return { latency_ms_p50_quiet: rounded(calm), latency_ms_p50_hostile: rounded(loaded), latency_ratio_hostile: rounded(loaded / calm), hostile_runs_contained: runs.filter(({ state, reason }) => state !== 'running' && reason !== undefined).length }
  } finally {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Milliseconds of requests at a steady rate, over one connection. */
async function latencies(url: string): Promise<number[]> {
  const found: number[] = []
  for (let index = 0; index < ASKED_PER_ROUND; index++) {
    const from = performance.now()
    await (await fetch(`${url}/api/v1/info?on=identity`)).text()
    found.push(performance.now() - from)
    await new Promise(resolve => setTimeout(resolve, ASK_EVERY_MS))
  }
  return found
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => { const { port } = probe.address() as { port: number }; probe.close(() => resolve(port)) })
  })
}

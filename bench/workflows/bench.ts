/**
 * What an event costs where many workflows wait for events, and how soon a script begins.
 *
 *     npm run bench -- workflows --json
 *
 * `match_us_p50`: finding the workflows of one event among 1 000, as the server does it; beside it the same among 10 and 10 000, and a
 * scan of all of them, which is what the index is for. `events_per_second`: events that become recorded runs, on the embedded database,
 * each matching one of 1 000 workflows, with a runner that ends at once. `start_ms_p50`: from the event to the first line of a script in
 * a real sandbox that was warm. What hostile scripts cost the others: see `hostile.ts`. `--part match,intake,start,hostile` runs some of them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock as clock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { parseArtifact } from '@vamp/model/parse/document'
import { openEmbeddedDatabase } from '@vamp/server/base/sql/embedded-database'
import { openMemoryDriver } from '@vamp/server/container/memory/memory-driver'
import { memoryMachine } from '@vamp/server/container/memory/memory-machine'
import { openSqlEventLog } from '@vamp/server/event/sql/sql-event-log'
import { openSqlStore } from '@vamp/server/store/sql/sql-store'
import type { Runner } from '@vamp/server/workflow/runner'
import { openTagIndex } from '@vamp/server/workflow/tag-index'
import { openWorkflows } from '@vamp/server/workflow/workflows'
import { HOSTILE_KINDS, hostileLatency, median, rounded } from './hostile.ts'

const WORKFLOWS = 1000
const EVENTS = 10_000
const STARTS = 40

const PARTS = ['match', 'intake', 'start', 'hostile'] as const

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false }, part: { type: 'string', default: PARTS.join() }, rounds: { type: 'string', default: '5' }, kinds: { type: 'string', default: HOSTILE_KINDS.join() } } })
  const parts = new Set(values.part.split(','))
  const result: Record<string, unknown> = {}
  if (parts.has('match')) { const matching = matchingCosts(); Object.assign(result, { match_us_p50: matching.of(WORKFLOWS), match_us_p50_10: matching.of(10), match_us_p50_10000: matching.of(10_000), scan_us_p50_1000: matching.scan }) }
  if (parts.has('start')) result['start_ms_p50'] = await startTimes()
  if (parts.has('intake')) result['events_per_second'] = await eventsPerSecond()
  if (parts.has('hostile')) Object.assign(result, await hostileLatency(Number(values.rounds), values.kinds.split(',')))
  if (values.json) console.log(JSON.stringify(result))
  else for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(26)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
}

const tagsOf = (index: number) => [`deployments:d${index % 97}`, `clusters:c${index}`, 'synchronization']
const eventOf = (index: number) => ['deployments', `deployments:d${index % 97}`, 'clusters', `clusters:c${index}`, 'synchronization', 'synchronization:deployed']

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

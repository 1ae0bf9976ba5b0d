/**
 * Servers that are killed in the middle of runs, again and again, on both databases: no event and no moment is skipped, none is made
 * into two runs, what was under way begins again with the same key, and daemons come back.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Client, openClient } from '@vamp/client/client'
import { contract } from '@vamp/model/api/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PostgresCluster, postgresBinaries, startPostgres } from '../bench/evidence/postgres-cluster.ts'
import { exited, kill, until } from './apart.ts'
import { freePort } from './links/programs.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const KILLS = 3
/** Runs of events that may be under way at a kill, and so begin twice. */
const UNDER_WAY = 8
const RAN = 'import { vamp } from "@vamp/client/workflow"\nawait vamp.events.publish(["ran", "key:" + vamp.key])'
/** Tells of its beginning, and is not done soon. */
const LONG = `${RAN}\nawait vamp.sleep(4)\nawait vamp.events.publish(["done", "key:" + vamp.key])`
const FOR_EVER = 'console.log("here"); setInterval(() => {}, 1000)'

const workflow = (name: string, definition: string, schedule: object | string) => ({ name, schedule, breed: { name, deployable: { type: 'application/javascript', definition } } })

async function story(database: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-workflow-restart-'))
  const port = await freePort()
  const client = openClient({ url: `http://127.0.0.1:${port}` })
  let server: ChildProcess | undefined
  const up = async () => {
    server = spawn(process.execPath, [join(ROOT, 'cli/src/main.ts'), 'up', '--port', String(port), '--data', join(directory, 'data'), '--gateway', 'none', '--containers', 'memory', '--log-level', 'warn', ...database], { cwd: ROOT, stdio: 'ignore' })
    await until('the server leads', async () => (await client.call(contract.scales.put, { path: { name: 'any' }, body: { name: 'any', cpu: 1, memory: '1MB', instances: 1 } })) !== undefined)
  }
  const running = (name: string) => until(`${name} runs`, async () => (await client.call(contract.workflows.getStatus, { path: { name } })).data === 'running')
  const told = async (tag: string, workflow: string) => (await client.all(contract.events.query, { query: { tag: [tag] } })).flatMap(({ tags }) => tags.filter(each => each.startsWith(`key:${workflow}:`)).map(each => each.slice('key:'.length)))
  try {
    await up()
    for (const made of [workflow('tick', RAN, { time: 'PT1S' }), workflow('poked', RAN, { event: ['poke'] }), workflow('long', LONG, { event: ['begin'] }), workflow('always', FOR_EVER, 'daemon')]) await client.call(contract.workflows.put, { path: { name: made.name }, body: made })
    for (const name of ['tick', 'poked', 'long', 'always']) await running(name)

    const acknowledged = await killAgainAndAgain(client, async () => { if (server) await kill(server) }, up, async () => (await told('ran', 'long')).length > 0)
    await until('every event was run for', async () => {
      const pokes = new Set(await told('ran', 'poked'))
      return [...acknowledged].every(id => pokes.has(`poked:event:${id}`))
    })
    await until('what was under way is done', async () => (await told('done', 'long')).length > 0)
    await until('the daemon is back', async () => (await client.call(contract.workflows.runs, { path: { name: 'always' } })).data[0]?.state === 'running')

    expectEachOnce(await told('ran', 'poked'), acknowledged)
    const moments = [...new Set(await told('ran', 'tick'))].map(key => Date.parse(key.slice('tick:time:'.length))).toSorted((a, b) => a - b)
    expect(moments.length).toBeGreaterThan(5)
    expect(moments.slice(1).map((moment, index) => moment - (moments[index] ?? 0)).filter(gap => gap !== 1000)).toEqual([])
    const begun = await told('ran', 'long')
    expect(new Set(begun).size).toBe(1)
    expect(begun.length).toBeGreaterThan(1)
    const records = (await client.call(contract.workflows.runs, { path: { name: 'tick' } })).data
    expect(new Set(records.map(({ key }) => key)).size).toBe(records.length)
  } finally {
    if (server) { await kill(server); await exited(server) }
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** Events come all the time; the server goes in their middle, and stays away for a while. Ids of those that it took. */
async function killAgainAndAgain(client: Client, die: () => Promise<void>, up: () => Promise<void>, longBegan: () => Promise<boolean>): Promise<ReadonlySet<string>> {
  const acknowledged = new Set<string>()
  let over = false
  const poking = (async () => {
    for (let count = 0; !over; count++) {
      const answer = await client.call(contract.events.publish, { body: { tags: ['poke'], value: count } }).catch(() => undefined)
      if (answer) acknowledged.add(String((answer.data as { id?: unknown }).id))
      await sleep(50)
    }
  })()
  for (let round = 0; round < KILLS; round++) {
    if (round === 0) {
      await client.call(contract.events.publish, { body: { tags: ['begin'] } })
      await until('the long one has begun', longBegan)
    }
    await sleep(300 + 400 * round)
    await die()
    await sleep(1200)
    await up()
  }
  await sleep(500)
  over = true
  await poking
  return acknowledged
}

/** One run for each; a script that a kill ended begins again, with the key of the first time. */
function expectEachOnce(keys: readonly string[], acknowledged: ReadonlySet<string>): void {
  const found = new Set(keys)
  expect(acknowledged.size).toBeGreaterThan(20)
  expect([...acknowledged].filter(id => !found.has(`poked:event:${id}`))).toEqual([])
  // A server that dies between taking an event and saying so has taken it.
  expect(found.size - acknowledged.size).toBeLessThanOrEqual(KILLS)
  expect(keys.length - found.size).toBeLessThanOrEqual(KILLS * UNDER_WAY)
}

test('the embedded database: kills in the middle of runs skip nothing and double nothing', { timeout: 180_000 }, () => story([]))

describe.skipIf(!postgresBinaries())('with PostgreSQL', () => {
  let cluster: PostgresCluster
  beforeAll(async () => { cluster = await startPostgres() })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('kills in the middle of runs skip nothing and double nothing', { timeout: 180_000 }, () => story(['--database', cluster.create()]))
})

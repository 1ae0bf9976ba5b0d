/**
 * What hostile scripts cost everybody else: the median latency of the API while one kind of them runs, divided by the one while none does. Quiet and
 * hostile blocks take turns, so that whatever else the machine does happens to both. `bystander` is the rival, and the floor: a program that this server
 * knows nothing of, which takes all it gets at the priority of scripts. What it costs is what a busy core costs, however good the walls.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer } from '@vamp/cli/demo/server-process'
import { type Client, openClient } from '@vamp/client/client'
import { contract } from '@vamp/model/api/contract'

const SCRIPTS: Readonly<Record<string, string>> = {
  loop: 'while (true) {}',
  bomb: 'const all = []; for (;;) all.push(new Array(1000).fill(7))',
  recursion: 'for (;;) { try { (function f() { return f() + 1 })() } catch {} }',
  'log-flood': 'for (;;) console.log("x".repeat(1000))',
  'event-flood': 'import { vamp } from "@vamp/client/workflow"\nfor (;;) { await Promise.allSettled(Array.from({ length: 500 }, (_, i) => vamp.events.publish(["flood"], i))); await vamp.sleep(0.05) }',
  escape: 'Object.prototype.url = "x"; Promise.prototype.then = null; require("child_process").fork("x")',
}

/** All of the scripts at the same time, and what the server has nothing to do with. */
const ALL = 'all'
const BYSTANDER = 'bystander'
export const HOSTILE_KINDS: readonly string[] = [BYSTANDER, ...Object.keys(SCRIPTS), ALL]

const ASKED_PER_BLOCK = 150
const ASK_EVERY_MS = 15
/** Scripts begin and are under way. */
const SETTLE_MS = 1500
const CALM_MS = 700
const LOWEST_FOR_SCRIPTS = 10

export const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
export const rounded = (value: number) => Number(value.toPrecision(4))

export interface HostileLatency { readonly latency_ms_p50_quiet: number; readonly latency_ratio_hostile: Readonly<Record<string, number>>; readonly latency_ratio_bystander: number | undefined }

export async function hostileLatency(rounds: number, kinds: readonly string[]): Promise<HostileLatency> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-hostile-'))
  const server = await startServer({ main: fileURLToPath(new URL('../../cli/bin/vamp.mjs', import.meta.url)), directory, port: await freePort(), gateway: 'embedded', containers: 'process', docker: 'unix:///var/run/docker.sock' })
  try {
    const client = openClient({ url: server.url })
    for (const [name, script] of Object.entries(SCRIPTS)) await client.call(contract.workflows.put, { path: { name }, body: hostileWorkflow(name, script) })
    await latencies(server.url)
    const found = new Map<string, { readonly quiet: number[]; readonly hostile: number[] }>(kinds.map(kind => [kind, { quiet: [], hostile: [] }]))
    for (let round = 0; round < rounds; round++) for (const [kind, { quiet, hostile }] of found) {
      quiet.push(...await latencies(server.url))
      const end = await begin(kind, client)
      await sleep(SETTLE_MS)
      hostile.push(...await latencies(server.url))
      await end()
      await sleep(CALM_MS)
    }
    const ratios = [...found].map(([kind, { quiet, hostile }]) => [kind, rounded(median(hostile) / median(quiet))] as const)
    return {
      latency_ms_p50_quiet: rounded(median([...found.values()].flatMap(({ quiet }) => quiet))),
      latency_ratio_hostile: Object.fromEntries(ratios.filter(([kind]) => kind !== BYSTANDER)),
      latency_ratio_bystander: ratios.find(([kind]) => kind === BYSTANDER)?.[1],
    }
  } finally {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

function hostileWorkflow(name: string, script: string) {
  const breed = { name, deployable: { type: 'application/javascript', definition: script }, environment_variables: { VAMP_WORKFLOW_EXECUTION_PERIOD: 0 } }
  return { name, breed, schedule: 'daemon', status: 'suspended', scale: { cpu: 0.5, memory: '64MB', instances: 1 } }
}

/** Returns what ends it. */
async function begin(kind: string, client: Client): Promise<() => Promise<void>> {
  if (kind === BYSTANDER) {
    const program: ChildProcess = spawn('nice', ['-n', String(LOWEST_FOR_SCRIPTS), process.execPath, '-e', 'for (;;) {}'], { stdio: 'ignore' })
    return async () => { program.kill('SIGKILL') }
  }
  const names = kind === ALL ? Object.keys(SCRIPTS) : [kind]
  const all = async (status: string) => { for (const name of names) await client.call(contract.workflows.putStatus, { path: { name }, body: status }) }
  await all('starting')
  return () => all('suspending')
}

/** Milliseconds of requests at a steady rate, over one connection. */
async function latencies(url: string): Promise<number[]> {
  const found: number[] = []
  for (let index = 0; index < ASKED_PER_BLOCK; index++) {
    const from = performance.now()
    await (await fetch(`${url}/api/v1/info?on=identity`)).text()
    found.push(performance.now() - from)
    await sleep(ASK_EVERY_MS)
  }
  return found
}

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => { const { port } = probe.address() as { port: number }; probe.close(() => resolve(port)) })
  })
}

/**
 * How long from the call of the API until every instance has served a request through the gateway, as a ratio to a bare loop
 * that starts the same things with the same parallelism in the same run; and what running costs and loses.
 *
 *     npm run bench -- deploy [--json] [--rounds N] [--only process,docker,warm,scale-in,idle,cluster] [--idle-seconds N]
 *
 * Needs HAProxy, port 8080 and ports around it; root and dockerd for the Docker part (a daemon of its own is started).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock as clock } from '../../agent/src/base/clock.ts'
import { ANSWER, HOST_PATHS, IMAGE, startTestEngine, whyNoEngine } from '../../server/src/container/docker/testdata/test-engine.ts'
import { type Bare, bareContainers, bareProcesses } from './bare.ts'
import { type Ours, type Service, startOurs } from './ours.ts'
import { load, meet } from './visitor.ts'
import { simulate } from './cluster.ts'

const COUNTS = [1, 10, 50] as const
const GATEWAY = 9060
const SINGLE_TRIES = 20
const QUIET_SHARE = 0.9
/** Its gateway is there before its instances are: a new port is a reload of HAProxy, which is no part of starting something. */
const GATEWAY_MS = 3000
const IDLE_INSTANCES = 500
const LOAD_CONNECTIONS = 30
const CLUSTER_DEPLOYMENTS = 1000

const NODE_SERVICE = 'require("http").createServer((q, a) => a.end(process.env.VAMP_INSTANCE)).listen(process.env.PORT, "127.0.0.1")'
const process_: Service = { deployable: { type: 'process', definition: `${process.execPath} -e '${NODE_SERVICE}'` } }
/** With the share of the processor and the memory that `ours.ts` gives it. */
const CONTAINER = { Image: IMAGE, Cmd: ['/bin/sh', '-c', `exec ${ANSWER}`], HostConfig: { NetworkMode: 'host', Binds: HOST_PATHS.map(path => `${path}:${path}:ro`), CpuShares: 102, Memory: 256_000_000 } }
const container: Service = { deployable: { type: 'docker', definition: IMAGE }, dialects: { docker: { Cmd: CONTAINER.Cmd, HostConfig: { Binds: CONTAINER.HostConfig.Binds } } } }

interface Options { readonly rounds: number; readonly idleSeconds: number; readonly only: ReadonlySet<string> }

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' }, 'idle-seconds': { type: 'string', default: '30' }, only: { type: 'string', default: 'process,docker,warm,scale-in,idle,cluster' } } })
  const options: Options = { rounds: Number(values.rounds), idleSeconds: Number(values['idle-seconds']), only: new Set(values.only.split(',')) }
  const result: Record<string, unknown> = {}
  // With --json the result alone is on the standard output; how far it is, is told all the same.
  const say = (line: string) => { if (values.json) console.error(line); else console.log(line) }
  if (options.only.has('process')) await measureProcesses(options, result, say)
  const missing = whyNoEngine()
  if (missing !== undefined) say(`Docker: ${missing}`)
  else if (options.only.has('docker') || options.only.has('warm')) await measureContainers(options, result, say)
  if (options.only.has('scale-in')) await measureScaleIn(result, say)
  if (options.only.has('idle')) await measureIdle(options, result, say)
  if (options.only.has('cluster')) await measureCluster(result, say)
  if (values.json) console.log(JSON.stringify(result))
}

type Say = (line: string) => void

async function measureProcesses(options: Options, result: Record<string, unknown>, say: Say): Promise<void> {
  await withOurs(['--containers', 'process'], process_, async ours => {
    await compare('process', ours, bareProcesses([process.execPath, '-e', NODE_SERVICE]), options, result, say)
    const tries = await singles(ours, SINGLE_TRIES)
    result['process_ms_best_of_20'] = Math.round(Math.min(...tries))
    result['process_ms_median_of_20'] = Math.round(median(tries))
    say(`process, one instance: best ${result['process_ms_best_of_20']} ms, median ${result['process_ms_median_of_20']} ms of ${SINGLE_TRIES}`)
  })
}

async function measureContainers(options: Options, result: Record<string, unknown>, say: Say): Promise<void> {
  const engine = await startTestEngine()
  const flags = ['--containers', 'docker', '--docker', engine.host, '--docker-network', 'host']
  try {
    if (options.only.has('docker')) await withOurs(flags, container, async ours => {
      await using bare = await bareContainers(engine.host, CONTAINER)
      await compare('docker', ours, bare, options, result, say)
    })
    if (options.only.has('warm')) await withOurs(flags, { ...container, warm: 4 }, async ours => {
      const times = await warmStarts(ours)
      result['warm_ms_p50'] = Math.round(median(times))
      result['warm_ms_best'] = Math.round(Math.min(...times))
      say(`docker, from paused containers: p50 ${result['warm_ms_p50']} ms, best ${result['warm_ms_best']} ms of ${times.length}`)
    })
  } finally {
    await engine.stop()
  }
}

/** Ours and the bare loop take turns; a ratio is the median over the rounds, the one that is told the worst over all sizes. */
async function compare(name: string, ours: Ours, bare: Bare, { rounds }: Options, result: Record<string, unknown>, say: Say): Promise<void> {
  const worst: number[] = []
  await ours.deploy('bench', GATEWAY, 0)
  await clock.sleep(GATEWAY_MS)
  const seconds: Record<string, unknown> = {}
  for (const count of COUNTS) {
    const [mine, theirs]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds * (count === 1 ? 5 : 1); round++) {
      const turns = [async () => { mine.push(await timed(() => scaleAndMeet(ours, count, theirs))); await empty(ours) },
        async () => { theirs.push(await timed(() => bare.start(count))); await bare.stop() }]
      for (const turn of round % 2 === 0 ? turns.toReversed() : turns) await turn()
    }
    const ratio = median(mine) / median(theirs)
    worst.push(ratio)
    seconds[`${name}_${count}`] = { ours: rounded(median(mine) / 1000), bare: rounded(median(theirs) / 1000), ratio: rounded(ratio) }
    say(`${name}, ${count} ${count === 1 ? 'instance' : 'instances'}: ${Math.round(median(mine))} ms, bare ${Math.round(median(theirs))} ms, ratio ${rounded(ratio)}`)
  }
  result['seconds'] = { ...result['seconds'] as object, ...seconds }
  result[`ratio_${name}`] = rounded(Math.max(...worst))
}

/** Nobody asks before nine tenths of the time that the loop needed at best: it asks nobody before its start has been ordered, either. */
async function scaleAndMeet(ours: Ours, count: number, bareMs: readonly number[] = []): Promise<void> {
  await ours.scale('bench', count)
  await meet(GATEWAY, count, { quietMs: bareMs.length > 0 ? QUIET_SHARE * Math.min(...bareMs) : 0, ...(count > 1 ? { complete: async () => await ours.inRotation() === count } : {}) })
}

async function empty(ours: Ours): Promise<void> {
  await ours.scale('bench', 0)
  await ours.gone('bench')
}

async function singles(ours: Ours, tries: number): Promise<number[]> {
  const times: number[] = []
  for (let tried = 0; tried < tries; tried++) {
    times.push(await timed(() => scaleAndMeet(ours, 1)))
    await empty(ours)
  }
  return times
}

/** Each step wants one more, which is there already; the pool is full again before the next. */
async function warmStarts(ours: Ours): Promise<number[]> {
  const times: number[] = []
  await ours.deploy('bench', GATEWAY, 1)
  for (let instances = 2; instances <= 13; instances++) {
    await ours.settled('warm', 4)
    await ours.settled('ready', instances - 1)
    const before = new Set(await ours.ready('bench'))
    await clock.sleep(500)
    times.push(await timed(async () => { await ours.scale('bench', instances, 4); await meet(GATEWAY, 1, { except: before, complete: async () => await ours.inRotation() === instances }) }))
  }
  await ours.undeploy('bench')
  return times
}

async function measureScaleIn(result: Record<string, unknown>, say: Say): Promise<void> {
  await withOurs(['--containers', 'process'], process_, async ours => {
    await ours.deploy('bench', GATEWAY, 12)
    await meet(GATEWAY, 12)
    const visitors = load(GATEWAY, LOAD_CONNECTIONS)
    await clock.sleep(1000)
    await ours.scale('bench', 2)
    await ours.settled('ready', 2)
    while ((await ours.ready('bench')).length !== 2) await clock.sleep(50)
    await clock.sleep(2000)
    const { requests, failed } = await visitors.stop()
    result['scale_in_failed'] = failed
    result['scale_in_requests'] = requests
    say(`scale-in of 10 of 12 under load: ${failed} of ${requests} requests failed`)
  })
}

async function measureIdle({ idleSeconds }: Options, result: Record<string, unknown>, say: Say): Promise<void> {
  await withOurs(['--containers', 'process'], { deployable: { type: 'process', definition: '/bin/sleep 100000' }, checked: false }, async ours => {
    for (let number = 0; number < 10; number++) await ours.deploy(`bench-${number}`, GATEWAY + number, IDLE_INSTANCES / 10)
    await ours.settled('ready', IDLE_INSTANCES)
    await clock.sleep(10_000)
    const [cpu, time] = [ours.cpuSeconds(), clock.monotonic()]
    await clock.sleep(idleSeconds * 1000)
    const share = (ours.cpuSeconds() - cpu) / ((clock.monotonic() - time) / 1000)
    result['idle_core_share_500'] = Math.round(share * 10_000) / 10_000
    say(`${IDLE_INSTANCES} idle instances: the server uses ${Math.round(share * 1000) / 10} % of a core`)
  })
}

/** A change among a thousand deployments as a ratio to the same change alone, and everything looked at again. */
async function measureCluster(result: Record<string, unknown>, say: Say): Promise<void> {
  const alone = await simulate(1)
  const among = await simulate(CLUSTER_DEPLOYMENTS)
  result['change_ratio_1000'] = rounded(among.changeMs / alone.changeMs)
  result['resync_seconds_1000'] = rounded(among.resyncSeconds)
  say(`${CLUSTER_DEPLOYMENTS} deployments with 10 000 instances: a change takes ${rounded(among.changeMs)} ms, alone ${rounded(alone.changeMs)} ms; all of them are looked at in ${rounded(among.resyncSeconds)} s`)
}

async function withOurs(flags: readonly string[], service: Service, work: (ours: Ours) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-deploy-'))
  try {
    const ours = await startOurs(directory, flags, service)
    try {
      await work(ours)
    } finally {
      await ours.stop()
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = clock.monotonic()
  await work()
  return clock.monotonic() - before
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const rounded = (value: number) => Math.round(value * 1000) / 1000

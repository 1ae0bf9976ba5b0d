/** One server with several shops, each visited and released by itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer } from '@vamp/cli/demo/server-process'
import { startVisitors, type Visitors } from '@vamp/cli/demo/visitors'
import type { ReleaseStatus } from '@vamp/model/release-status'

export type Kind = 'crash' | 'errors' | 'p99' | 'healthy'
export const KINDS: readonly Kind[] = ['crash', 'errors', 'p99', 'healthy']

/** What is wrong with the new version. The old one fails 0.1 % of its requests. */
const FAULTS: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  crash: { SHOP_CRASH_SHARE: '0.2', SHOP_ERROR_SHARE: '0.001' },
  errors: { SHOP_ERROR_SHARE: '0.05' },
  p99: { SHOP_SLOW_TAIL: '2', SHOP_ERROR_SHARE: '0.001' },
  healthy: { SHOP_ERROR_SHARE: '0.001' },
}

export interface Played {
  readonly kind: Kind
  readonly run: number
  readonly verdict: 'rolled_back' | 'promoted' | 'held' | 'failed'
  /** From the first failed request (of a slow version: the first request) to the order to roll back; of a healthy one to its promotion. */
  readonly seconds: number | null
  /** Of the requests that the new version was sent, those that failed, as visitors saw it. */
  readonly failed: number
  readonly requests: number
  /** That got no answer from any version, though no version crashed. */
  readonly unanswered: number
  /** What became of them, where there are any: an error's code, or a status. */
  readonly why?: Readonly<Record<string, number>>
  readonly sentence: string
}

export interface Lanes extends AsyncDisposable { readonly all: readonly { play(kind: Kind, run: number): Promise<Played> }[] }

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WARM_SECONDS = 15
/** Longer than any of them should take. */
const RELEASE_SECONDS_MAX = 420
const LOOK_MS = 25
const RETRIES_MS = 5000

/** `decisions`: a directory that gets each release's decision log, to be replayed. */
export async function openLanes(count: number, rate: number, decisions?: string): Promise<Lanes> {
  process.chdir(ROOT)
  const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-releases-'))
  const server = await startServer({ main: join(ROOT, 'cli/bin/vamp.mjs'), directory, port: await freePort(), gateway: 'haproxy', containers: 'process', docker: 'unix:///var/run/docker.sock' })
  const close = async () => {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const lanes = await Promise.all(Array.from({ length: count }, async (_, at) => openLane({ url: server.url, name: `shop${at}`, port: await freePort(), rate, decisions })))
    await new Promise(resolve => setTimeout(resolve, WARM_SECONDS * 1000))
    return {
      all: lanes,
      async [Symbol.asyncDispose]() {
        await Promise.all(lanes.map(({ visitors }) => visitors.stop()))
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Opened { readonly url: string; readonly name: string; readonly port: number; readonly rate: number; readonly decisions: string | undefined }

async function openLane({ url, name, port, rate, decisions }: Opened): Promise<Lanes['all'][number] & { visitors: Visitors }> {
  await apply(url, `${breed(`${name}:0`, FAULTS.healthy)}---
kind: deployment
name: ${name}
gateways: {${port}: web/http}
clusters: {web: {services: [{breed: "${name}:0", scale: {cpu: 0.2, memory: 64MB, instances: 2}}]}}
`)
  await until(60, async () => (await fetch(`http://127.0.0.1:${port}/`)).ok)
  const visitors = startVisitors({ host: '127.0.0.1', port, perSecond: rate })
  return { visitors, play: (kind, run) => play({ url, name, visitors, decisions }, kind, run) }
}

async function play({ url, name, visitors, decisions }: Pick<Opened, 'url' | 'name' | 'decisions'> & { readonly visitors: Visitors }, kind: Kind, run: number): Promise<Played> {
  const version = `${name}:${kind}-${run}`
  const release = `${name}-${kind}-${run}`
  const none = () => visitors.visits.byVersion['none'] ?? { requests: 0, failed: 0 }
  const own = () => visitors.visits.byVersion[version] ?? { requests: 0, failed: 0 }
  const before = { ...none() }
  const whyBefore = { ...visitors.visits.unanswered }
  let firstFailedMs: number | undefined
  let firstMs: number | undefined
  const bad = () => own().failed + (kind === 'crash' ? none().failed - before.failed : 0)
  const watch = setInterval(() => {
    if (own().requests > 0) firstMs ??= Date.now()
    if (bad() > 0) firstFailedMs ??= Date.now()
  }, LOOK_MS)
  await apply(url, `${breed(version, FAULTS[kind])}---
kind: release
name: ${release}
deployment: ${name}
cluster: web
to: "${version}"
exposure: {bad_requests: 100}
keep: 1s
clock: {minimum: 45s, load_check: 20s, warm_up: 15s, hold_back: 5s, maximum: 5m}
`)
  let status = await look(url, release)
  await until(RELEASE_SECONDS_MAX, async () => { status = await look(url, release); return status.ended !== undefined || status.phase === 'holding' }).catch(() => {})
  clearInterval(watch)
  const [counted, unanswered] = [own(), none().failed - before.failed]
  const failed = bad()
  const why = Object.fromEntries(Object.entries(visitors.visits.unanswered).flatMap(([name, count]) => count > (whyBefore[name] ?? 0) ? [[name, count - (whyBefore[name] ?? 0)]] : []))
  const verdict = status.verdict === 'promoted' || status.verdict === 'rolled_back' || status.verdict === 'failed' ? status.verdict : 'held'
  if (verdict === 'held') await fetch(`${url}/api/v1/releases/${release}/abort`, { method: 'POST' })
  await until(90, async () => ['promoted', 'rolled_back', 'aborted', 'failed'].includes((await look(url, release)).phase)).catch(() => {})
  // What was on its way to an instance that crashed is tried again for some seconds: it is not the next release's.
  if (kind === 'crash') await new Promise(resolve => setTimeout(resolve, RETRIES_MS))
  if (decisions !== undefined) writeFileSync(join(decisions, `${release}.ndjson`), await (await fetch(`${url}/api/v1/releases/${release}/decisions`)).text())
  const from = kind === 'crash' || kind === 'errors' ? firstFailedMs : firstMs
  const seconds = status.ended === undefined || from === undefined ? null : (Date.parse(status.ended) - from) / 1000
  return { kind, run, verdict, seconds, failed, requests: counted.requests, unanswered: kind === 'crash' ? 0 : unanswered, ...(unanswered > 0 ? { why } : {}), sentence: status.sentence }
}

function breed(name: string, faults: Readonly<Record<string, string>>): string {
  return `kind: breed
name: "${name}"
deployable: {type: process, definition: node examples/shop/shop.ts}
ports: {http: 0/http}
environment_variables: ${JSON.stringify({ SHOP_VERSION: name, ...faults })}
health_checks: [{path: /health, port: http, initial_delay: 0s, interval: 1s, timeout: 2s, failures: 3}]
`
}

async function apply(url: string, yaml: string): Promise<void> {
  const response = await fetch(`${url}/api/v1`, { method: 'POST', body: yaml, headers: { 'content-type': 'application/x-yaml' } })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
}

async function look(url: string, release: string): Promise<ReleaseStatus> {
  return await (await fetch(`${url}/api/v1/releases/${release}/status`)).json() as ReleaseStatus
}

async function until(secondsMax: number, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + secondsMax * 1000
  while (performance.now() < end) {
    if (await holds().catch(() => false)) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error(`not so after ${secondsMax} s`)
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => { const { port: found } = probe.address() as { port: number }; probe.close(() => resolve(found)) })
  })
}

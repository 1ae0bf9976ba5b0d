/**
 * The workflows that come with the server, each started as a person starts it, on a real server with HAProxy (where it is installed),
 * real processes and visitors: what visitors get, or what is told of them, must change as the workflow says.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startVisitors, type Visitors } from '@vamp/cli/demo/visitors'
import { run as vampCommand } from '@vamp/cli/run'
import { type Client, openClient } from '@vamp/client/client'
import { contract } from '@vamp/model/api/contract'
import { createColors } from 'picocolors'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TRIES = 400

let directory: string
let url: string
let flags: string[]
let server: ChildProcess
let front: number
let client: Client
let visitors: Visitors

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

async function until<T>(what: string, holds: () => Promise<T>): Promise<NonNullable<T>> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await holds().catch(() => undefined)
    if (found) return found
    await sleep(150)
  }
  throw new Error(`never: ${what}`)
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => { const { port } = probe.address() as { port: number }; probe.close(() => resolve(port)) })
  })
}

async function up(): Promise<void> {
  server = spawn(process.execPath, [join(ROOT, 'cli/bin/vamp.mjs'), 'up', ...flags], { cwd: ROOT, stdio: 'ignore' })
  await until('the server is ready', async () => (await fetch(`${url}/api/v1/health/ready`)).ok)
}

async function down(signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise(resolve => server.once('exit', resolve))
  server.kill(signal)
  await ended
}

/** A command line; its output. */
async function vamp(...words: string[]): Promise<string> {
  let text = ''
  const io = { out: (more: string) => { text += more }, err: (more: string) => { text += more }, stdin: async () => '', columns: 200, rows: 24, terminal: false, colours: createColors(false), signal: new AbortController().signal, now: () => Date.now(), sleep: (ms: number) => sleep(ms).then(() => undefined) }
  const exit = await vampCommand(words, io, { VAMP_HOST: url })
  if (exit !== 0) throw new Error(`vamp ${words.join(' ')}: ${text}`)
  return text
}

const start = (name: string, settings: Readonly<Record<string, string | number>>) => vamp('workflow', 'start', name, ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]))
const stop = (name: string) => vamp('workflow', 'stop', name)
const QUICK = { VAMP_WORKFLOW_EXECUTION_PERIOD: 1, VAMP_WORKFLOW_EXECUTION_TIMEOUT: 30 }
const newest = async (type: string, ...tags: string[]) => (await client.call(contract.events.query, { query: { type, tag: tags, per_page: 1 } })).data[0]
const instances = async (deployment: string) => (await client.call(contract.deployments.get, { path: { deployment } })).data.clusters['web']?.services.flatMap(service => service.instances.filter(({ state }) => state === 'ready').map(({ name }) => name)) ?? []
const weights = async () => (await client.call(contract.gateways.get, { path: { gateway: 'front' } })).data.state.acknowledged
const answersOf = (version: string) => visitors.visits.byVersion[version]?.requests ?? 0
/** Visitors that are answered by a version from now on. */
async function seen(version: string, least = 10): Promise<void> {
  const before = answersOf(version)
  await until(`visitors see ${version}`, async () => answersOf(version) >= before + least)
}
const reported = (workflow: string) => until(`${workflow} has a result`, async () => (await client.call(contract.workflows.runs, { path: { name: workflow } })).data.find(({ state }) => state === 'succeeded')?.result as Record<string, never> | undefined)

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vamp-workflows-'))
  const port = await freePort()
  front = await freePort()
  url = `http://127.0.0.1:${port}`
  flags = ['--port', String(port), '--data', join(directory, 'data'), '--gateway', 'auto', '--gateway-ports', `${await freePort()}-65000`, '--on-exit', 'keep', '--log-level', 'warn', '--trusted-scripts', 'on']
  client = openClient({ url })
  for (const version of ['1.0', '1.1']) {
    writeFileSync(join(directory, `web:${version}`), `#!/bin/sh\nSHOP_VERSION=${version} exec '${process.execPath}' '${join(ROOT, 'examples/shop/shop.ts')}'\n`)
    chmodSync(join(directory, `web:${version}`), 0o755)
  }
  await up()
  const breed = (name: string, definition: string, environment: string) => `kind: breed\nname: ${name}\ndeployable: {type: process, definition: "${definition}"}\nports: {http: 0/http}\nenvironment_variables: {${environment}}\nhealth_checks: [{ path: /health, port: http, initial_delay: 0s, interval: 1s, timeout: 2s, failures: 3 }]\n`
  const blueprint = (name: string, zone: string, service: string) => `kind: blueprint\nname: ${name}\nmetadata: {zone: ${zone}}\nclusters: {web: {services: [{breed: ${service}, scale: {cpu: 0.2, memory: 64MB, instances: 2}}]}}\n`
  const file = join(directory, 'all.yml')
  writeFileSync(file, [breed('web:1.0', join(directory, 'web:1.0'), ''), breed('lite', 'node examples/shop/shop.ts', 'SHOP_VERSION: lite'), blueprint('shop', 'a', 'web:1.0'), blueprint('cloud', 'b', 'lite'), `kind: gateway\nname: front\nport: ${front}/http\nroutes: {shop/web/http: {weight: 100%}, cloud/web/http: {weight: 0%}}\n`].join('---\n'))
  await vamp('apply', '-f', file, '--wait')
  await until('the gateway answers', async () => (await fetch(`http://127.0.0.1:${front}/`)).ok)
  visitors = startVisitors({ host: '127.0.0.1', port: front, perSecond: 40 })
})

afterAll(async () => {
  await visitors?.stop()
  await down('SIGKILL').catch(() => undefined)
  flags = flags.map(flag => flag === 'keep' ? 'stop' : flag)
  await up().then(() => down('SIGTERM')).catch(() => undefined)
  rmSync(directory, { recursive: true, force: true })
})

test('health, metrics and allocation are told with the original\'s tags', async () => {
  await start('health', { ...QUICK, HEALTH_TIME_WINDOW: 5 })
  await start('metrics', { ...QUICK, METRICS_TIME_WINDOW: 5 })
  await start('allocation', QUICK)
  const rate = await until('a rate', async () => { const event = await newest('metrics', 'gateways:front', 'gateway', 'metrics:rate'); return Number(event?.value) > 15 ? event : undefined })
  expect(rate.tags).toEqual(['gateways', 'gateways:front', 'gateway', 'metrics', 'metrics:rate'])
  expect((await newest('metrics', 'gateways:front', 'routes:shop/web/http', 'route', 'metrics:responseTime'))?.value).toBeGreaterThan(5)
  await until('health', async () => (await newest('health', 'gateways:front', 'gateway'))?.value === 1)
  for (const tags of [['gateways:front', 'route', 'routes:shop/web/http'], ['deployments:shop', 'clusters:web', 'service', 'services:web:1.0'], ['deployments:shop', 'clusters:web', 'cluster'], ['deployments:shop', 'deployment']]) expect([tags, (await newest('health', ...tags))?.value]).toEqual([tags, 1])
  await until('an allocation', async () => (await newest('allocation', 'deployments:shop')) !== undefined)
  expect((await newest('allocation', 'allocation', 'deployments:shop'))?.value).toEqual({ cpu: 0.4, memory: 128, instances: 2 })
})

test('chaos: a route fails for a while, visitors notice, health tells, and it is called off', async () => {
  const failedBefore = visitors.visits.failed
  await vamp('workflow', 'start', 'chaos', '--name', 'fail-it', ...Object.entries({ EXPERIMENT: 'fail', GATEWAY: 'front', ROUTE: 'shop/web/http', DURATION: 20, HOURS: '0-23', DAYS: '1-7', ABORT_ERROR_RATE: 0.5 }).flatMap(([key, value]) => ['--set', `${key}=${value}`]))
  await until('it waits for its hour', async () => (await client.call(contract.workflows.getStatus, { path: { name: 'fail-it' } })).data === 'running')
  await vamp('workflow', 'trigger', 'fail-it')
  await until('health falls', async () => (await newest('health', 'gateways:front', 'route', 'routes:shop/web/http'))?.value === 0)
  const report = await reported('fail-it')
  expect(report).toEqual(expect.objectContaining({ done: true, aborted: true, experiment: 'fail', hit: ['shop/web/http'] }))
  expect(visitors.visits.failed).toBeGreaterThan(failedBefore)
  await until('it is whole again', async () => (await newest('health', 'gateways:front', 'gateway'))?.value === 1)
})

test('chaos: outside its hours nothing happens; an instance is killed and comes back; a zone is cut', async () => {
  const settings = (values: Readonly<Record<string, string | number>>) => Object.entries({ GATEWAY: 'front', DURATION: 2, HOURS: '0-23', DAYS: '1-7', ABORT_ERROR_RATE: 1, ...values }).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const [tomorrow] = [((new Date().getUTCDay() + 7) % 7) + 1]
  await vamp('workflow', 'start', 'chaos', '--name', 'kill-it', ...settings({ EXPERIMENT: 'kill', DEPLOYMENT: 'shop' }))
  await vamp('workflow', 'start', 'chaos', '--name', 'cut-it', ...settings({ EXPERIMENT: 'zone', ZONE: 'b' }))
  await vamp('workflow', 'start', 'chaos', '--name', 'not-now', ...settings({ EXPERIMENT: 'kill', DEPLOYMENT: 'shop', DAYS: `${tomorrow}-${tomorrow}` }))
  const cloud = await instances('cloud')
  for (const name of ['kill-it', 'cut-it', 'not-now']) {
    await until(`${name} is armed`, async () => (await client.call(contract.workflows.getStatus, { path: { name } })).data === 'running')
    await vamp('workflow', 'trigger', name)
  }
  const killed = await reported('kill-it')
  expect(killed).toEqual(expect.objectContaining({ done: true, hit: [expect.stringMatching(/^shop-/)] }))
  expect((await reported('cut-it'))['hit']).toEqual(expect.arrayContaining(cloud))
  expect(await reported('not-now')).toEqual({ done: false, reason: 'outside the declared hours' })
  await until('both are whole again', async () => (await instances('shop')).length === 2 && (await instances('cloud')).length === 2)
  for (const name of ['kill-it', 'cut-it', 'not-now', 'fail-it', 'health', 'metrics', 'allocation']) await stop(name)
})

test('chaos: a slow route is slow for visitors, and quick again', async () => {
  const askedMs = async () => { const from = performance.now(); await (await fetch(`http://127.0.0.1:${front}/products`)).text(); return performance.now() - from }
  await vamp('workflow', 'start', 'chaos', '--name', 'slow-it', ...Object.entries({ EXPERIMENT: 'slow', GATEWAY: 'front', DELAY: '700ms', DURATION: 10, HOURS: '0-23', DAYS: '1-7', ABORT_ERROR_RATE: 1 }).flatMap(([key, value]) => ['--set', `${key}=${value}`]))
  await until('it is armed', async () => (await client.call(contract.workflows.getStatus, { path: { name: 'slow-it' } })).data === 'running')
  await vamp('workflow', 'trigger', 'slow-it')
  await until('three in a row are slow', async () => await askedMs() >= 700 && await askedMs() >= 700 && await askedMs() >= 700)
  await until('it is over', async () => (await client.call(contract.gateways.get, { path: { gateway: 'front' } })).data['policy'] === undefined)
  await until('it is quick again', async () => await askedMs() < 700)
  await stop('slow-it')
})

test('autoscaling: instances come with the visitors', async () => {
  await start('autoscaling', { ...QUICK, PLACE: 'shop/web', RATE: 15, MAXIMUM: 3, WINDOW: 5 })
  await until('three instances', async () => (await instances('shop')).length === 3)
  await stop('autoscaling')
})

test('cost/performance: what performance does not need is given back', async () => {
  await start('cost-performance', { ...QUICK, P95: 60_000, ACT: 'yes', MINIMUM: 2, WINDOW: 5, DEPLOYMENT: 'shop' })
  await until('two instances', async () => (await instances('shop')).length === 2)
  const cost = (await newest('cost', 'deployments:shop', 'services:web:1.0'))?.value as { cost_per_thousand: number; p95: number }
  expect([cost.cost_per_thousand > 0, cost.p95 > 0]).toEqual([true, true])
  await stop('cost-performance')
})

test('bin-packing: every instance moves, those of visitors too, and no visitor is lost', async () => {
  const [before, failed] = [[...await instances('shop'), ...await instances('cloud')], visitors.visits.failed]
  await start('bin-packing', { VAMP_WORKFLOW_EXECUTION_PERIOD: 600, CPU: 2, MEMORY: 4000, MOVE: 'yes', MOVES: 4 })
  const report = await reported('bin-packing')
  await until('others are there', async () => { const now = [...await instances('shop'), ...await instances('cloud')]; return now.length === 4 && !now.some(name => before.includes(name)) })
  expect(report).toEqual(expect.objectContaining({ machines: 1, needed: 1 }))
  expect([before.length, visitors.visits.failed - failed]).toEqual([4, 0])
  await stop('bin-packing')
})

test('follow the sun: visitors go where it is day', async () => {
  await start('follow-the-sun', { ...QUICK, GATEWAY: 'front', REGIONS: 'shop/web/http@+0,cloud/web/http@+12', HOURS: '8-18', NOW: '2026-06-01T00:00:00Z' })
  await until('the other side is awake', async () => (await weights())['cloud/web/http'] === 100)
  await seen('lite')
  await start('follow-the-sun', { ...QUICK, GATEWAY: 'front', REGIONS: 'shop/web/http@+0,cloud/web/http@+12', HOURS: '8-18', NOW: '2026-06-01T12:00:00Z' })
  await until('day again', async () => (await weights())['shop/web/http'] === 100)
  await seen('1.0')
  await stop('follow-the-sun')
})

test('cloud bursting: what home cannot take goes to the cloud, and comes back', async () => {
  await start('cloud-bursting', { ...QUICK, GATEWAY: 'front', HOME: 'shop/web/http', CLOUD: 'cloud/web/http', CAPACITY: 20, WINDOW: 5 })
  await until('some go to the cloud', async () => { const { 'cloud/web/http': share = 0 } = await weights(); return share > 20 && share < 80 })
  await seen('lite')
  await start('cloud-bursting', { ...QUICK, GATEWAY: 'front', HOME: 'shop/web/http', CLOUD: 'cloud/web/http', CAPACITY: 2000, WINDOW: 5 })
  await until('all are at home', async () => (await weights())['shop/web/http'] === 100)
  await stop('cloud-bursting')
})

test('brown-out: visitors get the light version while the objective burns, and the full one again', async () => {
  const settings = { ...QUICK, GATEWAY: 'front', FULL: 'shop/web/http', LITE: 'cloud/web/http', STEP: 50, BACK: 50, WINDOW: 3 }
  await start('brown-out', { ...settings, P95: 1 })
  await until('all is shed', async () => (await weights())['cloud/web/http'] === 100)
  await seen('lite')
  await start('brown-out', { ...settings, P95: 60_000 })
  await until('all is back', async () => (await weights())['shop/web/http'] === 100)
  await seen('1.0')
  expect((await client.call(contract.events.query, { query: { tag: ['gateways:front', 'brown-out', 'restoring'] } })).data.length).toBeGreaterThan(0)
  await stop('brown-out')
})

test('load test: the whole chain is reported; what Vamp does not manage is refused', async () => {
  await start('load-test', { GATEWAY: 'front', HOSTS: `127.0.0.1:${front}`, FROM: 5, TO: 40, DURATION: 4, STEPS: 2, SCENARIO: '[{"path":"/products"},{"path":"/cart?user=a&product=2","method":"POST"}]' })
  const report = await reported('load-test') as unknown as { steps: readonly { sent: number; failed: number; p50: number }[]; chain: readonly { gateway: string; requests: number }[] }
  expect(report.steps.map(({ sent }) => sent)).toEqual([10, 80])
  expect(report.steps.every(({ failed, p50 }) => failed === 0 && p50 > 0)).toBe(true)
  expect(report.chain.map(({ gateway }) => gateway)).toEqual(expect.arrayContaining(['front', 'shop/web/http']))
  await vamp('workflow', 'start', 'load-test', '--name', 'elsewhere', '--set', 'GATEWAY=front', '--set', 'HOSTS=example.com:80')
  const refused = await until('it is refused', async () => (await client.call(contract.workflows.runs, { path: { name: 'elsewhere' } })).data.find(({ state }) => state === 'failed'))
  expect(refused.reason).toContain('nothing is sent')
  await stop('load-test')
  await stop('elsewhere')
})

test('image push: a release begins, and visitors see the new version', async () => {
  await start('image-release', { DEPLOYMENT: 'shop' })
  await until('it listens', async () => (await client.call(contract.workflows.getStatus, { path: { name: 'image-release' } })).data === 'running')
  await client.call(contract.events.publish, { body: { tags: ['image:pushed'], value: { image: join(directory, 'web:1.1') } } })
  await until('the release is under way', async () => (await client.call(contract.releases.status, { path: { name: 'shop-web-1.1' } })).data.weight > 0)
  await seen('1.1', 3)
  await stop('image-release')
})

test('a workflow that is no script runs as what the driver runs, with the original\'s environment', async () => {
  await client.call(contract.workflows.put, { path: { name: 'shell' }, body: { name: 'shell', schedule: { event: ['shell'] }, breed: { name: 'shell', deployable: { type: 'command', definition: 'echo "$VAMP_URL $VAMP_NAMESPACE"; echo "$VAMP_WORKFLOW_DATA" | base64 -d; echo' } } } })
  await until('it is armed', async () => (await client.call(contract.workflows.getStatus, { path: { name: 'shell' } })).data === 'running')
  await client.call(contract.events.publish, { body: { tags: ['shell'], value: 'hello' } })
  const { id } = await until('it ran', async () => (await client.call(contract.workflows.runs, { path: { name: 'shell' } })).data.find(({ state }) => state === 'succeeded'))
  const { data: ran } = await client.call(contract.workflows.getRun, { path: { name: 'shell', run: id } })
  const text = ran.log.map(({ line }) => line).join('\n')
  expect(text).toContain(`${url} default`)
  expect(text).toContain('"value":"hello"')
  await stop('shell')
})

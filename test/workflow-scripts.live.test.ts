/** Scripts on a real server with visitors: the examples, those that speak to Elasticsearch as for the original, and hostile ones, whose records say what stopped them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startVisitors, type Visitors } from '@vamp/cli/demo/visitors'
import { run as vampCommand } from '@vamp/cli/run'
import { type Client, openClient } from '@vamp/client/client'
import { contract } from '@vamp/model/api/contract'
import { createColors } from 'picocolors'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exited, until } from './apart.ts'
import { freePort } from './links/programs.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const GATEWAY = 'shop/web/http'
let directory: string
let server: ChildProcess
let client: Client
let visitors: Visitors

/** A command line; its output, whatever its end. */
async function vamp(...words: string[]): Promise<string> {
  let text = ''
  const io = { out: (more: string) => { text += more }, err: (more: string) => { text += more }, stdin: async () => '', columns: 200, rows: 24, terminal: false, colours: createColors(false), signal: new AbortController().signal, now: () => Date.now(), sleep: (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms)) }
  await vampCommand(words, io, { VAMP_HOST: client.url })
  return text
}

const example = (name: string) => join(ROOT, 'examples/workflows', name)
const shares = async () => (await client.call(contract.gateways.get, { path: { gateway: GATEWAY } })).data.state.acknowledged

/** One run of a script that is not stored; its record when it is over. */
async function recordOf(name: string, definition: string, more: object = {}) {
  const workflow = { name, schedule: 'daemon', timeout: '300s', breed: { name, deployable: { type: 'application/javascript', definition } }, ...more }
  const { data: run } = await client.call(contract.workflows.try, { body: { workflow } })
  const read = async () => (await client.call(contract.workflows.getRun, { path: { name: run.workflow, run: run.id } })).data
  await until(`${name} is over`, async () => !['waiting', 'running'].includes((await read()).state), 3000)
  return await read()
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vamp-workflow-scripts-'))
  const [port, front] = [await freePort(), await freePort()]
  client = openClient({ url: `http://127.0.0.1:${port}` })
  server = spawn(process.execPath, [join(ROOT, 'cli/src/main.ts'), 'up', '--port', String(port), '--data', join(directory, 'data'), '--gateway', 'embedded', '--gateway-ports', `${await freePort()}-65000`, '--on-exit', 'stop', '--log-level', 'warn', '--elasticsearch-interface', 'on'], { cwd: ROOT, stdio: 'ignore' })
  await until('the server is ready', async () => (await fetch(`${client.url}/api/v1/health/ready`)).ok)
  const breed = (version: string) => `kind: breed\nname: web:${version}\ndeployable: {type: process, definition: node examples/shop/shop.ts}\nports: {http: 0/http}\nenvironment_variables: {SHOP_VERSION: "${version}"}\nhealth_checks: [{ path: /health, port: http, initial_delay: 0s, interval: 1s, timeout: 2s, failures: 3 }]\n`
  const service = (version: string) => `{breed: web:${version}, scale: {cpu: 0.2, memory: 64MB, instances: 1}}`
  const file = join(directory, 'shop.yml')
  writeFileSync(file, [breed('1.0'), breed('1.1'), `kind: blueprint\nname: shop\ngateways: {${front}: web/http}\nclusters: {web: {services: [${service('1.0')}, ${service('1.1')}]}}\n`].join('---\n'))
  await vamp('apply', '-f', file, '--wait')
  await client.call(contract.gateways.get, { path: { gateway: GATEWAY } })
  await until('the shop answers', async () => (await fetch(`http://127.0.0.1:${front}/`)).ok)
  visitors = startVisitors({ host: '127.0.0.1', port: front, perSecond: 30 })
})

afterAll(async () => {
  await visitors?.stop()
  server.kill('SIGTERM')
  await exited(server)
  rmSync(directory, { recursive: true, force: true })
})

test('the example of a canary gives the new version all visitors, step by step', async () => {
  const said = await vamp('workflow', 'run', example('canary.ts'), ...Object.entries({ GATEWAY, OLD: 'shop/web/web:1.0/http', NEW: 'shop/web/web:1.1/http', STEP: 50, WAIT: 3 }).flatMap(([key, value]) => ['--set', `${key}=${value}`]))
  expect(said).toMatch(/50%: \d+ requests, 0 failed\n100%: \d+ requests, 0 failed\nshop\/web\/web:1\.1\/http has all visitors/)
  await until('visitors see it', async () => (await shares())['shop/web/web:1.1/http'] === 100)
})

test('a script with a mistake is told with its file and the place in it, and a forgotten import with what to write', async () => {
  const [wrong, bare] = [join(directory, 'bad.ts'), join(directory, 'bare.js')]
  writeFileSync(wrong, "import { vamp } from '@vamp/client/workflow'\nconst a: = 1\n")
  writeFileSync(bare, 'vamp.log(1)\n')

  expect(await vamp('workflow', 'run', wrong)).toMatch(/^failed SyntaxError: Unexpected token .* \(\S+\/bad\.ts:2:10\)\n$/)
  expect(await vamp('workflow', 'run', bare)).toMatch(/^failed ReferenceError: 'vamp' is not defined \(at .*\/bare\.js:1:1\)+: the script begins with import \{ vamp \} from '@vamp\/client\/workflow'\n$/)
})

test('the first example of the documentation prints something', async () => {
  await vamp('workflow', 'start', 'bin-packing', '--set', 'CPU=4', '--set', 'MEMORY=8192')
  await until('it has printed', async () => /\d+ instances? on \d+ machines?; \d+ would do/.test(await vamp('workflow', 'logs', 'bin-packing')), 300)
  await vamp('workflow', 'stop', 'bin-packing')
})

test('the example in the words of the original prints the rate of each gateway and tells it as an event', async () => {
  const said = await vamp('workflow', 'run', example('original.js'))
  expect(said).toMatch(/shop\/web\/http: [1-9][\d.]* requests\/s/)
  expect(said).toMatch(/[12] events/)
  const [event] = (await client.call(contract.events.query, { query: { tag: [`gateways:${GATEWAY}`, 'gateway', 'metrics:rate'], per_page: 1 } })).data
  expect(event).toMatchObject({ type: 'metrics', value: expect.any(Number) })
})

test('the example for a chat tells it of a deployment, over the one host that it names', async () => {
  const told: string[] = []
  const chat = createServer((request, response) => { request.on('data', data => told.push(`${request.url} ${String(data)} ${request.headers['idempotency-key'] === undefined ? 'without a key' : 'with a key'}`)); request.on('end', () => response.end()) })
  await new Promise<void>(resolve => { chat.listen(0, '127.0.0.1', resolve) })
  const file = join(directory, 'on-deploy.yml')
  writeFileSync(file, readFileSync(example('on-deploy.yml'), 'utf8').replaceAll('chat.example.com', `127.0.0.1:${(chat.address() as AddressInfo).port}`).replace('https://', 'http://'))
  await vamp('apply', '-f', file)
  await until('it listens', async () => (await client.call(contract.workflows.getStatus, { path: { name: 'on-deploy' } })).data === 'running')
  await client.call(contract.events.publish, { body: { type: 'synchronization', tags: ['deployments:shop', 'services:web:1.1', 'synchronization:deployed'] } })
  await until('the chat was told', () => told.length > 0)
  chat.close()
  expect(told).toEqual(['/hooks/deploys {"text":"services:web:1.1 is deployed"} with a key'])
})

/** As vamp-node-client asked, through its own `Http`. */
const TO_ELASTICSEARCH = `
const { Api, Http, Log } = require('vamp-node-client')
const http = new Http(), api = new Api()
const ask = (index, body, path = '_search') => http.request(process.env.VAMP_ELASTICSEARCH_URL + '/' + index + '/' + path, { method: 'POST', headers: { 'content-type': 'application/json' } }, JSON.stringify(body)).then(JSON.parse)
const window = { range: { '@timestamp': { gt: 'now-30s' } } }
api.gateways().filter(({ name }) => name === '${GATEWAY}').each(async ({ lookup_name }) => {
  const log = (more, rest = {}) => ask(process.env.VAMP_GATEWAY_DRIVER_ELASTICSEARCH_METRICS_INDEX + '/' + process.env.VAMP_GATEWAY_DRIVER_ELASTICSEARCH_METRICS_TYPE, { size: 0, query: { bool: { filter: [{ term: { ft: lookup_name } }, window, ...more] } }, ...rest })
  const all = await log([], { aggregations: { agg: { percentiles: { field: 'Tt', percents: [50, 95] } } } })
  const failed = await log([{ range: { ST: { gte: 500 } } }])
  const written = await ask('vamp-pulse-default-event', { tags: ['written', 'gateways:${GATEWAY}'], value: '7', type: 'rating', timestamp: new Date().toISOString() }, 'rating')
  new Log().log(JSON.stringify({ total: all.hits.total, median: all.aggregations.agg.values['50.0'], failed: failed.hits.total, created: written.created }))
})`

test('a script that speaks to Elasticsearch itself finds the requests and writes its events', async () => {
  const { state, reason, log } = await recordOf('elastic', TO_ELASTICSEARCH)
  expect([state, reason]).toEqual(['succeeded', undefined])
  const told = JSON.parse(log.at(-1)?.line ?? '{}') as { total: number; median: number; failed: number; created: boolean }
  expect([told.total > 100, told.median > 5, told.failed, told.created]).toEqual([true, true, 0, true])
  expect((await client.call(contract.events.query, { query: { tag: ['written'] } })).data).toHaveLength(1)
})

/** What computes for long gets only what a busy machine has left. */
const SLOW_MS = 320_000
const CPU = { scale: { cpu: 0.1, memory: '64MB', instances: 1 } }

test.each([
  ['an endless loop', 'while (true) {}', 'cpu', 'it used more processor time than it may: 3 s, and 0.1 of a core from then on'],
  ['a memory bomb', 'const a = []; for (;;) a.push(new Uint8Array(100000))', 'memory', 'it needed more memory than it may: 64 MB'],
  ['deep recursion', 'const f = () => f() + 1; f()', 'stack', 'it called itself too deeply: the stack is full'],
  ['a fork', 'require("child_process").fork("x")', undefined, "'child_process' is not there"],
  ['a file', 'require("fs").readFileSync("/etc/passwd")', undefined, "'fs' is not there"],
  ['a connection to elsewhere', 'await fetch("http://example.com/")', undefined, 'a connection to example.com is not allowed: the workflow may name it under hosts'],
  ['pollution of what it talks with', 'Object.prototype.url = 1; Promise.prototype.then = null; JSON.stringify = null; require("vamp-node-client"); await 0; throw new Error("spoilt its own run")', undefined, ''],
] as const)('%s: the record of the run says what stopped it, and the server goes on', async (name, script, limit, reason) => {
  // To fill its memory it must first clear it, and on some machines that alone takes more than the seconds of the others.
  const run = await recordOf('hostile', script, limit === 'memory' ? { scale: { ...CPU.scale, cpu: 1 } } : CPU)
  expect([name, run.state, run.limit, run.reason]).toEqual([name, 'failed', limit, expect.stringContaining(reason)])
  expect((await recordOf('decent', 'module.exports = [1, 2].map(x => x + 1).join() + typeof ({}).url')).result).toBe('2,3undefined')
}, SLOW_MS)

test('a flood of lines is cut, and counted in the record', async () => {
  const { left_out, log } = await recordOf('flood', 'for (let i = 0; i < 20000; i++) console.log("line " + i)', CPU)
  expect(left_out).toBeGreaterThan(15_000)
  expect(log.length).toBeLessThanOrEqual(500)
})

test('a flood of events comes no faster than a script may ask, and the rest is refused in words', async () => {
  const before = Date.now()
  const run = await recordOf('flood', 'import { vamp } from "@vamp/client/workflow"\nlet told = 0\nconst refused = new Set()\nawait Promise.all(Array.from({ length: 2000 }, (_, i) => vamp.events.publish(["flood"], i).then(() => { told++ }, error => { refused.add(error.message) })))\nexport default { told, refused: [...refused].join() }')
  const { told, refused } = run.result as { told: number; refused: string }
  expect(refused).toContain('1000 calls are waiting already')
  expect(told).toBeLessThanOrEqual(100 + 25 * ((Date.now() - before) / 1000 + 1))
}, SLOW_MS)

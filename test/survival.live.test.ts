/**
 * The gateway path never depends on the server: with visitors on it, the server is killed, and another one takes over what
 * the first one left running. Real HAProxy, real processes, the real command line.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startVisitors } from '@vamp/cli/demo/visitors'
import { afterEach, beforeEach, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MAIN = join(ROOT, 'cli/bin/vamp.mjs')

let directory: string
let servers: ChildProcess[]
let port: number
let gateway: number

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vamp-survival-'))
  servers = []
  port = await freePort()
  gateway = await freePort()
})

afterEach(async () => {
  const last = servers.at(-1)
  if (last && last.exitCode === null) last.kill('SIGKILL')
  // What was left running is ended by a last server that is told to.
  const sweeper = up('--on-exit', 'stop')
  await ready().catch(() => {})
  sweeper.kill('SIGTERM')
  await exited(sweeper)
  rmSync(directory, { recursive: true, force: true })
})

function up(...flags: string[]): ChildProcess {
  const server = spawn(process.execPath, [MAIN, 'up', '--port', String(port), '--data', join(directory, 'data'), '--gateway', 'haproxy', ...flags], { cwd: ROOT, stdio: 'ignore' })
  servers.push(server)
  return server
}

const exited = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise<void>(resolve => child.once('exit', () => resolve()))
const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds().catch(() => false)) return
    await sleep(100)
  }
  throw new Error(`never: ${what}`)
}

const ready = () => until('the server is ready', async () => (await fetch(`http://127.0.0.1:${port}/api/v1/health/ready`)).ok)

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => { const { port: found } = probe.address() as { port: number }; probe.close(() => resolve(found)) })
  })
}

async function vamp(...args: string[]): Promise<{ status: number | null; text: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: ROOT, env: { ...process.env, VAMP_HOST: `http://127.0.0.1:${port}` }, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stdout.on('data', data => { text += String(data) })
  child.stderr.on('data', data => { text += String(data) })
  await exited(child)
  return { status: child.exitCode, text }
}

/** Process numbers of the instances, as the process driver notes them. */
async function instances(): Promise<readonly { id: string; state: string }[]> {
  const deployment = await (await fetch(`http://127.0.0.1:${port}/api/v1/deployments/shop`)).json() as { clusters: Record<string, { services: { instances: { name: string; deployed: boolean }[] }[] }> }
  return Object.values(deployment.clusters).flatMap(({ services }) => services.flatMap(service => service.instances.map(({ name, deployed }) => ({ id: name, state: deployed ? 'ready' : 'not' }))))
}

function processesOf(marker: string): string[] {
  return spawnedPids().filter(pid => readOrEmpty(`/proc/${pid}/environ`).includes(marker))
}

function readOrEmpty(file: string): string {
  try { return readFileSync(file, 'latin1') } catch { return '' }
}

function spawnedPids(): string[] {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name))
}

test('kill -9 of the server: visitors notice nothing, and the next server keeps what runs instead of starting it twice', async () => {
  const file = join(directory, 'shop.yml')
  writeFileSync(file, readFileSync(join(ROOT, 'examples/shop/1-shop.yml'), 'utf8').replace('9050:', `${gateway}:`))
  up()
  await ready()
  const applied = await vamp('apply', '-f', file, '--wait')
  expect(applied.status, applied.text).toBe(0)
  await until('the shop answers', async () => (await fetch(`http://127.0.0.1:${gateway}/`)).ok)
  const marker = `VAMP_STATE=${join(directory, 'data')}`
  const before = processesOf(marker)
  const visitors = startVisitors({ host: '127.0.0.1', port: gateway, perSecond: 100 })
  await sleep(2000)

  const [first] = servers
  first?.kill('SIGKILL')
  await sleep(3000)
  const whileDown = visitors.visits.requests
  up()
  await ready()
  await until('both instances are known as ready', async () => (await instances()).filter(({ state }) => state === 'ready').length === 2)
  await sleep(3000)
  const after = processesOf(marker)
  const { requests, failed } = await visitors.stop()

  expect(before).toHaveLength(2)
  expect(after).toEqual(before)
  expect(whileDown).toBeGreaterThan(300)
  expect(requests).toBeGreaterThan(700)
  expect(failed).toBe(0)
})

test('a server that is told to stop everything leaves no process and no open port', async () => {
  const file = join(directory, 'shop.yml')
  writeFileSync(file, readFileSync(join(ROOT, 'examples/shop/1-shop.yml'), 'utf8').replace('9050:', `${gateway}:`))
  const server = up('--on-exit', 'stop')
  await ready()
  await vamp('apply', '-f', file, '--wait')
  await until('the shop answers', async () => (await fetch(`http://127.0.0.1:${gateway}/`)).ok)

  server.kill('SIGTERM')
  await exited(server)

  expect(processesOf(`VAMP_STATE=${join(directory, 'data')}`)).toEqual([])
  expect(spawnedPids().filter(pid => readOrEmpty(`/proc/${pid}/cmdline`).includes(join(directory, 'data')))).toEqual([])
  await expect(fetch(`http://127.0.0.1:${gateway}/`)).rejects.toThrow()
})

test('a wrong blueprint prints every problem with file, line, column and caret, and changes nothing', async () => {
  const file = join(directory, 'wrong.yml')
  writeFileSync(file, 'kind: blueprint\nname: shop\nclusters:\n  web:\n    services:\n      - breed: web:1.0\n        enviroment_variables: {A: b}\n        scale: {cpu: 1, memory: 64}\n')
  up()
  await ready()

  const { status, text } = await vamp('apply', '-f', file)

  expect(status).toBe(4)
  expect(text).toContain('wrong.yml:7:9')
  expect(text).toContain('enviroment_variables')
  expect(text).toContain('environment_variables')
  expect(text).toContain('wrong.yml:8:')
  expect(text).toMatch(/\n *\^/)
  expect(await (await fetch(`http://127.0.0.1:${port}/api/v1/blueprints`)).json()).toEqual([])
})

test('a taken gateway port is told with the process that holds it, and heals when the port is free', async () => {
  const squatter = createServer().listen(gateway, '127.0.0.1')
  const file = join(directory, 'shop.yml')
  writeFileSync(file, readFileSync(join(ROOT, 'examples/shop/1-shop.yml'), 'utf8').replace('9050:', `${gateway}:`))
  up('--on-exit', 'stop')
  await ready()
  await vamp('apply', '-f', file)
  const problem = async () => ((await (await fetch(`http://127.0.0.1:${port}/api/v1/gateways/shop/${gateway}`)).json()) as { state?: { problem?: string } }).state?.problem ?? ''

  await until('the gateway says who holds the port', async () => (await problem()).includes(`process ${process.pid}`))
  expect(await problem()).toContain(String(gateway))

  squatter.close()
  await until('the shop answers', async () => (await fetch(`http://127.0.0.1:${gateway}/`)).ok)
  await until('the gateway has no problem', async () => await problem() === '')
})

test('a server that cannot start, as its engine does not answer, leaves what another left running alone', async () => {
  const backend = createServer(socket => socket.end('HTTP/1.0 200 OK\r\n\r\nhello'))
  await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve))
  const { port: place } = backend.address() as { port: number }
  const answers = async () => (await fetch(`http://127.0.0.1:${gateway}/`)).ok
  const first = up()
  await ready()
  writeFileSync(join(directory, 'web.yml'), `kind: gateway\nname: web\nport: ${gateway}/http\nroutes:\n  "[127.0.0.1:${place}]":\n    weight: 100%\n`)
  expect(await vamp('apply', '-f', join(directory, 'web.yml'))).toEqual({ status: 0, text: expect.stringContaining('gateway web') })
  await until('the gateway answers', answers)
  first.kill('SIGKILL')
  await exited(first)

  const second = up('--containers', 'docker', '--docker', `unix://${join(directory, 'none.sock')}`, '--on-exit', 'stop')
  await exited(second)

  expect(second.exitCode).toBeGreaterThan(0)
  expect(await answers()).toBe(true)
  backend.close()
})

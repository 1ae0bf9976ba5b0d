/**
 * Server and proxy apart, as on two hosts: the server carries no request itself, an agent with a token and a HAProxy does.
 * Then the server is killed, and the agent, and nobody notices. Real programs throughout.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findBinary } from '@vamp/agent/proxy/haproxy/process'
import { startVisitors } from '@vamp/cli/demo/visitors'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const VAMP = join(ROOT, 'cli/src/main.ts')
const AGENT = join(ROOT, 'agent/bin/vamp-agent.mjs')
const PER_SECOND = 50

let directory: string
let children: ChildProcess[]
let port: number
let gateway: number

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vamp-apart-'))
  children = []
  port = await freePort()
  gateway = await freePort()
})

afterEach(async () => {
  for (const child of children.toReversed()) await kill(child)
  // What was left running is ended by a last server that is told to.
  const sweeper = up('stop')
  await until('the last server is ready', ready).catch(() => {})
  sweeper.child.kill('SIGTERM')
  await exited(sweeper.child)
  const haproxy = Number((/"pid":(\d+)/.exec(readOrEmpty(join(directory, 'agent/haproxy/process.json'))) ?? [])[1])
  if (haproxy > 0) process.kill(haproxy, 'SIGKILL')
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
})

function start(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): { child: ChildProcess; said: () => string } {
  const child = spawn(process.execPath, [program, ...args], { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { said += String(data) })
  children.push(child)
  return { child, said: () => said }
}

const up = (onExit: 'keep' | 'stop') => start(VAMP, ['up', '--port', String(port), '--data', join(directory, 'server'), '--gateway', 'none', '--auth', 'on', '--on-exit', onExit])
const agent = (token: string) => start(AGENT, ['--server', `http://127.0.0.1:${port}`, '--name', 'edge', '--gateway', 'haproxy', '--data', join(directory, 'agent')], { VAMP_TOKEN: token })
const exited = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit')

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await exited(child)
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds().catch(() => false)) return
    await sleep(100)
  }
  throw new Error(`never: ${what}`)
}

const ready = async () => (await fetch(`http://127.0.0.1:${port}/api/v1/health/ready`)).ok

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port: found } = probe.address() as { port: number }
  probe.close()
  return found
}

function readOrEmpty(file: string): string {
  try { return readFileSync(file, 'utf8') } catch { return '' }
}

async function vamp(token: string, ...args: string[]): Promise<string> {
  const { child, said } = start(VAMP, args, { VAMP_HOST: `http://127.0.0.1:${port}`, VAMP_TOKEN: token })
  await exited(child)
  expect(child.exitCode, said()).toBe(0)
  return said()
}

const secretIn = (said: string) => /vamp_[\w-]{43}/.exec(said)?.[0] ?? ''

describe.skipIf(findBinary() === undefined)('with HAProxy', () => {
  test('an agent elsewhere carries the requests and measures them; neither its server\'s death nor its own is noticed', async () => {
    const first = up('keep')
    await until('the server is ready', ready)
    const admin = secretIn(first.said())
    const operator = secretIn(await vamp(admin, 'token', 'create', 'edge', '--role', 'operator'))
    const edge = agent(operator)
    const shop = join(directory, 'shop.yml')
    writeFileSync(shop, readFileSync(join(ROOT, 'examples/shop/1-shop.yml'), 'utf8').replace('9050:', `${gateway}:`))
    await vamp(operator, 'apply', '-f', shop, '--wait')
    await until('the shop answers', async () => (await fetch(`http://127.0.0.1:${gateway}/`)).ok)
    const measured = async () => 300 * Number(await (await fetch(`http://127.0.0.1:${port}/api/v1/metrics/gateways/${encodeURIComponent(`shop/${gateway}`)}/rate?window=300`, { headers: { authorization: `Bearer ${operator}` } })).text())
    const visitors = startVisitors({ host: '127.0.0.1', port: gateway, perSecond: PER_SECOND })
    await until('what the visitors do is measured', async () => await measured() > 2 * PER_SECOND)

    await kill(first.child)
    const before = visitors.visits.requests
    await sleep(4000)
    const whileDown = visitors.visits.requests - before
    up('keep')
    await until('the next server is ready', ready)
    // The next server knows nothing of what the first one measured.
    await until('what was measured meanwhile arrives', async () => await measured() >= whileDown)
    await kill(edge.child)
    const alone = visitors.visits.requests
    await until('HAProxy serves on its own', async () => visitors.visits.requests - alone > 2 * PER_SECOND)
    const again = agent(operator)
    const known = await measured()
    await until('the next agent measures', async () => await measured() > known + 2 * PER_SECOND)
    const { requests, failed } = await visitors.stop()

    expect(whileDown).toBeGreaterThan(PER_SECOND)
    expect(failed, `${failed} of ${requests}\n${edge.said()}\n${again.said()}`).toBe(0)
    expect(again.said()).not.toContain('took no')
  })
})

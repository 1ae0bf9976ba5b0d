/** Server, agent and HAProxy apart, as on several hosts, from real programs: for tests that kill them one after the other. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './links/programs.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const VAMP = join(ROOT, 'cli/src/main.ts')
const AGENT = join(ROOT, 'agent/bin/vamp-agent.mjs')

export interface Running { readonly child: ChildProcess; readonly said: () => string }

export interface Apart {
  readonly directory: string
  /** Of the shop's gateway. */
  readonly gateway: number
  /** A server, ready. The first one makes the tokens. */
  up(args?: readonly string[], name?: string): Promise<Running>
  /** From now on questions go to this server. */
  talkTo(name: string): void
  agent(args?: readonly string[]): Running
  /** Deploys the shop and waits until it answers. */
  openShop(): Promise<void>
  vamp(...args: string[]): Promise<string>
  /** With the operator's token; JSON. */
  ask(path: string): Promise<unknown>
  /** Requests of the last five minutes, as far as this server has heard of them. */
  measured(): Promise<number>
  /** Ids of HAProxy's processes: the master and its workers. */
  haproxy(): { readonly master: number; readonly workers: readonly number[] }
  close(): Promise<void>
}

export const exited = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit')

export async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await exited(child)
}

export async function until(what: string, holds: () => Promise<boolean> | boolean, tries = 300): Promise<void> {
  for (let count = 0; count < tries; count++) {
    if (await Promise.resolve(holds()).catch(() => false)) return
    await sleep(100)
  }
  throw new Error(`never: ${what}`)
}

/** `names`: of the servers that there may be, each with a directory of its own. */
export async function openApart(names: readonly string[] = ['server']): Promise<Apart> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-apart-'))
  const gateway = await freePort()
  const ports = new Map<string, number>()
  for (const name of names) ports.set(name, await freePort())
  const urlOf = (name: string) => `http://127.0.0.1:${ports.get(name)}`
  const children: ChildProcess[] = []
  let server = urlOf(names[0] ?? '')
  let [admin, operator] = ['', '']

  function start(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
    const child = spawn(process.execPath, [program, ...args], { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { said += String(data) })
    children.push(child)
    return { child, said: () => said }
  }
  const ready = async (name: string) => (await fetch(`${urlOf(name)}/api/v1/health/ready`)).ok
  const serve = (name: string, args: readonly string[]) => start(VAMP, ['up', '--port', String(ports.get(name)), '--data', join(directory, name), '--gateway', 'none', '--auth', 'on', ...args])
  const vampAs = async (token: string, ...args: string[]) => {
    const { child, said } = start(VAMP, args, { VAMP_HOST: server, VAMP_TOKEN: token })
    await exited(child)
    if (child.exitCode !== 0) throw new Error(`vamp ${args.join(' ')}: ${said()}`)
    return said()
  }
  const ask = async (path: string) => (await fetch(`${server}/api/v1${path}`, { headers: { authorization: `Bearer ${operator}` } })).json()

  return {
    directory, gateway, ask,
    talkTo(name) { server = urlOf(name) },
    async up(args = [], name = names[0] ?? '') {
      const running = serve(name, args)
      await until('the server is ready', () => ready(name))
      if (admin === '') {
        await until('the token is shown', () => secretIn(running.said()) !== '')
        admin = secretIn(running.said())
        operator = secretIn(await vampAs(admin, 'token', 'create', 'edge', '--role', 'operator'))
      }
      return running
    },
    agent: (args = []) => start(AGENT, ['--server', names.map(urlOf).join(','), '--name', 'edge', '--gateway', 'haproxy', '--data', join(directory, 'agent'), ...args], { VAMP_TOKEN: operator }),
    async openShop() {
      const shop = join(directory, 'shop.yml')
      writeFileSync(shop, readFileSync(join(ROOT, 'examples/shop/1-shop.yml'), 'utf8').replace('9050:', `${gateway}:`))
      await vampAs(operator, 'apply', '-f', shop, '--wait')
      await until('the shop answers', async () => (await fetch(`http://127.0.0.1:${gateway}/`)).ok)
    },
    vamp: (...args) => vampAs(operator, ...args),
    measured: async () => 300 * Number(await ask(`/metrics/gateways/${encodeURIComponent(`shop/${gateway}`)}/rate?window=300`)),
    haproxy() {
      const master = masterIn(directory)
      return { master, workers: readOrEmpty(`/proc/${master}/task/${master}/children`).split(' ').filter(Boolean).map(Number) }
    },
    async close() {
      for (const child of children.toReversed()) await kill(child)
      // What was left running is ended by a last server that is told to.
      for (const name of names) {
        const sweeper = serve(name, ['--on-exit', 'stop'])
        await until('the last server is ready', () => ready(name)).catch(() => {})
        sweeper.child.kill('SIGTERM')
        await exited(sweeper.child)
      }
      const master = masterIn(directory)
      if (master > 0) process.kill(master, 'SIGKILL')
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

const secretIn = (said: string) => /vamp_[\w-]{43}/.exec(said)?.[0] ?? ''
const masterIn = (directory: string) => Number((/"pid":(\d+)/.exec(readOrEmpty(join(directory, 'agent/haproxy/process.json'))) ?? [])[1] ?? 0)

function readOrEmpty(file: string): string {
  try { return readFileSync(file, 'utf8') } catch { return '' }
}

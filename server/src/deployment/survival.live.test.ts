/** Real processes or containers, a real database, and a server that is killed with SIGKILL whatever it is doing; instances and the engine are killed, too. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startTestEngine, whyNoEngine } from '../container/docker/testdata/test-engine.ts'
import { findByEnvironment } from '../container/process/proc.ts'
import { seeded } from '@vamp/stats/testdata/seeded'
import type { Service } from './testdata/world.ts'

const ROUNDS = Number(process.env['VAMP_KILL_ROUNDS'] ?? 8)
const DOCKER_ROUNDS = Number(process.env['VAMP_KILL_ROUNDS'] ?? 4)
const SEED = Number(process.env['VAMP_KILL_SEED'] ?? 7)

/** What instances run on, as the test sees it without the server. */
interface Ground {
  /** Arguments of the server. */
  readonly flags: readonly string[]
  /** The command of each copy that runs. */
  running(): readonly string[]
  /** One of them, by chance. */
  killOne(upTo: (count: number) => number): void
  /** The engine dies and comes back. */
  restart?(): Promise<void>
}

describe('a server that is killed again and again leaves what was wanted, once', () => {
  test(`as processes, ${ROUNDS} times`, { timeout: 120_000 + ROUNDS * 5000 }, async () => {
    const directory = place()
    const marks = [`VAMP_STATE=${join(directory, 'containers')}`]
    onTestFinished(() => { for (const { pid } of findByEnvironment(marks)) process.kill(pid, 'SIGKILL') })
    const leaders = () => findByEnvironment(marks).filter(({ leads }) => leads)
    await liveAndDie(directory, ROUNDS, {
      flags: ['process'],
      running: () => leaders().map(({ pid }) => secondsIn(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))),
      killOne(upTo) { const all = leaders(); const one = all[upTo(all.length)]; if (one) process.kill(one.pid, 'SIGKILL') },
    })
    expect(findByEnvironment(marks)).toEqual([])
  })

  test.skipIf(whyNoEngine() !== undefined)(`as containers, ${DOCKER_ROUNDS} times`, { timeout: 180_000 + DOCKER_ROUNDS * 20_000 }, async () => {
    const directory = place()
    const engine = await startTestEngine()
    onTestFinished(() => engine.stop())
    const containers = () => engine.docker('ps', '-q').split('\n').filter(Boolean)
    await liveAndDie(directory, DOCKER_ROUNDS, {
      flags: ['docker', engine.host],
      running: () => engine.docker('ps', '--no-trunc', '--format', '{{.Command}}').split('\n').filter(Boolean).map(secondsIn),
      killOne(upTo) { const all = containers(); const one = all[upTo(all.length)]; if (one) engine.docker('kill', one) },
      restart: () => engine.restart(),
    })
    expect(engine.docker('ps', '-aq')).toBe('')
  })
})

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-survival-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const secondsIn = (command: string) => /sleep (\d+)/.exec(command)?.[1] ?? command

async function liveAndDie(directory: string, rounds: number, ground: Ground): Promise<void> {
  const random = seeded(SEED)
  const upTo = (count: number) => Math.floor(random() * count)
  let wanted: Service[] = []
  for (let round = 0; round < rounds; round++) {
    wanted = [service('web:1.0', upTo(4), upTo(2)), service('web:1.1', upTo(3), upTo(2))]
    const server = start(directory, wanted, ground)
    await said(server, 'up')
    await sleep(upTo(round % 2 === 0 ? 150 : 1200))
    if (upTo(2) === 0) ground.killOne(upTo)
    if (ground.restart && upTo(4) === 0) await ground.restart()
    if (upTo(3) > 0) await kill(server)
    else {
      await said(server, 'settled')
      await kill(server)
    }
  }
  const last = start(directory, wanted, ground)
  await said(last, 'settled')
  await kill(last)
  expect([...ground.running()].sort()).toEqual(wanted.flatMap(({ command = '', instances }) => Array.from({ length: instances }, () => secondsIn(command))).sort())

  const end = start(directory, wanted.map(service => ({ ...service, intention: 'Undeployment' })), ground)
  for (let waited = 0; waited < 40_000 && ground.running().length > 0; waited += 100) await sleep(100)
  await said(end, 'empty')
  await kill(end)
}

function service(breed: string, instances: number, command: number): Service {
  return { cluster: 'web', breed, instances, command: `sleep ${breed === 'web:1.0' ? 1000 + command : 2000 + command}` }
}

function start(directory: string, services: readonly Service[], { flags }: Ground): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'testdata', 'doomed-server.ts'), directory, JSON.stringify(services), ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function said(server: ChildProcess, word: string): Promise<void> {
  let text = ''
  for await (const chunk of server.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    text += String(chunk)
    if (text.includes(word)) return
  }
  throw new Error(`the server ended and never said ${word}`)
}

async function kill(server: ChildProcess): Promise<void> {
  const ended = once(server, 'exit')
  server.kill('SIGKILL')
  await ended
}

/** Real processes, a real database, and a server that is killed with SIGKILL whatever it is doing. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { findByEnvironment } from '../container/process/proc.ts'
import { seeded, type Service } from './testdata/world.ts'

const ROUNDS = Number(process.env['VAMP_KILL_ROUNDS'] ?? 16)

test(`a server killed ${ROUNDS} times while it deploys, scales, replaces and undeploys leaves what was wanted, once`, { timeout: 120_000 + ROUNDS * 5000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-survival-'))
  const marks = [`VAMP_STATE=${join(directory, 'containers')}`]
  onTestFinished(() => {
    for (const { pid } of findByEnvironment(marks)) process.kill(pid, 'SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })
  const random = seeded(7)
  const upTo = (count: number) => Math.floor(random() * count)
  let wanted: Service[] = []

  for (let round = 0; round < ROUNDS; round++) {
    wanted = [service('web:1.0', upTo(4), upTo(2)), service('web:1.1', upTo(3), upTo(2))]
    const server = start(directory, wanted)
    await said(server, 'up')
    await sleep(upTo(round % 2 === 0 ? 150 : 1200))
    await kill(server)
  }
  const last = start(directory, wanted)
  await said(last, 'settled')
  await kill(last)

  const running = findByEnvironment(marks).filter(({ leads }) => leads).map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim())
  expect(running.sort()).toEqual(wanted.flatMap(({ command = '', instances }) => Array.from({ length: instances }, () => command)).sort())

  const end = start(directory, wanted.map(service => ({ ...service, intention: 'Undeployment' })))
  for (let waited = 0; waited < 20_000 && findByEnvironment(marks).length > 0; waited += 100) await sleep(100)
  await kill(end)
  expect(findByEnvironment(marks)).toEqual([])
})

function service(breed: string, instances: number, command: number): Service {
  return { cluster: 'web', breed, instances, command: `sleep ${breed === 'web:1.0' ? 1000 + command : 2000 + command}` }
}

function start(directory: string, services: readonly Service[]): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'testdata', 'doomed-server.ts'), directory, JSON.stringify(services)], { stdio: ['ignore', 'pipe', 'inherit'] })
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

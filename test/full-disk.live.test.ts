/** A disk that is full, a real one of a few megabytes: the server says so where orchestrators ask, and is well again by itself. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findByEnvironment } from '@vamp/server/container/process/proc'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exited, kill, until } from './apart.ts'
import { freePort } from './links/programs.ts'

/** Ten megabytes each tenth of a second, whatever becomes of them. */
const CHATTY = `while :; do head -c 10000000 /dev/zero | tr '\\0' '\\n'; sleep 0.1; done 2>/dev/null`

const ROOT = fileURLToPath(new URL('..', import.meta.url))

describe.skipIf(process.getuid?.() !== 0)('a server on a small disk', () => {
  let directory: string
  let server: ChildProcess | undefined
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vamp-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', directory])
  })
  afterEach(async () => {
    if (server) { await kill(server); await exited(server) }
    execFileSync('umount', ['-l', directory])
    rmSync(directory, { recursive: true, force: true })
  })

  test('that is full is not ready and says why, until it has written again', { timeout: 120_000 }, async () => {
    const port = await freePort()
    const api = `http://127.0.0.1:${port}/api/v1`
    server = spawn(process.execPath, [join(ROOT, 'cli/src/main.ts'), 'up', '--port', String(port), '--data', join(directory, 'data'), '--gateway', 'none', '--containers', 'memory', '--log-level', 'error'], { cwd: ROOT, stdio: 'ignore' })
    const ready = async () => {
      const response = await fetch(`${api}/health/ready`)
      return { status: response.status, store: ((await response.json()) as { parts: { store: string } }).parts.store }
    }
    const publish = async () => (await fetch(`${api}/events`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ tags: ['full'], value: 'x'.repeat(2000) }) })).status
    await until('the server is ready', async () => (await ready()).status === 200)

    expect(() => writeFileSync(join(directory, 'ballast'), Buffer.alloc(16 * 1024 * 1024))).toThrow('ENOSPC')
    await until('nothing can be written', async () => await publish() === 507)
    expect(await ready()).toEqual({ status: 503, store: expect.stringMatching(/^disk_full: no space left/) })

    rmSync(join(directory, 'ballast'))
    expect(await publish()).toBe(201)
    expect(await ready()).toEqual({ status: 200, store: 'ok' })
  })

  describe('with a process that prints without end', () => {
    let api: string
    let port: number
    let said: string
    const start = async (): Promise<ChildProcess> => {
      const started = spawn(process.execPath, [join(ROOT, 'cli/src/main.ts'), 'up', '--port', String(port), '--data', join(directory, 'data'), '--gateway', 'none', '--containers', 'process', '--on-exit', 'stop'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
      for (const stream of [started.stdout, started.stderr]) stream.on('data', data => { said += String(data) })
      await until('the server is ready', async () => (await fetch(`${api}/health/ready`)).ok)
      return started
    }
    beforeEach(async () => {
      execFileSync('mount', ['-o', 'remount,size=48m', directory])
      port = await freePort()
      api = `http://127.0.0.1:${port}/api/v1`
      said = ''
      server = await start()
      const blueprint = { name: 'chatty', clusters: { all: { services: [{ breed: { name: 'chatty:1', deployable: { type: 'command', definition: CHATTY } }, scale: { instances: 1, cpu: 0.1, memory: '64MB' } }] } } }
      const answer = await fetch(`${api}/deployments/chatty`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(blueprint) })
      expect(answer.status, await answer.text()).toBeLessThan(300)
      await until('it prints', () => existsSync(join(directory, 'data/logs')) && readdirSync(join(directory, 'data/logs')).some(name => name.endsWith('stdout.log')))
    })
    afterEach(async () => {
      server?.kill('SIGTERM')
      if (server) await exited(server)
      // A server that has ended by itself has left them running.
      for (const { pid, leads } of findByEnvironment([`VAMP_STATE=${join(directory, 'data/containers')}`])) if (leads) process.kill(-pid, 'SIGKILL')
    })
    const wellFor = async (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        await sleep(1000)
        expect((await fetch(`${api}/health`)).status, said).toBeLessThan(600)
      }
      expect(server?.exitCode, said).toBeNull()
    }

    test('has space again and again, and goes on', { timeout: 60_000 }, async () => {
      await wellFor(8)
      await until('there is space', () => statfsSync(directory).bavail * statfsSync(directory).bsize > 16 * 1024 * 1024)
    })

    test('whose data is taken away loses nothing: it is written anew, and the next server finds what runs', { timeout: 180_000 }, async () => {
      const data = join(directory, 'data')
      const runs = () => findByEnvironment([`VAMP_STATE=${join(data, 'containers')}`]).filter(({ leads }) => leads).map(({ pid }) => pid)
      const before = runs()
      rmSync(data, { recursive: true })
      await wellFor(35)
      expect(said.split('logs of processes that have ended cannot be removed').length).toBeLessThanOrEqual(2)
      for (const told of ['the database was taken away, and is there again with everything in it', 'notes of processes were taken away, and are there again']) expect(said.split(told), told).toHaveLength(2)
      expect(statfsSync(directory).bavail * statfsSync(directory).bsize, 'what a file without a name takes').toBeGreaterThan(16 * 1024 * 1024)

      // While there is no server nobody cuts what is printed: that must not be what the next one finds.
      execFileSync('mount', ['-o', 'remount,size=1g', directory])
      if (server) { server.kill('SIGKILL'); await exited(server) }
      server = await start()
      expect(await (await fetch(`${api}/deployments/chatty`)).json()).toMatchObject({ name: 'chatty' })
      await until('what ran is ready', async () => JSON.stringify(await (await fetch(`${api}/instances`)).json()).includes('"state":"ready"'))
      expect(runs()).toEqual(before)
    })
  })
})

/** A disk that is full, a real one of a few megabytes: the server says so where orchestrators ask, and is well again by itself. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exited, kill, until } from './apart.ts'
import { freePort } from './links/programs.ts'

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
})

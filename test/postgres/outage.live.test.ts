/** A server whose PostgreSQL dies and is away for longer than every timer of the server waits: it stays, and goes on. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { postgresBinaries, startPostgres } from '../../bench/evidence/postgres-cluster.ts'

const MAIN = fileURLToPath(new URL('../../cli/bin/vamp.mjs', import.meta.url))
const AWAY_MS = 8000

test.skipIf(postgresBinaries() === undefined)('PostgreSQL is killed and comes back seconds later: the same server serves again, and has lost nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-outage-'))
  await using database = await startPostgres()
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise(resolve => probe.close(resolve))
  const server = spawn(process.execPath, [MAIN, 'up', '--port', String(port), '--data', join(directory, 'data'), '--database', database.create(), '--gateway', 'none', '--containers', 'memory', '--on-exit', 'stop'], { stdio: 'ignore' })
  const ended = once(server, 'exit')
  const call = (path: string, body?: object) => fetch(`http://127.0.0.1:${port}/api/v1${path}`, body ? { method: 'PUT', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}).then(({ ok }) => ok, () => false)
  const until = async (holds: () => Promise<boolean>) => {
    for (let tries = 0; !await holds(); tries++) {
      if (tries > 300 || server.exitCode !== null) throw new Error(server.exitCode === null ? 'it never came' : `the server ended with ${server.exitCode}`)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
  try {
    await until(() => call('/health/ready'))
    expect(await call('/scales/before', { name: 'before', cpu: 1, memory: '64MB', instances: 1 })).toBe(true)

    await database.crash(AWAY_MS)

    await until(() => call('/scales/after', { name: 'after', cpu: 1, memory: '64MB', instances: 1 }))
    expect([await call('/scales/before'), server.exitCode]).toEqual([true, null])
  } finally {
    server.kill('SIGTERM')
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
})

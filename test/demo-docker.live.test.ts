/** The demonstration with its services in containers, told to its end by the real command line on a Docker engine of our own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openDockerClient } from '@vamp/server/container/docker/docker-client'
import { expect, onTestFinished, test } from 'vitest'
import { startPrivateDockerd, whyNoDockerd } from '../tools/private-dockerd.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const missing = whyNoDockerd()

test.skipIf(missing !== undefined)(`the demonstration comes out right in containers and leaves none behind${missing === undefined ? '' : ` (skipped: ${missing})`}`, { timeout: 480_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-demo-docker-'))
  const dockerd = await startPrivateDockerd(join(directory, 'dockerd'))
  onTestFinished(async () => {
    await dockerd.stop()
    rmSync(directory, { recursive: true, force: true })
  })
  const host = `unix://${dockerd.socket}`

  const demo = spawn(process.execPath, [join(ROOT, 'cli/src/main.ts'), 'demo', '--containers', 'docker', '--docker', host, '--data', join(directory, 'data'), '--port', '8099', '--exit', '--json'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => { demo.kill('SIGKILL') })
  const check = spawn(process.execPath, [join(ROOT, 'tools/check-demo.ts')], { stdio: ['pipe', 'pipe', 'pipe'] })
  const told: string[] = []
  for (const stream of [demo.stderr, check.stdout, check.stderr]) stream.on('data', text => told.push(String(text)))
  demo.stdout.pipe(check.stdin)
  const exits = await Promise.all([demo, check].map(child => once(child, 'exit')))

  await using docker = await openDockerClient({ host })
  const { value: left } = await docker.call<readonly unknown[]>('GET', '/containers/json', { query: { all: true } })
  expect([exits.map(([code]) => code), left], told.join('')).toEqual([[0, 0], []])
})

/** A server of this project for one measurement: with HAProxy, in a directory and on ports of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Place {
  readonly port: number
  readonly gateway: number
  up(...flags: readonly string[]): Promise<ChildProcess>
  ask<T>(path: string, method?: string, body?: unknown): Promise<T>
  stop(): Promise<void>
}

/** `flags`: of `vamp up`, beside where it keeps its data. */
export async function place(flags: readonly string[]): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-scaling-'))
  const [port, gateway] = [await freePort(), await freePort()]
  let server: ChildProcess | undefined
  const ask = async <T>(path: string, method = 'GET', body?: unknown): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, { method, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': typeof body === 'string' ? 'application/x-yaml' : 'application/json' } }) })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  const up = async (...more: readonly string[]) => {
    server = spawn(process.execPath, [join(ROOT, 'cli/bin/vamp.mjs'), 'up', '--port', String(port), '--data', join(directory, 'data'), '--gateway', 'haproxy', ...flags, ...more], { cwd: ROOT, stdio: 'ignore' })
    await until(async () => { await ask('/health/ready'); return true })
    return server
  }
  return {
    port, gateway, up, ask,
    async stop() {
      if (server && server.exitCode === null && server.signalCode === null) { server.kill('SIGKILL'); await once(server, 'exit') }
      const sweeper = await up('--on-exit', 'stop')
      await sleep(500)
      sweeper.kill('SIGTERM')
      await once(sweeper, 'exit')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export async function until(holds: () => Promise<boolean>, everyMs = 25, mostMs = 120_000): Promise<void> {
  for (const end = Date.now() + mostMs; Date.now() < end;) {
    if (await holds().catch(() => false)) return
    await sleep(everyMs)
  }
  throw new Error('it never came')
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}

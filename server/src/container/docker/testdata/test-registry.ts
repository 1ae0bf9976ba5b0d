/** A registry of a test's own, that asks for a name and a password. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './test-engine.ts'

export const PROGRAM = '/usr/bin/docker-registry'
/** Of `vamp`, whose password is `secret`. */
const HTPASSWD = 'vamp:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n'

export interface TestRegistry {
  readonly host: string
  /** A directory as `docker --config` wants it, with the password or without. */
  readonly signedIn: string
  readonly stranger: string
  stop(): Promise<void>
}

/** `notify`: where it tells what was pushed. */
export async function startTestRegistry(notify?: string): Promise<TestRegistry> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-registry-'))
  const host = `127.0.0.1:${await freePort()}`
  const write = (name: string, text: string) => { writeFileSync(join(directory, name), text); return join(directory, name) }
  const config = write('config.yml', JSON.stringify({
    version: 0.1, log: { level: 'error' }, storage: { filesystem: { rootdirectory: join(directory, 'data') } }, http: { addr: host },
    auth: { htpasswd: { realm: 'test', path: write('htpasswd', HTPASSWD) } },
    ...(notify === undefined ? {} : { notifications: { endpoints: [{ name: 'vamp', url: notify, timeout: '5s', threshold: 3, backoff: '1s' }] } }),
  }))
  const child: ChildProcess = spawn(PROGRAM, ['serve', config], { stdio: 'ignore' })
  await until(async () => (await fetch(`http://${host}/v2/`).then(({ status }) => status, () => 0)) === 401)
  const configOf = (name: string, auths: object) => {
    const path = mkdtempSync(join(directory, name))
    writeFileSync(join(path, 'config.json'), JSON.stringify({ auths }))
    return path
  }
  return {
    host, signedIn: configOf('in', { [host]: { auth: Buffer.from('vamp:secret').toString('base64') } }), stranger: configOf('out', {}),
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export const whyNoRegistry = (): string | undefined => existsSync(PROGRAM) ? undefined : 'docker-registry is not installed'

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}

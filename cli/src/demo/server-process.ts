/** The demonstration's own server, as a program of its own: `vamp up`, with its log in a file. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export interface ServerProcess {
  readonly url: string
  readonly logFile: string
  /** Ends it and everything that it runs. */
  stop(): Promise<void>
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<void>
}

export interface ServerProcessOptions {
  /** The program `vamp`. */
  readonly main: string
  readonly directory: string
  readonly port: number
  readonly gateway: 'auto' | 'haproxy' | 'embedded'
  readonly containers: string
  readonly docker: string
}

const READY_MS_MAX = 20_000
const LOOK_MS = 50
/** Draining, stopping, closing: a server that is not gone after this is killed. */
const STOP_MS_MAX = 20_000
const LOG_LINES_SHOWN = 15

/** Starts from nothing: what an earlier demonstration stored is removed. Throws with the server's last words if it does not come up. */
export async function startServer({ main, directory, port, gateway, containers, docker }: ServerProcessOptions): Promise<ServerProcess> {
  mkdirSync(directory, { recursive: true })
  const other = otherServer(directory)
  if (other !== undefined) throw new Error(`another server (process ${other}) uses ${directory}: end it, or give this demonstration another --data`)
  for (const file of ['vamp.db', 'vamp.db-wal', 'vamp.db-shm']) rmSync(join(directory, file), { force: true })
  const logFile = join(directory, 'server.log')
  rmSync(logFile, { force: true })
  const log = openSync(logFile, 'a')
  const flags = ['--port', String(port), '--data', directory, '--gateway', gateway, '--containers', containers, '--docker', docker, '--on-exit', 'stop']
  // The check compiles what the server is made of, so that the server itself needs no compiler in its memory.
  const checked = spawnSync(main, ['up', '--check', ...flags], { encoding: 'utf8', timeout: READY_MS_MAX })
  if (checked.status !== 0) throw new Error(`the server would not start:\n${(checked.stderr || checked.stdout).trim()}`)
  // A session of its own: Ctrl-C reaches the demonstration, which ends the server in order.
  const child = spawn(main, ['up', ...flags], { stdio: ['ignore', log, log], detached: true })
  const url = `http://127.0.0.1:${port}`
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  await ready(child, url, logFile)
  return { url, logFile, ended, stop: () => stop(child, ended) }
}

/** The process that holds the claim on a data directory, if it lives. */
function otherServer(directory: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(directory, 'server.json'), 'utf8')) as { pid: number }
    process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}

async function ready(child: ChildProcess, url: string, logFile: string): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX
  // What answers at the address may be another server, with work of its own: ours says in its log that it listens.
  const listens = () => readFileSync(logFile, 'utf8').includes(`Vamp runs at ${url}`)
  while (!listens() || !(await fetch(`${url}/api/v1/health/ready`).then(response => response.ok, () => false))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`the server did not start:\n${readFileSync(logFile, 'utf8').trim().split('\n').slice(-LOG_LINES_SHOWN).join('\n')}`)
    }
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  await ended
  clearTimeout(timer)
}

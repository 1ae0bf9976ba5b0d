/**
 * The HAProxy process: a master with workers, detached from ours. It is recognised by its process id and start time,
 * which together never come back, so that a later process of ours finds it again.
 */
import { execFile, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'
import type { Clock } from '../../base/clock.ts'
import { writeAtomic } from './files.ts'
import { adminSocket, askMaster, masterSocket, oldWorkers } from './master-socket.ts'
import { openRuntime } from './runtime.ts'

export interface Master { readonly pid: number; readonly started: string }

export interface ProcessSettings {
  readonly directory: string
  readonly binary: string
  readonly clock: Clock
}

/** Ten thousand gateways took more than a minute on a machine that others kept busy. */
const START_MS = 300_000
const POLL_MS = 10
const ASK_AGAIN_MS = 2_000
/** An old worker that says nothing for so long is not waited for. */
const SILENT_MS = 5_000

/** Whoever asks there gets nothing but a line in the log. */
export const tickSocket = (directory: string): string => join(directory, 'tick.sock')
const output = (directory: string) => join(directory, 'output.log')
const processFile = (directory: string) => join(directory, 'process.json')
/** What a master says; also where its file was taken away. */
const outputOf = (directory: string, { pid }: Pick<Master, 'pid'>) => existsSync(output(directory)) ? output(directory) : `/proc/${pid}/fd/1`

/** The first of the usual places; undefined if HAProxy is not installed. */
export function findBinary(): string | undefined {
  return ['/usr/local/sbin/haproxy', '/usr/sbin/haproxy', '/usr/local/bin/haproxy', '/usr/bin/haproxy'].find(path => existsSync(path))
}

/** The master that an earlier process of ours started in this directory, if it is alive. */
export async function findMaster(directory: string): Promise<Master | undefined> {
  try {
    const { pid, started } = JSON.parse(await readFile(processFile(directory), 'utf8')) as Master
    return Number.isInteger(pid) && startOf(pid) === started ? { pid, started } : undefined
  } catch {
    return undefined
  }
}

/** For a later process of ours, which finds it by this. */
export const noteMaster = (directory: string, { pid, started }: Master): Promise<void> => writeAtomic(processFile(directory), JSON.stringify({ pid, started } satisfies Master))

/** False where somebody has taken the note away, and all that was beside it. */
export const isNoted = (directory: string): boolean => existsSync(processFile(directory))

export const alive = (master: Master): boolean => startOf(master.pid) === master.started

/** Throws `Fault('proxy_refused')` with HAProxy's own words if it does not take the configuration, `Fault('proxy_unreachable')` if nobody can tell. */
export async function checkConfig({ binary }: ProcessSettings, config: string, text: string): Promise<void> {
  const result = await new Promise<{ failed: boolean; broken?: string; output: string }>(resolve =>
    execFile(binary, ['-c', '-f', config], { timeout: START_MS, env: {}, maxBuffer: 4 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, output: `${stderr}${stdout}`, ...(error === null || typeof error.code === 'number' ? {} : { broken: error.killed ? `it did not end within ${START_MS / 1000} s` : error.message }) })))
  if (result.broken !== undefined) throw new Fault('proxy_unreachable', 'the program haproxy cannot be run', { reason: `${binary} cannot be run: ${result.broken}` })
  const wrong = result.output.split('\n').filter(line => /^\[(ALERT|WARNING)\]/.test(line))
  if (!result.failed && wrong.length === 0) return
  const first = wrong.find(line => /\[[^\]]*:\d+\]/.test(line)) ?? wrong[0] ?? result.output.trim()
  const line = Number(/:(\d+)\]/.exec(first)?.[1] ?? 0)
  const gateway = gatewayAt(text, line)
  const reason = first.replace(/^\[\w+\]\s*\(\d+\)\s*:\s*/, '').replace(/^config : /, '').replaceAll(config, 'haproxy.cfg')
  throw new Fault('proxy_refused', 'haproxy refused the configuration', { reason, ...(gateway ? { gateway } : {}) })
}

/** The gateway whose section a line of the configuration is in: its name is the comment below the section's title. */
function gatewayAt(config: string, line: number): string | undefined {
  const before = config.split('\n').slice(0, line)
  const title = before.findLastIndex(each => /^\S/.test(each))
  const name = /^ {2}# (".*")$/.exec(config.split('\n')[title + 1] ?? '')?.[1]
  return name ? String(JSON.parse(name)).split(' → ')[0] : undefined
}

/** Starts a master and resolves when its worker answers. */
export async function startMaster(settings: ProcessSettings, signal?: AbortSignal): Promise<Master> {
  const { directory, binary, clock } = settings
  await writeFile(output(directory), '')
  const log = openSync(output(directory), 'a')
  const child = spawn(binary, ['-W', '-S', `${masterSocket(directory)},mode,600`, '-p', join(directory, 'haproxy.pid'), '-f', join(directory, 'haproxy.cfg')],
    // Not in its directory: where that is taken away, it could not read its configuration again.
    { cwd: '/', detached: true, stdio: ['ignore', log, log], env: {} })
  closeSync(log)
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('exit', code => resolve(`exit code ${code}`))
  })
  child.unref()
  const { pid } = child
  if (pid === undefined) throw new Fault('proxy_unreachable', 'haproxy could not be started', { binary, why: await ended })
  const started = startOf(pid)
  if (started !== undefined) await noteMaster(directory, { pid, started })
  let exit: string | undefined
  void ended.then(why => { exit = why })
  const master = { pid, started: started ?? '' }
  try {
    await until(settings, signal, async () => {
      if (exit !== undefined) throw await startFailure(output(directory), 0, exit)
      return await workerPid(directory, clock) !== undefined
    })
  } catch (fault) {
    // Whoever tries again would find its ports taken by it.
    await stopMaster(settings, master, 0)
    throw fault
  }
  return master
}

/** Replaces the worker by one with the configuration that is in the directory now; resolves when the new one answers and the old one knows. */
export async function reload(settings: ProcessSettings, master: Master): Promise<void> {
  const { directory, clock } = settings
  const before = await workerPid(directory, clock)
  const said = outputOf(directory, master)
  const from = (await stat(said).catch(() => undefined))?.size ?? 0
  let asked = Number.NEGATIVE_INFINITY
  await until(settings, undefined, async () => {
    // A master that has only just started may miss the signal.
    if (clock.monotonic() - asked > ASK_AGAIN_MS && !/Reloading HAProxy/.test(await outputSince(said, from))) {
      asked = clock.monotonic()
      signal(master, 'SIGUSR2')
    }
    if (!alive(master)) throw await startFailure(said, from, 'the master ended')
    if (/Loading failure|Failed to load/i.test(await outputSince(said, from))) throw await startFailure(said, from, 'the new worker did not start')
    const now = await workerPid(directory, clock)
    return now !== undefined && now !== before
  })
  const silentAfter = clock.monotonic() + SILENT_MS
  if (before !== undefined) await until(settings, undefined, async () => {
    const answer = await askMaster(directory, clock, `@!${before} show info`).catch(() => '')
    if (/^Stopping: 0$/m.test(answer)) return false
    return answer.includes('Stopping:') || clock.monotonic() > silentAfter || !(await oldWorkers(directory, clock).catch(() => [before])).includes(before)
  })
}

/** Asks the worker to end softly; kills what is left after `graceMs`. */
export async function stopMaster({ clock }: ProcessSettings, master: Master, graceMs: number): Promise<void> {
  for (const [name, patience] of [['SIGUSR1', graceMs], ['SIGTERM', 2_000], ['SIGKILL', 2_000]] as const) {
    if (!alive(master)) return
    signal(master, name)
    const deadline = clock.monotonic() + patience
    while (alive(master) && clock.monotonic() < deadline) await clock.sleep(POLL_MS)
  }
}

/** A process may end between the question whether it lives and the signal. */
function signal(master: Master, name: 'SIGUSR1' | 'SIGUSR2' | 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(master.pid, name)
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause
  }
}

/** The process id of the worker that takes new connections. */
export async function workerPid(directory: string, clock: Clock): Promise<number | undefined> {
  const runtime = await openRuntime({ socket: adminSocket(directory), clock }).catch(() => undefined)
  if (!runtime) return undefined
  const info = await runtime.ask('show info').catch(() => '')
  runtime.close()
  const pid = Number(/^Pid: (\d+)$/m.exec(info)?.[1])
  return pid > 0 && /^Stopping: 0$/m.test(info) ? pid : undefined
}

async function until({ clock, directory }: ProcessSettings, signal: AbortSignal | undefined, done: () => Promise<boolean>): Promise<void> {
  const deadline = clock.monotonic() + START_MS
  while (!await done()) {
    if (clock.monotonic() > deadline) throw new Fault('timeout', 'haproxy did not come up', { directory, waitedMs: START_MS, output: (await outputSince(output(directory), 0)).slice(-500) })
    await clock.sleep(POLL_MS, signal)
  }
}

async function outputSince(file: string, from: number): Promise<string> {
  return (await readFile(file, 'utf8').catch(() => '')).slice(from)
}

async function startFailure(file: string, from: number, why: string): Promise<Fault> {
  const text = await outputSince(file, from)
  const port = /cannot bind socket[^[]*\[[^\]]*:(\d+)\]/.exec(text)?.[1]
  if (port) return new Fault('port_taken', 'the port is in use', { port: Number(port) })
  const alert = /\[ALERT\][^:]*: (.*)/.exec(text)?.[1] ?? why
  return new Fault('proxy_refused', 'haproxy did not start with the configuration', { reason: alert })
}

/** When a process started, in ticks since boot; undefined if it is not there or has ended (a zombie). */
function startOf(pid: number): string | undefined {
  const text = statOf(pid)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** The kernel answers at once; four turns of the thread pool would be the longest part of a change of weights. */
function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return ''
  }
}

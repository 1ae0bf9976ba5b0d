/**
 * Runs scripts in child processes, each of which holds one QuickJS at a time. A few children wait for work, so that an event does
 * not wait for a process; one that went beyond a limit, or does not answer, is thrown away.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { RunEnd, Runner, RunListener, RunRequest, Running } from '../runner.ts'
import type { FromChild } from './messages.ts'

/** Ready ones that are kept. */
const IDLE_MAX = 2
/** Then a child is replaced by a fresh one. */
const RUNS_PER_CHILD = 200
/** A child says every two seconds that it lives, unless one computation takes longer. */
const SILENCE_MS = 30_000
const HEAP_MB = 96
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
/** The second wall, of the process around a script: it reads this program, and may write no file, start no program, and load nothing native. */
export const PROCESS_WALL = ['--permission', `--allow-fs-read=${ROOT}`]

export interface SandboxRunnerOptions { readonly clock: Clock; readonly log: Logger; /** Children that are there before the first run; 0 in tests that need none. */ readonly warm?: number }

interface Child { readonly process: ChildProcess; runs: number; heavy: boolean; busy: ((message: FromChild | 'gone') => void) | undefined; heardAt: number }

export function openSandboxRunner({ clock, log, warm = 1 }: SandboxRunnerOptions): Runner {
  const children = new Set<Child>()
  const idle: Child[] = []
  let closed = false

  /** Coming up for a run that waits is as urgent as anything; being there for the next one, and the scripts, are not. */
  function spawn(urgent: boolean): Child {
    const process = fork(fileURLToPath(new URL('child.ts', import.meta.url)), [], {
      env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: 'json',
      execArgv: [...PROCESS_WALL, `--max-old-space-size=${HEAP_MB}`, '--max-semi-space-size=2', '--disable-warning=ExperimentalWarning'],
    })
    const child: Child = { process, runs: 0, heavy: false, busy: undefined, heardAt: clock.monotonic() }
    children.add(child)
    if (urgent) process.once('message', () => yieldTo(process.pid, SCRIPT))
    else yieldTo(process.pid, SCRIPT)
    process.on('message', (message: FromChild) => { child.heardAt = clock.monotonic(); child.busy?.(message) })
    process.once('error', error => log.warn('a sandbox cannot be started', { error }))
    process.once('exit', () => { drop(child); child.busy?.('gone') })
    return child
  }

  function drop(child: Child): void {
    children.delete(child)
    const at = idle.indexOf(child)
    if (at >= 0) idle.splice(at, 1)
  }

  function discard(child: Child): void {
    drop(child)
    child.process.kill('SIGKILL')
  }

  function release(child: Child): void {
    if (closed || child.heavy || child.runs >= RUNS_PER_CHILD || idle.length >= IDLE_MAX || !child.process.connected) discard(child)
    else idle.push(child)
    refill()
  }

  function refill(): void {
    while (!closed && idle.length < warm) idle.push(spawn(false))
  }

  function start(request: RunRequest, listener: RunListener): Running {
    const child = idle.pop() ?? spawn(true)
    child.runs++
    child.heardAt = clock.monotonic()
    const { promise: ended, resolve } = Promise.withResolvers<RunEnd>()
    const cancels: (() => void)[] = []
    const finish = (end: RunEnd, keep: boolean) => {
      if (!child.busy) return
      child.busy = undefined
      for (const cancel of cancels) cancel()
      if (keep) release(child)
      else { discard(child); refill() }
      resolve(end)
    }
    child.busy = message => {
      if (message === 'gone') finish({ state: 'failed', reason: 'the sandbox died', limit: 'memory' }, false)
      else if (message.is === 'printed') listener.printed(message.lines, message.leftOut)
      else if (message.is === 'heavy') { child.heavy = true; yieldTo(child.process.pid, HEAVY) }
      else if (message.is === 'end') finish(message.end, message.end.limit === undefined)
    }
    watch(child, cancels, finish)
    const { wallMs } = request.limits
    if (wallMs > 0) cancels.push(clock.after(wallMs, () => finish({ state: 'failed', limit: 'time', reason: `it was not done after ${wallMs / 1000} s` }, false)))
    child.process.send(request, error => { if (error) finish({ state: 'failed', reason: `the sandbox cannot be told: ${error.message}` }, false) })
    return { ended, stop: reason => finish({ state: 'stopped', reason }, false) }
  }

  function watch(child: Child, cancels: (() => void)[], finish: (end: RunEnd, keep: boolean) => void): void {
    const look = (): void => {
      const silentMs = clock.monotonic() - child.heardAt
      if (silentMs >= SILENCE_MS) finish({ state: 'failed', limit: 'silence', reason: `it did not answer for ${Math.round(silentMs / 1000)} s` }, false)
      else cancels[0] = clock.after(SILENCE_MS / 4, look)
    }
    cancels[0] = clock.after(SILENCE_MS / 4, look)
  }

  refill()
  return {
    start,
    async [Symbol.asyncDispose]() {
      closed = true
      for (const child of [...children]) {
        child.busy?.('gone')
        discard(child)
      }
    },
  }
}

/** Scripts are less urgent than the server or the proxy beside them, but on a busy machine they still get their turn. */
const SCRIPT = constants.priority.PRIORITY_BELOW_NORMAL
/** Whoever computes for long gets what nobody else wants. There is no way back for a server without privileges, so such a child is not used again. */
const HEAVY = constants.priority.PRIORITY_LOW

/** With its threads: Linux has a priority for each, and those that compile and collect garbage begin before anybody can tell them. */
function yieldTo(pid: number | undefined, priority: number): void {
  if (pid === undefined) return
  let threads: readonly number[] = [pid]
  try { threads = readdirSync(`/proc/${pid}/task`).map(Number) } catch { /* It has ended already, or this is no Linux. */ }
  for (const thread of threads) try { setPriority(thread, priority) } catch { /* It has ended already, or this machine does not let us; it then runs as the others do. */ }
}

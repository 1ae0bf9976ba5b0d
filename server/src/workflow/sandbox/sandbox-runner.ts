/**
 * Runs scripts in child processes, each of which holds one QuickJS at a time. A few children wait for work, so that an event does
 * not wait for a process; one that went beyond a limit, or does not answer, is thrown away.
 */
import { type ChildProcess, fork } from 'node:child_process'
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

export interface SandboxRunnerOptions { readonly clock: Clock; readonly log: Logger; /** Children that are there before the first run; 0 in tests that need none. */ readonly warm?: number }

interface Child { readonly process: ChildProcess; runs: number; busy: ((message: FromChild | 'gone') => void) | undefined; heardAt: number }

export function openSandboxRunner({ clock, log, warm = 1 }: SandboxRunnerOptions): Runner {
  const children = new Set<Child>()
  const idle: Child[] = []
  let closed = false

  function spawn(): Child {
    const root = fileURLToPath(new URL('../../../../', import.meta.url))
    const process = fork(fileURLToPath(new URL('child.ts', import.meta.url)), [], {
      env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: 'json',
      execArgv: ['--permission', `--allow-fs-read=${root}`, `--max-old-space-size=${HEAP_MB}`, '--max-semi-space-size=2', '--disable-warning=ExperimentalWarning'],
    })
    const child: Child = { process, runs: 0, busy: undefined, heardAt: clock.monotonic() }
    children.add(child)
    // Coming up is as urgent as anything; the scripts are not.
    process.once('message', () => yieldTo(process.pid))
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
    if (closed || child.runs >= RUNS_PER_CHILD || idle.length >= IDLE_MAX || !child.process.connected) discard(child)
    else idle.push(child)
    refill()
  }

  function refill(): void {
    while (!closed && idle.length < warm) idle.push(spawn())
  }

  function start(request: RunRequest, listener: RunListener): Running {
    const child = idle.pop() ?? spawn()
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
function yieldTo(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch { /* It has ended already, or this machine does not let us; it then runs as the others do. */ }
}

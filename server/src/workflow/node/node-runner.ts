/** Runs scripts in a whole Node.js of their own, where the operator allows it: it may do whatever this server's user may. */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { openAllowance } from '../allowance.ts'
import { LINE_LENGTH_MAX, LINES_PER_SECOND_MAX, RESULT_BYTES_MAX, type RunEnd, type Runner, type RunListener, type RunRequest, type Running } from '../runner.ts'

type FromScript = { readonly is: 'result'; readonly json: string } | { readonly is: 'failed'; readonly reason: string }

export function openNodeRunner({ clock, log }: { readonly clock: Clock; readonly log: Logger }): Runner {
  const running = new Set<() => void>()

  function start(request: RunRequest, listener: RunListener): Running {
    const cwd = mkdtempSync(join(tmpdir(), 'vamp-workflow-'))
    const child = fork(fileURLToPath(new URL('bootstrap.ts', import.meta.url)), [], {
      cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...request.facts.environment, ...(request.token === undefined ? {} : { VAMP_API_TOKEN: request.token }) },
      execArgv: [`--max-old-space-size=${Math.max(64, Math.ceil(request.limits.memory))}`, '--disable-warning=ExperimentalWarning'],
    })
    const { promise: ended, resolve } = Promise.withResolvers<RunEnd>()
    let end: RunEnd | undefined
    let given: FromScript | undefined
    // Detached, it leads a group: what it started ends with it.
    const kill = (why: RunEnd) => { end ??= why; try { process.kill(-(child.pid ?? 0), 'SIGKILL') } catch { child.kill('SIGKILL') } }
    const abandon = () => kill({ state: 'stopped', reason: 'the server ended' })
    running.add(abandon)
    try { if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL) } catch { /* it has ended already */ }
    const cancel = request.limits.wallMs > 0 ? clock.after(request.limits.wallMs, () => kill({ state: 'failed', limit: 'time', reason: `it was not done after ${request.limits.wallMs / 1000} s` })) : () => {}
    const print = printer(clock, listener)
    if (child.stdout) createInterface({ input: child.stdout }).on('line', line => print('info', line))
    if (child.stderr) createInterface({ input: child.stderr }).on('line', line => print('error', line))
    child.on('message', (message: FromScript) => { given ??= message })
    child.once('error', error => { end ??= { state: 'failed', reason: error.message } })
    child.once('close', (code, signal) => {
      cancel()
      running.delete(abandon)
      try { process.kill(-(child.pid ?? 0), 'SIGKILL') } catch { /* nothing of it is left */ }
      rmSync(cwd, { recursive: true, force: true })
      resolve(end ?? endOf(code, signal, given))
    })
    child.send(request, error => { if (error) log.debug('a script ended before it was told what to do', { error }) })
    return { ended, stop: reason => kill({ state: 'stopped', reason }) }
  }

  return {
    start,
    async [Symbol.asyncDispose]() { for (const abandon of running) abandon() },
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null, given: FromScript | undefined): RunEnd {
  if (given?.is === 'failed') return { state: 'failed', reason: given.reason }
  if (signal === 'SIGABRT' || code === 134) return { state: 'failed', limit: 'memory', reason: 'it needed more memory than it may' }
  if (code !== 0) return { state: 'failed', reason: signal ? `it was ended by ${signal}` : `it ended itself with ${code}` }
  if (given && given.json.length > RESULT_BYTES_MAX) return { state: 'failed', reason: `what the script gives back has more than ${RESULT_BYTES_MAX} bytes` }
  return { state: 'succeeded', ...(given ? { result: JSON.parse(given.json) as unknown } : {}) }
}

/** A flood of lines becomes a number. */
function printer(clock: Clock, listener: RunListener): (level: 'info' | 'error', line: string) => void {
  const allowance = openAllowance({ perSecond: LINES_PER_SECOND_MAX, now: clock.monotonic })
  return (level, line) => {
    if (!allowance.take()) return listener.printed([], 1)
    listener.printed([{ time: clock.now(), level, line: line.slice(0, LINE_LENGTH_MAX) }], 0)
  }
}

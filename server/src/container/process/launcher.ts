/** The server's end of its launcher (`launcher-program.ts`), which is there from the first start on. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { getCompileCacheDir } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Clock } from '@vamp/agent/base/clock'
import type { Exit, FromLauncher, Launch, Refused, ToLauncher } from './launch-messages.ts'
import { isAlive, type ProcessId, startTimeOf } from './proc.ts'

const PROGRAM = fileURLToPath(new URL('launcher-program.ts', import.meta.url))
/** It mostly waits, and has next to nothing to remember. */
const FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=32', '--v8-pool-size=1', '--disable-warning=ExperimentalWarning']
/** A launch takes milliseconds; a launcher that says nothing for so long has been stopped, or hangs. */
const LAUNCH_MS_MAX = 10_000
const END_POLL_MS = 1
/** SIGKILL is not refused; on a machine that stalls it takes its time. */
const END_MS_MAX = 5000

export type Launched =
  | { readonly is: 'started'; readonly process: ProcessId; /** Nothing: nobody is told of it any more. */ readonly ended: Promise<Exit | undefined> }
  | Refused
  /** The launcher ended meanwhile: nobody knows. */
  | { readonly is: 'lost' }

export interface Launcher extends AsyncDisposable {
  /** Resolves when the program is loaded. Throws what `note` throws; then nothing was done. */
  launch(launch: Launch): Promise<Launched>
}

interface Pending { readonly launched: (launched: Launched) => void; readonly ended: (exit: Exit | undefined) => void; readonly end: Promise<Exit | undefined> }

/** `note`: remembers it for the next server, which ends it before it looks what there is (see `endLauncher`). */
export function openLauncher(clock: Clock, note: (launcher: ProcessId) => void): Launcher {
  let current: { readonly child: ChildProcess; readonly pending: Map<number, Pending> } | undefined
  let launches = 0

  const start = () => {
    const cache = getCompileCacheDir()
    // A group of its own: what a terminal sends to the server's is not for it.
    const child = fork(PROGRAM, [], { execArgv: FLAGS, env: cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }, detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: 'json' })
    const pending = new Map<number, Pending>()
    const gone = () => {
      if (current?.child === child) current = undefined
      for (const { launched, ended } of pending.values()) { launched({ is: 'lost' }); ended(undefined) }
      pending.clear()
    }
    child.on('message', (message: FromLauncher) => hear(pending, message))
    child.once('error', gone)
    child.once('exit', gone)
    try {
      if (child.pid !== undefined) note({ pid: child.pid, startTime: startTimeOf(child.pid) ?? 0 })
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
    return { child, pending }
  }

  return {
    async launch(launch) {
      current ??= start()
      const { child, pending } = current
      const number = ++launches
      const [launched, ended] = [Promise.withResolvers<Launched>(), Promise.withResolvers<Exit | undefined>()]
      pending.set(number, { launched: launched.resolve, ended: ended.resolve, end: ended.promise })
      // Where it cannot be told it is ending, and says so.
      child.send({ number, launch } satisfies ToLauncher, () => {})
      const cancel = clock.after(LAUNCH_MS_MAX, () => { child.kill('SIGKILL') })
      return launched.promise.finally(cancel)
    },
    async [Symbol.asyncDispose]() {
      const child = current?.child
      if (child?.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

function hear(pending: Map<number, Pending>, message: FromLauncher): void {
  const known = pending.get(message.number)
  switch (message.is) {
    case 'started': known?.launched({ is: 'started', process: message.process, ended: known.end }); break
    case 'refused': known?.launched(message); break
    case 'ended': known?.ended(message.exit); break
    default: message satisfies never
  }
  if (message.is !== 'started') pending.delete(message.number)
}

/** Of an earlier server. When this returns it starts nothing more, and whatever it has started can be found. */
export function endLauncher(launcher: ProcessId): void {
  for (let waitedMs = 0; isAlive(launcher) && waitedMs < END_MS_MAX; waitedMs += END_POLL_MS) {
    try {
      process.kill(launcher.pid, 'SIGKILL')
    } catch {
      // It ended in the meantime.
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, END_POLL_MS)
  }
}

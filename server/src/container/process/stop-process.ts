/** The end of a process and of everything that it started. */
import type { Clock } from '@vamp/agent/base/clock'
import { Fault } from '@vamp/model/fault'
import { findByEnvironment, groupIsAlive, isAlive, type ProcessId } from './proc.ts'

const POLL_MS = 20
/** SIGKILL is not refused; a process in uninterruptible sleep takes until its device answers. */
const KILL_WAIT_MS = 5000

export interface EndOptions {
  /** Leader of its own process group; absent: it ended already. */
  readonly leader: ProcessId | undefined
  /** Environment settings that tell what it started, wherever it moved. */
  readonly marks: readonly string[]
  readonly graceMs: number
  readonly clock: Clock
}

/** SIGTERM to the whole group, and SIGKILL after the grace for whatever is left. Throws `Fault('container_failed')` if something survives. */
export async function endProcess({ leader, marks, graceMs, clock }: EndOptions, signal?: AbortSignal): Promise<void> {
  if (leader && isAlive(leader)) {
    send(-leader.pid, 'SIGTERM')
    // A paused one hears nothing.
    send(-leader.pid, 'SIGCONT')
    if (!await until(() => !groupIsAlive(leader.pid), graceMs, clock, signal)) send(-leader.pid, 'SIGKILL')
  }
  const survivors = () => findByEnvironment(marks)
  for (const { pid } of survivors()) send(pid, 'SIGKILL')
  if (!await until(() => survivors().length === 0, KILL_WAIT_MS, clock, signal))
    throw new Fault('container_failed', 'a process does not end, not even by SIGKILL', { pids: survivors().map(({ pid }) => pid) })
}

async function until(condition: () => boolean, ms: number, clock: Clock, signal?: AbortSignal): Promise<boolean> {
  const deadline = clock.monotonic() + ms
  while (!condition()) {
    if (clock.monotonic() >= deadline) return false
    await clock.sleep(POLL_MS, signal)
  }
  return true
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended in the meantime.
  }
}

/**
 * What became of starts that nobody told the end of, as their server or its launcher was killed meanwhile. To look at all processes of a
 * machine takes a tenth of a second, so they are looked at for all such starts together; nothing else may happen meanwhile.
 */
import { findAllByEnvironment, heldOpen, type ProcessId } from './proc.ts'

export interface Sought {
  readonly id: string
  /** Settings of its environment. */
  readonly marks: readonly string[]
  /** Files of its output. */
  readonly outputs: readonly string[]
}

/** From fork to exec takes microseconds, on a machine that stalls up to a second. */
const LOADING_POLL_MS = 5
const LOADING_MS_MAX = 2000

/** By id. A child between fork(2) and exec(2) still has the environment of whoever forked it; its output files tell it, and it is waited for. */
export function findStarted(sought: readonly Sought[], look = { findAllByEnvironment, heldOpen }): ReadonlyMap<string, ProcessId> {
  const found = new Map<string, ProcessId>()
  let left = sought
  for (let waitedMs = 0; left.length > 0; waitedMs += LOADING_POLL_MS) {
    const loading = look.heldOpen(new Set(left.flatMap(({ outputs }) => outputs)))
    const processes = look.findAllByEnvironment(left.map(({ marks }) => marks))
    left = left.filter(({ id, outputs }, index) => {
      const leader = processes[index]?.filter(({ leads }) => leads).toSorted((a, b) => a.startTime - b.startTime)[0]
      if (leader) found.set(id, { pid: leader.pid, startTime: leader.startTime })
      return !leader && outputs.some(file => loading.has(file))
    })
    if (waitedMs >= LOADING_MS_MAX) break
    if (left.length > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOADING_POLL_MS)
  }
  return found
}

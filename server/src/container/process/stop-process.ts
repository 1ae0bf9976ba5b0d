/** The end of a process and of everything that it started. */
import type { Clock } from '@vamp/agent/base/clock'
import { Fault } from '@vamp/model/fault'
import { type FoundProcess, findAllByEnvironment, groupIsAlive, isAlive, type ProcessId } from './proc.ts'

const POLL_MS = 20
/** SIGKILL is not refused; a process in uninterruptible sleep takes until its device answers. */
const KILL_WAIT_MS = 5000
/** To look at every process of the machine may take this share of the time: it is the server's own thread that looks. */
const SEARCH_SHARE = 0.2

/** Finds processes by their environment; who asks while others wait shares their look at all processes. */
export type EnvironmentSearch = (settings: readonly string[]) => Promise<readonly FoundProcess[]>

/** `look`: one look at all processes for all who wait. */
export function environmentSearch(clock: Clock, look: typeof findAllByEnvironment = findAllByEnvironment): EnvironmentSearch {
  let waiting: { readonly settings: readonly string[]; readonly answer: PromiseWithResolvers<readonly FoundProcess[]> }[] = []
  let restUntil = 0
  const lookForAll = async () => {
    await clock.sleep(Math.max(0, restUntil - clock.monotonic()))
    const [asked, before] = [waiting, clock.monotonic()]
    waiting = []
    try {
      const found = look(asked.map(({ settings }) => settings))
      for (const [index, { answer }] of asked.entries()) answer.resolve(found[index] ?? [])
    } catch (error) {
      for (const { answer } of asked) answer.reject(error)
    }
    const after = clock.monotonic()
    restUntil = after + (after - before) * (1 / SEARCH_SHARE - 1)
  }
  return settings => {
    const answer = Promise.withResolvers<readonly FoundProcess[]>()
    waiting.push({ settings, answer })
    if (waiting.length === 1) void lookForAll()
    return answer.promise
  }
}

export interface EndOptions {
  /** Leader of its own process group; absent: it ended already. */
  readonly leader: ProcessId | undefined
  /** Environment settings that tell what it started, wherever it moved. */
  readonly marks: readonly string[]
  readonly graceMs: number
  readonly search: EnvironmentSearch
  readonly clock: Clock
}

/** SIGTERM to the whole group, and SIGKILL after the grace for whatever is left. Throws `Fault('container_failed')` if something survives. */
export async function endProcess({ leader, marks, graceMs, search, clock }: EndOptions, signal?: AbortSignal): Promise<void> {
  if (leader && isAlive(leader)) {
    send(-leader.pid, 'SIGTERM')
    // A paused one hears nothing.
    send(-leader.pid, 'SIGCONT')
    if (!await until(() => !groupIsAlive(leader.pid), graceMs, clock, signal)) send(-leader.pid, 'SIGKILL')
  }
  let survivors = await search(marks)
  if (survivors.length === 0) return
  for (const { pid } of survivors) send(pid, 'SIGKILL')
  const ended = async () => { survivors = await search(marks); return survivors.length === 0 }
  if (!await until(ended, KILL_WAIT_MS, clock, signal))
    throw new Fault('container_failed', 'a process does not end, not even by SIGKILL', { pids: survivors.map(({ pid }) => pid) })
}

async function until(condition: () => boolean | Promise<boolean>, ms: number, clock: Clock, signal?: AbortSignal): Promise<boolean> {
  const deadline = clock.monotonic() + ms
  while (!await condition()) {
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

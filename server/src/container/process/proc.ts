/** What Linux tells about processes in `/proc` (proc(5)). A process is known by its number and its start time: numbers are used again. */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessId {
  readonly pid: number
  /** Clock ticks after boot, field 22 of `/proc/<pid>/stat`. */
  readonly startTime: number
}

interface ProcessStat extends ProcessId {
  readonly state: string
  readonly group: number
  readonly session: number
}

/** Nothing if there is no such process. */
function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The name is in parentheses and may hold anything, also parentheses; the fields after the last one are numbered from 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const number = (field: number) => Number(fields[field - 3])
  return { pid, state: fields[0] ?? 'X', group: number(5), session: number(6), startTime: number(22) }
}

/** What identifies a process that runs now; a zombie does not run. */
export function identify(pid: number): ProcessId | undefined {
  const stat = readStat(pid)
  return stat && runs(stat) ? { pid, startTime: stat.startTime } : undefined
}

export function isAlive({ pid, startTime }: ProcessId): boolean {
  return identify(pid)?.startTime === startTime
}

const runs = ({ state }: ProcessStat) => state !== 'Z' && state !== 'X'

/** Also of a child that ended and was not waited for yet. */
export function startTimeOf(pid: number): number | undefined {
  return readStat(pid)?.startTime
}

/** Changes with every start of the machine: numbers and start times of another boot mean nothing. */
export function bootId(): string {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}

/** Every process whose environment has all these settings, with whether it leads a session (as a detached child does). */
export function findByEnvironment(settings: readonly string[]): readonly (ProcessId & { readonly leads: boolean })[] {
  const wanted = settings.map(setting => Buffer.from(setting).toString('latin1'))
  return processes().filter(({ pid }) => {
    const environment = readProc(`/proc/${pid}/environ`)
    if (!environment) return false
    const entries = new Set(environment.split('\0'))
    return wanted.every(setting => entries.has(setting))
  }).map(({ pid, startTime, session }) => ({ pid, startTime, leads: session === pid }))
}

/** Whether anything of a process group runs. */
export function groupIsAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
  }
  // Zombies that nobody has waited for still count for kill(2).
  return processes().some(stat => stat.group === group)
}

function processes(): ProcessStat[] {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(name => {
    const stat = readStat(Number(name))
    return stat && runs(stat) ? [stat] : []
  })
}

/** Processes end while we look, and others' are not ours to read. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

/** What Linux tells about processes in `/proc` (proc(5)). A process is known by its number and its start time: numbers are used again. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** USER_HZ, the same on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100
let pageBytes: number | undefined

export interface ProcessId {
  readonly pid: number
  /** Clock ticks after boot, field 22 of `/proc/<pid>/stat`. */
  readonly startTime: number
}

interface ProcessStat extends ProcessId {
  readonly state: string
  readonly group: number
  readonly session: number
  readonly cpuTicks: number
  readonly residentPages: number
}

/** Nothing if there is no such process. */
function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The name is in parentheses and may hold anything, also parentheses; the fields after the last one are numbered from 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const number = (field: number) => Number(fields[field - 3])
  return { pid, state: fields[0] ?? 'X', group: number(5), session: number(6), startTime: number(22), cpuTicks: number(14) + number(15) + number(16) + number(17), residentPages: number(24) }
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

/** A process, and whether it leads a session (as a detached child does). */
export interface FoundProcess extends ProcessId { readonly leads: boolean }

/** Every process whose environment has all these settings. */
export function findByEnvironment(settings: readonly string[]): readonly FoundProcess[] {
  return findAllByEnvironment([settings])[0] ?? []
}

/** The same for many who ask, with one look at all processes: each is told what has all of its settings. */
export function findAllByEnvironment(wanted: readonly (readonly string[])[]): readonly (readonly FoundProcess[])[] {
  const asked = wanted.map(settings => ({ settings: settings.map(setting => Buffer.from(setting).toString('latin1')), found: [] as FoundProcess[] }))
  for (const { pid, startTime, session } of processes()) {
    const environment = readProc(`/proc/${pid}/environ`)
    if (!environment) continue
    const entries = new Set(environment.split('\0'))
    for (const { settings, found } of asked) if (settings.every(setting => entries.has(setting))) found.push({ pid, startTime, leads: session === pid })
  }
  return asked.map(({ found }) => found)
}

/** Which of these files any process has open, as a child has its output from the moment that it is forked. */
export function heldOpen(files: ReadonlySet<string>): ReadonlySet<string> {
  const held = processes().flatMap(({ pid }) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).map(number => readlinkSync(`/proc/${pid}/fd/${number}`))
    } catch {
      // It ended, closed something, or is not ours.
      return []
    }
  })
  return new Set(held.filter(file => files.has(file)))
}

/** Fields 14 to 17 and 24 of `/proc/<pid>/stat` of all of a group; children that were waited for count with their parents. */
export function consumptionOfGroups(groups: ReadonlySet<number>): ReadonlyMap<number, { readonly cpuSeconds: number; readonly memoryBytes: number }> {
  const sums = new Map<number, { cpuSeconds: number; memoryBytes: number }>()
  pageBytes ??= Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }))
  for (const { group, cpuTicks, residentPages } of processes()) {
    if (!groups.has(group)) continue
    const { cpuSeconds = 0, memoryBytes = 0 } = sums.get(group) ?? {}
    sums.set(group, { cpuSeconds: cpuSeconds + cpuTicks / TICKS_PER_SECOND, memoryBytes: memoryBytes + residentPages * pageBytes })
  }
  return sums
}

/** Whether anything of a process group runs. */
export function groupIsAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
  }
  // Zombies that nobody has waited for still count for kill(2). Mostly the leader itself tells; only without it all are looked at.
  return identify(group) !== undefined || processes().some(stat => stat.group === group)
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

/**
 * What a server must still know of its processes after it was killed at any moment: one file per instance.
 * The file is there before the process is (with no `process` in it) and until the instance was stopped. A file without a
 * process is resolved by looking for the marker in the environment of what runs, so no instance is lost or started twice.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'
import type { Workload } from '../container-driver.ts'
import type { ProcessId } from './proc.ts'

export interface InstanceRecord {
  readonly workload: Workload
  readonly ports: Readonly<Record<string, number>>
  /** Unix milliseconds. */
  readonly startedAt: number
  /** Of the machine, see `bootId`. */
  readonly boot: string
  readonly process?: ProcessId
  readonly paused?: true
  readonly exit?: { readonly reason: string; readonly time: number }
}

export interface StateDirectory {
  readonly path: string
  readAll(): readonly InstanceRecord[]
  /** Of these ids, those that have no file: somebody has taken it away. */
  missing(ids: Iterable<string>): readonly string[]
  /** All or nothing; survives the server, not the machine, whose processes end with it. Throws `Fault('disk_full')`. */
  write(record: InstanceRecord): void
  remove(id: string): void
  /** The program that starts what the records tell of, see `launcher.ts`; of the last server. */
  launcher(): ProcessId | undefined
  noteLauncher(launcher: ProcessId): void
}

const SUFFIX = '.json'
const LAUNCHER = 'launcher'

export function openStateDirectory(path: string): StateDirectory {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const file = (id: string) => join(path, id + SUFFIX)
  const writeWhole = (name: string, value: unknown) => {
    const temporary = `${name}.new`
    const write = () => {
      writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 })
      renameSync(temporary, name)
    }
    try {
      try {
        write()
      } catch (error) {
        if (!isGone(error)) throw error
        mkdirSync(path, { recursive: true, mode: 0o700 })
        write()
      }
    } catch (cause) {
      rmSync(temporary, { force: true })
      if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT'))
        throw new Fault('disk_full', 'there is no space to note what is being started', { path }, { cause })
      throw cause
    }
  }
  return {
    path,
    readAll: () => readdirSync(path).filter(name => name.endsWith(SUFFIX)).flatMap(name => parse<InstanceRecord>(readFileSync(join(path, name), 'utf8'))),
    missing(ids) {
      const there = new Set(namesIn(path))
      return [...ids].filter(id => !there.has(id + SUFFIX))
    },
    write(record) { writeWhole(file(record.workload.id), record) },
    remove(id) { rmSync(file(id), { force: true }) },
    launcher: () => existsSync(join(path, LAUNCHER)) ? parse<ProcessId>(readFileSync(join(path, LAUNCHER), 'utf8'))[0] : undefined,
    noteLauncher(launcher) { writeWhole(join(path, LAUNCHER), launcher) },
  }
}

/** Somebody has taken the directory away. */
const isGone = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT'

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** A file that cannot be read as a record is left alone: the process behind it, if there is one, is found by no one. */
function parse<T>(text: string): T[] {
  try {
    return [JSON.parse(text) as T]
  } catch {
    return []
  }
}

/**
 * Limits of CPU and memory for processes, by control groups of Linux, of version 1 or 2 as they are mounted
 * (cgroups(7)). CPU is a share under contention, as containers have it; memory is a limit.
 */
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'

const ROOT = '/sys/fs/cgroup'
/** Microseconds in which a limit of CPU time is kept. */
const PERIOD_US = 100_000

export interface Limits {
  /** Cores that it gets where all want some. */
  readonly cpu: number
  /** Cores that it never gets more of; absent: what is free. */
  readonly cpuLimit?: number
  /** Megabytes; 0: no limit. */
  readonly memory: number
}

export interface ControlGroups {
  /** Makes the group of an instance. Throws `Fault('container_failed')`. */
  make(id: string, limits: Limits): void
  /** A process, and whatever it starts from then on. */
  enter(id: string, pid: number): void
  /** Whether something in it was ended for want of memory. */
  ranOut(id: string): boolean
  /** When nothing is in it any more. */
  remove(id: string): void
}

interface Version {
  /** Directories of one group: one, or one per controller. */
  directories(path: string): readonly string[]
  /** What is written where. */
  settings(path: string, limits: Limits): readonly (readonly [file: string, value: string])[]
  readonly oom: (path: string) => string
}

/** `place`: of the installation, so that two of them never meet. Throws `Fault('unsupported')` with the reason where groups cannot be made. */
export function openControlGroups(place: string): ControlGroups {
  const parent = `vamp-${createHash('sha256').update(place).digest('hex').slice(0, 12)}`
  const version = existsSync(join(ROOT, 'cgroup.controllers')) ? second() : first()
  try {
    for (const directory of version.directories(parent)) {
      mkdirSync(directory, { recursive: true })
      accessSync(directory, constants.W_OK)
    }
    if (existsSync(join(ROOT, 'cgroup.controllers'))) for (const directory of [ROOT, join(ROOT, parent)]) writeFileSync(join(directory, 'cgroup.subtree_control'), '+cpu +memory')
  } catch (cause) {
    throw new Fault('unsupported', `limits of processes need control groups that may be written, below ${ROOT}: ${cause instanceof Error ? cause.message : String(cause)}. Without --process-limits on, nothing is limited`, {}, { cause })
  }
  const pathOf = (id: string) => join(parent, id)
  return {
    make(id, limits) {
      const path = pathOf(id)
      try {
        for (const directory of version.directories(path)) mkdirSync(directory, { recursive: true })
        for (const [file, value] of version.settings(path, limits)) writeFileSync(file, value)
      } catch (cause) {
        throw new Fault('container_failed', `its limits cannot be set: ${cause instanceof Error ? cause.message : String(cause)}`, { id }, { cause })
      }
    },
    enter(id, pid) { for (const directory of version.directories(pathOf(id))) writeFileSync(join(directory, 'cgroup.procs'), String(pid)) },
    ranOut(id) {
      try {
        return Number(/^oom_kill (\d+)$/m.exec(readFileSync(version.oom(pathOf(id)), 'utf8'))?.[1] ?? 0) > 0
      } catch {
        return false
      }
    },
    remove(id) {
      for (const directory of version.directories(pathOf(id))) {
        try {
          rmdirSync(directory)
        } catch {
          // It is not there, or something still ends in it; an empty group costs nothing.
        }
      }
    },
  }
}

function first(): Version {
  const at = (controller: string, path: string) => join(ROOT, controller, path)
  return {
    directories: path => [at('cpu', path), at('memory', path)],
    settings: (path, { cpu, cpuLimit, memory }) => [
      [join(at('cpu', path), 'cpu.shares'), String(Math.max(2, Math.round(cpu * 1024)))],
      ...(cpuLimit === undefined ? [] : [[join(at('cpu', path), 'cpu.cfs_period_us'), String(PERIOD_US)] as const, [join(at('cpu', path), 'cpu.cfs_quota_us'), String(Math.round(cpuLimit * PERIOD_US))] as const]),
      ...(memory > 0 ? [[join(at('memory', path), 'memory.limit_in_bytes'), String(Math.round(memory * 1e6))] as const] : []),
    ],
    oom: path => join(at('memory', path), 'memory.oom_control'),
  }
}

function second(): Version {
  const at = (path: string) => join(ROOT, path)
  return {
    directories: path => [at(path)],
    settings: (path, { cpu, cpuLimit, memory }) => [
      [join(at(path), 'cpu.weight'), String(Math.min(10_000, Math.max(1, Math.round(cpu * 100))))],
      ...(cpuLimit === undefined ? [] : [[join(at(path), 'cpu.max'), `${Math.round(cpuLimit * PERIOD_US)} ${PERIOD_US}`] as const]),
      ...(memory > 0 ? [[join(at(path), 'memory.max'), String(Math.round(memory * 1e6))] as const] : []),
    ],
    oom: path => join(at(path), 'memory.events'),
  }
}

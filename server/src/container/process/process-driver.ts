/**
 * Runs workloads as processes of this host. They are detached: they outlive the server, and the next server takes over what
 * it finds (see `state-directory.ts`). Limits of CPU and memory are kept where `limits` says so (see `control-groups.ts`).
 */
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Clock, every } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import type { Consumption, ContainerDriver, LogLine, Node, Observed, Workload } from '../container-driver.ts'
import { instanceEnvironment } from '../environment.ts'
import { refuseAvailability, thisMachine } from '../this-machine.ts'
import { type ControlGroups, openControlGroups } from './control-groups.ts'
import { commandLine, missingScript, noProgram, PROCESS_DEPLOYABLES } from './command.ts'
import { findStarted, type Sought } from './find-started.ts'
import type { Launch } from './launch-messages.ts'
import { endLauncher, type Launched, type Launcher, openLauncher } from './launcher.ts'
import { type LogFiles, openLogFiles } from './log-files.ts'
import { bootId, consumptionOfGroups, isAlive, type ProcessId } from './proc.ts'
import { DEFAULT_PORTS, type PortAllocator, type PortRange, portAllocator } from './process-ports.ts'
import { type InstanceRecord, openStateDirectory, type StateDirectory } from './state-directory.ts'
import { type EnvironmentSearch, endProcess, environmentSearch } from './stop-process.ts'

/** How soon the end of a process that an earlier server started is noticed; own children tell at once. */
const ADOPTED_POLL_MS = 500
const NOTES_LOOK_MS = 1000
const LOGS_TEND_MS = 1000
/** How soon it is noticed that a disk fills. */
const SPACE_LOOK_MS = 100
const LOGS_PRUNE_MS = 30_000
const HOST = '127.0.0.1'

export interface ProcessDriverOptions {
  /** Where state and logs are kept; one server at a time. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Logger
  /** What relative programs and working directories start from; the dialect `process: {cwd}` goes before it. */
  readonly cwd: string
  /** What every process finds in its environment besides its own, `PATH` above all. */
  readonly environment: Readonly<Record<string, string>>
  readonly ports?: PortRange
  /** Whether what a scale says of CPU and memory binds processes. */
  readonly limits?: boolean
}

/** Throws `Fault('unsupported')` where there is no `/proc` to know processes by, or no way to keep limits that are asked for. */
export function openProcessDriver(options: ProcessDriverOptions): ContainerDriver {
  if (bootId() === '') throw new Fault('unsupported', 'processes can be run on Linux only: there is no /proc here', {})
  return new ProcessDriver(options)
}

type Started = Pick<Launched & { is: 'started' }, 'process' | 'ended'>

class ProcessDriver implements ContainerDriver {
  readonly driver = 'process'
  readonly deployables = PROCESS_DEPLOYABLES
  readonly pauses = true
  readonly #options: ProcessDriverOptions
  readonly #state: StateDirectory
  readonly #logs: LogFiles
  readonly #ports: PortAllocator
  readonly #groups: ControlGroups | undefined
  readonly #search: EnvironmentSearch
  readonly #launcher: Launcher
  #noted: ProcessId | undefined
  readonly #boot = bootId()
  readonly #records = new Map<string, InstanceRecord>()
  readonly #children = new Set<string>()
  /** Starts whose launcher has ended. */
  #lost: { readonly ids: string[]; readonly found: Promise<ReadonlyMap<string, ProcessId>> } | undefined
  /** Starts and stops that are under way, so that none of an instance overlap. */
  readonly #busy = new Map<string, Promise<void>>()
  readonly #listeners = new Set<(id: string) => void>()
  readonly #timers: readonly (() => void)[]
  #closed = false

  constructor(options: ProcessDriverOptions) {
    this.#options = options
    this.#state = openStateDirectory(join(options.directory, 'containers'))
    this.#logs = openLogFiles({ directory: join(options.directory, 'logs'), clock: options.clock, log: options.log, pidOf: id => this.#runs(id) ? this.#records.get(id)?.process?.pid : undefined })
    this.#ports = portAllocator(options.ports ?? DEFAULT_PORTS)
    this.#groups = options.limits ? openControlGroups(this.#state.path) : undefined
    if (!this.#groups) options.log.info('what scales say of CPU and memory does not bind processes: --process-limits on changes that')
    this.#search = environmentSearch(options.clock)
    this.#launcher = openLauncher(options.clock, launcher => {
      this.#state.noteLauncher(launcher)
      this.#noted = launcher
    })
    const last = this.#state.launcher()
    if (last) endLauncher(last)
    const records = this.#state.readAll()
    const begun = findStarted(records.filter(({ process, exit, boot }) => !process && !exit && boot === this.#boot).map(({ workload }) => this.#sought(workload.id)))
    for (const record of records) this.#recover(record, record.process ?? begun.get(record.workload.id))
    this.#pollAdopted()
    this.#timers = [
      every(options.clock, ADOPTED_POLL_MS, () => this.#pollAdopted()),
      every(options.clock, NOTES_LOOK_MS, () => this.#keepNotes(), () => {}),
      every(options.clock, LOGS_TEND_MS, () => this.#logs.tend(this.#records.keys(), { patient: true })),
      every(options.clock, SPACE_LOOK_MS, () => this.#logs.tendWhereScarce(this.#records.keys())),
      every(options.clock, LOGS_PRUNE_MS, () => this.#logs.prune(new Set(this.#records.keys()))),
    ]
  }

  async start(workload: Workload, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await this.#alone(workload.id, async () => {
      if (!this.#records.has(workload.id)) await this.#start(workload)
    })
  }

  async pause(id: string): Promise<void> {
    this.#setPaused(id, true)
  }

  async resume(id: string): Promise<void> {
    this.#setPaused(id, false)
  }

  async stop(id: string, graceMs: number, signal?: AbortSignal): Promise<void> {
    await this.#alone(id, async () => {
      const record = this.#records.get(id)
      if (!record) return
      await endProcess({ leader: record.exit ? undefined : record.process, marks: this.#marks(id), graceMs, search: this.#search, clock: this.#options.clock }, signal)
      this.#state.remove(id)
      this.#records.delete(id)
      this.#children.delete(id)
      this.#groups?.remove(id)
      this.#ports.release(Object.values(record.ports))
      this.#logs.tend([id])
      this.#changed(id)
    })
  }

  async observe(deployment?: string): Promise<readonly Observed[]> {
    return [...this.#records.values()].filter(({ workload }) => deployment === undefined || workload.deployment === deployment).map(observed)
  }

  watch(listener: (id: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async *logs(id: string, options: { tail?: number; follow?: boolean; since?: number }, signal?: AbortSignal): AsyncGenerator<LogLine> {
    this.#logs.tend([id])
    yield* this.#logs.read(id, { ...options, ...(options.follow ? { followUntil: () => !this.#runs(id) } : {}) }, signal)
  }

  async statistics(ids: readonly string[]): Promise<ReadonlyMap<string, Consumption>> {
    const leaders = new Map(ids.flatMap(id => { const { process, exit } = this.#records.get(id) ?? {}; return process && !exit ? [[process.pid, id] as const] : [] }))
    const time = this.#options.clock.now()
    return new Map([...consumptionOfGroups(new Set(leaders.keys()))].map(([group, consumption]) => [leaders.get(group) ?? '', { time, ...consumption }]))
  }

  async nodes(): Promise<readonly Node[]> {
    return [thisMachine(HOST)]
  }

  setAvailability(): Promise<never> {
    return refuseAvailability(this.driver)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const stop of this.#timers) stop()
    this.#listeners.clear()
    await Promise.allSettled(this.#busy.values())
    await this.#launcher[Symbol.asyncDispose]()
  }

  async #alone(id: string, action: () => Promise<void>): Promise<void> {
    const before = this.#busy.get(id) ?? Promise.resolve()
    const turn = before.catch(() => {}).then(action)
    this.#busy.set(id, turn)
    try {
      await turn
    } finally {
      if (this.#busy.get(id) === turn) this.#busy.delete(id)
    }
  }

  async #start(workload: Workload): Promise<void> {
    const [program, ...words] = commandLine(workload)
    const cwd = this.#workingDirectory(workload)
    const ports = await this.#allocate(workload)
    const record: InstanceRecord = { workload, ports, startedAt: this.#options.clock.now(), boot: this.#boot }
    try {
      this.#state.write(record)
      const { cpu, memory, dialect: { cpu_limit: cpuLimit } } = workload
      this.#groups?.make(workload.id, { cpu, memory, ...(typeof cpuLimit === 'number' ? { cpuLimit } : {}) })
      const environment = { ...this.#options.environment, ...instanceEnvironment(workload, ports) }
      const launched = await this.#launch(workload.id, { program, words, cwd, env: { ...environment, VAMP_STATE: this.#state.path } })
      this.#limit(workload.id, launched.process)
      this.#adopt(record, launched, () => missingScript(words, cwd))
    } catch (error) {
      this.#state.remove(workload.id)
      this.#ports.release(Object.values(ports))
      throw error
    }
    this.#changed(workload.id)
  }

  #workingDirectory({ dialect }: Workload): string {
    const cwd = typeof dialect['cwd'] === 'string' ? resolve(this.#options.cwd, dialect['cwd']) : this.#options.cwd
    if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) throw new Fault('container_failed', `there is no directory ${cwd} to run in`, { cwd })
    return cwd
  }

  /** The numbers of the breed are taken as they are only with the dialect `process: {fixed_ports: true}`: gateways often want the same. */
  async #allocate({ ports, dialect }: Workload): Promise<Record<string, number>> {
    if (dialect['fixed_ports'] === true) return Object.fromEntries(ports.map(({ name, number }) => [name, number]))
    const numbers = await this.#ports.allocate(ports.length)
    return Object.fromEntries(ports.map(({ name }, index) => [name, numbers[index] ?? 0]))
  }

  /** Resolves when the program is loaded; only then is there anything to find by its environment. */
  async #launch(id: string, what: Pick<Launch, 'program' | 'words' | 'cwd' | 'env'>): Promise<Started> {
    this.#logs.makeRoom()
    const launched: Launched = await this.#launcher.launch({ ...what, outputs: this.#logs.files(id) })
    const { program, cwd } = what
    switch (launched.is) {
      case 'started': return launched
      case 'refused': throw new Fault('container_failed', launched.program && launched.code === 'ENOENT' ? noProgram(program, cwd) : `${program} cannot be started: ${launched.message}`, { program, cwd })
      case 'lost': {
        const process = await this.#findLost(id)
        if (!process) throw new Fault('container_failed', `${program} was not started: what starts processes has ended`, { program, cwd })
        return { process, ended: Promise.resolve(undefined) }
      }
      default: return launched satisfies never
    }
  }

  /** `missing` says what it failed for want of, when it has failed. */
  #adopt(record: InstanceRecord, { process, ended }: Started, missing: () => string | undefined): void {
    const { id } = record.workload
    const started: InstanceRecord = { ...record, process }
    this.#records.set(id, started)
    this.#children.add(id)
    void ended.then(exit => {
      if (this.#records.get(id)?.process?.pid !== process.pid) return
      if (!exit) return void this.#children.delete(id)
      const why = exit.code === 0 ? undefined : missing()
      this.#exited(id, exit.signal ? `was ended by ${exit.signal}` : `exited with code ${exit.code}${why === undefined ? '' : `: ${why}`}`)
    })
    try {
      this.#state.write(started)
    } catch (error) {
      // It runs and can be found by its marks; there is only no note of its number.
      this.#options.log.warn('the number of a started process could not be noted', { id, pid: process.pid, error })
    }
  }

  /** One that has ended already has no use for limits, and tells its end itself. */
  #limit(id: string, { pid }: ProcessId): void {
    try {
      this.#groups?.enter(id, pid)
    } catch (error) {
      this.#options.log.debug('a process could not be put under its limits', { id, pid, error })
    }
  }

  /** To all of its group. It is noted so that the next server need not guess: the kernel stops a busy process late. */
  #setPaused(id: string, paused: boolean): void {
    const record = this.#records.get(id)
    if (!record?.process || record.exit || !isAlive(record.process)) return
    const { paused: _, ...rest } = record
    const next: InstanceRecord = paused ? { ...rest, paused } : rest
    this.#state.write(next)
    process.kill(-record.process.pid, paused ? 'SIGSTOP' : 'SIGCONT')
    this.#records.set(id, next)
    this.#changed(id)
  }

  #exited(id: string, reason: string): void {
    const record = this.#records.get(id)
    if (!record || record.exit || this.#closed) return
    const why = this.#groups?.ranOut(id) ? `was ended because it used more memory than its scale gives (${record.workload.memory} MB)` : reason
    const exited: InstanceRecord = { ...record, exit: { reason: why, time: this.#options.clock.now() } }
    this.#records.set(id, exited)
    this.#children.delete(id)
    this.#logs.tend([id])
    try {
      this.#state.write(exited)
    } catch (error) {
      this.#options.log.warn('the end of a process could not be noted', { id, reason, error })
    }
    this.#changed(id)
  }

  #recover(record: InstanceRecord, process: ProcessId | undefined): void {
    const { id } = record.workload
    if (!process && !record.exit) {
      // It was about to be started, and was not.
      this.#state.remove(id)
      return
    }
    const found = process ? { ...record, process } : record
    this.#records.set(id, found)
    this.#ports.hold(Object.values(record.ports))
    if (!record.process) this.#state.write(found)
    // Noted, and perhaps not done.
    if (record.paused && process && record.boot === this.#boot && isAlive(process)) globalThis.process.kill(-process.pid, 'SIGSTOP')
    if (record.boot !== this.#boot) this.#exited(id, 'ended with the machine')
  }

  /** All that a launcher takes with it are told in one turn. */
  #findLost(id: string): Promise<ProcessId | undefined> {
    this.#lost ??= { ids: [], found: new Promise(resolve => setImmediate(() => {
      const ids = this.#lost?.ids ?? []
      this.#lost = undefined
      resolve(findStarted(ids.map(each => this.#sought(each))))
    })) }
    this.#lost.ids.push(id)
    return this.#lost.found.then(found => found.get(id))
  }

  #sought(id: string): Sought {
    return { id, marks: this.#marks(id), outputs: this.#logs.files(id) }
  }

  #pollAdopted(): void {
    for (const [id, { process, exit }] of this.#records)
      if (process && !exit && !this.#children.has(id) && !isAlive(process)) this.#exited(id, 'ended while nobody watched')
  }

  /** Without them the next server would find none of what runs. */
  #keepNotes(): void {
    const missing = this.#state.missing(this.#records.keys())
    for (const id of missing) this.#state.write(this.#records.get(id) as InstanceRecord)
    if (missing.length > 0 && this.#noted) this.#state.noteLauncher(this.#noted)
    if (missing.length > 0) this.#options.log.warn('notes of processes were taken away, and are there again', { directory: this.#state.path, instances: missing.length })
  }

  #marks(id: string): readonly string[] {
    return [`VAMP_INSTANCE=${id}`, `VAMP_STATE=${this.#state.path}`]
  }

  #runs(id: string): boolean {
    const record = this.#records.get(id)
    return record !== undefined && !record.exit
  }

  #changed(id: string): void {
    for (const listener of this.#listeners) listener(id)
  }
}

function observed({ workload, ports, startedAt, exit, paused }: InstanceRecord): Observed {
  return {
    id: workload.id, deployment: workload.deployment, cluster: workload.cluster, service: workload.service, digest: workload.digest,
    host: HOST, ports, health_checks: workload.health_checks,
    ...(exit
      ? { state: 'exited', health: 'unknown', reason: exit.reason, since: exit.time }
      : paused ? { state: 'running', health: 'unhealthy', paused, reason: 'is paused', since: startedAt }
      : { state: 'running', health: workload.health_checks.length > 0 ? 'unknown' : 'healthy', since: startedAt }),
  }
}

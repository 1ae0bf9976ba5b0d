/**
 * A simulated machine that runs workloads. It outlives the driver that is connected to it, as a real one outlives the server,
 * and knows nothing of real time: start-up, stopping and crashes happen on the clock that it is given.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { HealthCheck } from '@vamp/model/health-check'
import type { Consumption, LogLine, Observed, Workload } from '../container-driver.ts'

/** Lines of one instance that are remembered. */
const LOG_LINES_MAX = 1000

/** How a workload behaves on the simulated machine. */
export interface Behaviour {
  /** From start to running. */
  readonly startUpMs?: number
  /** From being asked to end to its end; longer than the grace: it is killed. */
  readonly stopMs?: number
  /** It exits by itself, so long after it ran. */
  readonly exitsAfterMs?: number
  /** What every check is answered; absent: 200. A text is why the check fails. */
  readonly answer?: (check: HealthCheck, nowMs: number) => string | undefined
  /** Cores in use since it ran, and bytes; absent: nothing. */
  readonly uses?: { readonly cores: number; readonly memoryBytes: number }
  /** Throws to refuse the start. */
  readonly start?: () => void
}

export interface Simulated {
  readonly workload: Workload
  readonly ports: Readonly<Record<string, number>>
  readonly startedAt: number
  state: Observed['state']
  since: number
  stopping: boolean
  reason?: string
  displaced?: true
  paused?: true
}

export interface MemoryMachine {
  readonly clock: Clock
  readonly instances: ReadonlyMap<string, Simulated>
  /** Every start that happened, in order; an id that appears while it runs would be a double. */
  readonly history: readonly { readonly time: number; readonly id: string; readonly what: 'started' | 'exited' | 'stopped' }[]
  start(workload: Workload): void
  /** Asks the instance to end; `ended` is called when nothing is left of it. */
  stop: (id: string, graceMs: number, ended: () => void) => void
  /** The instance ends by itself. */
  crash(id: string, reason?: string): void
  /** Its node wants to be rid of it, or takes it along. */
  displace(id: string, what: 'wanted elsewhere' | 'gone'): void
  pause(id: string, paused: boolean): void
  log(id: string, line: string, stream?: LogLine['stream']): void
  logs(id: string): readonly LogLine[]
  /** What a health check of the instance is answered: nothing when all is well, else why not. */
  probe(id: string, check: HealthCheck): string | undefined
  /** Of an instance that runs. */
  consumption(id: string): Consumption | undefined
  onChange(listener: (id: string) => void): () => void
}

export interface MemoryMachineOptions {
  readonly clock: Clock
  readonly behaviour?: (workload: Workload) => Behaviour
}

export function memoryMachine({ clock, behaviour = () => ({}) }: MemoryMachineOptions): MemoryMachine {
  const instances = new Map<string, Simulated>()
  const logs = new Map<string, LogLine[]>()
  const history: { time: number; id: string; what: 'started' | 'exited' | 'stopped' }[] = []
  const listeners = new Set<(id: string) => void>()
  let nextPort = 31_000

  const changed = (id: string) => { for (const listener of listeners) listener(id) }
  const note = (id: string, what: 'started' | 'exited' | 'stopped') => { history.push({ time: clock.now(), id, what }); changed(id) }
  const enter = (instance: Simulated, state: Observed['state'], reason?: string) => {
    instance.state = state
    instance.since = clock.now()
    if (reason !== undefined) instance.reason = reason
    if (state === 'exited') note(instance.workload.id, 'exited')
    else changed(instance.workload.id)
  }
  /** Acts on the very instance, not on a later one of the same id. */
  const later = (ms: number, instance: Simulated, action: () => void) => {
    clock.after(ms, () => { if (instances.get(instance.workload.id) === instance) action() })
  }

  return {
    clock, instances, history,
    start(workload) {
      if (instances.has(workload.id)) return
      const { startUpMs = 50, exitsAfterMs, start } = behaviour(workload)
      start?.()
      const ports = Object.fromEntries(workload.ports.map(({ name }) => [name, nextPort++]))
      const instance: Simulated = { workload, ports, startedAt: clock.now(), state: 'starting', since: clock.now(), stopping: false }
      instances.set(workload.id, instance)
      note(workload.id, 'started')
      later(startUpMs, instance, () => {
        if (instance.state !== 'starting') return
        enter(instance, 'running')
        if (exitsAfterMs !== undefined) later(exitsAfterMs, instance, () => { if (instance.state === 'running') enter(instance, 'exited', 'exited with code 1') })
      })
    },
    stop(id, graceMs, ended) {
      const instance = instances.get(id)
      if (!instance) return ended()
      const { stopMs = 20 } = behaviour(instance.workload)
      const takes = instance.state === 'exited' ? 0 : Math.min(stopMs, graceMs)
      const end = () => { if (instances.get(id) === instance) { instances.delete(id); note(id, 'stopped') } ended() }
      instance.stopping = true
      clock.after(takes, end)
    },
    crash(id, reason = 'exited with code 1') {
      const instance = instances.get(id)
      if (instance && instance.state !== 'exited') enter(instance, 'exited', reason)
    },
    displace(id, what) {
      const instance = instances.get(id)
      if (!instance) return
      instance.displaced = true
      if (what === 'gone') enter(instance, 'exited', 'its node is down')
      else changed(id)
    },
    pause(id, paused) {
      const instance = instances.get(id)
      if (instance?.state !== 'running' || (instance.paused === true) === paused) return
      if (paused) instance.paused = true
      else delete instance.paused
      changed(id)
    },
    log(id, line, stream = 'stdout') {
      const lines = logs.get(id) ?? []
      logs.set(id, [...lines.slice(1 - LOG_LINES_MAX), { time: clock.now(), stream, line }])
      changed(id)
    },
    logs: id => logs.get(id) ?? [],
    probe(id, check) {
      const instance = instances.get(id)
      if (instance?.state !== 'running' || instance.paused) return 'was refused'
      return behaviour(instance.workload).answer?.(check, clock.now())
    },
    consumption(id) {
      const instance = instances.get(id)
      if (instance?.state !== 'running') return undefined
      const { cores = 0, memoryBytes = 0 } = behaviour(instance.workload).uses ?? {}
      return { time: clock.now(), cpuSeconds: cores * (clock.now() - instance.since) / 1000, memoryBytes }
    },
    onChange(listener) { listeners.add(listener); return () => listeners.delete(listener) },
  }
}

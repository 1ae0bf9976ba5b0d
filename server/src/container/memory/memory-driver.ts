/** Runs workloads on a simulated machine: for tests, for the demo without processes, and for simulated clusters of any size. */
import type { ContainerDriver, LogLine, Observed } from '../container-driver.ts'
import { refuseAvailability } from '../this-machine.ts'
import type { MemoryMachine, Simulated } from './memory-machine.ts'

const FOLLOW_POLL_MS = 50

export function openMemoryDriver(machine: MemoryMachine): ContainerDriver {
  const unwatch = new Set<() => void>()
  const byDeployment = index(machine, unwatch)
  return {
    driver: 'memory',
    deployables: ['container/docker', 'docker', 'process', 'command', 'cmd'],
    async start(workload, signal) {
      signal?.throwIfAborted()
      machine.start(workload)
    },
    pauses: true,
    pause: async id => machine.pause(id, true),
    resume: async id => machine.pause(id, false),
    stop: (id, graceMs, signal) => new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      machine.stop(id, graceMs, resolve)
    }),
    async observe(deployment) {
      const ids = deployment === undefined ? machine.instances.keys() : byDeployment.get(deployment) ?? []
      return [...ids].flatMap(id => { const instance = machine.instances.get(id); return instance ? [observed(instance)] : [] })
    },
    watch(listener) {
      const end = machine.onChange(listener)
      unwatch.add(end)
      return () => { end(); unwatch.delete(end) }
    },
    logs: (id, options, signal) => readLogs(machine, id, options, signal),
    async statistics(ids) {
      return new Map(ids.flatMap(id => { const consumption = machine.consumption(id); return consumption ? [[id, consumption] as const] : [] }))
    },
    nodes: async () => [{ name: 'memory', address: '127.0.0.1', state: 'ready', availability: 'active', cpu: 1000, memoryBytes: 1e12, labels: {} }],
    setAvailability: () => refuseAvailability('memory'),
    async [Symbol.asyncDispose]() { for (const end of unwatch) end() },
  }
}

function observed({ workload, ports, state, since, reason, displaced, paused }: Simulated): Observed {
  const checked = workload.health_checks.length > 0
  return {
    id: workload.id, deployment: workload.deployment, cluster: workload.cluster, service: workload.service, digest: workload.digest,
    host: '127.0.0.1', ports, state, since, health_checks: workload.health_checks,
    health: paused ? 'unhealthy' : state === 'running' && !checked ? 'healthy' : 'unknown',
    size: { cpu: workload.cpu, memory: workload.memory },
    ...(reason === undefined ? {} : { reason }), ...(displaced ? { displaced } : {}), ...(paused ? { paused, reason: 'is paused' } : {}),
  }
}

/** Instances by deployment, so that looking at one deployment costs nothing for the others. */
function index(machine: MemoryMachine, unwatch: Set<() => void>): ReadonlyMap<string, ReadonlySet<string>> {
  const byDeployment = new Map<string, Set<string>>()
  const owner = new Map<string, string>()
  const add = (id: string) => {
    const deployment = machine.instances.get(id)?.workload.deployment
    const before = owner.get(id)
    if (before !== undefined && before !== deployment) {
      byDeployment.get(before)?.delete(id)
      owner.delete(id)
    }
    if (deployment === undefined) return
    owner.set(id, deployment)
    const ids = byDeployment.get(deployment)
    if (ids) ids.add(id)
    else byDeployment.set(deployment, new Set([id]))
  }
  for (const id of machine.instances.keys()) add(id)
  unwatch.add(machine.onChange(add))
  return byDeployment
}

async function* readLogs(machine: MemoryMachine, id: string, { tail, follow = false, since = 0 }: { tail?: number; follow?: boolean; since?: number }, signal?: AbortSignal): AsyncGenerator<LogLine> {
  const all = machine.logs(id).filter(({ time }) => time >= since)
  yield* tail === undefined ? all : tail === 0 ? [] : all.slice(-tail)
  let last: LogLine | undefined = machine.logs(id).at(-1)
  while (follow && !signal?.aborted) {
    const lines = machine.logs(id)
    const fresh = last === undefined ? lines : lines.slice(lines.indexOf(last) + 1)
    yield* fresh
    last = lines.at(-1) ?? last
    const state = machine.instances.get(id)?.state
    if (fresh.length === 0 && (state === undefined || state === 'exited')) return
    await machine.clock.sleep(FOLLOW_POLL_MS, signal).catch(() => {})
  }
}

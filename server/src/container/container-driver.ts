/**
 * RUNS: the port to whatever runs workloads. One workload is one instance. Drivers fail fast and say whether it is terminal;
 * retries, replacement and order are the deployment reconciler's. Contract suite: `contract.ts`.
 */
import type { HealthCheck } from '@vamp/model/health-check'

export interface Workload {
  /** Chosen by the caller, unique, safe as file and container name: `[a-z0-9][a-z0-9-]{0,62}`. */
  readonly id: string
  readonly deployment: string
  readonly cluster: string
  /** Breed name. */
  readonly service: string
  readonly deployable: { readonly type: string; readonly definition: string }
  readonly arguments: readonly { readonly key: string; readonly value: string }[]
  /** Names as the container sees them. */
  readonly environment: Readonly<Record<string, string>>
  /** Where network names are shared with the host, the driver chooses the number; the process learns it as `PORT_<NAME>` (and `PORT` for the first). */
  readonly ports: readonly { readonly name: string; readonly number: number; readonly type: 'http' | 'tcp' }[]
  readonly cpu: number
  /** Megabytes. */
  readonly memory: number
  readonly network?: string
  /** Native settings for this driver, already chosen (service > cluster > deployment). */
  readonly dialect: Readonly<Record<string, unknown>>
  readonly health_checks: readonly HealthCheck[]
  /** Hash of all of the above but the id: a running instance with another digest is out of date. */
  readonly digest: string
}

export interface Observed {
  readonly id: string
  readonly deployment: string
  readonly cluster: string
  readonly service: string
  readonly digest: string
  readonly host: string
  /** port name → number on `host`; empty until known. */
  readonly ports: Readonly<Record<string, number>>
  readonly state: 'starting' | 'running' | 'exited'
  /** From the health checks (see `health.ts`); `unknown` until the first answer, always `healthy` while running without checks. */
  readonly health: 'unknown' | 'healthy' | 'unhealthy'
  /** Why, in words: `exited with code 1`, a check that failed, with its answer and for how long; of what is starting, how far it is. */
  readonly reason?: string
  /** Where it runs, where there are several nodes. */
  readonly node?: string
  /** Cores and megabytes that it was promised, where the driver knows. */
  readonly size?: { readonly cpu: number; readonly memory: number }
  /** It holds its memory and does nothing. Not healthy, whatever its checks said. */
  readonly paused?: boolean
  /** Its node is gone or wants to be rid of it: it is no fault of its own, and it should run elsewhere. */
  readonly displaced?: boolean
  /** Of the state, Unix milliseconds. */
  readonly since: number
  /** As given at the start, so that whoever examines them needs no other memory. */
  readonly health_checks: readonly HealthCheck[]
}

export interface LogLine {
  /** Unix milliseconds. */
  readonly time: number
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
}

/** A machine that instances run on. */
export interface Node {
  readonly name: string
  readonly address: string
  readonly state: 'ready' | 'down'
  /** `pause`: gets nothing new. `drain`: what runs there moves away. */
  readonly availability: Availability
  readonly cpu: number
  readonly memoryBytes: number
  readonly labels: Readonly<Record<string, string>>
}

export type Availability = 'active' | 'pause' | 'drain'

/** What an instance has used. */
export interface Consumption {
  /** When it was read, Unix milliseconds. */
  readonly time: number
  /** CPU time since its start; a later reading of the same instance is never smaller. */
  readonly cpuSeconds: number
  /** Bytes in use now, without what the kernel only keeps because there is room. */
  readonly memoryBytes: number
}

export interface ContainerDriver extends AsyncDisposable {
  readonly driver: string
  /** Deployable types that it can run. */
  readonly deployables: readonly string[]
  /** Resolves when it is under way, not when it is healthy. Idempotent by id: starting what runs changes nothing. */
  start(workload: Workload, signal?: AbortSignal): Promise<void>
  /** Whether `pause` and `resume` work here; they throw `Fault('unsupported')` where not. */
  readonly pauses: boolean
  /** What runs stops doing anything until it is resumed. Idempotent; nothing happens to what is not there. */
  pause(id: string, signal?: AbortSignal): Promise<void>
  resume(id: string, signal?: AbortSignal): Promise<void>
  /** Asks it to end, kills it after the grace, removes what remains of it (logs are kept for a while). Idempotent. */
  stop(id: string, graceMs: number, signal?: AbortSignal): Promise<void>
  /** Everything that is ours (of one deployment), also what an earlier run of the server started. */
  observe(deployment?: string): Promise<readonly Observed[]>
  /** Called with the id when something may have changed. */
  watch(listener: (id: string) => void): () => void
  logs(id: string, options: { tail?: number; follow?: boolean; since?: number }, signal?: AbortSignal): AsyncIterable<LogLine>
  /** Of those that run, by id; one that cannot be read is left out. What it costs grows with the number of ids. */
  statistics(ids: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, Consumption>>
  nodes(): Promise<readonly Node[]>
  /** Throws `Fault('unsupported')` where there is only one node. Draining replaces what runs on a node before it ends there. */
  setAvailability(node: string, availability: Availability): Promise<void>
  /** Disposing leaves the workloads running; the next server finds them by `observe`. */
}

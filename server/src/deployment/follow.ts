/** Pure: what becomes of one instance by what is seen of it, whatever its service wants. */
import type { InstanceStatus } from '@vamp/model/deployment'
import type { Observed } from '../container/container-driver.ts'
import type { DeploymentSettings } from './settings.ts'

export interface Sight {
  readonly nowMs: number
  /** Since when this server hears its agents; before, nobody could let go of anything. */
  readonly listeningSinceMs: number
  readonly container: Observed | undefined
  /** What the agents' tables say of it. */
  readonly endpoint: { readonly state: 'ready' | 'draining' | 'absent'; readonly connections: number }
  /** At least one agent has confirmed a table, so `absent` means something. */
  readonly carried: boolean
  /** A start or stop of it is under way. */
  readonly busy: boolean
  /** Why its last start did not even begin. */
  readonly refusal?: { readonly why: string; readonly terminal: boolean } | undefined
  /** Another ready and healthy instance of its service takes the traffic. */
  readonly spared: boolean
  /** Nobody takes its service's traffic any more, and it still could. */
  readonly recalled: boolean
  readonly lastLines: readonly string[]
}

/** A refusal that time alone does not heal is tried again as rarely as possible. */
const TERMINAL_FAILURES = 7

/** Nothing: it is gone and can be forgotten. */
export function follow(instance: InstanceStatus, sight: Sight, settings: DeploymentSettings): InstanceStatus | undefined {
  const { container } = sight
  switch (instance.state) {
    case 'starting':
      if (sight.refusal) return fail(instance, sight, settings, sight.refusal.why, sight.refusal.terminal)
      if (!container) return instance
      if (container.state === 'starting') return told(instance, container.reason)
      if (container.state === 'exited') return ended(instance, container, sight, settings)
      // A spare one that is needed now, about to be resumed.
      if (container.paused) return instance
      if (container.health === 'unhealthy') return fail(instance, sight, settings, container.reason ?? 'is unhealthy')
      if (container.health === 'healthy') return enter(instance, instance.spare ? 'warm' : 'ready', sight.nowMs, container)
      return sight.nowMs >= toldFrom(instance) ? told(instance, container.reason) : instance
    case 'warm':
      if (!container) return vanished(instance, sight, settings)
      if (container.state === 'exited') return ended(instance, container, sight, settings)
      return container.health === 'unhealthy' && !container.paused ? fail(instance, sight, settings, container.reason ?? 'is unhealthy') : instance
    case 'ready':
      if (!container) return vanished(instance, sight, settings)
      if (container.state === 'exited') return ended(instance, container, sight, settings)
      if (container.state === 'starting') return enter(instance, 'starting', sight.nowMs)
      if (container.health === 'unhealthy' && sight.spared) return { ...enter(instance, 'draining', sight.nowMs), reason: container.reason ?? 'is unhealthy' }
      return moved(instance, container) ? { ...instance, host: container.host, ports: container.ports } : instance
    case 'draining':
      return sight.recalled ? enter(instance, 'ready', sight.nowMs) : drained(instance, sight, settings)
    case 'stopping':
      return container || sight.busy ? instance : undefined
    case 'failed':
      return instance
  }
}

/** Into another state; what explained the last one is dropped. */
export function enter(instance: InstanceStatus, state: InstanceStatus['state'], nowMs: number, container?: Observed): InstanceStatus {
  const { reason: _reason, last_lines: _lines, ...rest } = instance
  return { ...rest, state, since: new Date(nowMs).toISOString(), ...(container ? { host: container.host, ports: container.ports, digest: container.digest } : {}) }
}

/** When a failed instance may be started again, Unix milliseconds. */
export function retryAt({ since, failures = 1 }: InstanceStatus, { backoffMs, backoffMsMax }: DeploymentSettings): number {
  return Date.parse(since) + (failures === 0 ? 0 : Math.min(backoffMsMax, backoffMs * 2 ** (failures - 1)))
}

/** Until then it is no news that an instance is not healthy yet, Unix milliseconds. */
export const toldFrom = ({ since }: InstanceStatus): number => Date.parse(since) + 2000

/** How far a start is; why an earlier one failed is told until there is news. */
function told(instance: InstanceStatus, reason: string | undefined): InstanceStatus {
  return reason === undefined || reason === instance.reason ? instance : { ...instance, reason }
}

/** Where its node took it along it is started elsewhere, as soon as what remains of it is gone. */
function ended(instance: InstanceStatus, { reason = 'exited', displaced }: Observed, sight: Sight, settings: DeploymentSettings): InstanceStatus {
  if (displaced) return { ...enter(instance, 'failed', sight.nowMs), reason, failures: 0 }
  const failed = fail(instance, sight, settings, reason)
  return instance.state === 'ready' ? { ...failed, crashes: (instance.crashes ?? 0) + 1 } : failed
}

function fail(instance: InstanceStatus, { nowMs, lastLines }: Sight, { stableMs }: DeploymentSettings, reason: string, terminal = false): InstanceStatus {
  const stable = instance.state === 'ready' && nowMs - Date.parse(instance.since) >= stableMs
  const failures = (stable ? 0 : instance.failures ?? 0) + 1
  return {
    ...enter(instance, 'failed', nowMs), reason, failures: terminal ? Math.max(failures, TERMINAL_FAILURES) : failures,
    ...(lastLines.length > 0 ? { last_lines: lastLines } : {}),
  }
}

/** Removed by somebody else, or with its machine: no fault of its own, unless it keeps happening. */
function vanished(instance: InstanceStatus, sight: Sight, settings: DeploymentSettings): InstanceStatus {
  const readyMs = sight.nowMs - Date.parse(instance.since)
  return readyMs >= settings.backoffMs ? enter(instance, 'starting', sight.nowMs) : fail(instance, sight, settings, 'disappeared')
}

function drained(instance: InstanceStatus, sight: Sight, { drainMs, settleMs }: DeploymentSettings): InstanceStatus {
  const { nowMs, container, endpoint, carried } = sight
  const sinceMs = nowMs - waitsSince(instance, sight)
  const stopping = (reason = instance.reason): InstanceStatus => ({ ...enter(instance, 'stopping', nowMs), ...(reason === undefined ? {} : { reason }) })
  if (!container || container.state === 'exited') return stopping()
  if (endpoint.state === 'draining' && endpoint.connections === 0) return stopping()
  // Its route may have gone with it; what it has begun is counted all the same.
  if (endpoint.state === 'absent' && endpoint.connections === 0 && carried && sinceMs >= settleMs) return stopping()
  if (sinceMs < drainMs) return instance
  return stopping(endpoint.connections > 0 ? `${endpoint.connections} ${endpoint.connections === 1 ? 'connection was' : 'connections were'} still open after ${drainMs / 1000} s` : undefined)
}

/** Agents get their time from when they could be told, Unix milliseconds. */
export function waitsSince({ since }: InstanceStatus, { listeningSinceMs }: Pick<Sight, 'listeningSinceMs'>): number {
  return Math.max(Date.parse(since), listeningSinceMs)
}

function moved(instance: InstanceStatus, container: Observed): boolean {
  const [before, now] = [Object.entries(instance.ports), container.ports]
  return instance.host !== container.host || before.length !== Object.keys(now).length || before.some(([name, port]) => now[name] !== port)
}

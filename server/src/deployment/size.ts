/** Pure: how many instances of a service there should be, which of them leave, and which come. */
import type { InstanceStatus } from '@vamp/model/deployment'
import type { Observed } from '../container/container-driver.ts'
import { enter, retryAt } from './follow.ts'
import { idNumber, nextIds } from './instance-id.ts'
import type { DeploymentSettings } from './settings.ts'

export interface Wanted {
  readonly cluster: string
  readonly service: string
  readonly prefix: string
  readonly instances: number
  /** Of what they should run; absent: not known yet, so nothing starts and nothing is out of date. */
  readonly digest: string | undefined
  readonly nowMs: number
  /** How many may be brought to a start now. */
  readonly startsAllowed: number
}

type Seen = ReadonlyMap<string, Observed>

/** The service's instances as they should be next: out of date and sick ones leave as new ones take over. */
export function size(instances: readonly InstanceStatus[], seen: Seen, wanted: Wanted, settings: DeploymentSettings): readonly InstanceStatus[] {
  const leaving = leavers(instances, seen, wanted)
  const kept = instances.map(instance => leaving.has(instance.id) ? leave(instance, wanted.nowMs) : instance)
  if (wanted.digest === undefined) return kept
  let allowed = wanted.startsAllowed
  const restarted = kept.map(instance => {
    if (!mayRestart(instance, seen, wanted, settings)) return refreshed(instance, seen, wanted.digest)
    if (allowed <= 0) return instance
    allowed--
    return restart(instance, wanted)
  })
  const missing = wanted.instances - restarted.filter(instance => isAlive(instance) && isCurrent(instance, seen, wanted.digest)).length
  const ids = nextIds(wanted.prefix, instances, Math.max(0, Math.min(missing, allowed)))
  return [...restarted, ...ids.map(id => starting(id, wanted))]
}

/** Out of rotation at once if it never was in it; else it finishes what it has begun. */
export function leave(instance: InstanceStatus, nowMs: number): InstanceStatus {
  if (instance.state === 'draining' || instance.state === 'stopping') return instance
  return enter(instance, instance.state === 'ready' ? 'draining' : 'stopping', nowMs)
}

export const isAlive = ({ state }: InstanceStatus) => state === 'starting' || state === 'ready' || state === 'failed'

export function isOld(instance: InstanceStatus, seen: Seen, digest: string | undefined): boolean {
  const runs = seen.get(instance.id)?.digest
  return digest !== undefined && runs !== undefined && runs !== digest
}

const isSick = (instance: InstanceStatus, seen: Seen) => instance.state === 'ready' && seen.get(instance.id)?.health === 'unhealthy'

const isDisplaced = (instance: InstanceStatus, seen: Seen) => seen.get(instance.id)?.displaced === true && instance.state !== 'failed'

export const isCurrent = (instance: InstanceStatus, seen: Seen, digest: string | undefined) => !isOld(instance, seen, digest) && !isSick(instance, seen) && !isDisplaced(instance, seen)

/** Surplus: the failed, the not yet ready, the newest. Out of date, sick or displaced: those that are not needed to keep the number ready. */
function leavers(instances: readonly InstanceStatus[], seen: Seen, { instances: count, digest, prefix }: Wanted): ReadonlySet<string> {
  const alive = instances.filter(isAlive)
  const current = alive.filter(instance => isCurrent(instance, seen, digest))
  const others = alive.filter(instance => !isCurrent(instance, seen, digest))
  const byWorth = (a: InstanceStatus, b: InstanceStatus) =>
    worth(b, seen) - worth(a, seen) || idNumber(prefix, a.id) - idNumber(prefix, b.id)
  const surplus = current.toSorted(byWorth).slice(count)
  const spare = Math.max(0, count - current.filter(({ state }) => state === 'ready').length)
  const dispensable = [...others.filter(({ state }) => state !== 'ready'), ...others.filter(({ state }) => state === 'ready').toSorted(byWorth).slice(spare)]
  return new Set([...surplus, ...dispensable].map(({ id }) => id))
}

function worth(instance: InstanceStatus, seen: Seen): number {
  if (instance.state === 'ready') return isSick(instance, seen) ? 2 : 3
  return instance.state === 'starting' ? 1 : 0
}

/** A changed workload is tried at once; the same one after its back-off. What remains of the last one must be gone. */
function mayRestart(instance: InstanceStatus, seen: Seen, { digest, nowMs }: Wanted, settings: DeploymentSettings): boolean {
  if (instance.state !== 'failed' || seen.has(instance.id)) return false
  return instance.digest !== digest || nowMs >= retryAt(instance, settings)
}

/** It keeps the account of its failures, and their reason, until it is ready. */
function restart(instance: InstanceStatus, { digest, nowMs }: Wanted): InstanceStatus {
  const { failures, reason, last_lines, ...rest } = instance
  const again = digest !== undefined && instance.digest === digest
  return {
    ...rest, state: 'starting', since: new Date(nowMs).toISOString(), ...(digest === undefined ? {} : { digest }),
    ...(again && failures !== undefined ? { failures } : {}), ...(again && reason !== undefined ? { reason } : {}), ...(again && last_lines ? { last_lines } : {}),
  }
}

/** One that was not started yet starts as what is wanted now. */
function refreshed(instance: InstanceStatus, seen: Seen, digest: string | undefined): InstanceStatus {
  return instance.state === 'starting' && !seen.has(instance.id) && digest !== undefined && instance.digest !== digest ? { ...instance, digest } : instance
}

function starting(id: string, { cluster, service, digest, nowMs }: Wanted): InstanceStatus {
  return { id, cluster, service, host: '', ports: {}, state: 'starting', since: new Date(nowMs).toISOString(), ...(digest === undefined ? {} : { digest }) }
}

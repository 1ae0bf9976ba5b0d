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
  /** Spare ones beyond those. */
  readonly warm: number
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
  const serving = restarted.filter(instance => isAlive(instance) && !instance.spare && isCurrent(instance, seen, wanted.digest))
  const { instances: called, missing } = callSpares(restarted, wanted, wanted.instances - serving.length)
  const spares = called.filter(instance => isAlive(instance) && instance.spare).length
  // What is wanted comes before what may be wanted.
  const lacking = serving.filter(({ state }) => state === 'ready').length >= wanted.instances ? wanted.warm - spares : 0
  const count = Math.max(0, Math.min(Math.max(0, missing) + Math.max(0, lacking), allowed))
  const ids = nextIds(wanted.prefix, instances, count)
  return [...called, ...ids.map((id, index) => starting(id, wanted, index >= missing))]
}

/** Spare instances that are needed now: the warm ones first, then those that are on their way. */
function callSpares(instances: readonly InstanceStatus[], { nowMs }: Wanted, missing: number): { readonly instances: readonly InstanceStatus[]; readonly missing: number } {
  const order = ['warm', 'starting', 'failed']
  const spares = instances.filter(instance => instance.spare && order.includes(instance.state)).toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  const called = new Set(spares.slice(0, Math.max(0, missing)).map(({ id }) => id))
  const call = ({ spare: _, ...instance }: InstanceStatus) => instance.state === 'warm' ? enter(instance, 'starting', nowMs) : instance
  return { instances: instances.map(instance => called.has(instance.id) ? call(instance) : instance), missing: missing - called.size }
}

/** Out of rotation at once if it never was in it; else it finishes what it has begun. */
export function leave(instance: InstanceStatus, nowMs: number): InstanceStatus {
  if (instance.state === 'draining' || instance.state === 'stopping') return instance
  const { spare: _, ...leaver } = instance
  return enter(leaver, instance.state === 'ready' ? 'draining' : 'stopping', nowMs)
}

export const isAlive = ({ state }: InstanceStatus) => state === 'starting' || state === 'ready' || state === 'failed' || state === 'warm'

export function isOld(instance: InstanceStatus, seen: Seen, digest: string | undefined): boolean {
  const runs = seen.get(instance.id)?.digest
  return digest !== undefined && runs !== undefined && runs !== digest
}

const isSick = (instance: InstanceStatus, seen: Seen) => instance.state === 'ready' && seen.get(instance.id)?.health === 'unhealthy'

const isDisplaced = (instance: InstanceStatus, seen: Seen) => seen.get(instance.id)?.displaced === true && instance.state !== 'failed'

export const isCurrent = (instance: InstanceStatus, seen: Seen, digest: string | undefined) => !isOld(instance, seen, digest) && !isSick(instance, seen) && !isDisplaced(instance, seen)

/** Surplus: the failed, the not yet ready, the newest. Out of date, sick or displaced: those that are not needed to keep the number ready. */
function leavers(instances: readonly InstanceStatus[], seen: Seen, wanted: Wanted): ReadonlySet<string> {
  const { instances: count, digest, prefix } = wanted
  const alive = instances.filter(instance => isAlive(instance) && !instance.spare)
  const current = alive.filter(instance => isCurrent(instance, seen, digest))
  const others = alive.filter(instance => !isCurrent(instance, seen, digest))
  const byWorth = (a: InstanceStatus, b: InstanceStatus) =>
    worth(b, seen) - worth(a, seen) || idNumber(prefix, a.id) - idNumber(prefix, b.id)
  const surplus = current.toSorted(byWorth).slice(count)
  const spare = Math.max(0, count - current.filter(({ state }) => state === 'ready').length)
  const dispensable = [...others.filter(({ state }) => state !== 'ready'), ...others.filter(({ state }) => state === 'ready').toSorted(byWorth).slice(spare)]
  return new Set([...surplus, ...dispensable, ...surplusSpares(instances, seen, wanted, count - current.length)].map(({ id }) => id))
}

/** More than are kept, but for those that are about to be needed; and what is out of date. */
function surplusSpares(instances: readonly InstanceStatus[], seen: Seen, { digest, warm }: Wanted, needed: number): readonly InstanceStatus[] {
  const spares = instances.filter(instance => instance.spare && isAlive(instance))
  const current = spares.filter(instance => isCurrent(instance, seen, digest))
  return [...spares.filter(instance => !current.includes(instance)), ...current.slice(warm + Math.max(0, needed))]
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

function starting(id: string, { cluster, service, digest, nowMs }: Wanted, spare: boolean): InstanceStatus {
  return { id, cluster, service, host: '', ports: {}, state: 'starting', since: new Date(nowMs).toISOString(), ...(spare ? { spare } : {}), ...(digest === undefined ? {} : { digest }) }
}

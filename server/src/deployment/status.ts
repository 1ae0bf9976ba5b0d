/** Pure: what to tell of a service: its phase, and why it is in no better one. */
import type { InstanceStatus, Phase, ServiceStatus } from '@vamp/model/deployment'
import type { Intention } from '@vamp/model/deployment'
import type { DeploymentSettings } from './settings.ts'

/** One early end may be chance; a service whose instances fail again and again has failed, until they no longer do. */
const FAILURES_TOLD = 2

export interface ServiceSight {
  readonly cluster: string
  readonly service: string
  readonly intention: Intention
  readonly nowMs: number
  readonly wanted: number
  /** Of the service, as they will be. */
  readonly instances: readonly InstanceStatus[]
  readonly isCurrent: (instance: InstanceStatus) => boolean
  /** Why the spare ones that it wants are not kept. */
  readonly warmRefused?: string | undefined
  /** It cannot run like this. */
  readonly refused?: string | undefined
  /** It may not start yet. */
  readonly waits?: string | undefined
}

export function serviceStatus(before: ServiceStatus | undefined, sight: ServiceSight, settings: DeploymentSettings): ServiceStatus {
  const { phase, notification } = judge(sight, settings)
  const { cluster, service, intention } = sight
  const same = before?.phase === phase && before.intention === intention
  return { cluster, service, intention, phase, since: same ? before.since : new Date(sight.nowMs).toISOString(), ...(notification === undefined ? {} : { notification }) }
}

function judge(sight: ServiceSight, settings: DeploymentSettings): { readonly phase: Phase; readonly notification?: string } {
  const { instances, wanted, nowMs } = sight
  const alive = instances.filter(({ state, spare }) => state !== 'draining' && state !== 'stopping' && !spare)
  if (sight.intention === 'Undeployment') return { phase: 'Updating', notification: sight.waits ?? `${instances.length} ${instances.length === 1 ? 'instance is' : 'instances are'} being removed` }
  if (sight.refused !== undefined) return { phase: 'Failed', notification: sight.refused }
  const ready = alive.filter(instance => instance.state === 'ready' && sight.isCurrent(instance))
  if (ready.length >= wanted && alive.length === ready.length) return { phase: 'Done', ...(sight.warmRefused === undefined ? {} : { notification: sight.warmRefused }) }
  if (sight.waits !== undefined && alive.length === 0) return { phase: 'Initiated', notification: sight.waits }
  const troubled = alive.filter(instance => instance.state !== 'ready')
  const failing = troubled.toSorted((a, b) => (b.failures ?? 0) - (a.failures ?? 0))[0]
  const late = troubled.some(({ state, since }) => state === 'starting' && nowMs - Date.parse(since) >= settings.readyMs)
  const progress = `${ready.length} of ${wanted} ready`
  const notification = failing?.reason === undefined ? progress : `${progress}; ${explain(failing)}`
  if ((failing?.failures ?? 0) >= FAILURES_TOLD) return { phase: 'Failed', notification }
  return late ? { phase: 'Failed', notification: `not ready after ${settings.readyMs / 1000} s; ${notification}` } : { phase: 'Updating', notification }
}

function explain({ id, reason, last_lines: lines = [] }: InstanceStatus): string {
  return `${id}: ${reason}${lines.length === 0 ? '' : `; last ${lines.length} log ${lines.length === 1 ? 'line' : 'lines'}:\n${lines.join('\n')}`}`
}

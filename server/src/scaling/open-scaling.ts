/** The loops that keep services at the right size: who is woken by what. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { openKeyedQueue } from '../base/keyed-queue.ts'
import type { Lifecycle } from '../base/lifecycle.ts'
import type { EventLog } from '../event/event-log.ts'
import type { Store } from '../store/store.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { slaReconciler } from './sla-reconciler.ts'

export interface ScalingOptions {
  readonly store: Store
  readonly events: EventLog
  readonly traffic: Traffic
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** Milliseconds between two looks at what was promised; 0: promises are not looked at. */
  readonly slaPeriodMs: number
}

export interface Scaling { wakeAll(): Promise<void> }

export function openScaling(lifecycle: Lifecycle, options: ScalingOptions): Scaling {
  return options.slaPeriodMs > 0 ? openPromises(lifecycle, options) : { wakeAll: async () => {} }
}

function openPromises(lifecycle: Lifecycle, { store, events, traffic, clock, log, random, slaPeriodMs: periodMs }: ScalingOptions): Scaling {
  const queue = lifecycle.use('slas queue', openKeyedQueue({ name: 'slas', reconciler: slaReconciler({ store, events, traffic, clock, log, periodMs }), clock, log, random }))
  const promising = new Set<string>()
  const wakeAll = async () => {
    for (const { name } of (await store.list('sla-statuses')).items) promising.add(name)
    for (const { name, value } of (await store.list('deployments')).items) if (value.clusters.some(({ sla }) => sla)) promising.add(name)
    for (const name of promising) queue.wake(name)
  }
  lifecycle.add('slas watch', store.watch(({ kind, name }) => {
    if (kind === 'deployments') queue.wake(name)
    if (kind === 'slas' || kind === 'escalations') for (const deployment of promising) queue.wake(deployment)
  }))
  lifecycle.add('sla events', events.subscribe({ tags: ['sla'] }, ({ tags }) => {
    const deployment = tags.find(tag => tag.startsWith('deployment:'))
    if (deployment) queue.wake(deployment.slice('deployment:'.length))
  }))
  return { wakeAll }
}

/** The loops that keep services at the right size: who is woken by what. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { openKeyedQueue } from '../base/keyed-queue.ts'
import type { Lifecycle } from '../base/lifecycle.ts'
import type { UsageMeter } from '../container/usage.ts'
import type { EventLog } from '../event/event-log.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Store } from '../store/store.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { AUTOSCALERS, autoscalerReconciler } from './autoscaler-reconciler.ts'
import { openScalingHistory, type ScalingHistory } from './scaling-history.ts'
import { slaReconciler } from './sla-reconciler.ts'

export interface ScalingOptions {
  readonly store: Store
  readonly events: EventLog
  readonly traffic: Traffic
  readonly fleet: Fleet
  readonly usage: UsageMeter
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** Milliseconds between two looks at what was promised; 0: promises are not looked at. */
  readonly slaPeriodMs: number
  /** Instances of autoscaled services that there is room for; absent: as many as they want. */
  readonly slots: number | undefined
}

export interface Scaling { wakeAll(): Promise<void>; readonly history: ScalingHistory }

export function openScaling(lifecycle: Lifecycle, options: ScalingOptions): Scaling {
  const promises = options.slaPeriodMs > 0 ? openPromises(lifecycle, options) : { wakeAll: async () => {} }
  const autoscalers = openAutoscalers(lifecycle, options)
  return { history: autoscalers.history, wakeAll: async () => { autoscalers.wake(); await promises.wakeAll() } }
}

function openAutoscalers(lifecycle: Lifecycle, options: ScalingOptions): { readonly history: ScalingHistory; wake(): void } {
  const { store, events, fleet, traffic, usage, clock, log, random, slots } = options
  const history = openScalingHistory()
  const queue = lifecycle.use('autoscalers queue', openKeyedQueue({ name: 'autoscalers', reconciler: autoscalerReconciler({ store, events, fleet, traffic, usage, history, clock, log, slots }), clock, log, random }))
  const wake = () => queue.wake(AUTOSCALERS)
  lifecycle.add('autoscalers watch', store.watch(({ kind }) => { if (kind === 'autoscalers' || kind === 'deployment-statuses') wake() }))
  lifecycle.add('autoscalers traffic', traffic.onSecond(wake))
  lifecycle.add('autoscalers reports', fleet.onReport(({ waiting = [], surges = [] }) => { if (waiting.length > 0 || surges.length > 0) wake() }))
  // Most types of events are nobody's signal, but to know which costs as much as to look; many wake-ups are one.
  lifecycle.add('autoscalers events', events.subscribe({}, ({ type }) => { if (!OWN_EVENTS.has(type)) wake() }))
  return { history, wake }
}

/** What the server tells by itself is no signal. */
const OWN_EVENTS = new Set(['scaling', 'synchronization', 'release', 'release-evidence', 'archive', 'gateway', 'notification'])

function openPromises(lifecycle: Lifecycle, { store, events, traffic, clock, log, random, slaPeriodMs: periodMs }: ScalingOptions): Pick<Scaling, 'wakeAll'> {
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

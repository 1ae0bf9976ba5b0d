/**
 * One loop for all autoscalers, because they share the pool. Woken by every complete second of traffic, by events that a signal
 * reads, and by every change of what runs: a slot that becomes free is given at once.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { Autoscaler } from '@vamp/model/autoscaler'
import type { ServiceScaling } from '@vamp/model/autoscaler-status'
import { Fault } from '@vamp/model/fault'
import { again, done, type Outcome, type Reconciler } from '../base/reconciler.ts'
import type { Usage, UsageMeter } from '../container/usage.ts'
import type { EventLog } from '../event/event-log.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Store } from '../store/store.ts'
import { belongsTo } from '../traffic/place.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { type ObservedScaling, observeScaling } from './autoscaler-observe.ts'
import { type Memory, planScaling } from './autoscaler-plan.ts'
import type { ScalingHistory } from './scaling-history.ts'
import { openServiceScaler, type ServiceScaler } from './service-scaler.ts'
import { openStartUps } from './start-ups.ts'

/** The name under which all of them are woken. */
export const AUTOSCALERS = 'autoscalers'
const LOOK_AGAIN_MS = 1000
const LOST_RACE_MS = 5

export interface AutoscalerReconcilerOptions {
  readonly store: Store
  readonly events: EventLog
  readonly fleet: Fleet
  readonly traffic: Traffic
  readonly usage: UsageMeter
  readonly history: ScalingHistory
  readonly clock: Clock
  readonly log: Logger
  /** Of a fixed pool. */
  readonly slots: number | undefined
}

export function autoscalerReconciler(options: AutoscalerReconcilerOptions): Reconciler {
  const { store, events, fleet, traffic, usage, history, clock, log, slots } = options
  const scalers = openScalers(traffic, clock, log)
  const startUps = openStartUps()
  const used = latestUsage(usage, log)
  let seenUntil = 0

  return {
    async reconcile(): Promise<Outcome> {
      const observed = await observeScaling({ store, events, fleet, traffic, usage: used }, clock.now(), seenUntil)
      if (!observed) return done
      startUps.observe(observed)
      await scalers.prepare(observed)
      const memory: Memory = { scalerOf: scalers.of, startUpOf: startUps.of }
      const plan = planScaling(observed, memory, slots)
      // What was seen is seen, also where the write is lost to somebody else's: the next look decides on it again.
      seenUntil = Math.max(seenUntil, observed.completeUntil)
      try {
        if (plan.writes.length > 0) await store.transaction(plan.writes)
      } catch (error) {
        if (error instanceof Fault && error.code === 'revision_mismatch') return again(LOST_RACE_MS)
        throw error
      }
      for (const { autoscaler, service, scaling } of plan.decided) {
        history.add(autoscaler.name, service, pointOf(scaling, observed.nowMs))
        if (autoscaler.mode === 'act' && scaling.granted !== scaling.instances) log.info('scaled', { autoscaler: autoscaler.name, service, from: scaling.instances, to: scaling.granted, sentence: scaling.sentence })
      }
      for (const status of plan.statuses) history.tell(status)
      for (const name of plan.gone) history.forget(name)
      if (plan.events.length > 0) await events.append(plan.events)
      return again(LOOK_AGAIN_MS)
    },
  }
}

function pointOf({ signals: [signal], wanted, granted, ready, forecast }: ServiceScaling, nowMs: number) {
  return { at: Math.floor(nowMs / 1000), signal: signal?.value ?? null, target: signal?.target ?? null, wanted, granted, ready, forecast: forecast?.expected ?? null }
}

interface Scalers {
  /** The past of versions that were not seen before is read before they are asked. */
  prepare(observed: ObservedScaling): Promise<void>
  of(autoscaler: Autoscaler, service: string): ServiceScaler
}

/** Minutes of the past that a new forecast begins with. */
const PAST_SECONDS = 14 * 86_400
const MINUTES_PER_TURN = 250

function openScalers(traffic: Traffic, clock: Clock, log: Logger): Scalers {
  const all = new Map<string, { readonly policy: string; readonly scaler: ServiceScaler }>()
  const keyOf = ({ name }: Autoscaler, service: string) => `${name}\n${service}`
  const policyOf = ({ signals, slo, behaviour, prediction }: Autoscaler) => JSON.stringify({ signals, slo, behaviour, prediction })
  const of = (autoscaler: Autoscaler, service: string) => {
    const policy = policyOf(autoscaler)
    const known = all.get(keyOf(autoscaler, service))
    if (known?.policy === policy) return known.scaler
    const scaler = openServiceScaler(autoscaler)
    all.set(keyOf(autoscaler, service), { policy, scaler })
    return scaler
  }
  return {
    of,
    async prepare({ autoscalers, deployments }) {
      for (const { value } of autoscalers) {
        const services = deployments.get(value.deployment)?.value.clusters.find(({ name }) => name === value.cluster)?.services ?? []
        for (const { breed } of services) {
          if (value.prediction === 'off' || all.get(keyOf(value, breed.name))?.policy === policyOf(value)) continue
          const scaler = of(value, breed.name)
          const place = { deployment: value.deployment, cluster: value.cluster, ...(value.service === undefined ? {} : { service: breed.name }) }
          await rememberAll(scaler, await minutesOf(traffic, place, clock.now()).catch(error => { log.warn('the past cannot be read for the forecast', { error }); return [] }))
        }
      }
      for (const key of all.keys()) if (!autoscalers.some(({ name }) => key.startsWith(`${name}\n`))) all.delete(key)
    },
  }
}

/** A fortnight is a quarter of a second of a processor: others have their turn in between. */
export async function rememberAll(scaler: Pick<ServiceScaler, 'remember'>, rates: readonly number[]): Promise<void> {
  for (const [index, rate] of rates.entries()) {
    scaler.remember(rate)
    if (index % MINUTES_PER_TURN === MINUTES_PER_TURN - 1) await new Promise(resolve => setImmediate(resolve))
  }
}

/** Requests per second, minute by minute, from the first that is known to the last whole one. */
export async function minutesOf(traffic: Traffic, place: { readonly deployment: string; readonly cluster: string; readonly service?: string }, nowMs: number): Promise<number[]> {
  const to = Math.floor(nowMs / 60_000) * 60
  const points = await traffic.read({ from: to - PAST_SECONDS, to, resolution: 60, wants: belongsTo(place) })
  const first = points[0]?.second
  if (first === undefined) return []
  const rates = new Map(points.map(({ second, cells }) => [second, cells.reduce((sum, { requests }) => sum + requests, 0) / 60]))
  return Array.from({ length: (to - first) / 60 }, (_, index) => rates.get(first + index * 60) ?? 0)
}

/** The meter may take a second for its first answer; nobody waits for it. */
function latestUsage(meter: UsageMeter, log: Logger): UsageMeter {
  let latest: ReadonlyMap<string, Usage> = new Map()
  let asking = false
  return {
    async read() {
      if (!asking) {
        asking = true
        meter.read().then(found => { latest = found }, error => log.debug('usage not read', { error })).finally(() => { asking = false })
      }
      return latest
    },
  }
}

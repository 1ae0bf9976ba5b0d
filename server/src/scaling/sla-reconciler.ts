/** Woken by the name of a deployment: by the timer, by events about promises, and by changes of what the promises refer to. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import { again, done, type Outcome, type Reconciler } from '../base/reconciler.ts'
import type { EventLog } from '../event/event-log.ts'
import type { Store } from '../store/store.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { observeSla } from './sla-observe.ts'
import { planSla } from './sla-plan.ts'

/** Somebody else wrote at the same moment. */
const LOST_RACE_MS = 5

export interface SlaReconcilerOptions {
  readonly store: Store
  readonly events: EventLog
  readonly traffic: Traffic
  readonly clock: Clock
  readonly log: Logger
  /** Between two looks. */
  readonly periodMs: number
}

export function slaReconciler({ store, events, traffic, clock, log, periodMs }: SlaReconcilerOptions): Reconciler {
  /** How far the log was read: saves reading again what concerns nobody here. */
  const read = new Map<string, string>()
  return {
    async reconcile(name): Promise<Outcome> {
      const observed = await observeSla(name, { store, events, traffic, nowMs: clock.now(), after: read.get(name) })
      if (!observed) {
        read.delete(name)
        await store.delete('sla-statuses', name)
        return done
      }
      const plan = planSla(observed)
      try {
        if (plan.writes.length > 0) await store.transaction(plan.writes)
      } catch (error) {
        if (error instanceof Fault && error.code === 'revision_mismatch') return again(LOST_RACE_MS)
        throw error
      }
      read.set(name, observed.next)
      if (plan.events.length > 0) {
        log.info('service level', { deployment: name, events: plan.events.map(({ tags }) => tags.join(' ')) })
        await events.append(plan.events)
      }
      return again(observed.atEnd && plan.events.length === 0 ? periodMs : 0)
    },
  }
}

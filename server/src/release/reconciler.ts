/** Woken by a release's name: by the store, by every complete second of traffic, and by the timer while the release is under way. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import { again, done, type Outcome, type Reconciler } from '../base/reconciler.ts'
import type { ContainerDriver } from '../container/container-driver.ts'
import type { Store } from '../store/store.ts'
import { isRemoving } from './finish.ts'
import type { GateCalls } from './gate-calls.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { isOver, observeRelease } from './observe.ts'
import type { SessionOutcomes } from './sessions.ts'
import { planRelease } from './plan.ts'
import { postMortem } from './post-mortem.ts'

/** The timer is for time-outs and silence; evidence wakes the release itself. */
const LOOK_AGAIN_MS = 1000
/** Somebody else wrote at the same moment: look at once with their write. */
const LOST_RACE_MS = 5

export interface ReleaseReconcilerOptions {
  readonly store: Store
  readonly traffic: Traffic
  readonly containers: Pick<ContainerDriver, 'logs'>
  readonly clock: Clock
  readonly log: Logger
  readonly gateCalls: GateCalls
  readonly sessions: SessionOutcomes
}

export function releaseReconciler({ store, traffic, containers, clock, log, gateCalls, sessions }: ReleaseReconcilerOptions): Reconciler {
  return {
    async reconcile(name): Promise<Outcome> {
      const observed = await observeRelease({ store, traffic, sessions, answers: gateCalls.answers(name) }, clock.now(), name)
      if (!observed) {
        gateCalls.forget(name)
        sessions.forget(name)
        return forget(store, name)
      }
      if (observed.status && isOver(observed.status.value.phase) && !observed.order && !isRemoving(observed.status.value)) {
        gateCalls.forget(name)
        sessions.forget(name)
        return done
      }
      const left = await postMortem({ containers, clock }, observed)
      const plan = planRelease(left ? { ...observed, postMortem: left } : observed)
      try {
        if (plan.writes.length > 0) await store.transaction(plan.writes, plan.events)
        else if (plan.events.length > 0) throw new Error('what is told of a release is told in the transaction that makes it so')
      } catch (error) {
        if (error instanceof Fault && error.code === 'revision_mismatch') return again(LOST_RACE_MS)
        throw error
      }
      for (const { type, tags, value } of plan.events) if (type === 'release') log.info('release', { release: name, change: tags.find(tag => tag.startsWith('release:'))?.slice('release:'.length), ...briefly(value) })
      gateCalls.ask(name, plan.calls ?? [])
      return again(LOOK_AGAIN_MS)
    },
  }
}

/** A deleted release takes what was remembered of it along. The versions stay as they are: deleting a wish decides nothing. */
async function forget(store: Store, name: string): Promise<Outcome> {
  await store.transaction([
    { do: 'delete', kind: 'release-statuses', name, expected: 'any' },
    { do: 'delete', kind: 'release-orders', name, expected: 'any' },
  ])
  return done
}

/** What a person reads in a log; the whole of it is the event. */
function briefly(value: unknown): Readonly<Record<string, unknown>> {
  const { phase, weight, sentence } = typeof value === 'object' && value !== null ? value as Readonly<Record<string, unknown>> : {}
  return { phase, weight, sentence }
}

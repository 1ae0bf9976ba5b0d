/** What people told a release to do. An order that does not fit the phase is answered in an event and changes nothing. */
import { orderFits } from '@vamp/model/release-order'
import type { ReleaseOrder, ReleaseStatus } from '@vamp/model/release-status'
import type { Stored } from '../store/store.ts'
import { capacityFor } from './capacity.ts'
import { withWinner } from './experiment.ts'
import { promote, rollBack } from './finish.ts'
import { approved } from './gates.ts'
import type { ReleaseJudge } from './judge-state.ts'
import { inPhase, orderTaken, releaseEvent, type ReleasePlan, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { weightWrites } from './weights.ts'

export function obey(observed: ObservedRelease, status: ReleaseStatus, { value: order }: Stored<'release-orders'>): ReleasePlan {
  const taken = orderTaken(observed)
  if (!orderFits(order.order, status.phase)) {
    const refused = { ...status, sentence: `${order.order} by ${order.by} does not fit: the release is ${status.phase}.` }
    return { writes: taken, events: [releaseEvent('order-refused', refused, { by: order.by })] }
  }
  const plan = carryOut(observed, status, order)
  return { ...plan, writes: [...plan.writes, ...taken] }
}

function carryOut(observed: ObservedRelease, status: ReleaseStatus, order: ReleaseOrder): ReleasePlan {
  const why = order.reason ? `${order.by}: ${order.reason}` : `by ${order.by}`
  switch (order.order) {
    case 'pause': return told(observed, inPhase(status, 'paused', observed.nowMs, `Paused at ${status.weight} % (${why}).`, 'The weight stays until somebody resumes; rollback is armed.'), 'paused', order.by)
    case 'resume': return told(observed, { ...inPhase(status, 'ramping', observed.nowMs, `Resumed at ${status.weight} % (${why}).`, 'The ramp goes on as the evidence comes in.'), judge: resumed(observed, status) }, 'resumed', order.by)
    case 'promote': return promoteByHand(observed, { ...status, sentence: `Promoted by hand (${why}).` }, order.by)
    case 'approve': {
      const gates = approved(observed.release.value, status, order.gate, why)
      if (!gates) return told(observed, { ...status, sentence: `There is no closed gate that waits for ${order.gate ?? 'a person'} (${why}).` }, 'order-refused', order.by)
      return told(observed, { ...status, gates, sentence: `Approved (${why}).` }, 'approved', order.by)
    }
    case 'abort': return rollBack(observed, status, 'aborted', `Aborted (${why}).`, order.by)
    case 'rollback': return rollBack(observed, status, 'rolled_back', `Rolled back by hand (${why}).`, order.by)
    case 'set-weight': {
      if (status.variants && observed.release.value.to.length > 1 && !status.variants.some(({ state }) => state === 'winner'))
        return told(observed, { ...status, sentence: `An experiment has no one weight (${why}); pause, promote or abort it.` }, 'order-refused', order.by)
      const weight = order.weight ?? status.weight
      const paused = { ...inPhase(status, 'paused', observed.nowMs, `Weight set by hand (${why}).`, 'The weight stays until somebody resumes; rollback is armed.'), weight, judge: { ...(status.judge as ReleaseJudge), orderedMs: observed.nowMs } satisfies ReleaseJudge }
      const { writes } = capacityFor(observed, paused, paused.to, weight)
      return { writes: [statusWrite(observed, paused), ...weightWrites(observed.gateways, status.from, new Map([[status.to, weight]])), ...writes], events: [releaseEvent('weight', paused, { by: order.by, before: status.weight })] }
    }
    default: return order.order satisfies never
  }
}

/** Whoever resumes grants it as much time again, and no probe. */
function resumed(observed: ObservedRelease, status: ReleaseStatus): ReleaseJudge {
  const { probe: _, ...judge } = status.judge as ReleaseJudge
  const again = status.phase === 'holding' ? observed.release.value.clock.maximum : 0
  return { ...judge, waited: judge.waited + again, watch: { ...judge.watch, cleared: judge.watch.cleared || status.phase === 'probing' } }
}

/** Evidence, gates and the hold-back are passed over; the instances for all of the traffic are not. Of an experiment the first version that is left is meant. */
function promoteByHand(observed: ObservedRelease, given: ReleaseStatus, by: string): ReleasePlan {
  const status = withWinner(given)
  const judge: ReleaseJudge = { ...(status.judge as ReleaseJudge), forcedBy: by }
  const forced = { ...status, judge }
  const capacity = capacityFor(observed, forced, forced.to, 100)
  if (capacity.waits === undefined) return promote(observed, forced, { by })
  const waits = { ...inPhase(forced, 'hold_back', observed.nowMs, forced.sentence, capacity.waits), weight: Math.max(forced.weight, capacity.percent) }
  return { writes: [statusWrite(observed, waits), ...weightWrites(observed.gateways, waits.from, new Map([[waits.to, waits.weight]])), ...capacity.writes], events: [releaseEvent('weight', waits, { by, before: forced.weight })] }
}

function told(observed: ObservedRelease, status: ReleaseStatus, change: string, by: string): ReleasePlan {
  return { writes: [statusWrite(observed, status)], events: [releaseEvent(change, status, { by })] }
}

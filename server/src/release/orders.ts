/** What people told a release to do. An order that does not fit the phase is answered in an event and changes nothing. */
import type { ReleaseOrder, ReleasePhase, ReleaseStatus } from '@vamp/model/release-status'
import type { Stored } from '../store/store.ts'
import { promote, rollBack } from './finish.ts'
import { inPhase, orderTaken, releaseEvent, type ReleasePlan, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { weightWrites } from './weights.ts'

const UNDER_WAY: readonly ReleasePhase[] = ['ramping', 'paused', 'holding', 'hold_back']

const ALLOWED: Readonly<Record<ReleaseOrder['order'], readonly ReleasePhase[]>> = {
  pause: ['ramping', 'holding'],
  resume: ['paused', 'holding'],
  promote: UNDER_WAY,
  abort: ['waiting', 'preparing', ...UNDER_WAY],
  rollback: [...UNDER_WAY, 'keeping'],
  'set-weight': ['ramping', 'paused', 'holding'],
}

export function obey(observed: ObservedRelease, status: ReleaseStatus, { value: order }: Stored<'release-orders'>): ReleasePlan {
  const taken = orderTaken(observed)
  if (!ALLOWED[order.order].includes(status.phase)) {
    const refused = { ...status, sentence: `${order.order} by ${order.by} does not fit: the release is ${status.phase}.` }
    return { writes: taken, events: [releaseEvent('order-refused', refused, order.by)] }
  }
  const plan = carryOut(observed, status, order)
  return { ...plan, writes: [...plan.writes, ...taken] }
}

function carryOut(observed: ObservedRelease, status: ReleaseStatus, order: ReleaseOrder): ReleasePlan {
  const why = order.reason ? `${order.by}: ${order.reason}` : `by ${order.by}`
  switch (order.order) {
    case 'pause': return told(observed, inPhase(status, 'paused', observed.nowMs, `Paused (${why}).`, 'The weight stays until somebody resumes; rollback is armed.'), 'paused', order.by)
    case 'resume': return told(observed, inPhase(status, 'ramping', observed.nowMs, `Resumed (${why}).`, 'The ramp goes on as the evidence comes in.'), 'resumed', order.by)
    case 'promote': return promote(observed, { ...status, sentence: `Promoted by hand (${why}).` }, { by: order.by })
    case 'abort': return rollBack(observed, status, 'aborted', `Aborted (${why}).`, order.by)
    case 'rollback': return rollBack(observed, status, 'rolled_back', `Rolled back by hand (${why}).`, order.by)
    case 'set-weight': {
      const weight = order.weight ?? status.weight
      const paused = { ...inPhase(status, 'paused', observed.nowMs, `Weight set to ${weight} % (${why}).`, 'The weight stays until somebody resumes; rollback is armed.'), weight }
      return { writes: [statusWrite(observed, paused), ...weightWrites(observed.gateways, status.from, status.to, weight)], events: [releaseEvent('weight', paused, order.by)] }
    }
    default: return order.order satisfies never
  }
}

function told(observed: ObservedRelease, status: ReleaseStatus, change: string, by: string): ReleasePlan {
  return { writes: [statusWrite(observed, status)], events: [releaseEvent(change, status, by)] }
}

/**
 * Pure: what is observed in, what to write and what to say out. A release's status and the weights that follow from it are
 * one transaction, so a server that dies between two decisions resumes with the same evidence and without a jump of weight.
 */
import { keep, remove } from './finish.ts'
import { judge } from './judging.ts'
import { obey } from './orders.ts'
import type { ObservedRelease } from './observe.ts'
import { NOTHING, type ReleasePlan } from './outcome.ts'
import { begin, prepare } from './prepare.ts'

export function planRelease(observed: ObservedRelease): ReleasePlan {
  const status = observed.status?.value
  if (!status) return begin(observed)
  if (observed.order) return obey(observed, status, observed.order)
  switch (status.phase) {
    case 'waiting': return begin(observed)
    case 'preparing': return prepare(observed, status)
    case 'ramping':
    case 'paused':
    case 'holding':
    case 'hold_back': return judge(observed, status)
    case 'keeping': return keep(observed, status)
    case 'rolling_back': return remove(observed, status)
    case 'promoted':
    case 'rolled_back':
    case 'aborted':
    case 'failed': return NOTHING
    default: return status.phase satisfies never
  }
}

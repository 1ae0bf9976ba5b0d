/** What a person can tell a release, and when it fits. */
import type { ReleaseOrder, ReleasePhase } from './release-status.ts'

export type Order = ReleaseOrder['order']

const UNDER_WAY: readonly ReleasePhase[] = ['ramping', 'paused', 'holding', 'probing', 'hold_back']

const PHASES: Readonly<Record<Order, readonly ReleasePhase[]>> = {
  pause: ['ramping', 'holding', 'probing'],
  resume: ['paused', 'holding', 'probing'],
  promote: UNDER_WAY,
  abort: ['waiting', 'preparing', ...UNDER_WAY],
  rollback: [...UNDER_WAY, 'keeping'],
  'set-weight': ['ramping', 'paused', 'holding'],
  approve: ['preparing', ...UNDER_WAY],
}

export const orderFits = (order: Order, phase: ReleasePhase): boolean => PHASES[order].includes(phase)

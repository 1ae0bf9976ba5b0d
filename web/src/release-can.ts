/** What a person can tell a release, by its phase. The server decides: `server/src/release/orders.ts`. */
import type { ReleaseOrder, ReleasePhase } from '@vamp/model/release-status'

export type Order = ReleaseOrder['order']

const UNDER_WAY: readonly ReleasePhase[] = ['ramping', 'paused', 'holding', 'probing', 'hold_back']

const ALLOWED: Readonly<Record<Order, readonly ReleasePhase[]>> = {
  pause: ['ramping', 'holding', 'probing'],
  resume: ['paused', 'holding', 'probing'],
  promote: UNDER_WAY,
  abort: ['waiting', 'preparing', ...UNDER_WAY],
  rollback: [...UNDER_WAY, 'keeping'],
  'set-weight': ['ramping', 'paused', 'holding'],
  approve: ['preparing', ...UNDER_WAY],
}

export const releaseCan = (order: Order, phase: ReleasePhase): boolean => ALLOWED[order].includes(phase)

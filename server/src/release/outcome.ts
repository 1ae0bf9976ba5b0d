/** What planning a release gives: writes that happen together or not at all, and what is told about them. */
import type { NewEvent } from '@vamp/model/event'
import type { ReleasePhase, ReleaseStatus } from '@vamp/model/release-status'
import type { Write } from '../store/store.ts'
import type { GateCall } from './gates.ts'
import type { ObservedRelease } from './observe.ts'

export interface ReleasePlan {
  readonly writes: readonly Write[]
  readonly events: readonly NewEvent[]
  /** Questions to the receivers of gates that are in the way. */
  readonly calls?: readonly GateCall[]
}

export const NOTHING: ReleasePlan = { writes: [], events: [] }

/** The status write that every change of a release comes with; it fails if somebody else wrote in the meantime. */
export function statusWrite(observed: ObservedRelease, status: ReleaseStatus): Write<'release-statuses'> {
  return { do: 'put', kind: 'release-statuses', name: status.name, value: status, expected: observed.status?.revision ?? 'absent' }
}

/** An order is taken once: it goes in the transaction that carries it out. */
export function orderTaken(observed: ObservedRelease): Write[] {
  return observed.order ? [{ do: 'delete', kind: 'release-orders', name: observed.order.name, expected: observed.order.revision }] : []
}

export function inPhase(status: ReleaseStatus, phase: ReleasePhase, nowMs: number, sentence: string, next: string): ReleaseStatus {
  return { ...status, phase, since: iso(nowMs), sentence, next }
}

/** What happened to a release and what it was decided on. */
export function releaseEvent(change: string, status: ReleaseStatus, by?: string): NewEvent {
  return {
    type: 'release',
    tags: [`releases:${status.name}`, `release:${change}`, `deployments:${status.deployment}`, `clusters:${status.cluster}`, `services:${status.to}`],
    value: {
      phase: status.phase, weight: status.weight, sentence: status.sentence, next: status.next, harm: status.harm, evidence: status.evidence,
      requests: status.requests, failed: status.failed, excess: status.excess, ...(by === undefined ? {} : { by }), ...(change === 'ended' && status.post_mortem ? { post_mortem: status.post_mortem } : {}),
    },
  }
}

/** A ramp that stands still because something cannot be seen is told when it begins, once. */
export function frozenEvents(observed: ObservedRelease, status: ReleaseStatus): NewEvent[] {
  return isFrozen(status) && !(observed.status && isFrozen(observed.status.value)) ? [releaseEvent('frozen', status)] : []
}

const isFrozen = ({ next }: ReleaseStatus) => next.startsWith('Frozen:')

export const iso = (ms: number): string => new Date(ms).toISOString()
export const secondsSince = (since: string, nowMs: number): number => (nowMs - Date.parse(since)) / 1000

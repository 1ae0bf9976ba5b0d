/** What planning a release gives: writes that happen together or not at all, and what is told about them. */
import type { NewEvent } from '@vamp/model/event'
import type { ReleasePhase, ReleaseStatus } from '@vamp/model/release-status'
import type { Write } from '../store/store.ts'
import type { GateCall } from './gates.ts'
import type { ReleaseJudge } from './judge-state.ts'
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

export interface Told {
  /** Who said so. */
  readonly by?: string | undefined
  /** Percent that it had before; absent: as now. */
  readonly before?: number
}

/** What happened to a release, from what to what and why, in one sentence, and what it was decided on. */
export function releaseEvent(change: string, status: ReleaseStatus, { by, before = status.weight }: Told = {}): NewEvent {
  return {
    type: 'release',
    tags: [`releases:${status.name}`, `release:${change}`, `deployments:${status.deployment}`, `clusters:${status.cluster}`, `services:${status.to}`],
    value: {
      phase: status.phase, weight: status.weight, ...(before === status.weight ? {} : { weight_before: before }), sentence: eventSentence(change, status, before), next: status.next, harm: status.harm, evidence: status.evidence,
      requests: status.requests, failed: status.failed, failures: status.failures, excess: status.excess, ...(by === undefined ? {} : { by }), ...(change === 'ended' && status.post_mortem ? { post_mortem: status.post_mortem } : {}),
    },
  }
}

function eventSentence(change: string, status: ReleaseStatus, before: number): string {
  const { sentence, next, weight, verdict } = status
  switch (change) {
    case 'frozen': return `Frozen at ${weight} %${next.slice('Frozen'.length)}`
    case 'holding': return `Held at ${weight} % of the traffic. ${sentence}`
    case 'ended': return `Over: ${(verdict ?? status.phase).replaceAll('_', ' ')}. ${next} ${sentence}`
    default: return before === weight ? sentence : verdict === undefined ? `${step(status, before)} ${sentence}` : `${sentence} ${step(status, before)}`
  }
}

/** `web:1.1: 5 % → 6.25 % of the traffic.` */
function step({ to, variants, weight, judge }: ReleaseStatus, before: number): string {
  const versions = variants && !variants.some(({ state }) => state === 'winner') ? variants.map(variant => variant.to).join(', ') : to
  const copies = (judge as ReleaseJudge | null)?.shadow === true
  return `${versions}: ${before} % → ${weight} % of the ${copies ? 'requests, as copies' : 'traffic'}.`
}

/** A ramp that stands still because something cannot be seen is told when it begins, once. */
export function frozenEvents(observed: ObservedRelease, status: ReleaseStatus): NewEvent[] {
  return isFrozen(status) && !(observed.status && isFrozen(observed.status.value)) ? [releaseEvent('frozen', status)] : []
}

const isFrozen = ({ next }: ReleaseStatus) => next.startsWith('Frozen:')

export const iso = (ms: number): string => new Date(ms).toISOString()
export const secondsSince = (since: string, nowMs: number): number => (nowMs - Date.parse(since)) / 1000

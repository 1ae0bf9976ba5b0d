/** The ways a release ends. Rollback and promotion are one weight change each; what is taken away is taken away afterwards, drained. */
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { ReleaseJudge } from './judge-state.ts'
import { inPhase, iso, NOTHING, releaseEvent, type ReleasePlan, secondsSince, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { removeVersion } from './version.ts'
import { acknowledgedShare, weightWrites } from './weights.ts'

/** All traffic back to the old version, now. */
export function rollBack(observed: ObservedRelease, status: ReleaseStatus, verdict: 'rolled_back' | 'aborted', sentence: string, by?: string): ReleasePlan {
  const back: ReleaseStatus = {
    ...inPhase(status, 'rolling_back', observed.nowMs, sentence, `Version ${status.to} is drained and removed.`),
    weight: 0, verdict, ended: iso(observed.nowMs),
  }
  return { writes: [statusWrite(observed, back), ...weightWrites(observed.gateways, back.from, back.to, 0)], events: [releaseEvent(verdict, back, by)] }
}

/** The evidence is in: most of the traffic first (`holdBackWeight`, percent), if the release asks for a hold-back, then all of it; at once where a person (`by`) says so. */
export function promote(observed: ObservedRelease, status: ReleaseStatus, { by, holdBackWeight }: { by?: string; holdBackWeight?: number } = {}): ReleasePlan {
  const { clock, keep } = observed.release.value
  if (status.phase !== 'hold_back' && clock.hold_back > 0 && holdBackWeight !== undefined) {
    const judge: ReleaseJudge = { ...(status.judge as ReleaseJudge), holdBackSince: Math.ceil(observed.nowMs / 1000) }
    const back = { ...inPhase(status, 'hold_back', observed.nowMs, status.sentence, `All of the traffic in ${clock.hold_back} s; until then rollback is armed.`), weight: holdBackWeight, judge }
    return { writes: [statusWrite(observed, back), ...weightWrites(observed.gateways, back.from, back.to, holdBackWeight)], events: [releaseEvent('weight', back)] }
  }
  const promoted: ReleaseStatus = {
    ...inPhase(status, 'keeping', observed.nowMs, status.sentence, `Version ${status.from} stays warm for ${keep} s: one call returns to it.`),
    weight: 100, verdict: 'promoted', ended: iso(observed.nowMs),
  }
  return { writes: [statusWrite(observed, promoted), ...weightWrites(observed.gateways, promoted.from, promoted.to, 100)], events: [releaseEvent('promoted', promoted, by)] }
}

/** Promoted: the old version is warm until its time is over, then goes. */
export function keep(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  const left = observed.release.value.keep - secondsSince(status.since, observed.nowMs)
  if (left > 0) return NOTHING
  return withoutVersion(observed, status, status.from, 'promoted')
}

/** Back on the old version: when no proxy sends the new one anything, it goes. */
export function remove(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  if (acknowledgedShare(observed.gatewayStatuses, status.to) > 0) return NOTHING
  return withoutVersion(observed, status, status.to, status.verdict ?? 'rolled_back')
}

function withoutVersion(observed: ObservedRelease, status: ReleaseStatus, version: string, phase: 'promoted' | 'rolled_back' | 'aborted' | 'failed'): ReleasePlan {
  const removal = removeVersion(observed, version)
  if (typeof removal === 'string') {
    const next = `Version ${version} cannot be removed: ${removal}`
    return next === status.next ? NOTHING : { writes: [statusWrite(observed, { ...status, next })], events: [] }
  }
  const over = inPhase(status, phase, observed.nowMs, status.sentence, `Nothing: version ${version} is being removed.`)
  return { writes: [statusWrite(observed, over), ...removal], events: [releaseEvent('ended', over)] }
}

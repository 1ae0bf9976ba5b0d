/** The ways a release ends. Rollback and promotion are one weight change each; what is taken away is taken away afterwards, drained. */
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { Write } from '../store/store.ts'
import { closeWrites, goneWrites } from './audience.ts'
import { restored } from './capacity.ts'
import type { ReleaseJudge } from './judge-state.ts'
import { inPhase, iso, NOTHING, releaseEvent, type ReleasePlan, secondsSince, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { shareWrites } from './shadow.ts'
import { removeVersions } from './version.ts'
import { acknowledgedShare, weightWrites } from './weights.ts'

/** All traffic back to the old version, now. */
export function rollBack(observed: ObservedRelease, status: ReleaseStatus, verdict: 'rolled_back' | 'aborted' | 'failed', sentence: string, by?: string): ReleasePlan {
  const back: ReleaseStatus = {
    ...inPhase(status, 'rolling_back', observed.nowMs, sentence, `Version ${newVersions(status).join(', ')} is drained and removed.`),
    weight: 0, verdict, ended: iso(observed.nowMs), ready: false,
    ...(status.variants ? { variants: status.variants.map(variant => ({ ...variant, weight: 0, state: 'dropped' as const })) } : {}),
  }
  const none = new Map(newVersions(status).map(version => [version, 0]))
  return { writes: [statusWrite(observed, back), ...shareWrites(observed, ended(back), none), ...restored(observed, status)], events: [releaseEvent(verdict, back, { by, before: status.weight })] }
}

/** The evidence is in: most of the traffic first (`holdBackWeight`, percent), if the release asks for a hold-back, then all of it. */
export function promote(observed: ObservedRelease, status: ReleaseStatus, { by, holdBackWeight }: { by?: string; holdBackWeight?: number } = {}): ReleasePlan {
  const { clock, keep, strategy } = observed.release.value
  const losers = lost(status)
  if (status.phase !== 'hold_back' && clock.hold_back > 0 && holdBackWeight !== undefined && holdBackWeight < 100) {
    const judge: ReleaseJudge = { ...(status.judge as ReleaseJudge), holdBackSince: Math.ceil(observed.nowMs / 1000), orderedMs: observed.nowMs }
    const back = { ...inPhase(status, 'hold_back', observed.nowMs, status.sentence, `All of the traffic in ${clock.hold_back} s; until then rollback is armed.`), weight: holdBackWeight, judge }
    return { writes: [statusWrite(observed, back), ...weightWrites(observed.gateways, back.from, new Map([...losers, [back.to, holdBackWeight]]))], events: [releaseEvent('weight', { ...back, sentence: `Version ${back.from} keeps the rest for ${lasting(clock.hold_back)}; rollback is armed. ${back.sentence}` }, { before: status.weight })] }
  }
  const warm = strategy === 'rolling' ? `Version ${status.from} keeps its last instance for ${lasting(keep)}.` : `Version ${status.from} stays warm for ${lasting(keep)}: one call returns to it.`
  const promoted: ReleaseStatus = {
    ...inPhase(status, 'keeping', observed.nowMs, status.sentence, warm),
    weight: 100, verdict: 'promoted', ended: iso(observed.nowMs),
  }
  return { writes: [statusWrite(observed, promoted), ...shareWrites(observed, ended(promoted), new Map([...losers, [promoted.to, 100]]))], events: [releaseEvent('promoted', promoted, { by, before: status.weight })] }
}

/** Promoted: the old version is warm until its time is over, then goes; where only an audience went over, it stays for the others. */
export function keep(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  const left = observed.release.value.keep - secondsSince(status.since, observed.nowMs)
  if (left > 0) return NOTHING
  const forAudience = observed.release.value.audience !== undefined
  return withoutVersions(observed, status, [...forAudience ? [] : [status.from], ...lost(status).keys()], 'promoted')
}

/** Back on the old version: when no proxy sends the new one anything, it goes. */
export function remove(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  if (newVersions(status).some(version => acknowledgedShare(observed.gatewayStatuses, version) > 0)) return NOTHING
  const told = observed.postMortem ? { ...status, post_mortem: observed.postMortem } : status
  return withoutVersions(observed, told, newVersions(told), told.verdict ?? 'rolled_back')
}

function withoutVersions(observed: ObservedRelease, status: ReleaseStatus, versions: readonly string[], phase: 'promoted' | 'rolled_back' | 'aborted' | 'failed'): ReleasePlan {
  // The audience's gateway goes only after every proxy has confirmed that nobody is led there.
  const led = observed.audience.length > 0 ? closeWrites(observed, phase === 'promoted' ? status.to : undefined) : []
  if (led.length > 0) return { writes: [statusWrite(observed, { ...status, next: 'Its audience is led past the gateway it had.' }), ...led], events: [] }
  if (observed.audience.some(({ name }) => observed.ownStatuses.some(({ acknowledged }) => name in acknowledged))) return NOTHING
  const removal = removeVersions(observed, versions)
  if (typeof removal === 'string') {
    const next = `Version ${versions.join(', ')} cannot be removed: ${removal}`
    return next === status.next ? NOTHING : { writes: [statusWrite(observed, { ...status, next })], events: [] }
  }
  const next = versions.length > 0 ? removing(versions) : `Version ${status.from} serves those who are not of the audience.`
  const over = inPhase(status, phase, observed.nowMs, status.sentence, next)
  return { writes: [statusWrite(observed, over), ...removal, ...withoutDoubles(removal, goneWrites(observed))], events: [releaseEvent('ended', over)] }
}

/** `30 min`, `90 s` */
const lasting = (seconds: number): string => seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`

const removing = (versions: readonly string[]): string => `Version ${versions.join(', ')} is being removed.`

/** The release is over, and one thing is still going on: its versions' instances end. Nothing to write: they are still there, or it is said already. */
export function removed(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  const versions = status.phase === 'promoted' ? [status.from, ...lost(status).keys()] : newVersions(status)
  if (!isRemoving(status)) return NOTHING
  const services = observed.deployment?.value.clusters.find(({ name }) => name === status.cluster)?.services ?? []
  if (versions.some(version => services.some(({ breed }) => breed.name === version))) return NOTHING
  return { writes: [statusWrite(observed, { ...status, next: `Version ${versions.join(', ')} is gone.` })], events: [] }
}

export function isRemoving({ next }: ReleaseStatus): boolean {
  return next.endsWith(' is being removed.')
}

const withoutDoubles = (first: readonly Write[], more: readonly Write[]) => more.filter(({ kind, name }) => !first.some(write => write.kind === kind && write.name === name))

/** Copies end with the release. */
function ended(status: ReleaseStatus): ReleaseStatus {
  return { ...status, judge: { ...(status.judge as ReleaseJudge), shadow: false } satisfies ReleaseJudge }
}

/** Every version that the release brought. */
export function newVersions({ to, variants }: ReleaseStatus): readonly string[] {
  return variants ? variants.map(variant => variant.to) : [to]
}

function lost({ to, variants = [] }: ReleaseStatus): ReadonlyMap<string, number> {
  return new Map(variants.filter(variant => variant.to !== to).map(variant => [variant.to, 0]))
}

/**
 * A new version whose instances crash again and again needs no comparison of requests: other instances and further tries spare its
 * visitors most of it, and where there are none nothing of it is seen.
 */
import type { InstanceStatus } from '@vamp/model/deployment'
import type { ReleaseStatus } from '@vamp/model/release-status'
import { crashOdds } from '@vamp/stats/sequential/crashes'
import { crashed } from '@vamp/stats/sequential/sentence'
import { newVersions } from './finish.ts'
import type { CrashWatch, ReleaseJudge } from './judge-state.ts'
import type { ObservedRelease } from './observe.ts'
import { rollsBackAt } from './settings.ts'

/** One in ten minutes for each instance is nothing that calls for a rollback, whatever the old version does. */
const TOLERATED_PER_SECOND = 1 / 600
/** Of one instance: one alone may be anything. */
const CRASHES_MIN = 2

export function watchCrashes(observed: ObservedRelease, status: ReleaseStatus): CrashWatch {
  const crashed = newVersions(status).flatMap(version => instancesOf(observed, status, version)).filter(({ crashes = 0 }) => crashes > 0)
  return { sinceMs: observed.nowMs, before: Object.fromEntries(crashed.map(({ id, crashes = 0 }) => [id, crashes])) }
}

/**
 * In a sentence, why the version is given up for its crashes; nothing where chance may have been at work, or the old version fares no better.
 * One cause may end several instances, such as an engine that starts again, so each is evidence of its own, and theirs is averaged:
 * that is evidence whatever they have to do with each other.
 */
export function crashing(observed: ObservedRelease, status: ReleaseStatus, version: string): string | undefined {
  const watch = (status.judge as ReleaseJudge).crashes
  if (!watch) return undefined
  const instances = instancesOf(observed, status, version)
  const crashes = instances.map(({ id, crashes = 0 }) => Math.max(0, crashes - (watch.before[id] ?? 0)))
  if (Math.max(0, ...crashes) < CRASHES_MIN) return undefined
  const seconds = Math.max(1, (observed.nowMs - watch.sinceMs) / 1000)
  const usual = Math.max(TOLERATED_PER_SECOND, rateOf(instancesOf(observed, status, status.from), observed.nowMs))
  const odds = sum(crashes.map(count => crashOdds(count, seconds, usual))) / instances.length
  if (odds < rollsBackAt(observed.release.value)) return undefined
  const why = instances.find(({ state, reason }) => state === 'failed' && reason !== undefined)?.reason
  return crashed(version, sum(crashes), seconds, why, odds)
}

/** Of a version that crashes itself: at least as often as it really does, as what came before the last start is left out of the time. */
function rateOf(instances: readonly InstanceStatus[], nowMs: number): number {
  const seconds = sum(instances.map(({ since }) => Math.max(0, nowMs - Date.parse(since)) / 1000))
  return sum(instances.map(({ crashes = 0 }) => crashes)) / Math.max(1, seconds)
}

function instancesOf({ deploymentStatus }: ObservedRelease, { cluster }: ReleaseStatus, version: string): readonly InstanceStatus[] {
  return (deploymentStatus?.instances ?? []).filter(instance => instance.cluster === cluster && instance.service === version)
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

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
/** One alone may be anything. */
const CRASHES_MIN = 2

export function watchCrashes(observed: ObservedRelease, status: ReleaseStatus): CrashWatch {
  return { sinceMs: observed.nowMs, before: Object.fromEntries(newVersions(status).map(version => [version, crashesOf(instancesOf(observed, status, version))])) }
}

/** In a sentence, why the version is given up for its crashes; nothing where chance may have been at work, or the old version fares no better. */
export function crashing(observed: ObservedRelease, status: ReleaseStatus, version: string): string | undefined {
  const watch = (status.judge as ReleaseJudge).crashes
  const instances = instancesOf(observed, status, version)
  const crashes = crashesOf(instances) - (watch?.before[version] ?? 0)
  if (!watch || crashes < CRASHES_MIN) return undefined
  const seconds = Math.max(1, (observed.nowMs - watch.sinceMs) / 1000)
  const odds = crashOdds(crashes, seconds * instances.length, Math.max(TOLERATED_PER_SECOND, rateOf(instancesOf(observed, status, status.from), observed.nowMs)))
  if (odds < rollsBackAt(observed.release.value)) return undefined
  const why = instances.find(({ state, reason }) => state === 'failed' && reason !== undefined)?.reason
  return crashed(version, crashes, seconds, why, odds)
}

/** Of a version that crashes itself: at least as often as it really does, as what came before the last start is left out of the time. */
function rateOf(instances: readonly InstanceStatus[], nowMs: number): number {
  const seconds = instances.reduce((sum, { since }) => sum + Math.max(0, nowMs - Date.parse(since)) / 1000, 0)
  return crashesOf(instances) / Math.max(1, seconds)
}

function instancesOf({ deploymentStatus }: ObservedRelease, { cluster }: ReleaseStatus, version: string): readonly InstanceStatus[] {
  return (deploymentStatus?.instances ?? []).filter(instance => instance.cluster === cluster && instance.service === version)
}

const crashesOf = (instances: readonly InstanceStatus[]) => instances.reduce((sum, { crashes = 0 }) => sum + crashes, 0)

/**
 * Pure: what is observed in, what to write and what to say out. A release's status and the weights that follow from it are
 * one transaction, so a server that dies between two decisions resumes with the same evidence and without a jump of weight.
 */
import type { ReleaseStatus } from '@vamp/model/release-status'
import { compare, comparesVersions } from './experiment.ts'
import { keep, newVersions, remove, removed, rollBack } from './finish.ts'
import { judge } from './judging.ts'
import { obey } from './orders.ts'
import type { ObservedRelease } from './observe.ts'
import type { ReleasePlan } from './outcome.ts'
import { begin, prepare } from './prepare.ts'
import { fallen } from './train.ts'

export function planRelease(observed: ObservedRelease): ReleasePlan {
  const status = observed.status?.value
  if (!status) return begin(observed)
  if (observed.order) return obey(observed, status, observed.order)
  switch (status.phase) {
    case 'waiting': return begin(observed)
    case 'preparing': return withdrawn(observed, status) ?? withTrain(observed, status) ?? prepare(observed, status)
    case 'ramping':
    case 'paused':
    case 'holding':
    case 'probing':
    case 'hold_back': return withdrawn(observed, status) ?? withTrain(observed, status) ?? (comparesVersions(status) ? compare(observed, status) : judge(observed, status))
    case 'keeping': return withTrain(observed, status) ?? keep(observed, status)
    case 'rolling_back': return remove(observed, status)
    case 'promoted':
    case 'rolled_back':
    case 'aborted':
    case 'failed': return removed(observed, status)
    default: return status.phase satisfies never
  }
}

/** Somebody took the new version away, alone or with its deployment: a release of nothing would wait for ever, and others for it. */
function withdrawn(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan | undefined {
  const services = observed.deployment?.value.clusters.find(({ name }) => name === status.cluster)?.services ?? []
  const gone = newVersions(status).find(version => !services.some(({ breed, intention }) => breed.name === version && intention === 'Deployment'))
  if (gone === undefined) return undefined
  return rollBack(observed, status, 'aborted', `Version ${gone} was taken out of ${status.deployment}/${status.cluster} during the release.`)
}

/** One release of a train that went back takes the others along, as long as their old versions are there. */
function withTrain(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan | undefined {
  const other = fallen(observed)
  return other && rollBack(observed, status, 'rolled_back', `It goes back with its train: release ${other.name} is ${(other.verdict ?? other.phase).replaceAll('_', ' ')}. ${other.sentence}`)
}

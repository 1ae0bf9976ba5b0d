/**
 * Capacity before weight: the new version gets the instances that a share needs before it gets the share. The old version keeps
 * all of its own, so that it can take everything back at once; only a rolling release lets them go one by one.
 */
import { changeScale } from '@vamp/model/deploy/scale-change'
import type { DeploymentService } from '@vamp/model/deployment'
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { Write } from '../store/store.ts'
import type { ReleaseJudge } from './judge-state.ts'
import type { ObservedRelease } from './observe.ts'

export interface Capacity {
  /** What the instances that are there can take, at most what was asked for. */
  readonly percent: number
  readonly writes: readonly Write[]
  /** In a sentence, where the instances are what is waited for. */
  readonly waits?: string
}

export function capacityFor(observed: ObservedRelease, status: ReleaseStatus, version: string, percent: number): Capacity {
  const full = (status.judge as ReleaseJudge).full ?? 0
  const service = serviceNamed(observed, status.cluster, version)
  if (full === 0 || !service) return { percent, writes: [] }
  const needed = Math.min(full, Math.ceil(percent / 100 * full - 1e-9))
  const writes = needed > service.scale.instances ? resize(observed, status.cluster, new Map([[version, needed]])) : []
  const ready = readyInstances(observed, status.cluster, version)
  if (ready >= needed) return { percent, writes }
  const possible = Math.floor(ready / full * 10_000) / 100
  return { percent: Math.min(percent, possible), writes, waits: `Waiting for instances of ${version}: ${ready} of the ${needed} that ${percent} % of the traffic need are ready.` }
}

/** What a rolling release leaves of the old version, once the new one has its share in force: what the rest needs, at least one. */
export function shrunk(observed: ObservedRelease, status: ReleaseStatus, inForce: number): readonly Write[] {
  const full = (status.judge as ReleaseJudge).full ?? 0
  const kept = Math.max(1, full - Math.floor(inForce * full + 1e-9))
  const service = serviceNamed(observed, status.cluster, status.from)
  return service && service.scale.instances > kept ? resize(observed, status.cluster, new Map([[status.from, kept]])) : []
}

/** The old version as large as it was when the release began. */
export function restored(observed: ObservedRelease, status: ReleaseStatus): readonly Write[] {
  const full = (status.judge as ReleaseJudge | null)?.full ?? 0
  const service = serviceNamed(observed, status.cluster, status.from)
  return service && service.scale.instances < full ? resize(observed, status.cluster, new Map([[status.from, full]])) : []
}

export function instancesOf(observed: ObservedRelease, cluster: string, version: string): number {
  return serviceNamed(observed, cluster, version)?.scale.instances ?? 0
}

function serviceNamed({ deployment }: ObservedRelease, cluster: string, version: string): DeploymentService | undefined {
  return deployment?.value.clusters.find(({ name }) => name === cluster)?.services.find(({ breed, intention }) => breed.name === version && intention === 'Deployment')
}

export function readyInstances({ deploymentStatus }: ObservedRelease, cluster: string, version: string): number {
  return (deploymentStatus?.instances ?? []).filter(instance => instance.cluster === cluster && instance.service === version && instance.state === 'ready').length
}

function resize(observed: ObservedRelease, cluster: string, sizes: ReadonlyMap<string, number>): readonly Write[] {
  const { deployment } = observed
  if (!deployment) return []
  let value = deployment.value
  for (const [service, instances] of sizes) {
    const scale = serviceNamed(observed, cluster, service)?.scale
    const changed = scale ? changeScale(value, { cluster, service, scale: { ...scale, instances } }) : undefined
    if (changed?.is === 'ok') value = changed.value
  }
  return [{ do: 'put', kind: 'deployments', name: deployment.name, value, expected: deployment.revision }]
}

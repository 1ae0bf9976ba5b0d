/** Puts a version beside another, or takes it away: the deployment's side of a release, as writes. */
import type { Blueprint, Service } from '@vamp/model/blueprint'
import type { Breed } from '@vamp/model/breed'
import type { Deployment, DeploymentService } from '@vamp/model/deployment'
import { planDeployment, planSlice } from '@vamp/model/deploy/plan'
import type { Gateway } from '@vamp/model/gateway'
import { type Parsed, describeProblems } from '@vamp/model/problem'
import { inline, reference } from '@vamp/model/reference'
import type { Release } from '@vamp/model/release'
import type { Expected, Stored, Write } from '../store/store.ts'
import type { ObservedRelease } from './observe.ts'

/** The writes, or why it cannot be done. */
export type VersionWrites = readonly Write[] | string

/** Adds the versions with the size and the settings that `from` has, unless the release says otherwise. They start without traffic. */
export function addVersions(observed: ObservedRelease, from: string, to: readonly string[]): VersionWrites {
  const { deployment, breeds, scales, deploymentGateways: gateways } = observed
  const missing = to.find(name => !breeds.has(name))
  if (!deployment || missing !== undefined) return `There is no breed ${missing ?? to.join(', ')}; store it first.`
  const release = observed.release.value
  const sibling = deployment.value.clusters.find(({ name }) => name === release.cluster)?.services.find(service => service.breed.name === from)
  const planned = planDeployment({
    current: deployment.value,
    incoming: blueprint(release, to.flatMap(name => { const breed = breeds.get(name); return breed ? [serviceLike(sibling, breed, release)] : [] })),
    lookup: (kind, name) => kind === 'breeds' ? breeds.get(name) : kind === 'scales' ? scales.get(name) : undefined,
    gateways: gateways.map(({ value }) => value),
  })
  return asWrites(deployment, planned, gateways)
}

/** Takes versions without traffic away; their instances are drained first. */
export function removeVersions(observed: ObservedRelease, names: readonly string[]): VersionWrites {
  const { deployment, deploymentGateways: gateways } = observed
  if (!deployment) return []
  const cluster = deployment.value.clusters.find(({ name: cluster }) => cluster === observed.release.value.cluster)
  const leaving = names.filter(name => cluster?.services.some(({ breed, intention }) => breed.name === name && intention === 'Deployment'))
  if (leaving.length === 0) return []
  const planned = planSlice({
    current: deployment.value,
    outgoing: blueprint(observed.release.value, leaving.map(name => ({ breed: reference(name), environment_variables: [], arguments: [], dialects: {} }))),
    gateways: gateways.map(({ value }) => value),
  })
  return asWrites(deployment, planned, gateways)
}

function serviceLike(sibling: DeploymentService | undefined, breed: Breed, release: Release): Service {
  const known = new Set(breed.environment_variables.map(({ name }) => name))
  return {
    breed: reference(breed.name),
    environment_variables: (sibling?.environment_variables ?? []).filter(({ name }) => known.has(name)),
    arguments: sibling?.arguments ?? [],
    dialects: sibling?.dialects ?? {},
    ...(sibling?.network === undefined ? {} : { network: sibling.network }),
    ...(sibling?.health_checks === undefined ? {} : { health_checks: sibling.health_checks }),
    ...(release.scale ? { scale: release.scale } : sibling ? { scale: inline({ ...sibling.scale, instances: release.instances ?? sibling.scale.instances }) } : {}),
  }
}

function blueprint(release: Release, services: readonly Service[]): Blueprint {
  return {
    kind: 'blueprints', name: release.deployment, metadata: {}, gateways: [], environment_variables: [], dialects: {},
    clusters: [{ name: release.cluster, metadata: {}, gateways: [], dialects: {}, services: [...services] }],
  }
}

interface Planned { readonly deployment: Deployment; readonly gateways: { readonly put: readonly Gateway[]; readonly remove: readonly string[] } }

function asWrites(before: Stored<'deployments'>, planned: Parsed<Planned>, gateways: readonly Stored<'gateways'>[]): VersionWrites {
  if (planned.is === 'refused') return describeProblems(planned.problems)
  const revision = (name: string): Expected => gateways.find(stored => stored.name === name)?.revision ?? 'absent'
  const { deployment, gateways: { put, remove } } = planned.value
  return [
    { do: 'put', kind: 'deployments', name: deployment.name, value: deployment, expected: before.revision },
    ...put.map(gateway => ({ do: 'put' as const, kind: 'gateways' as const, name: gateway.name, value: gateway, expected: revision(gateway.name) })),
    ...remove.map(name => ({ do: 'delete' as const, kind: 'gateways' as const, name, expected: revision(name) })),
  ]
}

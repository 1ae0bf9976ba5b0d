/** What the screens look at, and which events are a reason to look again. */
import type { DataOf } from '@vamp/model/api/endpoint'
import { type ArtifactJson, STATIC_KINDS, staticArtifacts } from '@vamp/model/api/artifacts'
import type { DeploymentView } from '@vamp/model/api/deployments'
import { deployments } from '@vamp/model/api/deployments'
import { type GatewayView, gateways } from '@vamp/model/api/gateways'
import { type ReleaseView, releases } from '@vamp/model/api/releases'
import { type TrafficGroup, traffic } from '@vamp/model/api/traffic'
import { type ScalingPoints, scaling } from '@vamp/model/api/scaling'
import type { AutoscalerStatus } from '@vamp/model/autoscaler-status'
import { type RunSummary, workflows } from '@vamp/model/api/workflows'
import type { WorkflowRun } from '@vamp/model/workflow-run'
import type { Event } from '@vamp/model/event'
import { system } from '@vamp/model/api/system'
import { KINDS, singular } from '@vamp/model/kind'
import type { Known, Schema } from './editor/yaml-completion.ts'
import { vamp } from './server.ts'
import { lastSeen, type Source } from './look.ts'

const tagged = (...tags: readonly string[]) => ({ tags: told }: Event) => tags.some(tag => told.includes(tag))

export const releaseStatuses = (): Source<readonly ReleaseView[]> => ({
  key: 'release-statuses', everyMs: 2000, wakes: tagged('releases'),
  load: async signal => (await vamp().call(releases.statuses, {}, signal)).data.toSorted((a, b) => Date.parse(b.since) - Date.parse(a.since)),
})

export const releaseStatus = (name: string): Source<ReleaseView> => ({
  key: `release-status ${name}`, everyMs: 1500, wakes: tagged(`releases:${name}`),
  load: async signal => (await vamp().call(releases.status, { path: { name } }, signal)).data,
})

export const allDeployments = (): Source<readonly DeploymentView[]> => ({
  key: 'deployments', everyMs: 3000, wakes: tagged('deployments', 'synchronization'),
  load: signal => vamp().all(deployments.list, {}, signal),
})

export const deployment = (name: string): Source<DeploymentView> => ({
  key: `deployment ${name}`, everyMs: 2000, wakes: tagged(`deployments:${name}`),
  // A list has all of each: the page stands at once, and is true a moment later.
  seed: () => {
    const list = lastSeen<readonly DeploymentView[]>('deployments')
    const value = list?.value.find(each => each.name === name)
    return list && value && { value, atMs: list.atMs }
  },
  load: async signal => (await vamp().call(deployments.get, { path: { deployment: name } }, signal)).data,
})

export const allGateways = (): Source<readonly GatewayView[]> => ({
  key: 'gateways', everyMs: 3000, wakes: tagged('gateways'),
  load: signal => vamp().all(gateways.list, {}, signal),
})

export interface KnownGateway { readonly view: GatewayView; readonly etag: string | undefined }

export const gateway = (name: string): Source<KnownGateway> => ({
  key: `gateway ${name}`, everyMs: 2000, wakes: tagged(`gateways:${name}`),
  load: async signal => {
    const { data, etag } = await vamp().call(gateways.get, { path: { gateway: name } }, signal)
    return { view: data, etag }
  },
})

const NOW = '10s'

/** What each route of every gateway got in the last seconds. */
export const routeTraffic = (): Source<readonly TrafficGroup[]> => ({
  key: 'route-traffic', everyMs: 2000,
  load: async signal => (await vamp().call(traffic.read, { query: { since: NOW, by: ['route'], percentile: [50, 95, 99] } }, signal)).data.groups ?? [],
})

/** What each instance of a deployment, or of all, got in the last seconds. */
export const instanceTraffic = (name: string | undefined): Source<readonly TrafficGroup[]> => ({
  key: `instance-traffic ${name ?? ''}`, everyMs: 2000,
  load: async signal => (await vamp().call(traffic.read, { query: { since: NOW, by: ['instance'], percentile: [50, 95, 99], ...(name === undefined ? {} : { deployment: name }) } }, signal)).data.groups ?? [],
})

/** Kinds that are written by people as they are; deployments come from blueprints. */
export const EDITED_KINDS = [...STATIC_KINDS, 'gateways', 'workflows', 'releases'] as const
export type EditedKind = (typeof EDITED_KINDS)[number]

const endpointsOf = (kind: Exclude<EditedKind, 'gateways'>) => kind === 'workflows' ? workflows : kind === 'releases' ? releases : staticArtifacts[kind]

export const artifactList = (kind: EditedKind): Source<readonly ArtifactJson[]> => ({
  key: `artifacts ${kind}`, everyMs: 5000, wakes: tagged(kind),
  load: signal => kind === 'gateways' ? vamp().all(gateways.list, {}, signal) : vamp().all(endpointsOf(kind).list, {}, signal),
})

export const artifact = (kind: Exclude<EditedKind, 'gateways'>, name: string): Source<ArtifactJson> => ({
  key: `artifact ${kind} ${name}`, everyMs: 5000, wakes: tagged(`${kind}:${name}`),
  load: async signal => (await vamp().call(endpointsOf(kind).get, { path: { name } }, signal)).data,
})

export const autoscalerStatus = (name: string): Source<AutoscalerStatus> => ({
  key: `autoscaler-status ${name}`, everyMs: 1500, wakes: tagged(`autoscalers:${name}`),
  load: async signal => (await vamp().call(scaling.status, { path: { name } }, signal)).data,
})

/** Of the last quarter of an hour. */
export const autoscalerPoints = (name: string): Source<readonly ScalingPoints[]> => ({
  key: `autoscaler-points ${name}`, everyMs: 2000, wakes: tagged(`autoscalers:${name}`),
  load: async signal => (await vamp().call(scaling.points, { path: { name }, query: { since: '15m' } }, signal)).data,
})

export const artifactText = (kind: EditedKind, name: string, signal: AbortSignal): Promise<string> =>
  kind === 'gateways' ? vamp().yaml(gateways.get, { path: { gateway: name } }, signal) : vamp().yaml(endpointsOf(kind).get, { path: { name } }, signal)

const NAMED_KINDS = ['breeds', 'scales', 'slas', 'conditions', 'policies'] as const

/** The language as this server reads it, and the names that documents may refer to. */
export const languageKnown = (): Source<Known> => ({
  key: 'language', everyMs: 60_000,
  load: async signal => {
    const schemas = await Promise.all(KINDS.map(async kind => [singular(kind), (await vamp().call(system.schema, { path: { kind } }, signal)).data as Schema] as const))
    const names = await Promise.all([
      vamp().all(deployments.list, {}, signal).then(list => ['deployments', list.map(({ name }) => name)] as const),
      ...NAMED_KINDS.map(async kind => [kind, (await vamp().all(staticArtifacts[kind].list, {}, signal)).map(({ name }) => name)] as const),
    ])
    return { schemas: Object.fromEntries(schemas), names: Object.fromEntries(names) }
  },
})

export const workflowRuns = (name: string): Source<readonly RunSummary[]> => ({
  key: `workflow runs ${name}`, everyMs: 2000, wakes: tagged(`workflows:${name}`),
  load: async signal => (await vamp().call(workflows.runs, { path: { name }, query: { per_page: 50 } }, signal)).data,
})

export const workflowRun = (name: string, run: string): Source<WorkflowRun> => ({
  key: `workflow run ${name} ${run}`, everyMs: 2000, load: async signal => (await vamp().call(workflows.getRun, { path: { name, run } }, signal)).data,
})

export const shippedWorkflows = (): Source<DataOf<typeof workflows.shipped>> => ({
  key: 'shipped workflows', everyMs: 60_000, load: async signal => (await vamp().call(workflows.shipped, {}, signal)).data,
})

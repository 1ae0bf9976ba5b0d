/** What the gateway reconciler decides on: everything stored that shapes a routing table, and what the agents have confirmed. */
import type { AgentReport } from '@vamp/agent/link/link'
import type { Condition } from '@vamp/model/condition'
import type { Deployment, DeploymentStatus } from '@vamp/model/deployment'
import type { Rewrite, RouteArtifact } from '@vamp/model/gateway'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import type { Policy } from '@vamp/model/policy'
import type { Fleet } from '../fleet/fleet.ts'
import type { RecordKind } from '../store/record.ts'
import type { Store, Stored } from '../store/store.ts'
import type { Mirror } from './mirror.ts'

export interface ObservedGateways {
  /** For the next table: above 0 also on an empty store, read before everything else, so the content is at least as new. */
  readonly revision: number
  readonly gateways: readonly Stored<'gateways'>[]
  readonly deployments: readonly Deployment[]
  readonly deploymentStatuses: readonly DeploymentStatus[]
  readonly conditions: ReadonlyMap<string, Condition>
  readonly rewrites: ReadonlyMap<string, Rewrite>
  readonly routes: ReadonlyMap<string, RouteArtifact>
  readonly policies: ReadonlyMap<string, Policy>
  readonly statuses: ReadonlyMap<string, GatewayStatus>
  readonly reports: readonly AgentReport[]
  /** Where these are the same objects, so is everything but gateways and reports. Absent: it is not known. */
  readonly sources?: readonly unknown[]
}

/** The kinds of record whose change may change the table. */
export const TABLE_KINDS: readonly RecordKind[] = ['gateways', 'deployments', 'deployment-statuses', 'conditions', 'rewrites', 'routes', 'policies']

/** The kinds that are read: those, and what was said of them before. */
export const OBSERVED_KINDS: readonly RecordKind[] = [...TABLE_KINDS, 'gateway-statuses']

export async function observeGateways(store: Store, mirror: Mirror, fleet: Fleet): Promise<ObservedGateways> {
  const revision = await store.revision() + 1
  await mirror.refresh()
  return {
    revision,
    gateways: mirror.list('gateways'),
    deployments: mirror.list('deployments').map(({ value }) => value),
    deploymentStatuses: mirror.list('deployment-statuses').map(({ value }) => value),
    conditions: mirror.values('conditions'),
    rewrites: mirror.values('rewrites'),
    routes: mirror.values('routes'),
    policies: mirror.values('policies'),
    statuses: mirror.values('gateway-statuses'),
    sources: SOURCES.map(kind => mirror.list(kind)),
    reports: fleet.reports(),
  }
}

/** What gateways are built of besides themselves. */
const SOURCES: readonly RecordKind[] = ['deployments', 'deployment-statuses', 'conditions', 'rewrites', 'routes', 'policies']

/** What the gateway reconciler decides on: everything stored that shapes a routing table, and what the agents have confirmed. */
import type { AgentReport } from '@vamp/agent/link/link'
import type { Condition } from '@vamp/model/condition'
import type { Deployment, DeploymentStatus } from '@vamp/model/deployment'
import type { Gateway, Rewrite, RouteArtifact } from '@vamp/model/gateway'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import type { Policy } from '@vamp/model/policy'
import type { Sources } from '@vamp/model/routing/table-memo'
import type { Fleet } from '../fleet/fleet.ts'
import type { RecordKind } from '../store/record.ts'
import type { Store } from '../store/store.ts'
import type { Mirror, MirroredKind } from './mirror.ts'

export interface ObservedGateways {
  /** For the next table: above 0 also on an empty store, read before everything else, so the content is at least as new. */
  readonly revision: number
  /** In order of name, as everything here that is a list; the same list as before where nothing of it changed. */
  readonly gateways: readonly Gateway[]
  readonly deployments: readonly Deployment[]
  readonly deploymentStatuses: readonly DeploymentStatus[]
  readonly conditions: ReadonlyMap<string, Condition>
  readonly rewrites: ReadonlyMap<string, Rewrite>
  readonly routes: ReadonlyMap<string, RouteArtifact>
  readonly policies: ReadonlyMap<string, Policy>
  readonly statuses: readonly GatewayStatus[]
  readonly reports: readonly AgentReport[]
  /** What gateways are built of besides themselves, as lists. Absent: nothing is known to be as it was. */
  readonly sources?: Sources
}

const KINDS: readonly MirroredKind[] = ['gateways', 'deployments', 'deployment-statuses', 'conditions', 'rewrites', 'routes', 'policies']

/** The kinds of record whose change may change the table. */
export const TABLE_KINDS: readonly RecordKind[] = KINDS

/** The kinds that are read: those, and what was said of them before. */
export const OBSERVED_KINDS: readonly MirroredKind[] = [...KINDS, 'gateway-statuses']

export async function observeGateways(store: Store, mirror: Mirror, fleet: Fleet): Promise<ObservedGateways> {
  const revision = await store.revision() + 1
  await mirror.refresh()
  return {
    revision,
    gateways: mirror.items('gateways'),
    deployments: mirror.items('deployments'),
    deploymentStatuses: mirror.items('deployment-statuses'),
    conditions: mirror.values('conditions'),
    rewrites: mirror.values('rewrites'),
    routes: mirror.values('routes'),
    policies: mirror.values('policies'),
    statuses: mirror.items('gateway-statuses'),
    sources: {
      deployments: mirror.items('deployments'), 'deployment-statuses': mirror.items('deployment-statuses'), conditions: mirror.items('conditions'),
      rewrites: mirror.items('rewrites'), routes: mirror.items('routes'), policies: mirror.items('policies'),
    },
    reports: fleet.reports(),
  }
}

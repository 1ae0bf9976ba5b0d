/** What the gateway reconciler decides on: everything stored that shapes a routing table, and what the agents have confirmed. */
import type { AgentReport } from '@vamp/agent/link/link'
import type { Condition } from '@vamp/model/condition'
import type { Deployment, DeploymentStatus } from '@vamp/model/deployment'
import type { Rewrite, RouteArtifact } from '@vamp/model/gateway'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import type { Policy } from '@vamp/model/policy'
import type { Fleet } from '../fleet/fleet.ts'
import type { RecordKind, RecordOf } from '../store/record.ts'
import type { Store, Stored } from '../store/store.ts'

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
}

/** The kinds of record whose change may change the table. */
export const TABLE_KINDS: readonly RecordKind[] = ['gateways', 'deployments', 'deployment-statuses', 'conditions', 'rewrites', 'routes', 'policies']

export async function observeGateways(store: Store, fleet: Fleet): Promise<ObservedGateways> {
  const revision = await store.revision() + 1
  const all = async <K extends RecordKind>(kind: K) => (await store.list(kind)).items
  const byName = async <K extends RecordKind>(kind: K): Promise<Map<string, RecordOf[K]>> => new Map((await all(kind)).map(({ name, value }) => [name, value]))
  return {
    revision,
    gateways: await all('gateways'),
    deployments: (await all('deployments')).map(({ value }) => value),
    deploymentStatuses: (await all('deployment-statuses')).map(({ value }) => value),
    conditions: await byName('conditions'),
    rewrites: await byName('rewrites'),
    routes: await byName('routes'),
    policies: await byName('policies'),
    statuses: await byName('gateway-statuses'),
    reports: fleet.reports(),
  }
}

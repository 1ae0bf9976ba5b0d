/** Pure: what is stored and what is carried in, the next table and the next statuses out. */
import type { GatewayStatus } from '@vamp/model/gateway-status'
import { byName, changes } from '@vamp/model/changed'
import type { NewEvent } from '@vamp/model/event'
import { buildTable } from '@vamp/model/routing/build-table'
import type { RoutingTable } from '@vamp/model/routing/table'
import { TableMemo } from '@vamp/model/routing/table-memo'
import { deployedEvents, routeEvents } from './events.ts'
import type { ObservedGateways } from './observe.ts'
import { planStatuses, StatusMemo } from './status.ts'

export interface GatewayPlan {
  /** Gateways without a port get one from the range. */
  readonly unassigned: readonly string[]
  /** Absent: the published table is right. */
  readonly publish?: RoutingTable
  readonly putStatuses: readonly GatewayStatus[]
  readonly removeStatuses: readonly string[]
  readonly events: readonly NewEvent[]
}

export interface Listening {
  readonly address: string
  readonly virtualHosts?: { readonly address: string; readonly port: number }
}

/** What was planned before. */
export interface PlanMemo { readonly table: TableMemo; readonly statuses: StatusMemo }

export const openPlanMemo = (): PlanMemo => ({ table: new TableMemo(), statuses: new StatusMemo() })

/** With a `memo` of the plans before, it costs what changed. */
export function planGateways(observed: ObservedGateways, published: RoutingTable, listening: Listening, memo: PlanMemo = openPlanMemo()): GatewayPlan {
  const { table: built, problems, unassigned } = buildTable({
    gateways: observed.gateways,
    statuses: observed.deploymentStatuses,
    deployments: observed.deployments,
    lookupCondition: name => observed.conditions.get(name),
    lookupRewrite: name => observed.rewrites.get(name),
    lookupRoute: name => observed.routes.get(name),
    lookupPolicy: name => observed.policies.get(name),
    revision: observed.revision,
    address: listening.address,
    ...(listening.virtualHosts ? { virtualHosts: listening.virtualHosts } : {}),
    ...(observed.sources ? { sources: observed.sources } : {}),
  }, memo.table)
  const changed = published.revision === 0 || !sameContent(built, published)
  const { put: putStatuses, remove: removeStatuses, before } = planStatuses({ ...observed, table: changed ? built : published, problems }, memo.statuses)
  return {
    unassigned,
    ...(changed ? { publish: built } : {}),
    putStatuses, removeStatuses,
    events: [...deployedEvents(before, putStatuses, removeStatuses), ...(changed && published.revision > 0 ? routeEvents(published, built) : [])],
  }
}

/** Gateways that are the same objects need no look into them. */
function sameContent(a: RoutingTable, b: RoutingTable): boolean {
  return a.gateways.length === b.gateways.length && JSON.stringify(a.virtual_hosts) === JSON.stringify(b.virtual_hosts)
    && changes(a.gateways, b.gateways, byName).every(({ before, after }) => JSON.stringify(before) === JSON.stringify(after))
}

/** Pure: what is stored and what is carried in, the next table and the next statuses out. */
import type { GatewayStatus } from '@vamp/model/gateway-status'
import type { NewEvent } from '@vamp/model/event'
import { buildTable } from '@vamp/model/routing/build-table'
import type { RoutingTable } from '@vamp/model/routing/table'
import { deployedEvents, routeEvents } from './events.ts'
import type { ObservedGateways } from './observe.ts'
import { gatewayStatus, leftOut } from './status.ts'

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

export function planGateways(observed: ObservedGateways, published: RoutingTable, listening: Listening): GatewayPlan {
  const assigned = observed.gateways.filter(({ value }) => value.port.number > 0)
  const { table: built, problems } = buildTable({
    gateways: assigned.map(({ value }) => value),
    statuses: observed.deploymentStatuses,
    deployments: observed.deployments,
    lookupCondition: name => observed.conditions.get(name),
    lookupRewrite: name => observed.rewrites.get(name),
    lookupRoute: name => observed.routes.get(name),
    lookupPolicy: name => observed.policies.get(name),
    revision: observed.revision,
    address: listening.address,
    ...(listening.virtualHosts ? { virtualHosts: listening.virtualHosts } : {}),
  })
  const changed = published.revision === 0 || !sameContent(built, published)
  const table = changed ? built : published
  const problemOf = (name: string) => problems.find(problem => problem.gateway === name)?.message
  const statuses = [
    ...table.gateways.map(gateway => gatewayStatus(gateway, table, observed.reports, problemOf(gateway.name))),
    ...assigned.filter(({ name }) => !table.gateways.some(gateway => gateway.name === name)).map(({ value }) => leftOut(value, problemOf(value.name))),
  ]
  const present = new Set(observed.gateways.map(({ name }) => name))
  return {
    unassigned: observed.gateways.filter(({ value }) => value.port.number === 0).map(({ name }) => name),
    ...(changed ? { publish: built } : {}),
    putStatuses: statuses.filter(status => JSON.stringify(status) !== JSON.stringify(observed.statuses.get(status.name))),
    removeStatuses: [...observed.statuses.keys()].filter(name => !present.has(name)),
    events: [...deployedEvents(observed.statuses, statuses, present), ...(changed && published.revision > 0 ? routeEvents(published, built) : [])],
  }
}

function sameContent(a: RoutingTable, b: RoutingTable): boolean {
  return JSON.stringify({ ...a, revision: 0 }) === JSON.stringify({ ...b, revision: 0 })
}

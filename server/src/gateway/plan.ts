/** Pure: what is stored and what is carried in, the next table and the next statuses out. */
import type { GatewayStatus } from '@vamp/model/gateway-status'
import type { NewEvent } from '@vamp/model/event'
import { buildTable } from '@vamp/model/routing/build-table'
import type { RoutingTable } from '@vamp/model/routing/table'
import type { TableMemo } from '@vamp/model/routing/table-memo'
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

/** `memo` makes it cost what changed; without one everything is built anew. */
export function planGateways(observed: ObservedGateways, published: RoutingTable, listening: Listening, memo?: TableMemo): GatewayPlan {
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
    ...(observed.sources ? { sources: observed.sources } : {}),
  }, memo)
  const changed = published.revision === 0 || !sameContent(built, published)
  const table = changed ? built : published
  const problemByName = new Map(problems.toReversed().map(({ gateway, message }) => [gateway, message]))
  const problemOf = (name: string) => problemByName.get(name)
  const statuses = [
    ...table.gateways.map(gateway => gatewayStatus(gateway, table, observed.reports, problemOf(gateway.name))),
    ...notListed(assigned, table).map(({ value }) => leftOut(value, problemOf(value.name))),
  ]
  const putStatuses = statuses.filter(status => !sameStatus(status, observed.statuses.get(status.name)))
  const removeStatuses = namesGone(observed)
  return {
    unassigned: observed.gateways.filter(({ value }) => value.port.number === 0).map(({ name }) => name),
    ...(changed ? { publish: built } : {}),
    putStatuses, removeStatuses,
    events: [...deployedEvents(observed.statuses, putStatuses, removeStatuses), ...(changed && published.revision > 0 ? routeEvents(published, built) : [])],
  }
}

function notListed(assigned: ObservedGateways['gateways'], { gateways }: RoutingTable): ObservedGateways['gateways'] {
  if (assigned.length === gateways.length) return []
  const listed = new Set(gateways.map(({ name }) => name))
  return assigned.filter(({ name }) => !listed.has(name))
}

/** Those with a status that are no gateways any more. */
function namesGone({ gateways, statuses }: ObservedGateways): string[] {
  const known = gateways.reduce((count, { name }) => statuses.has(name) ? count + 1 : count, 0)
  if (known === statuses.size) return []
  const present = new Set(gateways.map(({ name }) => name))
  return [...statuses.keys()].filter(name => !present.has(name))
}

/** Gateways that are the same objects need no look into them. */
function sameContent(a: RoutingTable, b: RoutingTable): boolean {
  return a.gateways.length === b.gateways.length && JSON.stringify(a.virtual_hosts) === JSON.stringify(b.virtual_hosts)
    && a.gateways.every((gateway, index) => gateway === b.gateways[index] || JSON.stringify(gateway) === JSON.stringify(b.gateways[index]))
}

/** What a status was found equal to; both are the same objects as long as nothing changes. */
const found = new WeakMap<GatewayStatus, GatewayStatus>()

function sameStatus(status: GatewayStatus, stored: GatewayStatus | undefined): boolean {
  if (!stored) return false
  if (found.get(status) === stored) return true
  const same = JSON.stringify(status) === JSON.stringify(stored)
  if (same) found.set(status, stored)
  return same
}

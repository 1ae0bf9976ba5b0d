/** Desired, acknowledged and refused, per gateway: what `GET /gateways/…` shows beside the artifact. */
import type { AgentReport } from '@vamp/agent/link/link'
import { byName, changedKeys, placeOf, withKey } from '@vamp/model/changed'
import type { Gateway } from '@vamp/model/gateway'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import type { GatewayProblem } from '@vamp/model/routing/build-table'
import { FULL_SHARE, type GatewayTable, type RoutingTable } from '@vamp/model/routing/table'

/** What statuses rest on, and what they are. */
export interface StatusInput {
  readonly table: RoutingTable
  readonly gateways: readonly Gateway[]
  readonly problems: readonly GatewayProblem[]
  readonly reports: readonly AgentReport[]
  readonly statuses: readonly GatewayStatus[]
}

export interface StatusPlan {
  readonly put: readonly GatewayStatus[]
  readonly remove: readonly string[]
  /** As they are stored, of those that are put or removed. */
  readonly before: ReadonlyMap<string, GatewayStatus>
}

/** What was looked at last: a status is looked at again only where something of that is another thing, or where it was not yet what it should be. */
export class StatusMemo {
  last: { readonly input: StatusInput; readonly unsettled: readonly string[] } | undefined
}

export function planStatuses(input: StatusInput, memo: StatusMemo = new StatusMemo()): StatusPlan {
  const problemOf = new Map(input.problems.toReversed().map(({ gateway, message }) => [gateway, message]))
  const put: GatewayStatus[] = []
  const remove: string[] = []
  const before = new Map<string, GatewayStatus>()
  for (const name of namesToLookAt(memo.last, input)) {
    const stored = withKey(input.statuses, name, byName)
    const wanted = wantedStatus(name, input, problemOf.get(name))
    if (stored && wanted && JSON.stringify(stored) === JSON.stringify(wanted)) continue
    if (stored) before.set(name, stored)
    if (wanted) put.push(wanted)
    else if (stored && !withKey(input.gateways, name, byName)) remove.push(name)
  }
  memo.last = { input, unsettled: [...put.map(byName), ...remove] }
  return { put, remove, before }
}

function namesToLookAt(last: StatusMemo['last'], now: StatusInput): ReadonlySet<string> {
  const before = last?.input
  if (!before || !sameAgents(before, now)) return new Set([...now.table.gateways, ...now.gateways, ...now.statuses].map(byName))
  return new Set([
    ...last.unsettled,
    ...changedKeys(before.table.gateways, now.table.gateways, byName), ...changedKeys(before.gateways, now.gateways, byName), ...changedKeys(before.statuses, now.statuses, byName),
    ...[...before.problems, ...now.problems].map(({ gateway }) => gateway),
    ...now.reports.flatMap((report, at) => changedKeys(before.reports[at]?.shares ?? [], report.shares, byName)),
  ])
}

/** Is what each agent says of all gateways together the same? */
function sameAgents(before: StatusInput, now: StatusInput): boolean {
  return before.reports.length === now.reports.length && now.reports.every((report, at) => {
    const old = before.reports[at]
    return old?.agent === report.agent && JSON.stringify(refusalOf(old, before.table)) === JSON.stringify(refusalOf(report, now.table))
  })
}

const refusalOf = ({ refusal }: AgentReport, table: RoutingTable) => refusal && refusal.revision === table.revision ? refusal : undefined

/** Undefined: it should have none. */
function wantedStatus(name: string, { table, gateways, reports }: StatusInput, problem: string | undefined): GatewayStatus | undefined {
  const at = placeOf(table.gateways, name, byName)
  const gateway = at === undefined ? undefined : table.gateways[at]
  if (gateway) return statusOf(gateway, at ?? 0, table, reports, problem)
  const leftOut = withKey(gateways, name, byName)
  // A gateway that the table cannot have, and why.
  return leftOut && leftOut.port.number > 0 ? { name, deployed: false, port: leftOut.port.number, desired: {}, acknowledged: {}, ...(problem === undefined ? {} : { problem }) } : undefined
}

/** A share counts as acknowledged when every agent carries it; where agents differ, the smallest is told. */
function statusOf(gateway: GatewayTable, at: number, table: RoutingTable, reports: readonly AgentReport[], problem: string | undefined): GatewayStatus {
  const carried = reports.flatMap(({ shares }) => (shares[at]?.name === gateway.name ? shares[at] : withKey(shares, gateway.name, byName)) ?? []).map(({ routes }) => routes)
  const everywhere = reports.length > 0 && carried.length === reports.length
  const acknowledged = Object.fromEntries(gateway.routes.map(({ path }) =>
    [path, everywhere ? percent(Math.min(...carried.map(shares => shares[path] ?? 0))) : 0]))
  const refused = reports.find(({ refusal }) => refusal && refusal.revision === table.revision && (refusal.gateway ?? gateway.name) === gateway.name)?.refusal
  const reason = problem ?? refused?.reason
  return {
    name: gateway.name,
    deployed: everywhere && !refused,
    port: gateway.port,
    desired: Object.fromEntries(gateway.routes.map(({ path, weight }) => [path, percent(weight)])),
    acknowledged,
    ...(reason === undefined ? {} : { problem: reason }),
  }
}

const percent = (share: number) => (share * 100) / FULL_SHARE

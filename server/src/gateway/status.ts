/** Desired, acknowledged and refused, per gateway: what `GET /gateways/…` shows beside the artifact. */
import type { AgentReport } from '@vamp/agent/link/link'
import type { Gateway } from '@vamp/model/gateway'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import { FULL_SHARE, type GatewayTable, type RoutingTable } from '@vamp/model/routing/table'

const percent = (share: number) => (share * 100) / FULL_SHARE

/** The last status of a gateway and what it rested on. */
const told = new WeakMap<GatewayTable, { readonly rested: readonly unknown[]; readonly status: GatewayStatus }>()

/** As `statusOf`; the same object as long as it rests on the same. */
export function gatewayStatus(gateway: GatewayTable, table: RoutingTable, reports: readonly AgentReport[], problem: string | undefined): GatewayStatus {
  const before = told.get(gateway)
  if (before && before.rested.length === 1 + 2 * reports.length && before.rested[0] === problem
    && reports.every((report, at) => before.rested[2 * at + 1] === report.shares[gateway.name] && before.rested[2 * at + 2] === refusalOf(report, table))) return before.status
  const status = statusOf(gateway, table, reports, problem)
  told.set(gateway, { rested: [problem, ...reports.flatMap(report => [report.shares[gateway.name], refusalOf(report, table)])], status })
  return status
}

const refusalOf = ({ refusal }: AgentReport, table: RoutingTable) => refusal && refusal.revision === table.revision ? refusal : undefined

/** A share counts as acknowledged when every agent carries it; where agents differ, the smallest is told. */
function statusOf(gateway: GatewayTable, table: RoutingTable, reports: readonly AgentReport[], problem: string | undefined): GatewayStatus {
  const carried = reports.flatMap(report => { const shares = report.shares[gateway.name]; return shares ? [shares] : [] })
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

/** A gateway that the table cannot have, and why. */
export function leftOut(gateway: Gateway, problem: string | undefined): GatewayStatus {
  return { name: gateway.name, deployed: false, port: gateway.port.number, desired: {}, acknowledged: {}, ...(problem === undefined ? {} : { problem }) }
}

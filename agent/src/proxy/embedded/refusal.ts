/** What this driver cannot do is refused with a reason, never ignored. */
import { Fault } from '@vamp/model/fault'
import type { GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import { conditionGap } from '../condition-gap.ts'
import { BALANCES } from './choice.ts'

export function refuseGaps(table: RoutingTable): void {
  for (const gateway of table.gateways) {
    const reason = gapOf(gateway)
    if (reason) throw new Fault('proxy_refused', 'the embedded proxy cannot carry the table', { reason: `${reason} (gateway ${gateway.name})`, gateway: gateway.name })
  }
}

function gapOf(gateway: GatewayTable): string | undefined {
  if (has(gateway.policy)) return policyGap
  for (const route of gateway.routes) {
    const condition = route.condition && conditionGap(route.condition)
    if (condition) return condition
    if (has(route.policy)) return policyGap
    if (route.rewrites.length > 0) return 'rewrites are written in the language of HAProxy, which only HAProxy speaks'
    if (route.balance !== undefined && !BALANCES.has(route.balance)) return `the balance algorithm '${route.balance.slice(0, 40)}' is none of ${[...BALANCES].join(', ')}`
    if (route.target.is === 'endpoints' && route.target.endpoints.some(({ port }) => !isPort(port))) return `route ${route.path} has an instance at a port that does not exist`
  }
  return isPort(gateway.port) ? undefined : `port ${gateway.port} does not exist`
}

const policyGap = 'policies (timeouts, retries, limits, …) need HAProxy'

const has = (policy: object | undefined) => policy !== undefined && Object.keys(policy).length > 0

const isPort = (port: number) => Number.isInteger(port) && port > 0 && port < 65_536

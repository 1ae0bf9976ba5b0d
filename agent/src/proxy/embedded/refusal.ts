/** What this driver cannot do is refused with a reason, never ignored. */
import { Fault } from '@vamp/model/fault'
import type { GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import { policyGap } from '@vamp/model/routing/policy-gap'
import { conditionGap } from '../condition-gap.ts'
import { BALANCES } from './choice.ts'

export function refuseGaps(table: RoutingTable, abilities: Abilities): void {
  const secure = new Set(table.gateways.filter(({ policy }) => policy?.tls).map(({ name }) => name))
  for (const gateway of table.gateways) {
    const inner = gateway.routes.find(({ target }) => target.is === 'gateway' && secure.has(target.gateway))
    const reason = gapOf(gateway, abilities) ?? (inner && `route ${inner.path} leads to a gateway that speaks TLS`)
    if (reason) throw new Fault('proxy_refused', 'the embedded proxy cannot carry the table', { reason: `${reason} (gateway ${gateway.name})`, gateway: gateway.name })
  }
}

/** What depends on how the driver was opened. */
export interface Abilities { readonly countries: boolean }

/** Undefined if there is nothing that it cannot do. */
export function gapOf(gateway: GatewayTable, { countries }: Abilities): string | undefined {
  const own = policyGap({ driver: 'embedded', mode: gateway.mode, level: 'gateway' }, gateway.policy ?? {})
  if (own) return own
  for (const route of gateway.routes) {
    const condition = route.condition && conditionGap(route.condition, countries)
    if (condition) return condition
    const policy = policyGap({ driver: 'embedded', mode: gateway.mode, level: 'route' }, route.policy ?? {})
    if (policy) return policy
    if (route.rewrites.length > 0) return 'rewrites are written in the language of HAProxy, which only HAProxy speaks'
    if (route.balance !== undefined && !BALANCES.has(route.balance)) return `the balance algorithm '${route.balance.slice(0, 40)}' is none of ${[...BALANCES].join(', ')}`
    if (route.target.is === 'endpoints' && route.target.endpoints.some(({ port }) => !isPort(port))) return `route ${route.path} has an instance at a port that does not exist`
  }
  return isPort(gateway.port) ? undefined : `port ${gateway.port} does not exist`
}

const isPort = (port: number) => Number.isInteger(port) && port > 0 && port < 65_536

/** Why a proxy could not carry a gateway, asked before anything is stored. The drivers ask themselves the same again. */
import { Fault } from '@vamp/model/fault'
import type { GatewayTable } from '@vamp/model/routing/table'
import { gapOf } from './embedded/refusal.ts'
import { backendLines } from './haproxy/backend.ts'
import { requireFrontend } from './haproxy/frontend.ts'
import { gatewayProgram } from './haproxy/program.ts'
import type { Proxy as ProxyPort } from './proxy.ts'

/** Undefined if it could, as far as the gateway alone tells. */
export function gatewayGap(driver: ProxyPort['driver'], gateway: GatewayTable, sharedListener: boolean): string | undefined {
  // Whether there is a map of countries is the agent's business, and it says so.
  if (driver === 'embedded') return gapOf(gateway, { countries: true })
  if (driver === 'memory') return undefined
  try {
    requireFrontend(gateway, sharedListener, { countries: true })
    for (const route of gateway.routes) backendLines(gateway, route)
    gatewayProgram({ table: gateway, slots: [] })
    return undefined
  } catch (fault) {
    if (!(fault instanceof Fault) || fault.code !== 'proxy_refused') throw fault
    return String(fault.facts['reason'] ?? fault.message)
  }
}

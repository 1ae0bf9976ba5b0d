/** Where a route without instances has somewhere else to go, it goes there. */
import type { GatewayTable, RouteTable, RouteTarget } from './table.ts'

/** The gateway with the targets that can take requests. The same object if nothing has to be taken over. */
export function withFailover(gateway: GatewayTable): GatewayTable {
  if (!gateway.routes.some(needsFailover)) return gateway
  return { ...gateway, routes: gateway.routes.map(route => needsFailover(route) ? { ...route, target: route.failover?.find(canTake) ?? route.target } : route) }
}

const needsFailover = ({ failover, target }: RouteTable): boolean => failover !== undefined && !canTake(target)

const canTake = (target: RouteTarget): boolean => target.is === 'gateway' || target.endpoints.some(({ state }) => state === 'ready')

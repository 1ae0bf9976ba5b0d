/**
 * One gateway that a proxy cannot carry must not hold up the others: their weights, their drains and their rollbacks.
 */
import { Fault } from '@vamp/model/fault'
import type { GatewayTable, RoutingTable } from '@vamp/model/routing/table'

/** The gateway that a refusal is about, if it is about one. */
export function refusedGateway(table: RoutingTable, error: unknown): string | undefined {
  if (!(error instanceof Fault)) return undefined
  const { gateway, port } = error.facts
  return typeof gateway === 'string' ? gateway : table.gateways.find(candidate => candidate.port === port)?.name
}

/**
 * What is left to carry: the refused gateway stays as it was carried last, or, if that is what was refused, goes with all that
 * lead to it. Absent if the refusal is not about one gateway of the table. Each call leaves one gateway fewer to be refused.
 */
export function setAside(table: RoutingTable, error: unknown, carried: RoutingTable): RoutingTable | undefined {
  if (!(error instanceof Fault) || (error.code !== 'port_taken' && error.code !== 'proxy_refused')) return undefined
  const name = refusedGateway(table, error)
  const refused = table.gateways.find(gateway => gateway.name === name)
  if (!refused) return undefined
  const before = carried.gateways.find(gateway => gateway.name === name)
  if (!before || JSON.stringify(before) === JSON.stringify(refused) || !leadsWithin(before, table)) return { ...table, gateways: without(table.gateways, refused.name) }
  return { ...table, gateways: table.gateways.map(gateway => gateway === refused ? before : gateway) }
}

function leadsWithin({ routes }: GatewayTable, { gateways }: RoutingTable): boolean {
  return routes.every(({ target }) => target.is === 'endpoints' || gateways.some(({ name }) => name === target.gateway))
}

function without(gateways: readonly GatewayTable[], name: string): readonly GatewayTable[] {
  const gone = new Set([name])
  const leadsAway = ({ routes }: GatewayTable) => routes.some(({ target }) => target.is === 'gateway' && gone.has(target.gateway))
  for (let before = 0; before < gone.size;) {
    before = gone.size
    for (const gateway of gateways) if (leadsAway(gateway)) gone.add(gateway.name)
  }
  return gateways.filter(gateway => !gone.has(gateway.name))
}

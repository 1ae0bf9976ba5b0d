/** A gateway as it is wanted, as the proxies carry it, and as the requests of the last seconds went. */
import type { GatewayState, GatewayView } from '@vamp/model/api/gateways'
import type { Gateway } from '@vamp/model/gateway'
import { lookupName } from '@vamp/model/lookup-name'
import { printGateway, type PrintedTarget } from '@vamp/model/print/gateway'
import type { GatewayTable, RouteTarget } from '@vamp/model/routing/table'
import type { World } from './world.ts'

/** How far back `observed` looks. */
const OBSERVED_SECONDS = 10

export type ViewWorld = Pick<World, 'store' | 'fleet' | 'traffic' | 'clock'>

export async function gatewayView(world: ViewWorld, gateway: Gateway): Promise<GatewayView> {
  const status = (await world.store.get('gateway-statuses', gateway.name))?.value
  const table = world.fleet.table.gateways.find(({ name }) => name === gateway.name)
  const printed = printGateway(gateway, { deployed: status?.deployed ?? false, targets: path => targetsOf(table, path) })
  const seen = observed(world, gateway.name)
  const state: GatewayState = {
    desired: status?.desired ?? {}, acknowledged: status?.acknowledged ?? {}, ...seen,
    ...(status?.problem === undefined ? {} : { problem: status.problem }),
  }
  return { ...printed, state } as unknown as GatewayView
}

function targetsOf(table: GatewayTable | undefined, path: string): readonly PrintedTarget[] {
  const target = table?.routes.find(route => route.path === path)?.target
  return target ? printedTargets(target) : []
}

function printedTargets(target: RouteTarget): readonly PrintedTarget[] {
  if (target.is === 'gateway') return []
  return target.endpoints.map(({ id, host, port }) => ({ name: id, lookup_name: lookupName('InternalRouteTarget', id), host, port }))
}

function observed({ traffic, clock }: ViewWorld, gateway: string): Pick<GatewayState, 'observed' | 'requests' | 'seconds'> {
  const to = Math.floor(clock.now() / 1000) + 1
  const counts = new Map<string, number>()
  for (const { cells } of traffic.recent({ gateway, from: to - OBSERVED_SECONDS - 1, to }))
    for (const { route, requests, by } of cells) if (by !== 'mirror') counts.set(route, (counts.get(route) ?? 0) + requests)
  const requests = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return { observed: Object.fromEntries([...counts].map(([route, count]) => [route, Math.round((count / requests) * 10_000) / 100])), requests, seconds: OBSERVED_SECONDS }
}

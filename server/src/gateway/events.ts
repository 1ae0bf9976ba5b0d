/** What changed for the users of a gateway, as the original tags it. */
import { byName, changes } from '@vamp/model/changed'
import type { NewEvent } from '@vamp/model/event'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import { FULL_SHARE, type GatewayTable, type RouteTable, type RoutingTable } from '@vamp/model/routing/table'

/** `gateways:<name>` with `deployed` or `undeployed`, when it enters or leaves what every agent carries. */
export function deployedEvents(before: ReadonlyMap<string, GatewayStatus>, changed: readonly GatewayStatus[], gone: readonly string[]): NewEvent[] {
  const entered = changed.filter(status => status.deployed && !before.get(status.name)?.deployed)
  const left = gone.flatMap(name => { const status = before.get(name); return status?.deployed ? [status] : [] })
  return [
    ...entered.map(status => ({ tags: [`gateways:${status.name}`, 'deployed'], value: { port: status.port, weights: status.desired } })),
    ...left.map(status => ({ tags: [`gateways:${status.name}`, 'undeployed'] })),
  ]
}

/** `gateways:<name>`, `route:<change>`, `routes:<path>` for every route that differs between two tables. */
export function routeEvents(before: RoutingTable, after: RoutingTable): NewEvent[] {
  return changes(before.gateways, after.gateways, byName).flatMap(each => each.before && each.after ? changesOf(each.before, each.after) : [])
}

function changesOf(before: GatewayTable, after: GatewayTable): NewEvent[] {
  const old = new Map(before.routes.map(route => [route.path, route]))
  const now = new Set(after.routes.map(({ path }) => path))
  return [
    ...after.routes.flatMap(route => {
      const previous = old.get(route.path)
      if (!previous) return [event(after, 'added', route.path)]
      return settingsChanged(previous, route).map(change => event(after, change, route.path, settingsOf(route)))
    }),
    ...before.routes.filter(({ path }) => !now.has(path)).map(({ path }) => event(after, 'removed', path)),
  ]
}

function settingsChanged(before: RouteTable, after: RouteTable): string[] {
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b)
  const change = (name: string, a: unknown, b: unknown) => !differs(a, b) ? [] : [`${name}${a === undefined ? 'added' : b === undefined ? 'removed' : 'updated'}`]
  return [
    ...(differs(before.target, after.target) ? ['targetschanged'] : []),
    ...change('weight', before.weight, after.weight),
    ...change('condition', before.condition, after.condition),
    ...change('conditionstrength', before.strength, after.strength),
  ]
}

const settingsOf = (route: RouteTable) => ({ weight: `${(route.weight * 100) / FULL_SHARE}%`, condition_strength: `${(route.strength * 100) / FULL_SHARE}%` })

const event = (gateway: GatewayTable, change: string, path: string, value?: unknown): NewEvent =>
  ({ tags: [`gateways:${gateway.name}`, `route:${change}`, `routes:${path}`], ...(value === undefined ? {} : { value }) })

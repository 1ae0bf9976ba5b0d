/** The one lever of a release: what share of the cluster's traffic the new version is given. */
import { inline } from '@vamp/model/reference'
import type { Gateway, Route } from '@vamp/model/gateway'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import type { Stored, Write } from '../store/store.ts'
import { serviceOf } from './arms.ts'

/** Percent by version. */
export type Weights = ReadonlyMap<string, number>

/** Gateways whose weights are not yet as wanted, as writes. Versions that are not named keep their weight; the old one gets what is left. */
export function weightWrites(gateways: readonly Stored<'gateways'>[], from: string, wanted: Weights, also: (gateway: Gateway) => Gateway = gateway => gateway): Write<'gateways'>[] {
  return gateways.flatMap(stored => {
    const value = also(withWeights(stored.value, from, wanted))
    return JSON.stringify(value) === JSON.stringify(stored.value) ? []
      : [{ do: 'put' as const, kind: 'gateways' as const, name: stored.name, value, expected: stored.revision }]
  })
}

function withWeights(gateway: Gateway, from: string, wanted: Weights): Gateway {
  let left = 100 - gateway.routes.filter(route => !wanted.has(serviceOf(route.path) ?? '') && serviceOf(route.path) !== from)
    .reduce((sum, route) => sum + (weightOf(route) ?? 0), 0)
  const given = new Map<string, number>()
  for (const [version, percent] of wanted) {
    const weight = round(Math.min(percent, left))
    given.set(version, weight)
    left -= weight
  }
  given.set(from, round(left))
  return {
    ...gateway,
    routes: gateway.routes.map(route => {
      const weight = given.get(serviceOf(route.path) ?? '')
      return weight === undefined || route.settings.is === 'reference' ? route : { ...route, settings: inline({ ...route.settings.value, weight }) }
    }),
  }
}

/** The version that holds most of the traffic of a cluster; the first of equals. */
export function heaviest(gateways: readonly Stored<'gateways'>[], not: readonly string[]): string | undefined {
  const totals = new Map<string, number>()
  for (const { value } of gateways)
    for (const route of value.routes) {
      const service = serviceOf(route.path)
      if (service && !not.includes(service)) totals.set(service, (totals.get(service) ?? 0) + (weightOf(route) ?? 0))
    }
  return [...totals].reduce<readonly [string, number] | undefined>((best, entry) => !best || entry[1] > best[1] ? entry : best, undefined)?.[0]
}

/** The share of the new version that every agent has confirmed, in [0, 1]; the smallest over the cluster's ports. */
export function acknowledgedShare(statuses: readonly GatewayStatus[], to: string): number {
  const shares = statuses.flatMap(status => Object.entries(status.acknowledged).filter(([path]) => serviceOf(path) === to).map(([, percent]) => percent / 100))
  return shares.length > 0 ? Math.min(...shares) : 0
}

function weightOf(route: Route): number | undefined {
  return route.settings.is === 'inline' ? route.settings.value.weight : undefined
}

/** To the data plane's step of 0.01 %. */
function round(percent: number): number {
  return Math.round(percent * 100) / 100
}

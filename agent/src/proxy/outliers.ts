/**
 * Which instances are kept out because they fail again and again (`circuit_breaker`). Pure but for what it remembers.
 * An instance is ejected for `eject` seconds the first time, twice as long the second, up to ten times; an hour without a
 * failure in a row forgets. Never more of a route's instances than `max_ejected` percent at a time: failing together is
 * the route's failure, and sending all to the few that are left would not mend it.
 */
import { byName, changes } from '@vamp/model/changed'
import type { GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import type { Sample } from './proxy.ts'

export interface Outliers {
  /** True if some instance is to be kept out from now on. */
  add(samples: Iterable<Sample>, nowMs: number): boolean
  /** The instances that are kept out now, as `gateway\nroute\ninstance`. */
  ejected(nowMs: number): ReadonlySet<string>
  /** When the next one comes back; undefined: none is out. */
  nextReturn(): number | undefined
  /** What is watched: routes with a circuit breaker and how many instances each has. */
  watch(table: RoutingTable): void
}

interface Breaker { readonly consecutive: number; readonly ejectMs: number; readonly ejectedMax: number }
interface Watched { failures: number; times: number; until: number; since: number }

const TIMES_MAX = 10
const FORGOTTEN_MS = 3_600_000

export const outlierKey = (gateway: string, route: string, instance: string): string => `${gateway}\n${route}\n${instance}`

export function openOutliers(): Outliers {
  const breakers = new Map<string, Breaker>()
  let seen: RoutingTable['gateways'] = []
  const watched = new Map<string, Watched>()
  const routeOf = (key: string) => key.slice(0, key.lastIndexOf('\n'))
  const outOf = (route: string, nowMs: number) => [...watched].filter(([key, { until }]) => until > nowMs && routeOf(key) === route).length

  return {
    watch({ gateways }) {
      for (const { before, after } of changes(seen, gateways, byName)) {
        for (const { path } of before?.routes ?? []) breakers.delete(`${before?.name}\n${path}`)
        if (after) for (const [key, breaker] of breakersOf(after)) breakers.set(key, breaker)
      }
      seen = gateways
      for (const key of watched.keys()) if (!breakers.has(routeOf(key))) watched.delete(key)
    },
    add(samples, nowMs) {
      if (breakers.size === 0) return false
      let changed = false
      for (const { gateway, route, instance, error } of samples) {
        const breaker = instance === '' ? undefined : breakers.get(`${gateway}\n${route}`)
        if (!breaker) continue
        const key = outlierKey(gateway, route, instance)
        const its = watched.get(key)
        if (!error) { if (its) its.failures = 0; continue }
        const now = its ?? { failures: 0, times: 0, until: 0, since: nowMs }
        watched.set(key, now)
        if (now.until > nowMs) continue
        if (nowMs - now.since > FORGOTTEN_MS) now.times = 0
        now.failures++
        if (now.failures < breaker.consecutive || outOf(`${gateway}\n${route}`, nowMs) >= breaker.ejectedMax) continue
        now.times = Math.min(TIMES_MAX, now.times + 1)
        now.failures = 0
        now.since = nowMs
        now.until = nowMs + breaker.ejectMs * now.times
        changed = true
      }
      return changed
    },
    ejected: nowMs => new Set([...watched].filter(([, { until }]) => until > nowMs).map(([key]) => key)),
    nextReturn() {
      const times = [...watched.values()].map(({ until }) => until).filter(until => until > 0)
      return times.length > 0 ? Math.min(...times) : undefined
    },
  }
}

/** Of the routes with a circuit breaker. */
function breakersOf({ name, routes }: GatewayTable): readonly (readonly [string, Breaker])[] {
  return routes.flatMap(({ path, policy, target }) => {
    const breaker = policy?.circuit_breaker
    if (!breaker || target.is !== 'endpoints') return []
    const ready = target.endpoints.filter(({ state }) => state === 'ready').length
    return [[`${name}\n${path}`, { consecutive: breaker.consecutive_errors, ejectMs: breaker.eject * 1000, ejectedMax: Math.floor(ready * breaker.max_ejected / 100) }] as const]
  })
}

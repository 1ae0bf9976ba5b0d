/** Counters of this server and of every request that the proxies saw. Counting is adding to a few numbers; who writes them down asks for them. */
import type { Cell } from '@vamp/model/metric'
import { bucketOf, millisecondsOf } from '@vamp/stats/sketch'
import { tellRequest } from '../base/telemetry.ts'
import type { World } from './world.ts'

/** Upper bounds of the histograms, seconds: the usual ones of Prometheus. */
export const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
/** The last bucket of a sketch that counts below each bound. */
const LAST_BUCKETS = BOUNDS.map(seconds => bucketOf(seconds * 1000))
export const CLASSES = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'] as const
/** Routes come and go with versions; what is beyond this is counted as `other`. */
const SERIES_MAX = 5000
const OTHER = 'other'

export interface RouteTotals {
  readonly gateway: string
  readonly route: string
  requests: number
  errors: number
  bytes: number
  /** By class of status, as `CLASSES`. */
  readonly statuses: number[]
  /** Requests up to each bound, not cumulative; the rest is in `requests` only. */
  readonly within: number[]
  /** Of all times, from the middles of their buckets. */
  seconds: number
}

export interface ApiTotals { readonly method: string; readonly route: string; readonly status: string; requests: number; seconds: number }

export interface Meters {
  readonly traffic: ReadonlyMap<string, RouteTotals>
  readonly api: ReadonlyMap<string, ApiTotals>
  /** One answered API request. */
  answered(request: { readonly method: string; readonly route: string; readonly status: number; readonly ms: number }): void
  close(): void
}

export function openMeters({ fleet, clock }: Pick<World, 'fleet' | 'clock'>): Meters {
  const traffic = new Map<string, RouteTotals>()
  const api = new Map<string, ApiTotals>()
  const totalsOf = (gateway: string, route: string): RouteTotals => {
    const key = `${gateway}\n${route}`
    const known = traffic.get(key)
    if (known) return known
    if (traffic.size >= SERIES_MAX && gateway !== OTHER) return totalsOf(OTHER, OTHER)
    const fresh = { gateway, route, requests: 0, errors: 0, bytes: 0, statuses: CLASSES.map(() => 0), within: BOUNDS.map(() => 0), seconds: 0 }
    traffic.set(key, fresh)
    return fresh
  }
  const close = fleet.onWindow(({ cells }) => { for (const cell of cells) add(totalsOf(cell.gateway, cell.route), cell) })
  return {
    traffic, api, close,
    answered({ method, route, status, ms }) {
      tellRequest({ method, route, status, ms, endedMs: clock.now() })
      const key = `${method} ${route} ${status}`
      const totals = api.get(key) ?? { method, route, status: String(status), requests: 0, seconds: 0 }
      api.set(key, totals)
      totals.requests++
      totals.seconds += ms / 1000
    },
  }
}

function add(totals: RouteTotals, { requests, errors, bytes, statuses, latency }: Cell): void {
  totals.requests += requests
  totals.errors += errors
  totals.bytes += bytes
  for (const [index, count] of statuses.entries()) totals.statuses[index] = (totals.statuses[index] ?? 0) + count
  for (const [bucket, count] of latency) {
    const bound = LAST_BUCKETS.findIndex(last => bucket <= last)
    if (bound >= 0) totals.within[bound] = (totals.within[bound] ?? 0) + count
    totals.seconds += count * millisecondsOf(bucket) / 1000
  }
}

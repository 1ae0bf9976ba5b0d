/** Connections to instances: a pool for each address, and how many requests and tunnels each instance has in progress. */
import { isIPv6 } from 'node:net'
import type { Endpoint } from '@vamp/model/routing/table'
import { Pool } from 'undici'

/** HAProxy's common settings: what does not answer in time is 503 (no connection) or 504 (no answer). */
export const CONNECT_TIMEOUT_MS = 3_000
export const SERVER_TIMEOUT_MS = 60_000
/** To one address; more requests wait for one of them. */
const CONNECTIONS_MAX = 1_024
/** Shorter than servers keep an idle connection, for those that do not say how long they do. */
const IDLE_MS = 1_000

export interface Upstreams {
  /** `connectTimeoutMs`: default `CONNECT_TIMEOUT_MS`. */
  pool(endpoint: Endpoint, connectTimeoutMs?: number): Pool
  /** Counts the endpoint as busy until the returned function is called. */
  begin(endpoint: Endpoint): () => void
  connections(): ReadonlyMap<string, number>
  inProgress(endpoint: Endpoint): number
  /** Lets go of the pools of all other addresses; what they are doing, they finish. */
  keepOnly(endpoints: Iterable<Endpoint>): void
  readonly serverTimeoutMs: number
  close(): Promise<void>
}

export function openUpstreams(serverTimeoutMs: number): Upstreams {
  const pools = new Map<string, Pool>()
  const busy = new Map<string, number>()
  return {
    serverTimeoutMs,
    pool(endpoint, connectTimeout = CONNECT_TIMEOUT_MS) {
      const origin = originOf(endpoint)
      const key = connectTimeout === CONNECT_TIMEOUT_MS ? origin : `${origin} ${connectTimeout}`
      const found = pools.get(key)
      if (found) return found
      const pool = new Pool(origin, {
        connections: CONNECTIONS_MAX, pipelining: 1, keepAliveTimeout: IDLE_MS,
        connectTimeout, headersTimeout: serverTimeoutMs, bodyTimeout: serverTimeoutMs,
      })
      pools.set(key, pool)
      return pool
    },
    begin({ id }) {
      busy.set(id, (busy.get(id) ?? 0) + 1)
      let ended = false
      return () => {
        if (ended) return
        ended = true
        const left = (busy.get(id) ?? 0) - 1
        if (left > 0) busy.set(id, left)
        else busy.delete(id)
      }
    },
    connections: () => new Map(busy),
    inProgress: ({ id }) => busy.get(id) ?? 0,
    keepOnly(endpoints) {
      const kept = new Set([...endpoints].map(originOf))
      for (const [key, pool] of pools) if (!kept.has(key.split(' ')[0] ?? '')) {
        pools.delete(key)
        void pool.close()
      }
    },
    async close() {
      const all = [...pools.values()]
      pools.clear()
      await Promise.all(all.map(pool => pool.destroy()))
    },
  }
}

function originOf({ host, port }: Endpoint): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/**
 * What every driver gets around it: instances that fail again and again are kept out for a while (`circuit_breaker`), and a route
 * without instances leads to where its `failover` says. Both change the table on its way to the driver, nothing else, so they
 * are the same for all of them, and what is kept out is back at the same speed as a weight changes.
 */
import { derived } from '@vamp/model/changed'
import { withFailover } from '@vamp/model/routing/failover'
import type { GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { openOutliers, outlierKey } from './outliers.ts'
import type { Proxy as ProxyPort } from './proxy.ts'

export interface Resilient extends ProxyPort {
  /** Ids of the instances that are kept out. */
  ejected(): readonly string[]
  /** Looks after nothing any more; the driver goes on with what it carries. */
  release(): void
}

export function resilient(proxy: ProxyPort, { clock, log }: { readonly clock: Clock; readonly log: Logger }): Resilient {
  const outliers = openOutliers()
  let wanted: RoutingTable | undefined
  const carried = carriedTables()
  let ended = false
  let cancelReturn = () => {}
  let out: ReadonlySet<string> = new Set()

  /** One at a time, or an older table could come after a newer one. */
  let tail: Promise<unknown> = Promise.resolve()
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => undefined)
    return result
  }
  const carry = (table: RoutingTable, signal?: AbortSignal) => {
    out = outliers.ejected(clock.now())
    cancelReturn()
    const back = outliers.nextReturn()
    if (back !== undefined && out.size > 0) cancelReturn = clock.after(Math.max(1, back - clock.now()), again)
    return proxy.apply(carried(table, out), signal)
  }
  /** The same table, with other instances kept out. */
  const again = () => {
    alone(async () => {
      if (ended || !wanted) return
      const before = out
      await carry(wanted)
      if (before.size !== out.size || [...out].some(key => !before.has(key))) log.info('instances kept out', { instances: idsOf(out) })
    }).catch((error: unknown) => log.warn('instances could not be kept out', { error }))
  }
  return {
    driver: proxy.driver,
    apply: (table, signal) => alone(async () => {
      outliers.watch(table)
      const applied = await carry(table, signal)
      wanted = table
      return applied
    }),
    ejected: () => idsOf(out),
    release() {
      ended = true
      cancelReturn()
    },
    connections: () => proxy.connections(),
    waiting: () => proxy.waiting(),
    onSamples(listener) {
      proxy.onSamples((samples, dropped) => {
        if (outliers.add(samples, clock.now())) again()
        listener(samples, dropped)
      })
    },
    ...(proxy.account ? { account: proxy.account } : {}),
    ...(proxy.configuration ? { configuration: () => proxy.configuration?.() ?? Promise.resolve(undefined) } : {}),
    detach: () => proxy.detach(),
    stop: graceMs => proxy.stop(graceMs),
    async [Symbol.asyncDispose]() { await proxy[Symbol.asyncDispose]() },
  }
}

const idsOf = (keys: ReadonlySet<string>) => [...keys].map(key => key.split('\n')[2] ?? '')

/** What is carried of tables, one after the other; of gateways that stay what they are, what was carried of them. */
function carriedTables(): (table: RoutingTable, out: ReadonlySet<string>) => RoutingTable {
  let last: { readonly out: string; readonly items: readonly GatewayTable[]; readonly made: readonly GatewayTable[] } | undefined
  return (table, kept) => {
    const out = [...kept].sort().join()
    const made = derived(last?.out === out ? last : undefined, table.gateways, gateway => withFailover(withoutOut(gateway, kept)))
    last = { out, items: table.gateways, made }
    return { ...table, gateways: made }
  }
}

function withoutOut(gateway: GatewayTable, out: ReadonlySet<string>): GatewayTable {
  if (out.size === 0) return gateway
  let changed = false
  const routes = gateway.routes.map(route => {
    const { target } = route
    if (target.is !== 'endpoints') return route
    const endpoints = target.endpoints.filter(({ id }) => !out.has(outlierKey(gateway.name, route.path, id)))
    if (endpoints.length === target.endpoints.length) return route
    changed = true
    return { ...route, target: { ...target, endpoints } }
  })
  return changed ? { ...gateway, routes } : gateway
}

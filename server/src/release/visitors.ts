/**
 * Requests for services without any: while a release that asks for visitors is judged, so many a second are sent to its cluster,
 * through the gateway as everybody's, so that both versions get their share of them.
 */
import { type Clock, every } from '@vamp/agent/base/clock'
import type { ReleasePhase } from '@vamp/model/release-status'
import type { Store } from '../store/store.ts'

const VISITED: ReadonlySet<ReleasePhase> = new Set(['preparing', 'ramping', 'paused', 'holding', 'probing', 'hold_back'])
const SECOND_MS = 1000
const ANSWER_MS_MAX = 10_000
/** Under way at once, over all releases; a service that answers more slowly gets fewer. */
const WAITING_MAX = 500

export interface VisitorsOptions {
  readonly store: Store
  readonly clock: Clock
  /** Where gateways are reached from here. */
  readonly host: () => string
}

/** Returns what ends it. */
export function sendVisitors({ store, clock, host }: VisitorsOptions): () => void {
  const ending = new AbortController()
  let waiting = 0
  const visit = async (url: string) => {
    if (waiting >= WAITING_MAX) return
    waiting += 1
    try {
      const answer = await fetch(url, { headers: { 'user-agent': 'vamp-visitors' }, redirect: 'manual', signal: AbortSignal.any([ending.signal, AbortSignal.timeout(ANSWER_MS_MAX)]) })
      await answer.arrayBuffer()
    } catch {
      // What became of it is seen by the proxy.
    } finally {
      waiting -= 1
    }
  }
  const second = async () => {
    for (const { rate, url } of await wanted(store, host()))
      for (let index = 0; index < rate; index++) clock.after(index * SECOND_MS / rate, () => { if (!ending.signal.aborted) void visit(url) })
  }
  const stop = every(clock, SECOND_MS, () => second().catch(() => {}))
  return () => {
    stop()
    ending.abort()
  }
}

async function wanted(store: Store, host: string): Promise<readonly { readonly rate: number; readonly url: string }[]> {
  const under = (await store.list('release-statuses')).items.filter(({ value }) => VISITED.has(value.phase))
  const all = await Promise.all(under.map(async ({ name, value: { deployment, cluster } }) => {
    const visitors = (await store.get('releases', name))?.value.visitors
    if (!visitors) return []
    const gateway = (await store.list('gateways', { prefix: `${deployment}/${cluster}/` })).items.find(({ value }) => value.port.type === 'http' && value.port.number > 0)
    return gateway ? [{ rate: visitors.rate, url: `http://${host}:${gateway.value.port.number}${visitors.path}` }] : []
  }))
  return all.flat()
}

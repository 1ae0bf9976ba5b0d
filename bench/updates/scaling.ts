/** The agent and its proxy alone: instances come, are drained and go, as the deployment reconciler does it; reloads come between. */
import { systemClock as clock } from '../../agent/src/base/clock.ts'
import { silent } from '../../agent/src/base/log.ts'
import { startAgent } from '../../agent/src/agent.ts'
import { openHaproxy } from '../../agent/src/proxy/haproxy/haproxy.ts'
import { memorySequence } from '../../agent/src/traffic/sequence.ts'
import type { Endpoint, GatewayTable } from '../../model/src/routing/table.ts'
import { openFleet } from '../../server/src/fleet/live-fleet.ts'
import { freePorts } from '../free-ports.ts'
import { PAUSE_MS, type Phase } from './api.ts'
import { counting, type Reloads } from './counting.ts'
import { type Interval, judge, nowUs } from './judge.ts'
import { startLoad } from './visitor.ts'

export async function scaling({ directory, instances, scalings: wanted, reloads: wantedReloads, requests, limit }: Phase & { readonly scalings: number; readonly reloads: number }) {
  const [port = 0] = await freePorts(1)
  const reloads: Reloads = {}
  const proxy = counting(await openHaproxy({ directory: `${directory}/own`, clock, log: silent }), reloads)
  const fleet = openFleet({ clock })
  const agent = await startAgent({ name: 'bench', proxy, link: fleet.join('bench'), clock, log: silent, sequence: memorySequence() })
  let revision = 0
  let patience = 60
  const publish = async (endpoints: readonly Endpoint[]): Promise<number> => {
    const gateway: GatewayTable = { name: 'shop', lookup_name: 'shop', address: '127.0.0.1', port, mode: 'http', virtual_hosts: [], sticky: 'none', routes: [
      { path: 'v', lookup_name: 'v', weight: 10_000, strength: 0, rewrites: [], target: { is: 'endpoints', endpoints }, policy: { timeouts: { request: patience } } },
    ] }
    const mine = ++revision
    fleet.publish({ revision: mine, gateways: [gateway] })
    while (fleet.acknowledged() < mine) await clock.sleep(1)
    return nowUs()
  }
  const endpoint = (index: number, state: Endpoint['state'] = 'ready'): Endpoint => ({ id: `i-${index}`, host: '127.0.0.1', port: instances[index] ?? 0, state })
  const intervals: Interval[] = []
  const change = async (endpoints: readonly Endpoint[], allowed: readonly number[]) => {
    const last = intervals.at(-1)
    if (last) last.to = nowUs()
    intervals.push({ from: await publish(endpoints), to: Number.POSITIVE_INFINITY, allowed: new Set(allowed) })
  }
  try {
    const steady = [endpoint(0), endpoint(1)]
    await publish(steady)
    const load = startLoad(directory, port, 'own')
    let [scalings, reloaded] = [0, 0]
    for (; !limit.over() && (scalings < wanted || load.requests() < requests); scalings++) {
      const extra = 2 + scalings % (instances.length - 2)
      await change([...steady, endpoint(extra)], [0, 1, extra])
      await clock.sleep(PAUSE_MS)
      await change([...steady, endpoint(extra, 'draining')], [0, 1])
      while (fleet.endpoint(`i-${extra}`).connections > 0) await clock.sleep(2)
      await change(steady, [0, 1])
      if (reloaded >= wantedReloads || scalings % Math.max(1, Math.floor(wanted / wantedReloads)) !== 0) continue
      patience = patience === 60 ? 61 : 60
      reloaded++
      await change(steady, [0, 1])
    }
    return { judged: judge(await load.stop(), intervals), scalings, reloaded, reloads }
  } finally {
    await agent[Symbol.asyncDispose]()
    await proxy.stop(0)
  }
}

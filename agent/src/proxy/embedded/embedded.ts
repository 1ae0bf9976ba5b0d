/**
 * The proxy for hosts without HAProxy: in this process, on node:http and undici. It routes by the language's own `decide`.
 * What it costs: about a fifth of HAProxy's rate, and it ends with the process.
 */
import { Fault } from '@vamp/model/fault'
import type { Endpoint, RoutingTable } from '@vamp/model/routing/table'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { portHolder } from '../haproxy/port-holder.ts'
import type { CountryLookup } from '../country-lookup.ts'
import type { Applied, Proxy as ProxyPort } from '../proxy.ts'
import type { Samples } from '../samples.ts'
import { endpointsOf, type PreparedGateway, prepareGateway } from './choice.ts'
import { openMirrors } from '../mirrors.ts'
import { codeOf } from './exchange.ts'
import { openHolds } from './holds.ts'
import { type Listener, type ListenerAddress, type ListenerContext, openListener, type Target } from './listener.ts'
import { openRateCounters } from './rate-counters.ts'
import { refuseGaps } from './refusal.ts'
import { openSampleBatch } from './sample-batch.ts'
import { openUpstreams, SERVER_TIMEOUT_MS } from './upstreams.ts'

export interface EmbeddedOptions {
  readonly clock: Clock
  readonly log: Logger
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** An instance that takes longer for the beginning of its answer, or between two pieces of it, has failed. */
  readonly serverTimeoutMs?: number
  /** For conditions on the country; ends with the proxy. */
  readonly countries?: CountryLookup
}

const ENDED_POLL_MS = 20

export function openEmbedded({ clock, log, random, serverTimeoutMs = SERVER_TIMEOUT_MS, countries }: EmbeddedOptions): ProxyPort {
  const upstreams = openUpstreams(serverTimeoutMs)
  let tell: (samples: Samples, dropped: number) => void = () => {}
  const batch = openSampleBatch(clock, samples => tell(samples, 0))
  const [holds, mirrors] = [openHolds(clock), openMirrors()]
  const context: ListenerContext = { clock, random, upstreams, holds, mirrors, rates: openRateCounters(), places: new Map(), record: batch.add, active: new Set(), onFault: fault => log.error('a visit could not be served', { fault }) }
  /** By `127.0.0.1:9050`. */
  let targets: ReadonlyMap<string, Target> = new Map()
  const listeners = new Map<string, Listener>()
  /** Closed, with connections that have not ended. */
  const closing = new Set<Listener>()
  let carried: string | undefined
  const turns = new Map<string, number>()
  let ended = false
  let tail: Promise<unknown> = Promise.resolve()

  const carry = async (table: RoutingTable): Promise<Applied> => {
    if (ended) throw new Fault('proxy_unreachable', 'the proxy has been stopped')
    const wanted = JSON.stringify({ ...table, revision: 0 })
    const how = wanted === carried ? 'nothing' : carried === undefined ? 'start' : 'runtime'
    if (how !== 'nothing') {
      refuseGaps(table, { countries: countries !== undefined })
      const next = targetsOf(table, gateway => prepareGateway(gateway, table, { random, upstreams, turns, countryOf: address => countries?.of(address) ?? '' }))
      await listenAt(next.addresses)
      targets = next.targets
      carried = wanted
      holds.wake()
      await closeAllBut(next.addresses)
      upstreams.keepOnly(allEndpoints(table))
    }
    return { revision: table.revision, how, reasons: [], commands: how === 'runtime' ? 1 : 0 }
  }

  const open = async (key: string, at: ListenerAddress) => {
    try {
      listeners.set(key, await openListener(at, () => targets.get(key), context))
    } catch (error) {
      if (error instanceof Fault) throw error
      if (codeOf(error) !== 'EADDRINUSE') throw new Fault('proxy_refused', 'the proxy cannot listen', { reason: `port ${at.port} on ${at.address}: ${error instanceof Error ? error.message : error}` }, { cause: error })
      throw new Fault('port_taken', 'the port is in use', { port: at.port, holder: (await portHolder(at.port))?.text ?? 'another program' }, { cause: error })
    }
  }
  const close = async (key: string, listener: Listener) => {
    listeners.delete(key)
    closing.add(listener)
    await listener.close()
  }

  /** Opens what is missing, or nothing. A listener of ours that has the port in another way makes room first, and is put back if it was in vain. */
  const listenAt = async (addresses: ReadonlyMap<string, ListenerAddress>) => {
    const opened: string[] = []
    const moved: [string, Listener][] = []
    try {
      for (const [key, at] of addresses) {
        const there = listeners.get(key)?.at
        if (there?.mode === at.mode && JSON.stringify(there.tls) === JSON.stringify(at.tls)) continue
        for (const [other, listener] of listeners) if (listener.at.port === at.port && (other === key || !addresses.has(other))) {
          moved.push([other, listener])
          await close(other, listener)
        }
        await open(key, at)
        opened.push(key)
      }
    } catch (error) {
      for (const key of opened) { const listener = listeners.get(key); if (listener) await close(key, listener) }
      for (const [key, { at }] of moved) await open(key, at).catch(cause => log.error('a port was lost', { port: at.port, cause }))
      throw error
    }
  }
  const closeAllBut = async (addresses: ReadonlyMap<string, ListenerAddress>) => {
    for (const [key, listener] of listeners) if (!addresses.has(key)) await close(key, listener)
  }

  const end = async (graceMs: number) => {
    ended = true
    await closeAllBut(new Map())
    for (const deadline = clock.monotonic() + graceMs; context.active.size > 0 && clock.monotonic() < deadline;) await clock.sleep(ENDED_POLL_MS)
    for (const listener of closing) listener.destroy()
    closing.clear()
    await upstreams.close()
    await mirrors.close()
    countries?.[Symbol.dispose]()
    batch.flush()
  }
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => undefined)
    return result
  }

  return {
    driver: 'embedded',
    apply: table => alone(() => carry(table)),
    connections: async () => upstreams.connections(),
    waiting: () => holds.waiting(),
    onSamples(listener) { tell = listener },
    detach: () => alone(() => end(0)),
    stop: graceMs => alone(() => end(graceMs)),
    [Symbol.asyncDispose]: () => alone(() => end(0)),
  }
}

interface Targets { readonly targets: ReadonlyMap<string, Target>; readonly addresses: ReadonlyMap<string, ListenerAddress> }

function targetsOf(table: RoutingTable, prepare: (gateway: RoutingTable['gateways'][number]) => PreparedGateway): Targets {
  const targets = new Map<string, Target>()
  const addresses = new Map<string, ListenerAddress>()
  const hosts = new Map<string, PreparedGateway>()
  const add = (at: ListenerAddress, target: Target) => {
    const key = `${at.address}:${at.port}`
    const taken = targets.get(key)
    if (taken) throw new Fault('port_taken', 'the port is in use', { port: at.port, holder: taken.is === 'gateway' ? `gateway ${taken.gateway.table.name}` : 'the virtual hosts' })
    targets.set(key, target)
    addresses.set(key, at)
  }
  for (const gateway of table.gateways) {
    const prepared = prepare(gateway)
    const { tls } = gateway.policy ?? {}
    add({ mode: gateway.mode, address: gateway.address, port: gateway.port, ...(tls ? { tls: { ...tls, gateway: gateway.name } } : {}) }, { is: 'gateway', gateway: prepared })
    if (gateway.mode === 'http') for (const host of gateway.virtual_hosts) hosts.set(host.toLowerCase(), prepared)
  }
  if (table.virtual_hosts) add({ mode: 'http', ...table.virtual_hosts }, { is: 'hosts', hosts })
  return { targets, addresses }
}

function allEndpoints(table: RoutingTable): Endpoint[] {
  return table.gateways.flatMap(gateway => gateway.routes.flatMap(route => endpointsOf(route.target, table)))
}

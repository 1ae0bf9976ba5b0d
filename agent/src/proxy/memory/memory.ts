/**
 * A proxy without a network: requests are function calls, instances are a function that says what they would answer, time is
 * the clock's. It routes by the same `decide` that explains every driver. Rewrites, policies and balance algorithms change
 * requests, not where they go by default, and are not simulated.
 */
import { Fault } from '@vamp/model/fault'
import { decide } from '@vamp/model/routing/decide'
import type { Bond, Decision } from '@vamp/model/routing/decide'
import type { Endpoint, GatewayTable, RouteTable, RoutingTable } from '@vamp/model/routing/table'
import type { Clock } from '../../base/clock.ts'
import { conditionGap } from '../condition-gap.ts'
import type { Applied, Proxy as ProxyPort, Sample } from '../proxy.ts'
import { Samples } from '../samples.ts'
import { nextTurn } from '../turns.ts'
import { sessionPart, type StickyCookies, stickyCookies, userKeyOf } from '../sticky-cookie.ts'

export interface VirtualRequest {
  readonly method?: string
  /** With or without a query. */
  readonly path?: string
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly ip?: string
  /** The client's port; tells connections apart. */
  readonly port?: number
  /** The client gives up. */
  readonly signal?: AbortSignal
}

export interface VirtualAnswer {
  /** 0: no connection, or the client gave up. */
  readonly status: number
  /** The endpoint that answered; '' where the proxy did. */
  readonly instance: string
  readonly setCookie: readonly string[]
}

/** What an instance makes of a request. `broken`: it refuses the connection, cuts it, or lets the proxy wait too long. */
export type EndpointAnswer =
  | { readonly status: number; readonly latencyMs: number; readonly bytes?: number }
  | { readonly broken: 'refused' | 'reset' | 'timeout'; readonly latencyMs: number }

export interface MemoryProxyOptions {
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly answer: (endpointId: string, request: VirtualRequest) => EndpointAnswer | Promise<EndpointAnswer>
}

export interface MemoryProxy extends ProxyPort {
  send(port: number, request?: VirtualRequest): Promise<VirtualAnswer>
  /** Another program takes a port. */
  occupy(port: number, holder: string): void
  vacate(port: number): void
}

/** Other instances that a request is offered to when one refuses the connection. */
const REFUSALS_MAX = 3
const PROXY_STATUS = { refused: 503, reset: 502, timeout: 504 } as const
const DRAINED_POLL_MS = 10

interface Listener { readonly gateway: GatewayTable; readonly cookies: StickyCookies }

interface Listeners {
  readonly ports: ReadonlyMap<number, Listener>
  readonly names: ReadonlyMap<string, Listener>
  readonly hosts: ReadonlyMap<string, Listener>
  /** Where the hosts are served. */
  readonly hostsPort?: number | undefined
}

const NONE: Listeners = { ports: new Map(), names: new Map(), hosts: new Map() }

export function openMemoryProxy({ clock, random, answer }: MemoryProxyOptions): MemoryProxy {
  let table: RoutingTable | undefined
  let carried = ''
  let listeners = NONE
  let listen: (samples: Samples, dropped: number) => void = () => {}
  const batch = new Samples()
  const tell = (sample: Sample) => listen(batch.clear().add(sample), 0)
  let open = true
  const inProgress = new Map<string, number>()
  const occupied = new Map<number, string>()
  const turns = new Map<string, number>()

  const count = (endpoint: string, by: 1 | -1) => {
    const left = (inProgress.get(endpoint) ?? 0) + by
    if (left > 0) inProgress.set(endpoint, left)
    else inProgress.delete(endpoint)
  }

  const ask = async (endpoint: string, request: VirtualRequest): Promise<EndpointAnswer> => {
    count(endpoint, 1)
    try {
      const given = await orGivenUp(Promise.resolve(answer(endpoint, request)), request.signal)
      if (given.latencyMs > 0) await clock.sleep(given.latencyMs, request.signal)
      return given
    } finally {
      count(endpoint, -1)
    }
  }

  /** Asks the chosen instance, and others of the route as long as they refuse the connection. */
  const askRoute = async (route: RouteTable, first: Endpoint, request: VirtualRequest) => {
    const ready = route.target.is === 'endpoints' ? route.target.endpoints.filter(({ id, state }) => state === 'ready' && id !== first.id) : []
    for (const endpoint of [first, ...ready].slice(0, 1 + REFUSALS_MAX)) {
      const given = await ask(endpoint.id, request)
      if (!('broken' in given) || given.broken !== 'refused') return { instance: endpoint.id, given }
    }
    return { instance: first.id, given: { broken: 'refused', latencyMs: 0 } as const }
  }

  const pass = async (listener: Listener, request: VirtualRequest): Promise<VirtualAnswer> => {
    const { gateway, cookies } = listener
    const headers = request.headers ?? {}
    const user = userKeyOf(gateway, headers)
    const bond = cookies.read(headers['cookie'])
    const routed = { method: request.method ?? 'GET', path: (request.path ?? '/').split('?')[0] ?? '/', headers, ip: request.ip ?? '127.0.0.1' }
    const decision = decide(gateway, routed, { strength: random(), weight: gateway.smooth ? nextTurn(turns, gateway.name) : random(), instance: random() }, bond, user)
    const began = clock.monotonic()
    const outcome = await serve(decision, bond, cookies, request)
    const { status } = outcome.answer
    tell({
      gateway: gateway.name, route: decision.route?.path ?? '', instance: outcome.instance, by: decision.by,
      status: gateway.mode === 'tcp' ? 0 : status, error: outcome.gaveUp ? false : gateway.mode === 'tcp' ? outcome.failed : status >= 500 || outcome.failed,
      ending: outcome.gaveUp ? 'client' : outcome.failed ? 'connect' : undefined,
      latencyMs: clock.monotonic() - began, bytes: outcome.bytes, endedAt: clock.now(), part: sessionPart(user, request.port ?? 0),
      asked: gateway.mode === 'tcp' ? undefined : { method: routed.method, path: routed.path },
    })
    if (decision.route) void copy(gateway, decision.route, request, sessionPart(user, request.port ?? 0))
    return outcome.answer
  }

  /** To another route of the same gateway, once the original has been answered; nobody gets what it answers. */
  const copy = async (gateway: GatewayTable, { policy, mirror }: RouteTable, request: VirtualRequest, part: number) => {
    const to = mirror?.is === 'route' ? gateway.routes.find(({ path }) => path === mirror.route) : undefined
    const wanted = policy?.mirror
    if (to?.target.is !== 'endpoints' || !wanted) return
    const endpoints = to.target.endpoints.filter(({ state }) => state === 'ready')
    const endpoint = endpoints[Math.floor(random() * endpoints.length)]
    if (!endpoint || (wanted.methods === 'GET' && (request.method ?? 'GET') !== 'GET') || random() * 100 >= wanted.share) return
    const began = clock.monotonic()
    const { instance, given } = await askRoute(to, endpoint, request)
    const status = 'broken' in given ? PROXY_STATUS[given.broken] : given.status
    tell({ gateway: gateway.name, route: to.path, instance, by: 'mirror', status, error: status >= 500, latencyMs: clock.monotonic() - began, bytes: 'broken' in given ? 0 : given.bytes ?? 0, endedAt: clock.now(), part, asked: { method: request.method ?? 'GET', path: request.path ?? '/' } })
  }

  interface Outcome { readonly answer: VirtualAnswer; readonly instance: string; readonly bytes: number; readonly failed: boolean; readonly gaveUp: boolean }
  const own = (status: number, instance: string, gaveUp = false): Outcome =>
    ({ answer: { status, instance: '', setCookie: [] }, instance, bytes: 0, failed: !gaveUp, gaveUp })

  const serve = async (decision: Decision, bond: Bond, cookies: StickyCookies, request: VirtualRequest): Promise<Outcome> => {
    const { route, endpoint } = decision
    if (route?.target.is === 'gateway') {
      const next = listeners.names.get(route.target.gateway)
      if (!next) return own(503, '')
      const answered = await pass(next, request)
      const setCookie = [...answered.setCookie, ...cookies.write(bond, decision, next.gateway.name)]
      return { answer: { ...answered, setCookie }, instance: next.gateway.name, bytes: 0, failed: answered.status === 0 && !request.signal?.aborted, gaveUp: request.signal?.aborted ?? false }
    }
    if (!route || !endpoint) return own(503, '')
    try {
      const { instance, given } = await askRoute(route, endpoint, request)
      if ('broken' in given) return own(PROXY_STATUS[given.broken], instance)
      const setCookie = cookies.write(bond, decision, instance)
      return { answer: { status: given.status, instance, setCookie }, instance, bytes: given.bytes ?? 0, failed: false, gaveUp: false }
    } catch (error) {
      if (request.signal?.aborted) return own(0, endpoint.id, true)
      throw error
    }
  }

  const end = async (graceMs: number) => {
    open = false
    listeners = NONE
    for (const deadline = clock.monotonic() + graceMs; inProgress.size > 0 && clock.monotonic() < deadline;) await clock.sleep(DRAINED_POLL_MS)
  }

  return {
    driver: 'memory',
    async apply(next): Promise<Applied> {
      if (!open) throw new Fault('proxy_unreachable', 'the proxy has been stopped')
      const wanted = JSON.stringify({ ...next, revision: 0 })
      const how = wanted === carried ? 'nothing' : table ? 'runtime' : 'start'
      if (how !== 'nothing') listeners = listenersOf(next, occupied)
      carried = wanted
      table = next
      return { revision: next.revision, how, reasons: [], commands: how === 'runtime' ? 1 : 0 }
    },
    async connections() { return new Map(inProgress) },
    waiting: () => [],
    onSamples(listener) { listen = listener },
    detach: () => end(0),
    stop: end,
    async [Symbol.asyncDispose]() { await end(0) },
    async send(port, request = {}) {
      const shared = port === listeners.hostsPort
      const host = (request.headers?.['host'] ?? '').split(':')[0]?.toLowerCase() ?? ''
      const listener = shared ? listeners.hosts.get(host) : listeners.ports.get(port)
      return listener ? pass(listener, request) : { status: shared ? 404 : 0, instance: '', setCookie: [] }
    },
    occupy(port, holder) { occupied.set(port, holder) },
    vacate(port) { occupied.delete(port) },
  }
}

function listenersOf(table: RoutingTable, occupied: ReadonlyMap<number, string>): Listeners {
  const [ports, names, hosts] = [new Map<number, Listener>(), new Map<string, Listener>(), new Map<string, Listener>()]
  const hostsPort = table.virtual_hosts?.port
  const taken = (port: number) => {
    const gateway = ports.get(port)?.gateway.name
    return occupied.get(port) ?? (gateway === undefined ? undefined : `gateway ${gateway}`)
  }
  const refuseTaken = (port: number) => {
    const holder = taken(port)
    if (holder !== undefined) throw new Fault('port_taken', 'the port is in use', { port, holder })
  }
  for (const gateway of table.gateways) {
    refuse(gateway)
    refuseTaken(gateway.port)
    const listener = { gateway, cookies: stickyCookies(gateway) }
    ports.set(gateway.port, listener)
    names.set(gateway.name, listener)
    for (const host of gateway.virtual_hosts) hosts.set(host.toLowerCase(), listener)
  }
  if (hostsPort !== undefined) refuseTaken(hostsPort)
  return { ports, names, hosts, hostsPort }
}

function refuse(gateway: GatewayTable): void {
  for (const { path, condition } of gateway.routes) {
    const gap = condition && conditionGap(condition)
    if (gap) throw new Fault('proxy_refused', 'the memory proxy cannot carry the table', { reason: `${gap} (route ${path} of gateway ${gateway.name})`, gateway: gateway.name })
  }
}

function orGivenUp<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason)
    if (signal.aborted) give()
    signal.addEventListener('abort', give, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}

/**
 * What stands beside a proxy: carries the newest table, tells what became of it, and turns requests into windows.
 * Traffic never waits for it: the proxy routes by the last table that it confirmed, whatever happens to the agent or its link.
 */
import type { Busy } from '@vamp/model/metric'
import { byName, changes, derived } from '@vamp/model/changed'
import { Fault } from '@vamp/model/fault'
import type { Endpoint, GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import { type Clock, every, steady } from './base/clock.ts'
import type { Logger } from './base/log.ts'
import type { AgentReport, CarriedShares, Link, Surge } from './link/link.ts'
import type { Applied, Proxy as ProxyPort, Waiting } from './proxy/proxy.ts'
import { resilient, type Resilient } from './proxy/resilient.ts'
import { about, ALONE_MAX, asCarried, openRefusals, type Refusals, refusedGateway, setAside, suspectsOf, withoutChanges } from './set-aside.ts'
import { openDelivery } from './traffic/delivery.ts'
import type { Sequence } from './traffic/sequence.ts'
import { openSurges, SURGE_LOOK_MS } from './traffic/surges.ts'
import { LATENESS_MS, openWindows } from './traffic/windows.ts'

export interface AgentOptions {
  readonly name: string
  /** Is not stopped with the agent: whoever opened it, disposes of it. */
  readonly proxy: ProxyPort
  readonly link: Link
  readonly clock: Clock
  readonly log: Logger
  readonly sequence: Sequence
}

export type Agent = AsyncDisposable

const REPORT_MS = 1000
/** Shorter than the seconds that may be open at a time. */
const READ_ON_MS = 10_000
/** Whoever waits for an instance to have finished should not wait much longer than it takes. */
const DRAINING_POLL_MS = 50
/** To count the connections of ten thousand gateways takes a while: between two counts there is so many times as long. */
const COUNT_REST = 10
/** After that nobody waits for it any more. */
const DRAINING_WATCH_MS = 60_000
/** A table that was not carried because something was in the way is tried again. Who holds a port holds it for long: each time twice as much later, up to so long. */
const APPLY_RETRY_MS = 1000
const PORT_RETRY_MAX_MS = 8000

interface Confirmed { readonly table: RoutingTable; /** What of it is carried. */ readonly part: RoutingTable; readonly endpoints: readonly Pick<Endpoint, 'id' | 'state'>[]; readonly shares: AgentReport['shares'] }

const NOTHING: Confirmed = { table: { revision: 0, gateways: [] }, part: { revision: 0, gateways: [] }, endpoints: [], shares: [] }

export async function startAgent({ name, proxy: driver, link, clock: given, log, sequence }: AgentOptions): Promise<Agent> {
  const clock = steady(given)
  const proxy = resilient(driver, { clock, log })
  // What an earlier agent did not come to read counts in its own seconds.
  const windows = openWindows(clock.now() - (proxy.account ? READ_ON_MS : 0))
  const delivery = openDelivery({ agent: name, link, sequence, clock, log, account: proxy.account })
  const surges = openSurges()
  proxy.onSamples((samples, dropped) => { windows.add(samples, dropped); surges.add(samples) })
  const reporter = openReporter({ name, proxy, link, clock, log })
  const carrier = openCarrier({ proxy, clock, log, onConfirmed: reporter.confirmed, onRefused: reporter.refused })
  const closeSeconds = () => {
    const seconds = windows.close(clock.now())
    const busy = reporter.busy()
    if (seconds.length > 0) delivery.add(busy.length === 0 ? seconds : seconds.map((second, index) => index === seconds.length - 1 ? { ...second, busy } : second))
  }
  const ends = [
    link.onTable(table => carrier.carry(table)),
    every(clock, REPORT_MS, () => reporter.report(), error => log.warn('a report could not be made', { error })),
    everyLook(clock, ms => reporter.surged(surges.close(ms))),
    onceASecond(clock, LATENESS_MS, closeSeconds),
  ]
  return {
    async [Symbol.asyncDispose]() {
      for (const end of ends) end()
      proxy.release()
      await carrier.close()
      reporter.close()
      delivery.add(windows.flush())
      await delivery.close()
    },
  }
}

/** Runs the action every look, with the milliseconds since the last one. */
function everyLook(clock: Clock, action: (ms: number) => void): () => void {
  let last = clock.monotonic()
  return every(clock, SURGE_LOOK_MS, () => {
    const now = clock.monotonic()
    action(Math.max(1, now - last))
    last = now
  })
}

/** Runs the action `offsetMs` after the beginning of every second of the clock. Returns what stops it. */
function onceASecond(clock: Clock, offsetMs: number, action: () => void): () => void {
  let cancel = () => {}
  const arm = () => {
    const into = (((clock.now() - offsetMs) % 1000) + 1000) % 1000
    cancel = clock.after(1000 - into, () => { action(); arm() })
  }
  arm()
  return () => cancel()
}

interface Carrier {
  carry(table: RoutingTable): void
  close(): Promise<void>
}

interface CarrierOptions {
  readonly proxy: ProxyPort
  readonly clock: Clock
  readonly log: Logger
  /** `part` is what is carried of the table, the whole of it unless something of it was refused. */
  readonly onConfirmed: (table: RoutingTable, part: RoutingTable, applied: Applied, refusal: unknown) => Promise<void>
  readonly onRefused: (table: RoutingTable, error: unknown) => Promise<void>
}

/** One `apply` at a time; of the tables that come meanwhile, only the newest is carried. */
function openCarrier({ proxy, clock, log, onConfirmed, onRefused }: CarrierOptions): Carrier {
  const ended = new AbortController()
  let next: RoutingTable | undefined
  let running: Promise<void> | undefined
  let cancelRetry = () => {}
  let carried = NOTHING.table
  /** Of the newest table: how often it was tried again, and why it was not carried. What was told once is not repeated. */
  let retries = 0
  let told = new Set<string>()

  const run = async () => {
    for (let table = next; table && !ended.signal.aborted; table = next) {
      next = undefined
      await apply(table)
    }
  }
  /** The whole table, or as much of it as the proxy takes. Returns why it is not the whole. */
  const carryPart = async (table: RoutingTable): Promise<Refusals> => {
    const refusals = openRefusals()
    // Gateways that wait for others to be tried without them, where nobody says which one is refused.
    let waiting: ReadonlySet<string> = new Set()
    for (let wanted: RoutingTable | undefined = table; wanted;) {
      const part = waiting.size === 0 ? wanted : asCarried(wanted, waiting, carried)
      try {
        const applied = await proxy.apply(part, ended.signal)
        const { how, reasons, commands } = applied
        if (waiting.size > 0 || refusals.told !== undefined) refusals.took(part, carried)
        if (!refusals.told || how !== 'nothing') log.info('table carried', { revision: table.revision, how, reasons, commands })
        carried = part
        await onConfirmed(table, part, applied, refusals.told)
        if (waiting.size === 0) return refusals
        waiting = new Set()
      } catch (error) {
        if (ended.signal.aborted) return refusals
        const why = `${error}${error instanceof Fault ? JSON.stringify(error.facts) : ''}`
        log[told.has(why) ? 'debug' : 'warn']('table not carried', { revision: table.revision, error })
        told.add(why)
        const suspects = inTurn(suspectsOf(part, error, carried), retries)
        if (suspects.length > 1) {
          waiting = new Set([...waiting, ...suspects.slice(suspects.length >> 1)])
          continue
        }
        wanted = setAside(wanted, suspects[0] === undefined ? error : about(error, suspects[0]), carried)
        refusals.add(error, { suspect: suspects[0], last: !wanted })
        if (wanted && refusals.ofAll) {
          wanted = withoutChanges(wanted, carried)
          waiting = new Set()
        }
      }
    }
    await onRefused(table, refusals.told)
    return refusals
  }
  const apply = async (table: RoutingTable) => {
    const { told: refusal, ofAll } = await carryPart(table)
    if (ended.signal.aborted || !refusal || !ofAll && !canHeal(refusal)) return
    // Never of a table that has been superseded: it would come into force after the newer one.
    cancelRetry()
    const taken = refusal instanceof Fault && refusal.code === 'port_taken'
    const afterMs = taken || ofAll ? Math.min(PORT_RETRY_MAX_MS, APPLY_RETRY_MS * 2 ** retries++) : APPLY_RETRY_MS
    if (!next) cancelRetry = clock.after(afterMs, () => { next ??= table; start() })
  }
  const start = () => { running ??= run().finally(() => { running = undefined; if (next) start() }) }

  return {
    carry(table) {
      cancelRetry()
      retries = 0
      told = new Set()
      next = table
      start()
    },
    async close() {
      cancelRetry()
      next = undefined
      ended.abort(new Fault('agent_unreachable', 'the agent has ended'))
      await running
    },
  }
}

/** Each time others come first. */
const inTurn = (names: readonly string[], time: number): readonly string[] => {
  const first = names.length === 0 ? 0 : time * ALONE_MAX % names.length
  return [...names.slice(first), ...names.slice(0, first)]
}

/** A port becomes free, a proxy answers again; a table that is wrong stays wrong. */
function canHeal(error: unknown): boolean {
  return !(error instanceof Fault) || !error.terminal || error.code === 'port_taken'
}

interface Reporter {
  confirmed(table: RoutingTable, part: RoutingTable, applied: Applied, refusal: unknown): Promise<void>
  refused(table: RoutingTable, error: unknown): Promise<void>
  report(): Promise<void>
  /** Of the look that has just ended. */
  surged(surges: readonly Surge[]): void
  /** Routes with requests in progress, as counted last. */
  busy(): readonly Busy[]
  close(): void
}

function openReporter({ name, proxy, link, clock, log }: Omit<AgentOptions, 'sequence' | 'proxy'> & { readonly proxy: Resilient }): Reporter {
  let carried = NOTHING
  let refusal: AgentReport['refusal']
  let reloads = 0
  let lastReload: AgentReport['lastReload']
  let connections: ReadonlyMap<string, number> = new Map()
  let [asked, taken, confirmations, restUntil] = [0, 0, 0, 0]
  /** Endpoints that have lost new requests since the last count, and by which confirmation: they are busy until they are counted. */
  const uncounted = new Map<string, number>()
  let toldDraining = ''
  let surges: readonly Surge[] = []
  let stopWatching = () => {}

  const tell = () => {
    toldDraining = draining()
    link.report({
      agent: name, time: clock.now(), driver: proxy.driver, acknowledged: carried.table.revision, shares: carried.shares, reloads,
      endpoints: counted().endpoints,
      ...(refusal ? { refusal } : {}),
      ...someOf('finishing', finishing()), ...someOf('waiting', proxy.waiting()), ...someOf('ejected', proxy.ejected()), ...someOf('surges', surges),
      ...(lastReload ? { lastReload } : {}),
    })
  }
  let told: { readonly from: readonly unknown[]; readonly endpoints: AgentReport['endpoints']; readonly draining: AgentReport['endpoints']; readonly ids: ReadonlySet<string> } | undefined
  const inProgress = (id: string) => Math.max(connections.get(id) ?? 0, uncounted.has(id) ? 1 : 0)
  const counted = () => {
    if (told?.from[0] === carried.endpoints && told.from[1] === connections) return told
    const endpoints = carried.endpoints.map(({ id, state }) => ({ id, state, connections: inProgress(id) }))
    told = { from: [carried.endpoints, connections], endpoints, draining: endpoints.filter(({ state }) => state === 'draining'), ids: new Set(endpoints.map(({ id }) => id)) }
    return told
  }
  /** What is in no route any more and has not finished. A route that leads to a gateway counts under its name. */
  const finishing = () => [...new Set([...connections.keys(), ...uncounted.keys()])]
    .filter(id => !counted().ids.has(id) && inProgress(id) > 0 && !carried.table.gateways.some(({ name }) => name === id)).map(id => ({ id, connections: inProgress(id) }))
  const draining = () => [...counted().draining, ...finishing()].map(({ id, connections }) => `${id} ${connections}`).join()
  /** What the proxy does not tell stays as it was: an instance must not look idle because nobody could count. */
  const count = async () => {
    const [number, confirmed] = [++asked, confirmations]
    try {
      const counted = await proxy.connections()
      // Answers may overtake each other; an older one is not believed.
      if (number < taken) return
      [connections, taken] = [counted, number]
      for (const [id, since] of uncounted) if (since <= confirmed) uncounted.delete(id)
    } catch (error) {
      log.debug('connections not counted', { agent: name, error })
    }
  }
  /** What was counted before a table came into force says nothing of who drains by it. */
  const report = async () => {
    for (let counted: Confirmed | undefined; counted !== carried; await count()) counted = carried
    // Whoever has counted nothing yet knows of none that finishes what an earlier agent gave it.
    if (taken > 0 || carried === NOTHING) tell()
  }
  /** Tells when something changed on an instance that drains. */
  const watchDraining = async () => {
    const [counted, began] = [carried, clock.monotonic()]
    if (began < restUntil) return
    await count()
    restUntil = clock.monotonic() + COUNT_REST * (clock.monotonic() - began)
    if (counted === carried && draining() !== toldDraining) tell()
  }
  const watch = () => {
    stopWatching()
    const until = clock.monotonic() + DRAINING_WATCH_MS
    stopWatching = draining() === '' ? () => {} : every(clock, DRAINING_POLL_MS, () => clock.monotonic() > until ? stopWatching() : watchDraining())
  }
  /** Who is in no route any more, or gets nothing new, is busy until it is counted. */
  const leave = (before: Confirmed['endpoints'], after: Confirmed['endpoints']) => {
    confirmations++
    if (before === after) return
    const states = new Map(after.map(({ id, state }) => [id, state]))
    const earlier = new Map(before.map(({ id, state }) => [id, state]))
    for (const [id, state] of earlier) if (!states.has(id) || (state === 'ready' && states.get(id) === 'draining')) uncounted.set(id, confirmations)
    for (const [id, state] of states) if (state === 'draining' && !earlier.has(id)) uncounted.set(id, confirmations)
  }
  return {
    report,
    surged(now) {
      surges = now
      if (now.length > 0) void report()
    },
    busy: () => busyRoutes(carried.table, connections, proxy.waiting()),
    close: () => stopWatching(),
    async confirmed(table, part, { how, reasons }, error) {
      // What is set aside may come into force at any moment: its instances are not free to stop.
      const whole = part.gateways === table.gateways
      const same = whole && carried.part === carried.table && sameEndpoints(carried.table, table)
      const before = carried
      carried = { table, part: whole ? table : part, endpoints: same ? carried.endpoints : endpointsOf(whole ? table.gateways : [...part.gateways, ...table.gateways]), shares: derived({ items: carried.part.gateways, made: carried.shares }, part.gateways, sharesOf) }
      leave(before.endpoints, carried.endpoints)
      watch()
      refusal = error ? refusalOf(table, error) : undefined
      if (how === 'reload') {
        reloads++
        lastReload = { revision: table.revision, reasons }
      }
      // Counting may take a while, as with a worker of before that is ending, and the next table would wait behind it. Only who waits for an instance to finish has to wait for it.
      if (before === NOTHING || draining() !== '') void report()
      else tell()
    },
    async refused(table, error) {
      refusal = refusalOf(table, error)
      await report()
    },
  }
}

/** Have all gateways the endpoints that they had? */
function sameEndpoints(before: RoutingTable, after: RoutingTable): boolean {
  const of = ({ routes }: GatewayTable) => JSON.stringify(routes.map(({ target }) => target.is === 'endpoints' ? target.endpoints.map(({ id, state }) => [id, state]) : []))
  return changes(before.gateways, after.gateways, byName).every(each => each.before && each.after && of(each.before) === of(each.after))
}

/** Every endpoint once; one that any route gives new requests to is ready. */
function endpointsOf(gateways: RoutingTable['gateways']): Confirmed['endpoints'] {
  const states = new Map<string, Endpoint['state']>()
  for (const { routes } of gateways)
    for (const { target } of routes)
      if (target.is === 'endpoints') for (const { id, state } of target.endpoints) if (states.get(id) !== 'ready') states.set(id, state)
  return [...states].map(([id, state]) => ({ id, state }))
}

const someOf = <K extends string, T>(name: K, items: readonly T[]) => items.length > 0 ? { [name]: items } as { readonly [key in K]: readonly T[] } : {}

function busyRoutes({ gateways }: RoutingTable, connections: ReadonlyMap<string, number>, waiting: readonly Waiting[]): readonly Busy[] {
  if (connections.size === 0 && waiting.length === 0) return []
  return gateways.flatMap(({ name: gateway, routes }) => routes.flatMap(({ path: route, target }) => {
    const held = waiting.find(each => each.gateway === gateway && each.route === route)?.requests ?? 0
    const requests = held + (target.is === 'gateway' ? 0 : target.endpoints.reduce((sum, { id }) => sum + (connections.get(id) ?? 0), 0))
    return requests > 0 ? [{ gateway, route, requests, waiting: held }] : []
  }))
}

const shares = new WeakMap<GatewayTable, CarriedShares>()

/** A gateway that stays what it is keeps its shares' object. */
function sharesOf(gateway: GatewayTable): CarriedShares {
  const known = shares.get(gateway) ?? { name: gateway.name, routes: Object.fromEntries(gateway.routes.map(route => [route.path, route.weight])) }
  shares.set(gateway, known)
  return known
}

function refusalOf(table: RoutingTable, error: unknown): NonNullable<AgentReport['refusal']> {
  const { revision } = table
  if (!(error instanceof Fault)) return { revision, code: 'internal', reason: error instanceof Error ? error.message : String(error) }
  const { facts, code } = error
  const port = typeof facts['port'] === 'number' ? facts['port'] : undefined
  const gateway = refusedGateway(table, error)
  const reason = code === 'port_taken' ? `port ${port} is held by ${facts['holder'] ?? 'somebody else'}: free it, and the gateway takes it by itself, or give the gateway another port` : String(facts['reason'] ?? error.message)
  return { revision, code, reason, ...(gateway === undefined ? {} : { gateway }) }
}

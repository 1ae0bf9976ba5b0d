/** Every `new`, in order; torn down in reverse. Tests run the whole of it with memory drivers and a virtual clock. */
import { startAgent } from '@vamp/agent/agent'
import { openSequence } from '@vamp/agent/traffic/sequence'
import { type Clock, every } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { Fault } from '@vamp/model/fault'
import type { KeyValueStore } from '@vamp/agent/link/store/key-value-store'
import type { Proxy as ProxyPort } from '@vamp/agent/proxy/proxy'
import type { LogTail } from './api/log-tail.ts'
import { type Api, openApi } from './api/server.ts'
import { openKeyedQueue } from './base/keyed-queue.ts'
import { type Lifecycle, openLifecycle } from './base/lifecycle.ts'
import type { Database } from './base/sql/database.ts'
import type { KeyedQueue, Reconciler } from './base/reconciler.ts'
import type { Config, Sources } from './config.ts'
import type { ContainerDriver } from './container/container-driver.ts'
import { openUsageMeter } from './container/usage.ts'
import { deploymentReconciler } from './deployment/reconciler.ts'
import type { EventLog } from './event/event-log.ts'
import { DEFAULT_RETENTION, type Retention, startRetention } from './event/retention.ts'
import { type Sink, type SinkPlaces, sinkReconciler } from './event/sink.ts'
import { type LiveFleet, LOCAL_AGENT, openFleet } from './fleet/live-fleet.ts'
import { TABLE, tableReconciler } from './fleet/table-store.ts'
import { TABLE_KINDS } from './gateway/observe.ts'
import type { Listening } from './gateway/plan.ts'
import { tellClocks } from './gateway/clock-events.ts'
import { gatewayReconciler, ROUTING } from './gateway/reconciler.ts'
import { tellReloads } from './gateway/reload-events.ts'
import type { Lease } from './leader/lease.ts'
import { openGateCalls } from './release/gate-calls.ts'
import { releaseReconciler } from './release/reconciler.ts'
import { openSessionOutcomes } from './release/sessions.ts'
import { sendVisitors } from './release/visitors.ts'
import { notificationSink } from './scaling/notifications.ts'
import { openScaling } from './scaling/open-scaling.ts'
import { openSettings, type Settings } from './settings/settings.ts'
import type { Store } from './store/store.ts'
import { openMemorySeries } from './traffic/memory/memory-series.ts'
import type { Series } from './traffic/series.ts'
import { openTraffic, type Traffic } from './traffic/traffic.ts'
import type { RunnerName } from './workflow/launch.ts'
import type { Runner } from './workflow/runner.ts'
import { openWorkflows } from './workflow/workflows.ts'

/** What a server is made of; `outfit.ts` opens the real ones, tests the memory ones. */
export interface Outfit {
  readonly clock: Clock
  readonly log: Logger
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly store: Store
  /** Opened on the store where it is not given. */
  readonly settings?: Settings
  /** Where each option comes from. */
  readonly sources?: Sources
  readonly events: EventLog
  /** In memory where there is none. */
  readonly series?: Series
  /** Why the database does not take what is written. */
  readonly refusal?: () => Fault | undefined
  /** With health checks. */
  readonly containers: ContainerDriver
  /** Absent where only agents elsewhere carry requests. */
  readonly proxy?: ProxyPort
  /** Of several servers on one database one leads; absent where there can be only one. */
  readonly cluster?: Cluster
  /** Of this server's leadership. */
  readonly fence?: () => number | undefined
  /** Where tables are left for agents that read them there. */
  readonly gatewayStore?: { readonly store: KeyValueStore; readonly prefix: string }
  /** Where events go besides the log, by a name under which its place in the log is kept. */
  readonly sinks?: () => ReadonlyMap<string, Sink>
  readonly logTail?: LogTail
  readonly portFree: (port: number) => Promise<boolean>
  /** Of workflows, in place of the real ones. */
  readonly runner?: (name: RunnerName) => Promise<Runner>
}

export interface Cluster {
  readonly lease: Lease
  guard(check: Parameters<Database['guard']>[0]): void
  /** What runs services, for as long as this server leads. */
  lead(lifecycle: Lifecycle): Promise<ContainerDriver>
  /** Whether this server led when it ended: one that followed leaves what runs alone. */
  readonly last: { led: boolean }
}

export interface App {
  readonly url: string
  readonly store: Store
  readonly events: EventLog
  readonly traffic: Traffic
  /** Of the first start with tokens: what its administrator signs in with, given this once. */
  readonly firstToken?: string
  /** Leaves what runs running: a later server finds it. */
  close(): Promise<void>
}

/** Measurements are put in order so often. */
const SERIES_MAINTAIN_MS = 10_000
/** Looking at a deployment whose instances start one by one takes at most a quarter of the time. */
const DEPLOYMENTS_REST = 4
/** A missed wake-up costs at most this. */
const RESYNC_MS = 5000

export async function startApp(config: Config, outfit: Outfit): Promise<App> {
  const { clock, log, store, events } = outfit
  const lifecycle = openLifecycle({ clock, log })
  try {
    const fleet = openFleet({ clock })
    const series = outfit.series ?? openMemorySeries({ clock })
    const traffic = openTraffic({ clock, series })
    lifecycle.add('traffic', fleet.onWindow(window => traffic.add(window)))
    const usage = openUsageMeter({ driver: outfit.containers, clock })
    const settings = outfit.settings ?? await openSettings({ store, config, log })
    if (!outfit.settings) lifecycle.add('settings', settings.close)
    const queues = openQueues(lifecycle, settings, outfit, fleet, traffic)
    lifecycle.add('changed options', settings.onChange(() => queues.routing.wake(ROUTING)))
    lifecycle.add('clock events', tellClocks({ fleet, events, log }))
    lifecycle.add('reload events', tellReloads({ fleet, events, log }))
    lifecycle.add('wake-ups', wire(queues, outfit, fleet, traffic))
    if (outfit.gatewayStore) publishTables(lifecycle, outfit, outfit.gatewayStore, fleet)
    if (outfit.proxy) lifecycle.use('agent', await startAgent({ name: LOCAL_AGENT, proxy: outfit.proxy, link: fleet.join(LOCAL_AGENT), clock, log, sequence: await openSequence(sequenceStore(store)) }))
    const scaling = openScaling(lifecycle, { store, events, traffic, fleet, usage, clock, log, random: outfit.random, slaPeriodMs: config.slaPeriod * 1000, slots: config.slots })
    const workflows = lifecycle.use('workflows', openWorkflows({ store, events, containers: outfit.containers, clock, log, random: outfit.random, namespace: config.namespace, trusted: config.trustedScripts === 'on', ...(outfit.runner ? { runner: outfit.runner } : {}) }))
    const wake = async () => { await wakeAll(queues, store); await scaling.wakeAll(); await workflows.wakeAll() }
    await wake()
    lifecycle.add('resync', every(clock, RESYNC_MS, wake, error => log.warn('what is wanted could not be read again, will be tried again', { afterMs: RESYNC_MS, error })))
    lifecycle.add('retention', startRetention({ events, retention: () => retentionOf(settings.current.eventsKeep), clock, log }))
    lifecycle.add('series', every(clock, SERIES_MAINTAIN_MS, () => maintain(series, log)))
    startSinks(lifecycle, outfit)
    lifecycle.add('visitors', sendVisitors({ store, clock, host: () => reachable(settings.current.gatewayAddress) }))
    const api: Api = await openApi({ config, settings, ...(outfit.sources ? { sources: outfit.sources } : {}), store, events, fleet, traffic, containers: outfit.containers, usage, scaling: scaling.history, workflows, clock, log, ...(outfit.refusal ? { refusal: outfit.refusal } : {}), ...(outfit.logTail ? { logTail: outfit.logTail } : {}), proxyConfiguration: async () => await outfit.proxy?.configuration?.() })
    lifecycle.add('api', () => api.close())
    await workflows.serve({ url: api.url, ...(config.advertise === undefined ? {} : { containersUrl: config.advertise }), lend: api.lend })
    return { url: api.url, store, events, traffic, ...(api.firstToken === undefined ? {} : { firstToken: api.firstToken }), close: () => lifecycle.close() }
  } catch (error) {
    await lifecycle.close()
    throw error
  }
}

interface Queues { readonly deployments: { wakeAll(): Promise<void> }; readonly routing: KeyedQueue; readonly releases: KeyedQueue }

function openQueues(lifecycle: Lifecycle, settings: Settings, outfit: Outfit, fleet: LiveFleet, traffic: Traffic): Queues {
  const { clock, log, random, store, events, containers, portFree } = outfit
  const open = (name: string, reconciler: Reconciler, restShare = 0) => lifecycle.use(`${name} queue`, openKeyedQueue({ name, reconciler, clock, log, random, restShare }))
  const deployments = lifecycle.use('deployments', deploymentReconciler({ store, events, driver: containers, fleet, clock, log }))
  const queue = open('deployments', deployments, DEPLOYMENTS_REST)
  lifecycle.add('deployments watch', deployments.watch(name => queue.wake(name)))
  return {
    deployments: { wakeAll: async () => { for (const name of await deployments.names()) queue.wake(name) } },
    routing: open('routing', gatewayReconciler({
      store, events, fleet, log, clock, portFree, ports: () => settings.current.gatewayPorts, listening: () => listeningOf(settings.current),
    })),
    releases: openReleases(open, lifecycle, settings, outfit, traffic),
  }
}

function listeningOf({ gatewayAddress: address, virtualHostsPort: port }: Config): Listening {
  return { address, ...(port === undefined ? {} : { virtualHosts: { address, port } }) }
}

/** Where a gateway is reached from this machine. */
const reachable = (address: string) => address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address

function openReleases(open: (name: string, reconciler: Reconciler) => KeyedQueue, lifecycle: Lifecycle, settings: Settings, { store, events, containers, clock, log }: Outfit, traffic: Traffic): KeyedQueue {
  const wake = { release: (_name: string) => {} }
  const gateCalls = lifecycle.use('gate calls', openGateCalls({ clock, secret: () => settings.current.webhookSecret, answered: name => wake.release(name) }))
  const queue = open('releases', releaseReconciler({ store, traffic, containers, clock, log, gateCalls, sessions: openSessionOutcomes(events) }))
  wake.release = name => queue.wake(name)
  return queue
}

/** Who is woken by what. A wake-up carries a name, never what happened. Returns what ends it. */
function wire({ routing, releases }: Queues, { store }: Outfit, fleet: LiveFleet, traffic: Traffic): () => void {
  const underWay = new Set<string>()
  const ends = [
    store.watch(({ kind, name, deleted }) => {
      if (TABLE_KINDS.includes(kind)) routing.wake(ROUTING)
      if (kind === 'releases' || kind === 'release-orders') {
        releases.wake(name)
        if (deleted) underWay.delete(name)
        else underWay.add(name)
      }
      if (kind === 'deployment-statuses' || kind === 'gateway-statuses' || kind === 'release-statuses') for (const release of underWay) releases.wake(release)
    }),
    fleet.onReport(() => { routing.wake(ROUTING) }),
    traffic.onSecond(() => { for (const release of underWay) releases.wake(release) }),
  ]
  return () => { for (const end of ends) end() }
}

async function wakeAll({ deployments, routing, releases }: Queues, store: Store): Promise<void> {
  routing.wake(ROUTING)
  await deployments.wakeAll()
  for (const { name } of (await store.list('releases')).items) releases.wake(name)
}

/** The agent's window numbers go on after a restart. */
function sequenceStore(store: Store): { load(): Promise<number>; save(reserved: number): Promise<void> } {
  const name = `agent-${LOCAL_AGENT}`
  return {
    load: async () => Number((await store.get('settings', name))?.value['sequence'] ?? 0),
    save: async reserved => { await store.put('settings', name, { sequence: reserved }) },
  }
}

async function maintain(series: Series, log: Logger): Promise<void> {
  try {
    await series.maintain()
  } catch (error) {
    log.warn('measurements could not be put in order, will be tried again', { afterMs: SERIES_MAINTAIN_MS, error })
  }
}

/** What is kept longer than everything else is never kept shorter than it. */
function retentionOf(days: number): Retention | undefined {
  return days === 0 ? undefined : { days, types: Object.fromEntries(Object.entries(DEFAULT_RETENTION.types).map(([type, own]) => [type, Math.max(own, days)])) }
}

function publishTables(lifecycle: Lifecycle, { clock, log, random, fence = () => 0 }: Outfit, place: NonNullable<Outfit['gatewayStore']>, fleet: LiveFleet): void {
  const queue = lifecycle.use('gateway store queue', openKeyedQueue({ name: 'gateway store', reconciler: tableReconciler({ ...place, fleet, fence, log }), clock, log, random }))
  lifecycle.add('gateway store', fleet.onPublish(() => queue.wake(TABLE)))
  queue.wake(TABLE)
}

function startSinks(lifecycle: Lifecycle, { store, events, clock, log, random, sinks: given }: Outfit): void {
  const notifications = notificationSink({ clock, log })
  const sinks = () => new Map([...given?.() ?? [], ['notifications', notifications] as const])
  const queue = lifecycle.use('sinks queue', openKeyedQueue({ name: 'sinks', reconciler: sinkReconciler({ sink: async name => sinks().get(name), places: sinkPlaces(store), events }), clock, log, random }))
  const wake = () => { for (const name of sinks().keys()) queue.wake(name) }
  lifecycle.add('sinks watch', events.subscribe({}, wake))
  wake()
}

function sinkPlaces(store: Store): SinkPlaces {
  return {
    async load(name) {
      const place = (await store.get('settings', `sink-${name}`))?.value['place']
      return typeof place === 'string' ? place : undefined
    },
    async save(name, place) { await store.put('settings', `sink-${name}`, { place }) },
  }
}

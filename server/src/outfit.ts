/** The real parts of a server, opened as its configuration says. Heavy drivers are imported only where they are used. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { portIsFree } from '@vamp/agent/proxy/haproxy/port-holder'
import type { Proxy as ProxyPort } from '@vamp/agent/proxy/proxy'
import { Fault } from '@vamp/model/fault'
import { tailOf } from './api/log-tail.ts'
import { portTaken } from './api/server.ts'
import type { Cluster, Outfit } from './app.ts'
import type { Lifecycle } from './base/lifecycle.ts'
import { randomNumber } from './base/random.ts'
import type { Database } from './base/sql/database.ts'
import { noteWrites } from './base/sql/noted-writes.ts'
import { CLAIM_FILE, claimDirectory } from './claim.ts'
import type { ServerLog } from './base/log.ts'
import type { Config, Sources } from './config.ts'
import type { ContainerDriver } from './container/container-driver.ts'
import type { DockerDriverOptions } from './container/docker/docker-driver.ts'
import { DEFAULT_PORTS } from './container/process/process-ports.ts'
import { withHealth } from './container/health.ts'
import { openMemoryDriver } from './container/memory/memory-driver.ts'
import { memoryMachine } from './container/memory/memory-machine.ts'
import { DATABASE_FILE } from './database-file.ts'
import type { Sink } from './event/sink.ts'
import { keepFiles } from './kept-files.ts'
import { openSettings } from './settings/settings.ts'
import type { Store } from './store/store.ts'
import type { Series } from './traffic/series.ts'

const clock = systemClock
/** Requests in progress may take so long when the gateways are stopped, and instances so long to end. */
const STOP_GRACE_MS = 2000

/** `begun`: to be called when the server has come up. What one that does not come up has found running is not its to end. */
export async function openOutfit(config: Config, environment: Readonly<Record<string, string>>, ownLog: ServerLog, lifecycle: Lifecycle, sources?: Sources): Promise<Outfit & { begun(): void }> {
  let owns = false
  const data = config.data === undefined ? undefined : resolve(config.data)
  const directory = data ?? join(tmpdir(), `vamp-${process.pid}`)
  const logTail = tailOf(ownLog)
  const { log } = logTail
  // Servers on one database may take turns in one directory, where nothing but what the leader runs is kept in it.
  const turns = config.database !== undefined && config.gateway === 'none'
  const claim = async (life: Lifecycle) => {
    if (data === undefined) return
    life.add('data directory', await claimDirectory(data))
    life.add('kept files', keepFiles(data, [CLAIM_FILE, OWNER_FILE], { clock, log }))
  }
  if (!turns) await claim(lifecycle)
  const { store, events, series, refusal, cluster } = await openDatabase(config, data, log, lifecycle)
  const settings = await openSettings({ store, config, log })
  ownLog.setLevel(settings.current.logLevel)
  let sinks = await openSinks(settings.current)
  lifecycle.add('settings', settings.close)
  lifecycle.add('options', settings.onChange(changed => {
    ownLog.setLevel(changed.logLevel)
    void openSinks(changed).then(opened => { sinks = opened }).catch(error => log.warn('events cannot be sent as the options say', { error }))
  }))
  const gatewayStore = config.gatewayStore === undefined ? undefined : await (await import('@vamp/agent/link/store/open-store')).openStore(config.gatewayStore, clock)
  if (gatewayStore) lifecycle.use('gateway store', gatewayStore.store)
  // A proxy outlives its server on purpose: none is started for a server that cannot start.
  await demandFreePort(config)
  const proxy = await openProxy(config, directory, log)
  const ends = () => owns && settings.current.onExit === 'stop'
  if (proxy) lifecycle.add('proxy', () => ends() ? proxy.stop(STOP_GRACE_MS) : proxy.detach(), 3 * STOP_GRACE_MS)
  const lead = async (life: Lifecycle) => {
    if (turns) await claim(life)
    const driver = withHealth(await openDriver(config, { directory, environment, log, owner: () => cluster ? sharedOwner(store, directory) : ownerIn(directory) }), { clock })
    life.use('containers', driver)
    life.add('instances', () => ends() && cluster?.last.led !== false ? stopAll(driver) : undefined, 3 * STOP_GRACE_MS)
    return driver
  }
  const containers = cluster ? nothingRuns() : await lead(lifecycle)
  // What is free on a machine with another agent, that agent finds out.
  const portFree = proxy ? (port: number) => portIsFree(config.gatewayAddress, port) : async () => true
  return { begun() { owns = true }, clock, log, logTail, random: randomNumber, store, settings, ...(sources ? { sources } : {}), events, series, ...(refusal ? { refusal } : {}), sinks: () => sinks, containers, portFree, ...(cluster ? { cluster: { ...cluster, lead } } : {}), ...(gatewayStore ? { gatewayStore } : {}), ...(proxy ? { proxy } : {}) }
}

/** Throws `Fault('port_taken')`. What cannot be found out is found out by listening. */
export async function demandFreePort({ bind, port }: Pick<Config, 'bind' | 'port'>): Promise<void> {
  if (port !== 0 && !await portIsFree(bind, port).catch(() => true)) throw portTaken({ bind, port })
}

async function openDatabase({ database: url }: Config, data: string | undefined, log: Logger, lifecycle: Lifecycle): Promise<Pick<Outfit, 'store' | 'events' | 'refusal'> & { series: Series; cluster?: Omit<Cluster, 'lead'> }> {
  if (url === undefined && data === undefined) {
    const [{ openMemoryStore }, { openMemoryEventLog }, { openMemorySeries }] = await Promise.all([import('./store/memory/memory-store.ts'), import('./event/memory/memory-event-log.ts'), import('./traffic/memory/memory-series.ts')])
    const events = lifecycle.use('events', openMemoryEventLog({ clock }))
    return { events, store: lifecycle.use('store', openMemoryStore(events)), series: openMemorySeries({ clock }) }
  }
  const [{ openSqlStore }, { openSqlEventLog }, { openSqlSeries }] = await Promise.all([import('./store/sql/sql-store.ts'), import('./event/sql/sql-event-log.ts'), import('./traffic/sql/sql-series.ts')])
  const { database, refusal } = noteWrites(lifecycle.use('database', url === undefined
    ? (await import('./base/sql/embedded-database.ts')).openEmbeddedDatabase({ file: join(data ?? '', DATABASE_FILE), watch: { clock, log } })
    : await openPostgres(url, log)))
  const events = lifecycle.use('events', await openSqlEventLog({ database, clock }))
  const cluster = database.shared ? { cluster: { lease: await (await import('./leader/sql-lease.ts')).openSqlLease(database), guard: database.guard, last: { led: false } } } : {}
  return { ...cluster, events, refusal, store: lifecycle.use('store', await openSqlStore(database, events)), series: lifecycle.use('series', await openSqlSeries({ database, clock })) }
}

async function openPostgres(url: string, log: Logger): Promise<Database> {
  const { openPostgresDatabase } = await import('./base/sql/postgres-database.ts')
  try {
    return await openPostgresDatabase({ url, clock, log })
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const { reason } = error.facts
    throw new Fault(error.code, `--database: ${error.message}${typeof reason === 'string' && reason !== '' ? ` (${reason})` : ''}`, error.facts, { cause: error })
  }
}

async function openSinks({ webhook, webhookSecret, elasticsearch, elasticsearchIndex, elasticsearchAuthorization }: Config): Promise<ReadonlyMap<string, Sink>> {
  const sinks = new Map<string, Sink>()
  if (webhook !== undefined) {
    const { webhookSink } = await import('./event/webhook.ts')
    sinks.set('webhook', webhookSink({ url: webhook, query: {}, ...(webhookSecret === undefined ? {} : { secret: webhookSecret }) }, clock))
  }
  if (elasticsearch !== undefined) {
    const { elasticsearchSink } = await import('./event/elasticsearch.ts')
    sinks.set('elasticsearch', elasticsearchSink({ url: elasticsearch, index: elasticsearchIndex, query: {}, ...(elasticsearchAuthorization === undefined ? {} : { headers: { authorization: elasticsearchAuthorization } }) }))
  }
  return sinks
}

async function openProxy(config: Config, data: string, log: Logger): Promise<ProxyPort | undefined> {
  if (config.gateway === 'none') return undefined
  const { findBinary } = await import('@vamp/agent/proxy/haproxy/process')
  const binary = config.haproxy.includes('/') ? config.haproxy : findBinary()
  if (config.haproxy.includes('/') && !existsSync(config.haproxy)) throw new Fault('unsupported', `there is no program ${config.haproxy}: name HAProxy's path, or start with --gateway embedded`, { haproxy: config.haproxy })
  const driver = config.gateway === 'auto' ? (binary === undefined ? 'embedded' : 'haproxy') : config.gateway
  switch (driver) {
    case 'haproxy': {
      if (binary === undefined) throw new Fault('unsupported', 'HAProxy is not installed: install it, or start with --gateway embedded', {})
      const [{ openHaproxy }, { socketDirectory }] = await Promise.all([import('@vamp/agent/proxy/haproxy/haproxy'), import('@vamp/agent/proxy/haproxy/socket-directory')])
      return openHaproxy({ directory: socketDirectory(data), binary, clock, log, ...(config.countries === undefined ? {} : { countries: resolve(config.countries) }) })
    }
    case 'embedded': {
      if (config.gateway === 'auto') log.warn('HAProxy is not installed: the embedded proxy routes the requests, and they stop when this server does')
      const [{ openEmbedded }, { openCountryLookup }] = await Promise.all([import('@vamp/agent/proxy/embedded/embedded'), import('@vamp/agent/proxy/country-lookup')])
      return openEmbedded({ clock, log, random: randomNumber, ...(config.countries === undefined ? {} : { countries: await openCountryLookup(resolve(config.countries), { clock, log }) }) })
    }
    case 'memory': {
      const { openMemoryProxy } = await import('@vamp/agent/proxy/memory/memory')
      return openMemoryProxy({ clock, random: randomNumber, answer: () => ({ status: 200, latencyMs: 1 }) })
    }
    default: return driver satisfies never
  }
}

interface DriverPlace {
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  readonly log: Logger
  /** Whose containers are whose. */
  readonly owner: () => string | Promise<string>
}

async function openDriver(config: Config, { directory, environment, log, owner }: DriverPlace): Promise<ContainerDriver> {
  if (config.containers === 'memory') {
    return openMemoryDriver(memoryMachine({ clock }))
  }
  if (config.containers === 'docker' || config.containers === 'swarm') {
    const { docker: host, dockerTls, dockerNetwork: network, registryConfig = join(environment['HOME'] ?? homedir(), '.docker', 'config.json') } = config
    const { registryCredentials } = await import('./container/docker/registry-credentials.ts')
    const options = { address: { host, ...(dockerTls === undefined ? {} : { tls: readTls(dockerTls) }) }, network, owner: await owner(), credentials: registryCredentials(registryConfig), clock, log }
    const hosts = host.split(',')
    if (config.containers === 'docker' && hosts.length > 1) return openEngines(hosts, options, config.spreadBy)
    if (config.containers === 'swarm') return (await import('./container/swarm/swarm-driver.ts')).openSwarmDriver(options)
    return (await import('./container/docker/docker-driver.ts')).openDockerDriver(options)
  }
  const { openProcessDriver } = await import('./container/process/process-driver.ts')
  return openProcessDriver({ directory, clock, log, cwd: process.cwd(), environment, limits: config.processLimits === 'on' })
}

/** An engine is called by its address, without what all addresses have. */
async function openEngines(hosts: readonly string[], options: DockerDriverOptions, spreadBy: string | undefined): Promise<ContainerDriver> {
  const [{ openDockerDriver }, { openEnginesDriver }] = await Promise.all([import('./container/docker/docker-driver.ts'), import('./container/engines/engines-driver.ts')])
  const engines = await Promise.all(hosts.map(async (host, index) => ({
    name: host.replace(/^\w+:\/\//, ''), address: host.startsWith('tcp:') ? new URL(host).hostname : '127.0.0.1',
    // Engines may share a machine, and its ports.
    driver: await openDockerDriver({ ...options, address: { ...options.address, host }, ports: portsOf(index, hosts.length) }),
  })))
  return openEnginesDriver({ engines, log: options.log, ...(spreadBy === undefined ? {} : { spreadBy }) })
}

function portsOf(index: number, engines: number): { readonly from: number; readonly to: number } {
  const each = Math.floor((DEFAULT_PORTS.to - DEFAULT_PORTS.from + 1) / engines)
  return { from: DEFAULT_PORTS.from + index * each, to: DEFAULT_PORTS.from + (index + 1) * each - 1 }
}

/** Named as Docker's own tools name them. Throws `Fault('invalid')`. */
function readTls(directory: string): { ca: string; cert: string; key: string } {
  const read = (name: string) => {
    try {
      return readFileSync(join(directory, name), 'utf8')
    } catch (cause) {
      throw new Fault('invalid', `--docker-tls: ${join(directory, name)} cannot be read`, { directory }, { cause })
    }
  }
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') }
}

const OWNER_FILE = 'docker-owner'

/** Whose containers are whose on an engine with several installations: kept beside the database, so that the next server finds its own. */
function ownerIn(directory: string): string {
  const file = join(directory, OWNER_FILE)
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  const owner = randomBytes(6).toString('hex')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileSync(file, owner)
  return owner
}

/** Servers that share a database share what runs: whichever leads finds it. */
async function sharedOwner(store: Store, directory: string): Promise<string> {
  const known = async () => (await store.get('settings', OWNER))?.value['owner']
  const before = await known()
  if (typeof before === 'string') return before
  const owner = ownerIn(directory)
  await store.put('settings', OWNER, { owner }, 'absent').catch(async error => { if (typeof await known() !== 'string') throw error })
  return String(await known() ?? owner)
}

const OWNER = 'docker-owner'

/** Of a server that follows. */
function nothingRuns(): ContainerDriver {
  return openMemoryDriver(memoryMachine({ clock }))
}

async function stopAll(driver: ContainerDriver): Promise<void> {
  await Promise.all((await driver.observe()).map(({ id }) => driver.stop(id, STOP_GRACE_MS)))
}

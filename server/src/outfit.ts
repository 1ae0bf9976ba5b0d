/** The real parts of a server, opened as its configuration says. Heavy drivers are imported only where they are used. */
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { portIsFree } from '@vamp/agent/proxy/haproxy/port-holder'
import type { Proxy as ProxyPort } from '@vamp/agent/proxy/proxy'
import { Fault } from '@vamp/model/fault'
import type { Outfit } from './app.ts'
import type { Lifecycle } from './base/lifecycle.ts'
import { randomNumber } from './base/random.ts'
import { claimDirectory } from './claim.ts'
import type { Config } from './config.ts'
import type { ContainerDriver } from './container/container-driver.ts'
import { withHealth } from './container/health.ts'
import type { EventLog } from './event/event-log.ts'
import type { Store } from './store/store.ts'

const clock = systemClock
/** Requests in progress may take so long when the gateways are stopped, and instances so long to end. */
const STOP_GRACE_MS = 2000
/** A Unix socket's path is short; a HAProxy whose directory would be too long lives under the system's temporary one. */
const SOCKET_DIRECTORY_MAX = 75

export async function openOutfit(config: Config, environment: Readonly<Record<string, string>>, log: Logger, lifecycle: Lifecycle): Promise<Outfit> {
  const data = config.data === undefined ? undefined : resolve(config.data)
  if (data !== undefined) lifecycle.add('data directory', await claimDirectory(data))
  const { store, events } = await openDatabase(data, lifecycle)
  const proxy = await openProxy(config, data ?? join(tmpdir(), `vamp-${process.pid}`), log)
  lifecycle.add('proxy', () => config.onExit === 'stop' ? proxy.stop(STOP_GRACE_MS) : proxy.detach(), 3 * STOP_GRACE_MS)
  const driver = withHealth(await openDriver(config, data ?? join(tmpdir(), `vamp-${process.pid}`), environment, log), { clock })
  lifecycle.use('containers', driver)
  if (config.onExit === 'stop') lifecycle.add('instances', () => stopAll(driver), 3 * STOP_GRACE_MS)
  return { clock, log, random: randomNumber, store, events, containers: driver, proxy, portFree: port => portIsFree(config.gatewayAddress, port) }
}

async function openDatabase(data: string | undefined, lifecycle: Lifecycle): Promise<{ store: Store; events: EventLog }> {
  if (data === undefined) {
    const [{ openMemoryStore }, { openMemoryEventLog }] = await Promise.all([import('./store/memory/memory-store.ts'), import('./event/memory/memory-event-log.ts')])
    return { store: lifecycle.use('store', openMemoryStore()), events: lifecycle.use('events', openMemoryEventLog({ clock })) }
  }
  const [{ openEmbeddedDatabase }, { openSqlStore }, { openSqlEventLog }] = await Promise.all([
    import('./base/sql/embedded-database.ts'), import('./store/sql/sql-store.ts'), import('./event/sql/sql-event-log.ts'),
  ])
  const database = lifecycle.use('database', openEmbeddedDatabase({ file: join(data, 'vamp.db') }))
  return { store: lifecycle.use('store', await openSqlStore(database)), events: lifecycle.use('events', await openSqlEventLog({ database, clock })) }
}

async function openProxy(config: Config, data: string, log: Logger): Promise<ProxyPort> {
  const { findBinary } = await import('@vamp/agent/proxy/haproxy/process')
  const binary = config.haproxy.includes('/') ? config.haproxy : findBinary()
  const driver = config.gateway === 'auto' ? (binary === undefined ? 'embedded' : 'haproxy') : config.gateway
  switch (driver) {
    case 'haproxy': {
      if (binary === undefined) throw new Fault('unsupported', 'HAProxy is not installed: install it, or start with --gateway embedded', {})
      const { openHaproxy } = await import('@vamp/agent/proxy/haproxy/haproxy')
      return openHaproxy({ directory: socketDirectory(data), binary, clock, log })
    }
    case 'embedded': {
      if (config.gateway === 'auto') log.warn('HAProxy is not installed: the embedded proxy routes the requests, and they stop when this server does')
      const { openEmbedded } = await import('@vamp/agent/proxy/embedded/embedded')
      return openEmbedded({ clock, log, random: randomNumber })
    }
    case 'memory': {
      const { openMemoryProxy } = await import('@vamp/agent/proxy/memory/memory')
      return openMemoryProxy({ clock, random: randomNumber, answer: () => ({ status: 200, latencyMs: 1 }) })
    }
    default: return driver satisfies never
  }
}

function socketDirectory(data: string): string {
  const wanted = join(data, 'haproxy')
  return Buffer.byteLength(wanted) <= SOCKET_DIRECTORY_MAX ? wanted : join(tmpdir(), `vamp-${createHash('sha256').update(data).digest('hex').slice(0, 16)}`)
}

async function openDriver(config: Config, data: string, environment: Readonly<Record<string, string>>, log: Logger): Promise<ContainerDriver> {
  if (config.containers === 'memory') {
    const [{ openMemoryDriver }, { memoryMachine }] = await Promise.all([import('./container/memory/memory-driver.ts'), import('./container/memory/memory-machine.ts')])
    return openMemoryDriver(memoryMachine({ clock }))
  }
  const { openProcessDriver } = await import('./container/process/process-driver.ts')
  return openProcessDriver({ directory: data, clock, log, cwd: process.cwd(), environment })
}

async function stopAll(driver: ContainerDriver): Promise<void> {
  await Promise.all((await driver.observe()).map(({ id }) => driver.stop(id, STOP_GRACE_MS)))
}

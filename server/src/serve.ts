/**
 * A server from its start to its end. Where several share a database one leads, and is the whole of it; the others stand by: they
 * answer from the database, pass on the rest, and become the leader when there is none.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { openApi } from './api/server.ts'
import { type App, type Outfit, startApp } from './app.ts'
import { openLifecycle } from './base/lifecycle.ts'
import type { Config } from './config.ts'
import { openUsageMeter } from './container/usage.ts'
import { openFleet } from './fleet/live-fleet.ts'
import { type Leadership, openLeadership, TAKEOVER_MS_MAX } from './leader/leadership.ts'
import { fenced } from './leader/sql-lease.ts'
import { openScalingHistory } from './scaling/scaling-history.ts'
import { openSettings } from './settings/settings.ts'
import { openMemorySeries } from './traffic/memory/memory-series.ts'
import { openTraffic } from './traffic/traffic.ts'
import { openWorkflows } from './workflow/workflows.ts'

export interface Server extends Pick<App, 'url' | 'firstToken' | 'close'> {
  /** Where the leader is, if it is another server. */
  readonly following?: string
}

/** A change that failed, because the port was not free yet, is tried again after this. */
const CHANGE_RETRY_MS = 1000

export async function startServer(given: Config, outfit: Outfit): Promise<Server> {
  const { cluster, clock, log } = outfit
  if (!cluster) return startApp(given, outfit)
  const config = given.port === 0 ? { ...given, port: await anyPort(given.bind) } : given
  const url = advertised(config)
  const leadership = await openLeadership({ lease: cluster.lease, claim: { holder: randomUUID(), url }, clock, log })
  cluster.guard(fenced(() => leadership.fence()))
  const role = openRole(config, outfit, leadership)
  try {
    const first = await role.follow()
    const { standing } = leadership
    return { url: first.url, close: role.close, ...(first.firstToken === undefined ? {} : { firstToken: first.firstToken }), ...(standing.is === 'following' && standing.leader !== undefined ? { following: standing.leader } : {}) }
  } catch (error) {
    await role.close()
    throw error
  }
}

type Part = Pick<App, 'url' | 'firstToken' | 'close'>

/** What this server is at the moment, changed one step after the other. */
function openRole(config: Config, outfit: Outfit, leadership: Leadership): { follow(): Promise<Part>; close(): Promise<void> } {
  const { clock, log } = outfit
  const closing = new AbortController()
  let part: Part | undefined
  let changing: Promise<void> = Promise.resolve()
  const change = async (): Promise<Part> => {
    await part?.close()
    part = undefined
    part = await (leadership.standing.is === 'leading' ? lead(config, outfit, leadership) : standBy(config, outfit, leadership))
    return part
  }
  const changeUntilDone = async () => {
    while (!closing.signal.aborted) {
      try {
        await change()
        return
      } catch (error) {
        log.error('the server cannot take its place, trying again', { is: leadership.standing.is, error })
        await clock.sleep(CHANGE_RETRY_MS, closing.signal).catch(() => undefined)
      }
    }
  }
  const unwatch = leadership.onChange(() => { changing = changing.then(changeUntilDone) })
  return {
    follow: change,
    async close() {
      closing.abort(new Error('the server ends'))
      unwatch()
      await changing
      if (outfit.cluster) outfit.cluster.last.led = leadership.standing.is === 'leading'
      await part?.close()
      // Last: nobody may lead before this one has stopped.
      await leadership[Symbol.asyncDispose]()
    },
  }
}

/** Throws `Fault('conflict')` where a server that led before has not let go of the directory yet. */
async function lead(config: Config, outfit: Outfit, leadership: Leadership): Promise<Part> {
  const lifecycle = openLifecycle(outfit)
  try {
    const containers = await outfit.cluster?.lead(lifecycle) ?? outfit.containers
    const { close, ...app } = await startApp(config, { ...outfit, containers, fence: () => leadership.fence() })
    return { ...app, async close() { await close(); await lifecycle.close() } }
  } catch (error) {
    await lifecycle.close()
    throw error
  }
}

/** Reads and passes on; runs nothing. */
async function standBy(config: Config, outfit: Outfit, leadership: Leadership): Promise<Part> {
  const { clock, log, store, events, containers, random } = outfit
  const fleet = openFleet({ clock })
  const workflows = openWorkflows({ store, events, containers, clock, log, random, namespace: config.namespace, trusted: false })
  const settings = outfit.settings ?? await openSettings({ store, config, log })
  const api = await openApi({
    config, settings, ...(outfit.sources ? { sources: outfit.sources } : {}), store, events, fleet, containers, clock, log, workflows, ...(outfit.logTail ? { logTail: outfit.logTail } : {}),
    traffic: openTraffic({ clock, series: openMemorySeries({ clock }) }), usage: openUsageMeter({ driver: containers, clock }), scaling: openScalingHistory(),
    following: { takeoverMs: TAKEOVER_MS_MAX, leader: () => leadership.standing.is === 'following' ? leadership.standing.leader : undefined },
  })
  return {
    url: api.url,
    async close() {
      await api.close()
      await workflows[Symbol.asyncDispose]()
      if (!outfit.settings) settings.close()
    },
  }
}

function advertised({ advertise, bind, port }: Config): string {
  if (advertise !== undefined) return advertise
  const host = bind === '0.0.0.0' || bind === '::' ? hostname() : bind.includes(':') ? `[${bind}]` : bind
  return `http://${host}:${port}`
}

/** The others must know it before this server listens. */
async function anyPort(bind: string): Promise<number> {
  const probe = createServer().listen(0, bind)
  await once(probe, 'listening')
  const address = probe.address()
  await new Promise(resolve => probe.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

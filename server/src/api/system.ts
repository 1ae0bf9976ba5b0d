/** The server itself: who it is, what it was told, whether it is well. */
import { randomUUID } from 'node:crypto'
import { allEndpoints } from '@vamp/model/api/contract'
import { openApiDocument } from '@vamp/model/api/openapi'
import { health, pages, system } from '@vamp/model/api/system'
import { Fault } from '@vamp/model/fault'
import { KINDS, kindOf } from '@vamp/model/kind'
import { artifactSchema, documentSchema } from '@vamp/model/schema/artifact-schema'
import { clockText } from '../fleet/agent-clock.ts'
import { docsPage } from './docs-page.ts'
import type { LogEntry } from './log-tail.ts'
import { optionRoutes } from './options.ts'
import { type Route, route, value } from './route.ts'
import { aborted, type StreamSource } from './sse.ts'
import { schedulerRoutes } from './scheduler.ts'
import { VERSION } from './version.ts'
import type { World } from './world.ts'

export function systemRoutes(world: World): Route[] {
  const { store, clock, startedMs, config } = world
  const id = installation(world)
  return [
    route(system.info, async ({ query }) => {
      const parts = { persistence: await persistence(world), pulse: { type: 'events' }, ...drivers(world) }
      return value({
        message: 'Welcome to Vamp.', version: VERSION, uuid: await id(), running_since: new Date(startedMs).toISOString(), namespace: config.namespace,
        ...Object.fromEntries(Object.entries(parts).filter(([name]) => query.on === undefined || query.on.includes(name))),
      })
    }),
    ...optionRoutes(world),
    route(system.stats, async () => value(await counts(world))),
    route(system.schema, async ({ path }) => {
      const kind = kindOf(path.kind)
      if (!kind && path.kind !== 'document') throw new Fault('not_found', `There is no kind '${path.kind}'; there are ${KINDS.join(', ')} and document.`)
      return value(kind ? artifactSchema(kind) : documentSchema())
    }),
    ...schedulerRoutes(world),
    ...[system.proxyConfiguration, system.proxyConfig].map(endpoint => route(endpoint, async () => ({ is: 'text', text: await proxyConfiguration(world) }))),
    route(system.logs, async ({ query }) => ({ is: 'stream', source: logStream(world, query.level) })),
    route(health.live, async () => value({ live: true })),
    route(health.ready, async () => {
      const { following } = world
      const carried = following ? { leader: following.leader() === undefined ? 'no server leads at the moment' : 'ok' } : { proxy: proxyState(world) }
      const parts: Readonly<Record<string, string>> = { store: refused(world) ?? await answered(() => store.revision()), ...carried }
      const ready = Object.values(parts).every(state => state === 'ok')
      return value({ ready, parts }, { status: ready ? 200 : 503 })
    }),
    route(pages.openapi, async () => ({ is: 'text', text: JSON.stringify(openApiDocument(allEndpoints(), { version: VERSION, kinds: KIND_SCHEMAS })) })),
    route(pages.docs, async () => ({ is: 'text', text: docsPage(VERSION, clock.now()) })),
  ]
}

/** Each kind's schema is a document of its own. */
const KIND_SCHEMAS = Object.fromEntries(KINDS.map(kind => [kind, { $ref: `/api/v1/schemas/${kind}` }]))

/** The same for as long as the database is. */
function installation({ store }: World): () => Promise<string> {
  return async () => {
    const known = (await store.get('settings', 'installation'))?.value['uuid']
    if (typeof known === 'string') return known
    const uuid = randomUUID()
    try {
      await store.put('settings', 'installation', { uuid }, 'absent')
      return uuid
    } catch (error) {
      const other = (await store.get('settings', 'installation'))?.value['uuid']
      if (typeof other === 'string') return other
      throw error
    }
  }
}

async function persistence({ store, config }: World): Promise<Readonly<Record<string, unknown>>> {
  return { database: { type: config.database !== undefined ? 'postgresql' : config.data === undefined ? 'memory' : 'embedded' }, revision: await store.revision() }
}

function drivers({ fleet, containers }: World): Readonly<Record<string, unknown>> {
  return {
    gateway_driver: { agents: fleet.reports().map(({ agent, driver, acknowledged, reloads }) => ({ agent, driver, acknowledged, reloads, ...clockOf(fleet, agent) })), revision: fleet.table.revision },
    container_driver: { type: containers.driver, deployables: containers.deployables },
    runtime: { node: process.version, pid: process.pid, resident_mb: Math.round(process.memoryUsage.rss() / 1e6) },
  }
}

function clockOf(fleet: World['fleet'], agent: string): { readonly clock?: string } {
  const clock = clockText(fleet.secondsBehind(agent))
  return clock === undefined ? {} : { clock }
}

async function counts({ store, traffic }: World): Promise<Readonly<Record<string, unknown>>> {
  const stored = await Promise.all(KINDS.map(async kind => [kind, { count: (await store.list(kind, { limit: 0 })).total }] as const))
  const running = (await store.list('deployment-statuses')).items.flatMap(({ value: { instances } }) => instances)
  return { persistence: Object.fromEntries(stored), instances: { count: running.length, ready: running.filter(({ state }) => state === 'ready').length }, traffic: { lost_log_lines: traffic.dropped } }
}

async function proxyConfiguration({ proxyConfiguration: read }: World): Promise<string> {
  const text = await read?.()
  if (text === undefined) throw new Fault('not_found', 'This server has no HAProxy of its own that was configured.')
  return text
}

/** A disk that is full still answers questions. */
function refused({ refusal }: World): string | undefined {
  const fault = refusal?.()
  return fault && `${fault.code}: ${fault.message}`
}

async function answered(ask: () => Promise<unknown>): Promise<string> {
  try {
    await ask()
    return 'ok'
  } catch (error) {
    return error instanceof Error ? error.message : 'does not answer'
  }
}

/** A server whose agents are elsewhere is well without them. */
function proxyState({ fleet, config }: World): string {
  const reports = fleet.reports()
  if (config.gateway === 'none') return 'ok'
  if (reports.length === 0) return 'no agent reports'
  const late = reports.find(({ acknowledged }) => acknowledged < fleet.table.revision)
  return late ? late.refusal?.reason ?? `agent ${late.agent} carries revision ${late.acknowledged} of ${fleet.table.revision}` : 'ok'
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

function logStream({ logTail, clock }: World, level: string | undefined): StreamSource {
  const least = Math.max(0, LEVELS.map(String).indexOf(level?.toLowerCase() ?? ''))
  return async outlet => {
    const send = ({ level: of, message, facts }: LogEntry) => {
      if (LEVELS.indexOf(of) < least) return
      outlet.send({ event: 'log', data: { logger: 'vamp', level: of.toUpperCase(), message, timestamp: new Date(clock.now()).toISOString(), facts: withoutErrors(facts) } })
    }
    const end = logTail?.listen(send)
    await aborted(outlet.signal)
    end?.()
  }
}

/** Stacks and causes stay in the log file. */
function withoutErrors(facts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, fact instanceof Error ? fact.message : fact]))
}

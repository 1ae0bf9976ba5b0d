/**
 * What a workflow script programs with.
 *
 * ```ts
 * import { vamp } from '@vamp/client/workflow'
 *
 * const { total } = await vamp.metrics('shop/web', { since: '1m' })
 * if (total.error_rate > 0.05) await vamp.gateways.weigh('shop/web/http', { 'web:1.0': '100%', 'web:1.1': '0%' })
 * ```
 *
 * Everything is a promise; what the server refuses is thrown as a `VampError`. This file stands alone: it is what runs in the
 * sandbox, where nothing can be imported, so it may import types only.
 */
import type { DeploymentView, InstanceRow } from '@vamp/model/api/deployments'
import type { GatewayView } from '@vamp/model/api/gateways'
import type { ReleaseView } from '@vamp/model/api/releases'
import type { TrafficReport } from '@vamp/model/api/traffic'
import type { Event } from '@vamp/model/event'
import type { HostRequest, HostResponse, WorkflowHost } from './workflow-host.ts'

/** An artifact as the API prints it. */
export interface Document { readonly name: string; readonly kind: string; readonly [field: string]: unknown }

export interface EventFilter {
  /** All of them. */
  readonly tags?: readonly string[]
  readonly type?: string
  /** A moment, or `now-5m`. */
  readonly from?: string
  readonly to?: string
}

export interface Waiting {
  /** Seconds; then it throws. Default 300. */
  readonly timeout?: number
  /** Seconds between two looks. Default 1. */
  readonly every?: number
}

type Query = Readonly<Record<string, string | number | boolean | readonly (string | number)[] | undefined>>

/** What the server, or another one, did not do. */
export class VampError extends Error {
  override readonly name = 'VampError'
  /** Of HTTP. */
  readonly status: number
  /** `not_found`, `revision_mismatch`, … */
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

function findHost(): WorkflowHost {
  const host = (globalThis as Record<symbol, unknown>)[Symbol.for('vamp.workflow')] as WorkflowHost | undefined
  if (!host) throw new Error('this is no workflow: start it with vamp workflow run FILE')
  return host
}
const host = findHost()
const { facts } = host

async function bodyOf(response: HostResponse): Promise<string> {
  const pieces: string[] = []
  for (let piece = await response.read(); piece !== undefined; piece = await response.read()) pieces.push(piece)
  return pieces.join('')
}

function queryText(query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).filter(item => item !== undefined).map(item => `${encodeURIComponent(name)}=${encodeURIComponent(String(item))}`))
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

async function open(method: string, path: string, query?: Query, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HostResponse> {
  const request: HostRequest = {
    method, url: `${facts.url}/api/v1${path}${queryText(query)}`,
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': typeof body === 'string' && !headers['content-type'] ? 'application/x-yaml' : 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  }
  const response = await host.open(request)
  if (response.status < 400) return response
  const text = await bodyOf(response)
  let told: { message?: string; code?: string; problems?: readonly { message: string }[] } = {}
  try { told = JSON.parse(text) as typeof told } catch { /* not ours: the text is the message */ }
  const problems = (told.problems ?? []).map(({ message }) => message).filter(message => message !== told.message)
  throw new VampError(response.status, told.code ?? '', `${method} ${path}: ${told.message ?? (text.slice(0, 300) || response.status)}${problems.length > 0 ? ` (${problems.join('; ')})` : ''}`)
}

async function ask<T>(method: string, path: string, query?: Query, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<T> {
  const text = await bodyOf(await open(method, path, query, body, headers))
  return (text === '' ? undefined : JSON.parse(text)) as T
}

async function all<T>(path: string, query: Query = {}): Promise<T[]> {
  const found: T[] = []
  for (let page = 1; ; page++) {
    const items = await ask<T[]>('GET', path, { ...query, page, per_page: 100 })
    found.push(...items)
    if (items.length < 100) return found
  }
}

const name = encodeURIComponent
const names = (path: string) => path.split('/').map(encodeURIComponent).join('/')
const filterOf = ({ tags = [], ...rest }: EventFilter) => ({ tag: tags, ...rest })

/** `shop/web/web:1.1` → its service's path; without a version the cluster must have just one. */
async function servicePath(place: string): Promise<string> {
  const [deployment = '', cluster = '', given] = place.split('/')
  let service = given
  if (service === undefined) {
    const { clusters } = await ask<DeploymentView>('GET', `/deployments/${name(deployment)}`)
    const services = clusters[cluster]?.services ?? []
    if (services.length !== 1) throw new Error(services.length === 0 ? `there is nothing at ${place}` : `${place} has ${services.length} versions: name one, as ${place}/${services.map(({ breed }) => breed.name).join(` or ${place}/`)}`)
    service = services[0]?.breed.name ?? ''
  }
  return `/deployments/${name(deployment)}/clusters/${name(cluster)}/services/${name(service)}`
}

async function* follow(filter: EventFilter, after?: string): AsyncGenerator<Event, void, undefined> {
  let last = after
  for (;;) {
    let response: HostResponse
    try {
      response = await open('GET', '/events/stream', filterOf(filter), undefined, { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) })
    } catch (error) {
      if (error instanceof VampError && error.status < 500) throw error
      await host.sleep(1000)
      continue
    }
    try {
      let text = ''
      for (let piece = await response.read().catch(() => undefined); piece !== undefined; piece = await response.read().catch(() => undefined)) {
        const messages = (text + piece).split('\n\n')
        text = messages.pop() ?? ''
        for (const message of messages) {
          const data = message.split('\n').find(line => line.startsWith('data: '))
          if (!data) continue
          const event = JSON.parse(data.slice(6)) as Event
          last = event.id
          yield event
        }
      }
    } finally {
      response.close()
    }
    await host.sleep(250)
  }
}

async function waitFor<T>(what: () => T | Promise<T>, { timeout = 300, every = 1 }: Waiting = {}): Promise<NonNullable<T>> {
  const end = host.now() + timeout * 1000
  for (;;) {
    const found = await what()
    if (found) return found
    if (host.now() >= end) throw new Error(`it was not so after ${timeout} s`)
    await host.sleep(Math.min(every * 1000, Math.max(1, end - host.now())))
  }
}

export const vamp = {
  /** Of this workflow. */
  name: facts.workflow,
  namespace: facts.namespace,
  /** Of this run. */
  run: facts.run,
  /** The same whenever this run is tried again: hand it on to whatever must happen once. */
  key: facts.key,
  attempt: facts.attempt,
  /** True: what would be changed is told in the log, and nothing is. */
  dry: facts.dry,
  env: facts.environment,
  /** That triggered this run. */
  event: facts.event as Event | undefined,
  /** The moment of the schedule for which this run is. */
  due: facts.due === undefined ? undefined : new Date(facts.due),

  log: (...words: readonly unknown[]): void => host.log('info', words.map(textOf).join(' ')),
  sleep: (seconds: number): Promise<void> => host.sleep(seconds * 1000),
  /** Asks again and again until the answer is neither empty nor false. */
  waitFor,

  /** Any endpoint, `/gateways/shop/web`. */
  get: <T = unknown>(path: string, query?: Query): Promise<T> => ask<T>('GET', path, query),
  put: <T = unknown>(path: string, body: unknown, query?: Query): Promise<T> => ask<T>('PUT', path, query, body),
  post: <T = unknown>(path: string, body?: unknown, query?: Query): Promise<T> => ask<T>('POST', path, query, body),
  delete: <T = unknown>(path: string, query?: Query): Promise<T> => ask<T>('DELETE', path, query),
  /** Every page of a list. */
  all,

  artifacts: {
    list: (kind: string): Promise<Document[]> => all<Document>(`/${kind}`),
    get: (kind: string, of: string): Promise<Document> => ask<Document>('GET', `/${kind}/${names(of)}`),
    /** An object, or YAML. */
    put: (kind: string, of: string, document: object | string): Promise<unknown> => ask('PUT', `/${kind}/${names(of)}`, {}, document),
    delete: (kind: string, of: string): Promise<unknown> => ask('DELETE', `/${kind}/${names(of)}`),
    /** Several documents at once, all or none, as `vamp apply` does. */
    apply: (yaml: string): Promise<unknown> => ask('POST', '', {}, yaml),
  },

  deployments: {
    list: (): Promise<DeploymentView[]> => all<DeploymentView>('/deployments'),
    get: (of: string): Promise<DeploymentView> => ask<DeploymentView>('GET', `/deployments/${name(of)}`),
    /** A blueprint, or the name of a stored one; merged into what runs. */
    deploy: (of: string, blueprint: object | string): Promise<DeploymentView> => ask<DeploymentView>('PUT', `/deployments/${name(of)}`, {}, blueprint),
    /** All of it. */
    undeploy: (of: string): Promise<unknown> => ask('DELETE', `/deployments/${name(of)}`, { all: true }),
    instances: (of?: string): Promise<InstanceRow[]> => all<InstanceRow>('/instances', { deployment: of }),
    /** Ends one instance; its service starts another. */
    kill: (instance: string): Promise<unknown> => ask('DELETE', `/instances/${name(instance)}`),
  },

  /** `shop/web` where it has one version, else `shop/web/web:1.1`. What is not given stays. */
  scale: async (place: string, scale: { readonly instances?: number; readonly cpu?: number | string; readonly memory?: string }): Promise<unknown> => ask('PUT', `${await servicePath(place)}/scale`, {}, scale),

  gateways: {
    list: (): Promise<GatewayView[]> => all<GatewayView>('/gateways'),
    get: (of: string): Promise<GatewayView> => ask<GatewayView>('GET', `/gateways/${names(of)}`),
    put: (of: string, gateway: object | string): Promise<GatewayView> => ask<GatewayView>('PUT', `/gateways/${names(of)}`, {}, gateway),
    /** Weights of routes, `{ 'web:1.1': '10%' }`; those that are not named stay. */
    weigh: (of: string, weights: Readonly<Record<string, string>>): Promise<GatewayView> => changeRoutes(of, route => weights[route] === undefined ? undefined : { weight: weights[route] }),
    /** Fields of one route. */
    route: (of: string, route: string, fields: Readonly<Record<string, unknown>>): Promise<GatewayView> => changeRoutes(of, each => each === route ? fields : undefined),
  },

  releases: {
    list: (): Promise<ReleaseView[]> => ask<ReleaseView[]>('GET', '/release-statuses'),
    start: (of: string, release: object): Promise<unknown> => ask('PUT', `/releases/${name(of)}`, {}, { name: of, ...release }),
    status: (of: string): Promise<ReleaseView> => ask<ReleaseView>('GET', `/releases/${name(of)}/status`),
    order: (of: string, order: 'pause' | 'resume' | 'promote' | 'abort' | 'rollback', reason?: string): Promise<ReleaseView> => ask<ReleaseView>('POST', `/releases/${name(of)}/${order}`, {}, reason === undefined ? {} : { reason }),
  },

  /** What visitors got: of `shop`, `shop/web`, `shop/web/web:1.1`, or of a gateway: `{ gateway: 'shop/web' }`. */
  metrics: (of: string | { readonly gateway: string; readonly route?: string }, query: { readonly since?: string; readonly percentile?: readonly number[]; readonly by?: readonly ('gateway' | 'route' | 'instance')[]; readonly step?: string } = { since: '1m' }): Promise<TrafficReport> => {
    if (typeof of !== 'string') return ask<TrafficReport>('GET', '/traffic', { ...of, ...query })
    const [deployment, cluster, service] = of.split('/')
    return ask<TrafficReport>('GET', '/traffic', { deployment, cluster, service, ...query })
  },

  events: {
    publish: (tags: readonly string[], value?: unknown, type = 'event'): Promise<unknown> => ask('POST', '/events', {}, { tags, type, ...(value === undefined ? {} : { value }) }),
    /** All of them or none. */
    publishAll: (events: readonly { readonly tags: readonly string[]; readonly type?: string; readonly value?: unknown }[]): Promise<unknown> => events.length === 0 ? Promise.resolve() : ask('POST', '/events', {}, JSON.stringify(events), { 'content-type': 'application/json' }),
    /** Newest first. */
    query: (filter: EventFilter, limit = 100): Promise<Event[]> => ask<Event[]>('GET', '/events', { ...filterOf(filter), per_page: limit }),
    /** `count`, `average`, `min`, `max`, `sum`, `p99` … of the values. */
    aggregate: async (filter: EventFilter, how: string, field?: string): Promise<number | null> => (await ask<{ value: number | null }>('GET', '/events', { ...filterOf(filter), aggregate: how, field })).value,
    /** As they happen, from now on or after the id; goes on over a restart of the server. */
    stream: follow,
  },

  /** Small values that outlive the run, the server and its restarts. */
  state: {
    get: async <T = unknown>(key: string): Promise<T | undefined> => {
      try {
        return await ask<T>('GET', `/workflows/${name(facts.workflow)}/state/${name(key)}`)
      } catch (error) {
        if (error instanceof VampError && error.status === 404) return undefined
        throw error
      }
    },
    set: async (key: string, value: unknown): Promise<void> => { await ask('PUT', `/workflows/${name(facts.workflow)}/state/${name(key)}`, {}, JSON.stringify(value), { 'content-type': 'application/json' }) },
    delete: async (key: string): Promise<void> => { await ask('DELETE', `/workflows/${name(facts.workflow)}/state/${name(key)}`) },
  },
} as const

/** The gateway goes back as it came, but for what changes. Routes are a map, or a list of maps where their order matters. */
async function changeRoutes(of: string, change: (route: string) => Readonly<Record<string, unknown>> | undefined): Promise<GatewayView> {
  const { state: _, ...gateway } = await vamp.gateways.get(of)
  const changed = (map: Readonly<Record<string, object>>) => Object.fromEntries(Object.entries(map).map(([route, fields]) => [route, { ...fields, ...change(route) }]))
  const routes = gateway.routes as unknown as Readonly<Record<string, object>> | readonly Readonly<Record<string, object>>[]
  return vamp.gateways.put(of, { ...gateway, routes: Array.isArray(routes) ? routes.map(changed) : changed(routes as Readonly<Record<string, object>>) })
}

function textOf(word: unknown): string {
  if (typeof word === 'string') return word
  if (word instanceof Error) return word.stack?.includes(word.message) ? word.stack : `${word.name}: ${word.message}`
  try {
    return JSON.stringify(word) ?? String(word)
  } catch {
    return String(word)
  }
}

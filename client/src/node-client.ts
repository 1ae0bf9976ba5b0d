/**
 * The surface of the original's `vamp-node-client`, for scripts that were written for it: everything that asks is a Highland stream.
 * This file stands alone, as `workflow.ts` does: it is read as text by whatever runs scripts.
 */
import type { WorkflowHost } from './workflow-host.ts'

/** A Highland stream, as far as it is used here. */
interface Stream<T = unknown> {
  map<U>(change: (value: T) => U): Stream<U>
  flatMap<U>(change: (value: T) => Stream<U>): Stream<U>
  collect(): Stream<T[]>
}
interface Highland {
  <T>(source: Promise<T> | readonly T[]): Stream<T>
  <T>(generator: (push: (error: unknown, value: T | unknown) => void, next: () => void) => void): Stream<T>
  readonly nil: unknown
}

type Json = Readonly<Record<string, unknown>>
type Term = Readonly<Record<string, unknown>>

interface ApiOptions { readonly host?: string; readonly path?: string; readonly cache?: boolean; readonly token?: string; readonly namespace?: string; readonly headers?: Readonly<Record<string, string>> }
interface Sums { readonly total: number; readonly rate: number; readonly average: number; readonly percentile: Readonly<Record<string, number>>; readonly min: number; readonly max: number; readonly stdDeviation: number }

export function nodeClient(highland: Highland) {
  const host = (globalThis as Record<symbol, unknown>)[Symbol.for('vamp.workflow')] as WorkflowHost
  const env = host.facts.environment

  async function request(url: string, { method = 'GET', headers = {} }: { method?: string; headers?: Readonly<Record<string, string>> } = {}, data?: unknown): Promise<string> {
    const body = data === undefined || data === null ? undefined : typeof data === 'string' ? data : JSON.stringify(data)
    const response = await host.open({ method, url, headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...lowerCase(headers) }, ...(body === undefined ? {} : { body }) })
    const pieces: string[] = []
    for (let piece = await response.read(); piece !== undefined; piece = await response.read()) pieces.push(piece)
    const text = pieces.join('')
    if (response.status < 200 || response.status > 299) throw new Error(`${method} ${url}: ${response.status} ${text.slice(0, 300)}`)
    return text
  }

  function Api(this: Record<string, unknown>, options: ApiOptions = {}) {
    if (!(this instanceof (Api as unknown as new () => object))) return new (Api as unknown as new (options: ApiOptions) => object)(options)
    const { path = '/api/v1', token = env['VAMP_API_TOKEN'], namespace = env['VAMP_NAMESPACE'], headers = {} } = options
    const base = options.host ?? env['VAMP_URL'] ?? host.facts.url
    const own = { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers }
    const cached = new Map<string, unknown[]>()
    const keeps = env['VAMP_API_CACHE'] === undefined || boolean(env['VAMP_API_CACHE'])
    const url = `${base}${namespace ? `/${namespace}` : ''}${path}`
    const address = (api: string, query?: Json) => `${url}/${api.replace(/^\//, '')}${queryText(query)}`

    async function pages(api: string, query: Json = {}): Promise<unknown[]> {
      const found: unknown[] = []
      for (let page = 1; ; page++) {
        let answer: unknown
        try {
          answer = JSON.parse(await request(address(api, { ...query, page }), { headers: own }))
        } catch (error) {
          log(`api error: ${error instanceof Error ? error.message : String(error)}`)
          return [undefined]
        }
        if (!Array.isArray(answer)) return [answer]
        if (answer.length === 0) return found
        found.push(...answer)
      }
    }
    const get = (api: string, force = false, query?: Json) => flatten(async () => {
      const key = `${api}${queryText(query)}`
      const known = keeps && !force ? cached.get(key) : undefined
      if (known) return known
      const found = await pages(api, query)
      if (keeps) cached.set(key, found)
      return found
    })
    const send = (method: string) => (api: string, json?: unknown, query?: Json) => {
      for (const key of [...cached.keys()]) if (key === api || key.startsWith(`${api}?`)) cached.delete(key)
      return highland(request(address(api, query), { method, headers: own }, json))
    }
    Object.assign(this, {
      url, get, put: send('PUT'), post: send('POST'), delete: send('DELETE'),
      namify: (map: Readonly<Record<string, Json>>) => highland(Object.entries(map).map(([name, value]) => ({ ...value, name }))),
      info: (force?: boolean) => get('info', force),
      config: (force?: boolean) => get('config', force, { flatten: true }),
      gateways: (force?: boolean) => get('gateways', force),
      deployments: (force?: boolean) => get('deployments', force),
      event: (tags: readonly string[], value?: unknown, type = 'event') => send('POST')('events', { tags, type, ...(value === undefined ? {} : { value }) }),
    })
    return this
  }

  /** A promise of a list as a stream of its items. */
  function flatten(make: () => Promise<unknown[]>): Stream {
    return highland((push, next) => {
      void make().then(items => { for (const item of items) push(null, item); push(null, highland.nil) }, error => { push(error, undefined); push(null, highland.nil) })
      void next
    })
  }

  function Http(this: Record<string, unknown>) {
    Object.assign(this, { get: (url: string, options?: object) => request(url, options), request })
  }

  function log(...words: readonly unknown[]): void {
    host.log('info', words.map(word => typeof word === 'string' ? word : JSON.stringify(word)).join(' '))
  }
  function Log(this: Record<string, unknown>) { Object.assign(this, { log }) }

  const boolean = (text: unknown) => ['true', 'yes', '1'].includes(String(text).toLowerCase())
  function Util(this: Record<string, unknown>) { Object.assign(this, { boolean }) }

  /**
   * What the original asked Elasticsearch, asked of the server's own numbers: log lines are requests, `ft` is the lookup name of a
   * gateway or of a route in it, `ST` the status, `Tt` the total time in milliseconds.
   */
  function ElasticsearchMetrics(this: Record<string, unknown>, api: { url: string }) {
    const ask = async (path: string) => JSON.parse(await request(`${api.url}${path}`)) as Json

    async function placeOf(term: Term): Promise<string | undefined> {
      const lookup = String(term['ft'] ?? '')
      if (lookup === '') return ''
      for (let page = 1; ; page++) {
        const found = await ask(`/gateways?page=${page}&per_page=100`) as unknown as readonly (Json & { name: string; lookup_name: string; routes: unknown })[]
        for (const { name, lookup_name, routes } of found) {
          if (lookup_name === lookup) return `gateway=${encodeURIComponent(name)}`
          for (const map of Array.isArray(routes) ? routes as Json[] : [routes as Json])
            for (const [path, route] of Object.entries(map)) if ((route as Json)['lookup_name'] === lookup) return `gateway=${encodeURIComponent(name)}&route=${encodeURIComponent(path)}`
        }
        if (found.length < 100) return undefined
      }
    }
    async function numbers(term: Term, seconds: number, percentiles: readonly number[] = EIGHTHS) {
      const place = await placeOf(term)
      if (place === undefined) return undefined
      const report = await ask(`/traffic?${place}&since=${Math.max(1, Math.round(seconds))}s${percentiles.map(each => `&percentile=${each}`).join('')}`) as { total: { requests: number; errors: number; statuses: Readonly<Record<string, number>>; latency_ms: Readonly<Record<string, number>> } }
      return report.total
    }
    const EIGHTHS = [0, 6.25, 18.75, 31.25, 43.75, 56.25, 68.75, 81.25, 93.75, 100]
    const twoDecimals = (value: number) => Math.round(value * 100) / 100
    const sums = async (term: Term, seconds: number, percentiles?: readonly number[]): Promise<Sums> => {
      const total = await numbers(term, seconds, percentiles)
      const latency = total?.latency_ms ?? {}
      // The middles of eight parts of the requests stand for all of them.
      const middles = percentiles ? [] : EIGHTHS.slice(1, -1).flatMap(each => latency[`p${each}`] ?? [])
      const average = middles.reduce((sum, value) => sum + value, 0) / Math.max(1, middles.length)
      const stdDeviation = Math.sqrt(middles.reduce((sum, value) => sum + (value - average) ** 2, 0) / Math.max(1, middles.length))
      return {
        total: total?.requests ?? 0, rate: twoDecimals((total?.requests ?? 0) / seconds), average: Math.round(average * 10) / 10,
        percentile: Object.fromEntries((percentiles ?? []).map(each => [`${each}.0`, latency[`p${each}`] ?? 0])), min: latency['p0'] ?? 0, max: latency['p100'] ?? 0, stdDeviation: Math.round(stdDeviation * 10) / 10,
      }
    }
    const termOf = (filters: readonly Term[] | Term) => Array.isArray(filters) ? Object.assign({}, ...(filters as Term[]).map(filter => (filter['term'] ?? filter) as Term)) as Term : filters as Term
    const digits = (range: Json) => Object.entries((range['ST'] ?? range) as Json).map(([bound, value]) => [bound, Number(value)] as const)
    const within = (status: number, bounds: readonly (readonly [string, number])[]) => bounds.every(([bound, value]) => bound === 'gte' ? status >= value : bound === 'gt' ? status > value : bound === 'lte' ? status <= value : bound === 'lt' ? status < value : true)

    Object.assign(this, {
      count: (term: Term, range: Json, seconds: number) => highland(numbers(term, seconds).then(total => Object.entries(total?.statuses ?? {}).reduce((sum, [hundred, count]) => sum + (hundred !== 'other' && within(Number(hundred[0]) * 100, digits(range ?? {})) ? count : 0), 0))),
      average: (term: Term, _field: string, seconds: number) => highland(sums(term, seconds).then(({ total, rate, average }) => ({ total, rate, average }))),
      stats: (filters: readonly Term[], _field: string, seconds: number) => highland(sums(termOf(filters), seconds).then(({ total, rate, average, min, max, stdDeviation }) => ({ total, rate, avg: average, min, max, stdDeviation }))),
      percentile: (filters: readonly Term[], _field: string, seconds: number, percentiles: readonly number[]) => highland(sums(termOf(filters), seconds, percentiles).then(({ total, rate, percentile }) => ({ total, rate, percentile }))),
      search: (_term: Term, seconds: number, size: number) => highland(ask(`/events?from=now-${Math.round(seconds)}s&per_page=${size}`).then(found => ({ hits: { total: (found as unknown as unknown[]).length, hits: (found as unknown as unknown[]).map(event => ({ _source: event })) } }))),
      event: publish, eventV2: publish,
    })
    function publish(tags: readonly string[], value: unknown, type = 'event') {
      return highland(request(`${api.url}/events`, { method: 'POST' }, { tags, type, value }))
    }
  }

  function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  }
  function queryText(query: Json = {}): string {
    const pairs = Object.entries(query).filter(([, value]) => value !== undefined).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    return pairs.length === 0 ? '' : `?${pairs.join('&')}`
  }

  return { Api, Http, Log, Util, ElasticsearchMetrics }
}

/**
 * A Vamp server as functions, derived from the contract.
 *
 * ```ts
 * const vamp = openClient({ url: 'http://127.0.0.1:8080' })
 * const { data } = await vamp.call(contract.deployments.get, { path: { deployment: 'shop' } })
 * for await (const event of vamp.stream(contract.events.stream, { query: { tag: ['releases:shop-web-1.1'] } })) …
 * ```
 */
import { type DataOf, type Endpoint, fillPath, type PathNames, type QueryOf, type SentOf } from '@vamp/model/api/endpoint'
import type { Plan } from '@vamp/model/api/change'
import type { Problem } from '@vamp/model/problem'
import { ApiError, Unreachable } from './api-error.ts'
import { type StreamMessage, streamMessages } from './stream.ts'

export interface ClientOptions {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  readonly token?: string
  readonly fetch?: typeof fetch
  /** Of one call; streams have none. */
  readonly timeoutMs?: number
  /** Between two attempts of a broken stream. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>
}

type Input<E extends Endpoint> =
  & ([PathNames<E['path']>] extends [never] ? { readonly path?: undefined } : { readonly path: Readonly<Record<PathNames<E['path']>, string>> })
  & { readonly query?: QueryOf<E> }
  & ([SentOf<E>] extends [undefined] ? { readonly body?: undefined } : { readonly body?: SentOf<E> })
  & { /** The write happens only on this revision, or (`absent`) if there is none. */ readonly expected?: string | 'absent' }

export interface Answer<T> {
  readonly data: T
  readonly status: number
  /** For `expected` of a later write. */
  readonly etag: string | undefined
  /** Of a paged list, all pages together. */
  readonly total: number | undefined
  /** What the server has to say beside: that a part of what was sent has no effect, say. */
  readonly note: string | undefined
}

export interface Client {
  readonly url: string
  /** Throws `ApiError`, `Unreachable`. */
  call<const E extends Endpoint>(endpoint: E, ...input: Arguments<E>): Promise<Answer<DataOf<E>>>
  /** The answer to `plan=true`: what the call would change. */
  plan<const E extends Endpoint>(endpoint: E, ...input: Arguments<E>): Promise<Plan>
  /** The answer as YAML. */
  yaml<const E extends Endpoint>(endpoint: E, ...input: Arguments<E>): Promise<string>
  /** Every page of a list. */
  all<const E extends Endpoint>(endpoint: E, ...input: Arguments<E>): Promise<DataOf<E>>
  /** Messages as they come. A stream that breaks is opened again where it broke, until the signal is aborted; one that ends, ends. */
  stream<const E extends Endpoint>(endpoint: E, input: Input<E> & { readonly after?: string; /** Ends when the server has told all there is. */ readonly finite?: boolean }, signal?: AbortSignal): AsyncGenerator<StreamMessage<DataOf<E>>, void, undefined>
}

type Arguments<E extends Endpoint> = [PathNames<E['path']>] extends [never] ? [input?: Input<E>, signal?: AbortSignal] : [input: Input<E>, signal?: AbortSignal]

interface Loose { readonly path?: Readonly<Record<string, string>> | undefined; readonly query?: object; readonly body?: unknown; readonly expected?: string }

const TIMEOUT_MS = 30_000
const PAGE = 100
/** Of a long list, after the first page has told how long it is. */
const PAGES_AT_ONCE = 6

export function openClient(options: ClientOptions): Client {
  const ask = (endpoint: Endpoint, input: Loose, accept: string, signal?: AbortSignal) => request(options, endpoint, input, accept, signal)
  const data = async (endpoint: Endpoint, input: Loose, signal?: AbortSignal) => answerOf(await ask(endpoint, input, 'application/json', signal), endpoint)
  const all = async (endpoint: Endpoint, input: Loose, signal?: AbortSignal) => {
    const page = async (number: number) => data(endpoint, { ...input, query: { ...input.query, page: number, per_page: PAGE } }, signal)
    const first = await page(1)
    const items = [...first.data as readonly unknown[]]
    const last = Math.ceil((first.total ?? 0) / PAGE)
    for (let next = 2; next <= last; next += PAGES_AT_ONCE) {
      const rest = await Promise.all(Array.from({ length: Math.min(PAGES_AT_ONCE, last - next + 1) }, (_, index) => page(next + index)))
      items.push(...rest.flatMap(answer => answer.data as readonly unknown[]))
    }
    return items
  }
  const client = {
    url: options.url,
    call: (endpoint: Endpoint, input: Loose = {}, signal?: AbortSignal) => data(endpoint, input, signal),
    plan: async (endpoint: Endpoint, input: Loose = {}, signal?: AbortSignal) => (await data(endpoint, { ...input, query: { ...input.query, plan: true } }, signal)).data,
    yaml: async (endpoint: Endpoint, input: Loose = {}, signal?: AbortSignal) => (await ask(endpoint, input, 'application/x-yaml', signal)).text(),
    all: (endpoint: Endpoint, input: Loose = {}, signal?: AbortSignal) => all(endpoint, input, signal),
    stream: (endpoint: Endpoint, input: Loose & { after?: string; finite?: boolean }, signal?: AbortSignal) => streamMessages({
      open: (lastId, inner) => request({ ...options, timeoutMs: 0 }, endpoint, input, 'text/event-stream', inner, lastId),
      after: input.after, finite: input.finite ?? false, sleep: options.sleep ?? sleep,
    }, signal),
  }
  // The rows of the contract carry the types; at run time every row is asked in the same way.
  return client as unknown as Client
}

async function request(options: ClientOptions, endpoint: Endpoint, { path, query, body, expected }: Loose, accept: string, signal?: AbortSignal, lastId?: string): Promise<Response> {
  const url = `${options.url.replace(/\/$/, '')}${fillPath(endpoint.path, path ?? {})}${queryText(query)}`
  const headers: Record<string, string> = { Accept: accept }
  if (options.token !== undefined) headers['Authorization'] = `Bearer ${options.token}`
  if (lastId !== undefined) headers['Last-Event-ID'] = lastId
  if (expected === 'absent') headers['If-None-Match'] = '*'
  else if (expected !== undefined) headers['If-Match'] = expected
  if (body !== undefined) headers['Content-Type'] = typeof body === 'string' && endpoint.body?.is !== 'data' ? 'application/x-yaml' : 'application/json'
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  const signals = [...(signal ? [signal] : []), ...(timeoutMs > 0 ? [AbortSignal.timeout(timeoutMs)] : [])]
  let response: Response
  try {
    response = await (options.fetch ?? fetch)(url, {
      method: endpoint.method, headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' && endpoint.body?.is !== 'data' ? body : JSON.stringify(body) }),
      ...(signals.length > 0 ? { signal: AbortSignal.any(signals) } : {}),
    })
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw new Unreachable(url, error)
  }
  if (!response.ok) throw await errorOf(response)
  return response
}

/** Lists become repeated parameters; what is undefined is left out. */
function queryText(query: object = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const item of Array.isArray(value) ? value : [value]) if (item !== undefined) parameters.append(name, String(item))
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

async function answerOf(response: Response, { answer }: Endpoint): Promise<Answer<unknown>> {
  const text = await response.text()
  const total = response.headers.get('X-Total-Count')
  return {
    data: text === '' ? undefined : answer.is === 'text' ? text : JSON.parse(text) as unknown,
    status: response.status, etag: response.headers.get('ETag') ?? undefined, total: total === null ? undefined : Number(total),
    note: response.headers.get('X-Vamp-Note') ?? undefined,
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '')
  try {
    const body = JSON.parse(text) as { message?: string; code?: string; problems?: readonly Problem[] }
    const { message = text.trim().slice(0, 500), code = '', problems } = body
    return new ApiError(response.status, code, message, problems, body)
  } catch {
    return new ApiError(response.status, '', text.trim().slice(0, 500) || `${response.status} ${response.statusText}`)
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(ms)
    timeout.addEventListener('abort', () => resolve(), { once: true })
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

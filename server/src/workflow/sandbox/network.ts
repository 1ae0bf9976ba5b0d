/** The sandbox's only way out: HTTP to Vamp and to the hosts that the workflow names, so many at a time and so many in a second. */
import type { HostRequest } from '@vamp/client/workflow-host'
import { openAllowance } from '../allowance.ts'

export interface NetworkOptions {
  /** Vamp's address. */
  readonly url: string
  readonly token?: string
  readonly hosts: readonly string[]
  readonly dry: boolean
  readonly fetch: typeof fetch
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** What a dry run would have done. */
  readonly told: (line: string) => void
}

export interface Network {
  call(operation: string, value: unknown): Promise<unknown>
  close(): void
}

const CALLS_AT_ONCE_MAX = 16
/** To the hosts that the workflow names, which are not Vamp. */
const FOREIGN_AT_ONCE_MAX = 128
const FOREIGN_PER_SECOND = 1000
/** Beyond these a call is refused: a script that does not wait for its answers must not fill the memory. */
const CALLS_WAITING_MAX = 1000
const STREAMS_MAX = 256
const CALLS_PER_SECOND = 25
/** What may come at once after a while of quiet. */
const CALLS_BURST = 100
const BODY_BYTES_MAX = 1024 * 1024
const CALL_TIMEOUT_MS = 60_000

interface Stream { readonly reader: ReadableStreamDefaultReader<Uint8Array> | undefined; readonly decoder: { decode(bytes?: Uint8Array, options?: { stream: boolean }): string }; readonly ending: AbortController }

export function openNetwork(options: NetworkOptions): Network {
  const streams = new Map<number, Stream>()
  let ids = 0
  const toVamp = openTurns(options, CALLS_AT_ONCE_MAX, CALLS_PER_SECOND, CALLS_BURST)
  const elsewhere = openTurns(options, FOREIGN_AT_ONCE_MAX, FOREIGN_PER_SECOND, FOREIGN_PER_SECOND)

  async function request(value: unknown): Promise<unknown> {
    const { method, url, headers, body } = checked(value)
    const target = new URL(url)
    const own = target.origin === new URL(options.url).origin
    if (!own && !allowed(target, options.hosts)) throw new Error(`a connection to ${target.host} is not allowed: the workflow may name it under hosts`)
    if (streams.size >= STREAMS_MAX) throw new Error(`${STREAMS_MAX} answers are open: read or close them`)
    const pretended = own && options.dry && method !== 'GET' ? dryUrl(target) : undefined
    if (pretended === 'told') {
      options.told(`would ${method} ${target.pathname}${body === undefined ? '' : ` ${body}`}`)
      return keep({ status: 200, headers: {}, body: body ?? '' })
    }
    if (pretended) options.told(`would ${method} ${target.pathname}${body === undefined ? '' : ` ${body}`}`)
    const leave = await (own ? toVamp : elsewhere)()
    const ending = new AbortController()
    const late = AbortSignal.timeout(CALL_TIMEOUT_MS)
    try {
      const response = await options.fetch(pretended ?? target, {
        method, redirect: 'manual', signal: AbortSignal.any([ending.signal, ...(headers['accept'] === 'text/event-stream' ? [] : [late])]),
        headers: { ...headers, ...(own && options.token !== undefined ? { authorization: `Bearer ${options.token}` } : {}) }, ...(body === undefined ? {} : { body }),
      })
      const id = ++ids
      streams.set(id, { reader: response.body?.getReader(), decoder: new TextDecoder(), ending })
      return { stream: id, status: response.status, headers: Object.fromEntries(response.headers) }
    } catch (error) {
      throw new Error(`${method} ${target.origin}${target.pathname}: ${reasonOf(error)}`)
    } finally {
      leave()
    }
  }

  function keep({ status, headers, body }: { status: number; headers: Record<string, string>; body: string }): unknown {
    const id = ++ids
    const reader = new Blob([body]).stream().getReader()
    streams.set(id, { reader, decoder: new TextDecoder(), ending: new AbortController() })
    return { stream: id, status, headers }
  }

  async function read(id: unknown): Promise<{ piece?: string }> {
    const stream = typeof id === 'number' ? streams.get(id) : undefined
    if (!stream || typeof id !== 'number') return {}
    try {
      const { done, value } = stream.reader ? await stream.reader.read() : { done: true, value: undefined }
      if (!done) return { piece: stream.decoder.decode(value, { stream: true }) }
    } catch (error) {
      close(id)
      throw new Error(`the answer broke off: ${reasonOf(error)}`)
    }
    streams.delete(id)
    return {}
  }

  function close(id: unknown): void {
    const stream = typeof id === 'number' ? streams.get(id) : undefined
    if (!stream || typeof id !== 'number') return
    streams.delete(id)
    stream.ending.abort()
  }

  return {
    async call(operation, value) {
      switch (operation) {
        case 'open': return request(value)
        case 'read': return read(value)
        case 'close': return close(value)
        default: throw new Error(`there is no ${operation}`)
      }
    },
    close() { for (const id of [...streams.keys()]) close(id) },
  }
}

/** Calls in turn: so many under way, and no faster than allowed; who is faster waits. Gives what ends the call. */
function openTurns({ now, sleep }: Pick<NetworkOptions, 'now' | 'sleep'>, atOnce: number, perSecond: number, burst: number): () => Promise<() => void> {
  const allowance = openAllowance({ perSecond, burst, now })
  let open = 0
  let waiting = 0
  return async () => {
    if (waiting >= CALLS_WAITING_MAX) throw new Error(`${CALLS_WAITING_MAX} calls are waiting already: wait for their answers`)
    waiting++
    try {
      while (open >= atOnce || !allowance.take()) await sleep(Math.max(LOOK_AGAIN_MS, allowance.waitMs()))
    } finally {
      waiting--
    }
    open++
    return () => { open-- }
  }
}

const LOOK_AGAIN_MS = 5

/** Artifacts are examined as the real call would; everything else is only told. */
function dryUrl(target: URL): URL | 'told' {
  if (!/^\/api\/v1\/?($|(breeds|blueprints|deployments|gateways|workflows|conditions|rewrites|routes|scales|slas|escalations|templates|releases|autoscalers|policies)(\/[^/]+){0,4}\/?$)/.test(target.pathname) || /\/(status|state|runs|pause|resume|promote|abort|rollback|weight)(\/|$)/.test(target.pathname)) return 'told'
  const url = new URL(target)
  url.searchParams.set('plan', 'true')
  return url
}

/** Whatever comes out of the sandbox is looked at before it is used. */
function checked(value: unknown): HostRequest {
  const { method, url, headers = {}, body } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (typeof url !== 'string' || !/^https?:\/\//i.test(url) || !URL.canParse(url)) throw new Error(`'${String(url).slice(0, 200)}' is no http address`)
  if (typeof method !== 'string' || !/^[A-Za-z]{1,16}$/.test(method)) throw new Error('a method such as GET is expected')
  if (body !== undefined && (typeof body !== 'string' || body.length > BODY_BYTES_MAX)) throw new Error(`a body is a text of at most ${BODY_BYTES_MAX} bytes`)
  const given = Object.entries(typeof headers === 'object' && headers !== null ? headers : {}).map(([name, text]) => [name.toLowerCase(), String(text)] as const)
  return { method: method.toUpperCase(), url, headers: Object.fromEntries(given), ...(body === undefined ? {} : { body }) }
}

/** `example.com` is its usual port, `example.com:8443` that one. */
function allowed({ host, hostname, port }: URL, hosts: readonly string[]): boolean {
  return hosts.includes(host) || (port === '' && hosts.includes(hostname))
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message || error.name
}

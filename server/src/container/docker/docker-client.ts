/** The part of the Docker Engine API that the driver speaks, https://docs.docker.com/reference/api/engine/. */
import { Fault } from '@vamp/model/fault'
import { Pool } from 'undici'

/** Newest API version whose answers this client was written for; an older engine is spoken to in its own. */
const API_VERSION_MAX = '1.43'
/** What an engine needs at least: `healthcheck` in answers, `platform`-free creation. */
const API_VERSION_MIN = '1.24'
const CONNECTIONS_MAX = 32
const TIMEOUT_MS = 60_000

export interface DockerAddress {
  /** `unix:///var/run/docker.sock` or `tcp://host:port` */
  readonly host: string
  /** PEM texts; with them TCP is TLS. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
}

export interface DockerRequest {
  readonly query?: Readonly<Record<string, string | number | boolean>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** A status that is an answer, not a fault, although it is not below 300. */
  readonly accept?: readonly number[]
}

export interface DockerClient extends AsyncDisposable {
  readonly apiVersion: string
  /** Parsed JSON; `undefined` for an empty answer. The caller knows the shape by the API. */
  call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, request?: DockerRequest): Promise<{ readonly status: number; readonly value: T }>
  /** The raw answer as it comes; without a timeout. */
  stream(method: 'GET' | 'POST', path: string, request?: DockerRequest): Promise<AsyncIterable<Uint8Array>>
}

/** Throws `Fault('container_unavailable')` when nobody answers. */
export async function openDockerClient(address: DockerAddress, signal?: AbortSignal): Promise<DockerClient> {
  const pool = poolOf(address)
  const client = dockerClient(pool, address.host)
  try {
    const { value } = await client('').call<{ ApiVersion: string; MinAPIVersion?: string }>('GET', '/version', { signal })
    const version = older(value.ApiVersion, API_VERSION_MAX)
    if (older(version, API_VERSION_MIN) === version && version !== API_VERSION_MIN)
      throw new Fault('unsupported', `the Docker engine at ${address.host} speaks API ${value.ApiVersion}; ${API_VERSION_MIN} or newer is needed`, { host: address.host })
    return client(version)
  } catch (error) {
    await pool.destroy()
    throw error
  }
}

function poolOf({ host, tls }: DockerAddress): Pool {
  const common = { connections: CONNECTIONS_MAX, headersTimeout: TIMEOUT_MS, bodyTimeout: 0 }
  if (host.startsWith('unix://')) return new Pool('http://docker', { ...common, socketPath: host.slice('unix://'.length) })
  const origin = host.replace(/^tcp:/, tls ? 'https:' : 'http:')
  return new Pool(origin, { ...common, ...(tls ? { connect: { ca: tls.ca, cert: tls.cert, key: tls.key } } : {}) })
}

function dockerClient(pool: Pool, host: string): (apiVersion: string) => DockerClient {
  return apiVersion => {
    const send = async (method: 'GET' | 'POST' | 'DELETE', path: string, { query = {}, body, headers = {}, signal }: DockerRequest) => {
      const parameters = new URLSearchParams(Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]))
      try {
        return await pool.request({
          method, path: `${apiVersion === '' ? '' : `/v${apiVersion}`}${path}${parameters.size > 0 ? `?${parameters}` : ''}`,
          headers: { ...(body === undefined || Buffer.isBuffer(body) ? {} : { 'content-type': 'application/json' }), ...headers },
          body: body === undefined ? null : Buffer.isBuffer(body) ? body : JSON.stringify(body),
          ...(signal ? { signal } : {}),
        })
      } catch (cause) {
        if (signal?.aborted) throw cause
        throw new Fault('container_unavailable', `the Docker engine at ${host} does not answer`, { host, method, path }, { cause })
      }
    }
    return {
      apiVersion,
      async call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, request: DockerRequest = {}) {
        const { statusCode, body } = await send(method, path, request)
        const text = await body.text()
        if (statusCode >= 300 && !request.accept?.includes(statusCode)) throw faultOf(statusCode, text, { method, path })
        return { status: statusCode, value: (text === '' || statusCode >= 300 ? undefined : JSON.parse(text)) as T }
      },
      async stream(method, path, request = {}) {
        const { statusCode, body } = await send(method, path, request)
        if (statusCode >= 300) throw faultOf(statusCode, await body.text(), { method, path })
        return body
      },
      [Symbol.asyncDispose]: () => pool.destroy(),
    }
  }
}

/** Exported for its table of messages. */
export function faultOf(status: number, text: string, facts: Readonly<Record<string, unknown>>): Fault {
  const message = messageOf(text)
  if (/no space left on device/i.test(message)) return new Fault('disk_full', message, { ...facts, status })
  if (/port is already allocated|address already in use/i.test(message)) return new Fault('port_taken', message, { ...facts, status })
  if (status === 404 && /no such image|manifest unknown|pull access denied|not found: manifest/i.test(message)) return new Fault('image_not_found', message, { ...facts, status })
  if (status === 404) return new Fault('not_found', message, { ...facts, status })
  if (status === 400) return new Fault('invalid', message, { ...facts, status })
  if (status === 409) return new Fault('conflict', message, { ...facts, status })
  return new Fault('container_failed', message, { ...facts, status })
}

function messageOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message)
  } catch {
    // Not every answer is JSON.
  }
  return text.trim() || 'the Docker engine refused without a word'
}

function older(a: string, b: string): string {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number)
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number)
  return aMajor < bMajor || (aMajor === bMajor && aMinor <= bMinor) ? a : b
}

/** Documents of a stream, one a line, as Docker sends events and progress. */
export async function* jsonLines<T>(stream: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as T
}

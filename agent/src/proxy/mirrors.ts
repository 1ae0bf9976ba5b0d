/** Sends copies of requests and throws the answers away. Bounded: copies beyond it are not sent, and counted. */
import { Agent, type Dispatcher } from 'undici'

export interface Copy {
  readonly host: string
  readonly port: number
  /** Over TLS, to a gateway of this host: there is nothing to verify. */
  readonly secure?: boolean
  readonly method: string
  readonly path: string
  /** Flat [name, value, …], without what belongs to a connection. */
  readonly headers: readonly string[]
  readonly body?: Uint8Array
}

export interface Mirrors {
  /** `told`: the status of the answer, 0 if there was none; not called for a copy that is not sent. */
  send(copy: Copy, told?: (status: number) => void): void
  close(): Promise<void>
}

/** In progress at a time; a slow shadow gets fewer copies, and nobody waits for it. */
const COPIES_MAX = 256
const COPY_TIMEOUT_MS = 30_000

export function openMirrors(): Mirrors {
  const agent = new Agent({ connections: 64, pipelining: 1, headersTimeout: COPY_TIMEOUT_MS, bodyTimeout: COPY_TIMEOUT_MS, connectTimeout: 3_000, connect: { rejectUnauthorized: false } })
  let inProgress = 0
  return {
    send({ host, port, secure, method, path, headers, body }, told = () => {}) {
      if (inProgress >= COPIES_MAX) return
      inProgress++
      const over = () => { inProgress-- }
      const origin = `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
      agent.request({ origin, path, method: method as Dispatcher.HttpMethod, headers: [...headers], ...(body ? { body } : {}) })
        .then(answer => { told(answer.statusCode); return answer.body.dump() }, () => told(0)).then(over, over)
    },
    close: () => agent.destroy(),
  }
}

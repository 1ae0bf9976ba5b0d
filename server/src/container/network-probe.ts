/** Asks an instance over the network whether it is well. */
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '@vamp/agent/base/clock'
import type { HealthCheck } from '@vamp/model/health-check'
import type { Observed } from './container-driver.ts'

/** For checks that give none. */
const TIMEOUT_MS_DEFAULT = 5000

/** Any status from 200 to 399 is well; certificates are not verified; a protocol that nobody here speaks is always well. */
export function networkProbe(clock: Clock): (instance: Pick<Observed, 'host' | 'ports'>, check: HealthCheck, signal: AbortSignal) => Promise<string | undefined> {
  return async ({ host, ports }, check, signal) => {
    const port = ports[check.port]
    if (port === undefined) return `finds no port ${check.port}`
    const timeoutMs = check.timeout > 0 ? check.timeout * 1000 : TIMEOUT_MS_DEFAULT
    const timeout = new AbortController()
    const cancel = clock.after(timeoutMs, () => timeout.abort())
    const either = AbortSignal.any([signal, timeout.signal])
    try {
      const protocol = check.protocol.toUpperCase()
      if (protocol.endsWith('TCP')) return await askTcp(host, port, either)
      if (protocol.endsWith('HTTP') || protocol.endsWith('HTTPS')) {
        const path = check.path.startsWith('/') ? check.path : `/${check.path}`
        const statusCode = await askHttp(protocol.endsWith('S') ? requestHttps : requestHttp, { host, port, path, signal: either })
        return statusCode >= 200 && statusCode < 400 ? undefined : `answered ${statusCode}`
      }
      return undefined
    } catch (error) {
      if (timeout.signal.aborted) return `did not answer within ${timeoutMs / 1000} s`
      return failure(error)
    } finally {
      cancel()
    }
  }
}

/**
 * No agent keeps connections: a check must see whether new ones are accepted. Most questions are asked before anybody listens, and
 * a request is made only for a connection that there is.
 */
async function askHttp(request: typeof requestHttp | typeof requestHttps, { host, port, path, signal }: { host: string; port: number; path: string; signal: AbortSignal }): Promise<number> {
  const socket = await connected(host, port, signal)
  return await new Promise<number>((done, fail) => {
    const createConnection = request === requestHttps ? () => connectTls({ socket, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}) }) : () => socket
    const asked = request({ host, port, path, signal, createConnection, headers: { connection: 'close' } }, response => {
      response.resume()
      response.once('end', () => done(response.statusCode ?? 0))
      response.once('error', fail)
    })
    asked.once('error', fail)
    asked.end()
  }).finally(() => socket.destroy())
}

async function askTcp(host: string, port: number, signal: AbortSignal): Promise<undefined> {
  (await connected(host, port, signal)).destroy()
}

function connected(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect({ host, port, signal })
    socket.once('connect', () => done(socket))
    socket.once('error', fail)
  })
}

function failure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ECONNREFUSED') return 'was refused'
  if (code === 'ECONNRESET') return 'was cut off'
  return `failed: ${error instanceof Error ? error.message : String(error)}`
}

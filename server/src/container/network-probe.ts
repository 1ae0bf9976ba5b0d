/** Asks an instance over the network whether it is well. */
import { connect } from 'node:net'
import type { Clock } from '@vamp/agent/base/clock'
import type { HealthCheck } from '@vamp/model/health-check'
import { Agent, request } from 'undici'
import type { Observed } from './container-driver.ts'

/** For checks that give none. */
const TIMEOUT_MS_DEFAULT = 5000

/** Any status from 200 to 399 is well; certificates are not verified; a protocol that nobody here speaks is always well. */
export function networkProbe(clock: Clock): (instance: Pick<Observed, 'host' | 'ports'>, check: HealthCheck, signal: AbortSignal) => Promise<string | undefined> {
  // No agent keeps connections: a check must see whether new ones are accepted.
  const dispatcher = new Agent({ pipelining: 0, connect: { rejectUnauthorized: false } })
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
        const { statusCode, body } = await request(`${protocol.endsWith('S') ? 'https' : 'http'}://${host}:${port}${path}`, { dispatcher, reset: true, signal: either })
        await body.dump()
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

function askTcp(host: string, port: number, signal: AbortSignal): Promise<undefined> {
  return new Promise((done, fail) => {
    const socket = connect({ host, port, signal })
    socket.once('connect', () => { socket.destroy(); done(undefined) })
    socket.once('error', fail)
  })
}

function failure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ECONNREFUSED') return 'was refused'
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'was cut off'
  return `failed: ${error instanceof Error ? error.message : String(error)}`
}

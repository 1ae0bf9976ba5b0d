/** Asks an instance over the network whether it is well. */
import { type ClientRequest, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '@vamp/agent/base/clock'
import type { HealthCheck } from '@vamp/model/health-check'
import type { Observed } from './container-driver.ts'

/** For checks that give none. */
const TIMEOUT_MS_DEFAULT = 5000

/**
 * Any status from 200 to 399 is well; certificates are not verified; a protocol that nobody here speaks is always well.
 * No agent keeps connections: a check must see whether new ones are accepted. Most questions are asked before anybody listens: a request is
 * made only for a connection that there is, and what ends a question ends its socket, as signals for each would cost more than the connection.
 */
export function networkProbe(clock: Clock): (instance: Pick<Observed, 'host' | 'ports'>, check: HealthCheck, signal: AbortSignal) => Promise<string | undefined> {
  return async ({ host, ports }, check, signal) => {
    const port = ports[check.port]
    if (port === undefined) return `finds no port ${check.port}`
    const request = requestOf(check.protocol.toUpperCase())
    if (request === undefined) return undefined
    const timeoutMs = check.timeout > 0 ? check.timeout * 1000 : TIMEOUT_MS_DEFAULT
    const question: Question = { socket: connect({ host, port }), host, port, path: pathOf(check), asked: undefined }
    let late = false
    const cancel = clock.after(timeoutMs, () => { late = true; end(question) })
    const stop = () => end(question)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      await connected(question.socket)
      if (request === 'none') return undefined
      const statusCode = await askHttp(request, question)
      return statusCode >= 200 && statusCode < 400 ? undefined : `answered ${statusCode}`
    } catch (error) {
      return late ? `did not answer within ${timeoutMs / 1000} s` : failure(error)
    } finally {
      cancel()
      signal.removeEventListener('abort', stop)
      question.socket.destroy()
    }
  }
}

function pathOf({ path }: HealthCheck): string {
  const encoded = path.toWellFormed().replaceAll(/[^\x21-\x7e]/gu, encodeURIComponent)
  return encoded.startsWith('/') ? encoded : `/${encoded}`
}

interface Question { readonly socket: Socket; readonly host: string; readonly port: number; readonly path: string; asked: ClientRequest | undefined }

/** `none`: a connection says enough. */
function requestOf(protocol: string): typeof requestHttp | typeof requestHttps | 'none' | undefined {
  if (protocol.endsWith('TCP')) return 'none'
  if (protocol.endsWith('HTTP')) return requestHttp
  return protocol.endsWith('HTTPS') ? requestHttps : undefined
}

function end({ socket, asked }: Question): void {
  const error = new Error('is not waited for any more')
  asked?.destroy(error)
  socket.destroy(error)
}

function connected(socket: Socket): Promise<void> {
  return new Promise((done, fail) => {
    socket.once('connect', done)
    socket.once('error', fail)
  })
}

function askHttp(request: typeof requestHttp | typeof requestHttps, question: Question): Promise<number> {
  const { socket, host, port, path } = question
  return new Promise<number>((done, fail) => {
    const createConnection = request === requestHttps ? () => connectTls({ socket, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}) }) : () => socket
    const asked = request({ host, port, path, createConnection, headers: { connection: 'close' } }, response => {
      response.resume()
      response.once('end', () => done(response.statusCode ?? 0))
      response.once('error', fail)
    })
    question.asked = asked
    asked.once('error', fail)
    // Nobody asked to speak anything else.
    asked.once('upgrade', ({ statusCode = 0 }) => done(statusCode))
    asked.end()
  })
}

function failure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ECONNREFUSED') return 'was refused'
  if (code === 'ECONNRESET') return 'was cut off'
  return `failed: ${error instanceof Error ? error.message : String(error)}`
}

/**
 * One HTTP request through the proxy, streaming both ways. Statuses of its own are HAProxy's: 503 where nobody could be
 * connected to, 502 where a connection ended without an answer, 504 where the answer took too long. Only what was never
 * sent is tried again, on another instance; a request that an instance may have seen is not repeated.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Endpoint } from '@vamp/model/routing/table'
import type { Dispatcher } from 'undici'
import type { Clock } from '../../base/clock.ts'
import type { Sample } from '../proxy.ts'
import type { Choice } from './choice.ts'
import { requestHeaders, responseHeaders } from './forwarded-headers.ts'
import type { Upstreams } from './upstreams.ts'

export interface ExchangeContext {
  readonly clock: Clock
  readonly upstreams: Upstreams
  readonly record: (sample: Sample) => void
  /** The listener is being closed: connections are not kept. */
  readonly closing: () => boolean
}

/** What became of it; told as a sample when the client's side is done. */
interface Outcome { status: number; instance: string; latencyMs: number; bytes: number; failed: boolean }

export function exchange(context: ExchangeContext, choice: Choice, request: IncomingMessage, response: ServerResponse): void {
  const { clock } = context
  const began = clock.monotonic()
  const outcome: Outcome = { status: 0, instance: '', latencyMs: -1, bytes: 0, failed: false }
  let controller: Dispatcher.DispatchController | undefined
  let end = () => {}

  response.once('close', () => {
    end()
    if (!response.writableFinished) controller?.abort(new Error('the client gave up'))
    context.record({
      gateway: choice.gateway, route: choice.route, instance: outcome.instance, by: choice.by, part: choice.part,
      status: outcome.status, error: outcome.failed || outcome.status >= 500,
      latencyMs: outcome.latencyMs >= 0 ? outcome.latencyMs : clock.monotonic() - began, bytes: outcome.bytes, endedAt: clock.now(),
    })
  })

  const answerOwn = (status: 502 | 503 | 504) => {
    end()
    if (gaveUp(request, response)) return
    outcome.failed = true
    outcome.latencyMs = clock.monotonic() - began
    if (response.headersSent) { response.destroy(); return }
    outcome.status = status
    ownAnswer(response, status)
  }

  const attempt = (index: number): void => {
    const endpoint = choice.candidates[index]
    if (response.destroyed) return
    if (!endpoint) {
      answerOwn(503)
      return
    }
    outcome.instance = endpoint.id
    end = context.upstreams.begin(endpoint)
    const handler = answerHandler({
      response, outcome, cookies: () => choice.cookies(endpoint.id), closing: context.closing, elapsed: () => clock.monotonic() - began, end: () => end(),
      started(given) {
        controller = given
        if (response.destroyed) given.abort(new Error('the client gave up'))
      },
      failed(error) {
        if (controller) return answerOwn(codeOf(error) === 'UND_ERR_HEADERS_TIMEOUT' ? 504 : 502)
        end()
        attempt(index + 1)
      },
    })
    send(context.upstreams, endpoint, request, handler)
  }
  attempt(0)
}

function send(upstreams: Upstreams, endpoint: Endpoint, request: IncomingMessage, handler: Dispatcher.DispatchHandler): void {
  upstreams.pool(endpoint).dispatch({
    path: request.url ?? '/', method: (request.method ?? 'GET') as Dispatcher.HttpMethod, headers: requestHeaders(request), body: bodyOf(request),
  }, handler)
}

interface AnswerHandler {
  readonly response: ServerResponse
  readonly outcome: Outcome
  readonly cookies: () => string[]
  readonly closing: () => boolean
  readonly elapsed: () => number
  readonly end: () => void
  readonly started: (controller: Dispatcher.DispatchController) => void
  readonly failed: (error: Error) => void
}

function answerHandler({ response, outcome, cookies, closing, elapsed, end, started, failed }: AnswerHandler): Dispatcher.DispatchHandler {
  return {
    onRequestStart: started,
    onResponseStart(controller, status, _, message) {
      // Interim answers end here: this proxy has answered `Expect` itself.
      if (status < 200) return
      outcome.status = status
      outcome.latencyMs = elapsed()
      const headers = responseHeaders(rawStrings(controller.rawHeaders))
      for (const cookie of cookies()) headers.push('set-cookie', cookie)
      if (closing()) headers.push('connection', 'close')
      response.writeHead(status, message ?? '', headers)
      response.on('drain', () => controller.resume())
    },
    onResponseData(controller, chunk) {
      outcome.bytes += chunk.length
      if (!response.write(chunk)) controller.pause()
    },
    onResponseEnd() {
      end()
      response.end()
    },
    onResponseError: (_, error) => failed(error),
  }
}

/** Nothing where there is no body. Read only when the instance has been connected to, so that another one can still be asked. */
function bodyOf(request: IncomingMessage): Readable | null {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (encoding === undefined && (length === undefined || length === '0')) return null
  return Readable.from((async function* body() { for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk })(), { objectMode: false })
}

function rawStrings(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  return Array.isArray(raw) ? raw.map(part => typeof part === 'string' ? part : part.toString('latin1')) : []
}

/** Did the client leave before it had its answer? Then nobody else failed. */
function gaveUp(request: IncomingMessage, response: ServerResponse): boolean {
  return response.destroyed || (request.destroyed && !request.complete)
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const TITLES = { 400: 'Bad Request', 404: 'Not Found', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout' } as const

export function ownAnswer(response: ServerResponse, status: keyof typeof TITLES): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-cache', connection: 'close' })
  response.end(`${status} ${TITLES[status]}\n`)
}

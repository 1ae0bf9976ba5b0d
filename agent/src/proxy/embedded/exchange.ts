/**
 * One HTTP request through the proxy, streaming both ways. Statuses of its own are HAProxy's: 503 where nobody could be
 * connected to, 502 where a connection ended without an answer, 504 where the answer took too long. Only what was never
 * sent is tried again, on another instance; a request that an instance may have seen is repeated only if a policy says so,
 * and only one without a body.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Ending } from '@vamp/model/metric'
import type { PolicySettings } from '@vamp/model/policy'
import type { Endpoint } from '@vamp/model/routing/table'
import type { Dispatcher } from 'undici'
import type { Clock } from '../../base/clock.ts'
import type { Asked, Sample } from '../proxy.ts'
import type { Choice } from './choice.ts'
import { requestHeaders, responseHeaders } from './forwarded-headers.ts'
import { changedHeaders } from './header-changes.ts'
import type { Upstreams } from './upstreams.ts'

export interface ExchangeContext {
  readonly clock: Clock
  readonly upstreams: Upstreams
  readonly record: (sample: Sample) => void
  /** The listener is being closed: connections are not kept. */
  readonly closing: () => boolean
}

/** What became of it; told as a sample when the client's side is done. */
interface Outcome { status: number; instance: string; latencyMs: number; bytes: number; failed: boolean; ending?: Ending }

export interface ExchangeOptions {
  /** Monotonic time of the request's last header byte; default: now. */
  readonly began?: number
  /** Sees the body of the request as it passes. */
  readonly tap?: (chunk: Uint8Array) => void
}

export function exchange(context: ExchangeContext, choice: Choice, request: IncomingMessage, response: ServerResponse, { began = context.clock.monotonic(), tap }: ExchangeOptions = {}): void {
  const { clock } = context
  const repeats = repeatsOf(choice.policy.retries, request)
  let repeatsLeft = repeats.attempts
  const outcome: Outcome = { status: 0, instance: '', latencyMs: -1, bytes: 0, failed: false }
  let controller: Dispatcher.DispatchController | undefined
  let end = () => {}

  response.once('close', () => {
    end()
    if (!response.writableFinished) controller?.abort(new Error('the client gave up'))
    context.record({
      gateway: choice.gateway, route: choice.route, instance: outcome.instance, by: choice.by, part: choice.part,
      status: outcome.status, error: outcome.failed || outcome.status >= 500,
      ending: outcome.ending ?? (response.writableFinished ? undefined : 'client'),
      latencyMs: outcome.latencyMs >= 0 ? outcome.latencyMs : clock.monotonic() - began, bytes: outcome.bytes, endedAt: clock.now(), asked: askedBy(request),
    })
  })

  const answerOwn = (status: 502 | 503 | 504) => {
    end()
    if (gaveUp(request, response)) return
    outcome.failed = true
    outcome.ending = OWN_ENDINGS[status]
    outcome.latencyMs = clock.monotonic() - began
    if (response.headersSent) { response.destroy(); return }
    outcome.status = status
    ownAnswer(response, status)
  }

  const attempt = (index: number): void => {
    const endpoint = choice.candidates[index]
    if (!endpoint) answerOwn(503)
    if (!endpoint || response.destroyed) return
    outcome.instance = endpoint.id
    end = context.upstreams.begin(endpoint)
    controller = undefined
    const again = (reason: string) => repeatsLeft > 0 && !response.headersSent && !response.destroyed && repeats.on(reason)
    const handler = answerHandler({
      response, outcome, changes: choice.changes, refuses: status => again(String(status)), cookies: () => choice.cookies(endpoint.id), closing: context.closing, elapsed: () => clock.monotonic() - began, end: () => end(),
      started(given) {
        controller = given
        if (response.destroyed) given.abort(new Error('the client gave up'))
      },
      failed(error) {
        const late = codeOf(error) === 'UND_ERR_HEADERS_TIMEOUT'
        if (controller && (error === REFUSED || again(late ? 'timeout' : 'reset'))) {
          repeatsLeft--
          end()
          return attempt((index + 1) % choice.candidates.length)
        }
        if (controller) return answerOwn(late ? 504 : 502)
        end()
        attempt(index + 1)
      },
    })
    send({ upstreams: context.upstreams, endpoint, request, choice, handler, tap })
  }
  attempt(0)
}

const OWN_ENDINGS = { 502: 'server', 503: 'connect', 504: 'timeout' } as const

/** Ends an answer that is not taken. */
const REFUSED = new Error('the answer is refused')

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

function repeatsOf(retries: PolicySettings['retries'], request: IncomingMessage): { readonly attempts: number; readonly on: (reason: string) => boolean } {
  if (!retries || hasBody(request) || (retries.methods === 'idempotent' && !IDEMPOTENT.has(request.method ?? 'GET'))) return { attempts: 0, on: () => false }
  const reasons = new Set(retries.on.flatMap(reason => reason === '5xx' ? ['500', '502', '503', '504'] : [reason]))
  return { attempts: retries.attempts, on: reason => reasons.has(reason) }
}

interface Sending {
  readonly upstreams: Upstreams
  readonly endpoint: Endpoint
  readonly request: IncomingMessage
  readonly choice: Choice
  readonly handler: Dispatcher.DispatchHandler
  readonly tap: ((chunk: Uint8Array) => void) | undefined
}

function send({ upstreams, endpoint, request, choice: { policy, changes }, handler, tap }: Sending): void {
  const { connect, request: patience } = policy.timeouts ?? {}
  upstreams.pool(endpoint, connect === undefined ? undefined : connect * 1000).dispatch({
    path: request.url ?? '/', method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
    headers: changes.length === 0 ? requestHeaders(request) : changedHeaders(requestHeaders(request), changes.map(change => change?.request)), body: bodyOf(request, tap),
    ...(patience === undefined ? {} : { headersTimeout: patience * 1000, bodyTimeout: patience * 1000 }),
  }, handler)
}

interface AnswerHandler {
  readonly response: ServerResponse
  readonly outcome: Outcome
  readonly changes: Choice['changes']
  /** Is an answer of this status to be tried again? */
  readonly refuses: (status: number) => boolean
  readonly cookies: () => string[]
  readonly closing: () => boolean
  readonly elapsed: () => number
  readonly end: () => void
  readonly started: (controller: Dispatcher.DispatchController) => void
  readonly failed: (error: Error) => void
}

function answerHandler({ response, outcome, changes, refuses, cookies, closing, elapsed, end, started, failed }: AnswerHandler): Dispatcher.DispatchHandler {
  return {
    onRequestStart: started,
    onResponseStart(controller, status, _, message) {
      // Interim answers end here: this proxy has answered `Expect` itself.
      if (status < 200) return
      if (refuses(status)) return controller.abort(REFUSED)
      outcome.status = status
      outcome.latencyMs = elapsed()
      const passed = responseHeaders(rawStrings(controller.rawHeaders))
      const headers = changes.length === 0 ? passed : changedHeaders(passed, changes.map(change => change?.response))
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
function bodyOf(request: IncomingMessage, tap: (chunk: Uint8Array) => void = () => {}): Readable | null {
  if (!hasBody(request)) return null
  const body = Readable.from((async function* pieces() {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      tap(chunk as Uint8Array)
      yield chunk
    }
  })(), { objectMode: false })
  // Whoever reads it hears of errors only as long as it reads.
  return body.on('error', () => {})
}

export function hasBody({ headers: { 'content-length': length, 'transfer-encoding': encoding } }: IncomingMessage): boolean {
  return encoding !== undefined || (length !== undefined && length !== '0')
}

function rawStrings(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  return Array.isArray(raw) ? raw.map(part => typeof part === 'string' ? part : part.toString('latin1')) : []
}

export const askedBy = ({ method = '', url = '' }: IncomingMessage): Asked => ({ method, path: url })

/** Did the client leave before it had its answer? Then nobody else failed. */
function gaveUp(request: IncomingMessage, response: ServerResponse): boolean {
  return response.destroyed || (request.destroyed && !request.complete)
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const TITLES = { 400: 'Bad Request', 404: 'Not Found', 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout' } as const

export function ownAnswer(response: ServerResponse, status: keyof typeof TITLES): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-cache', connection: 'close' })
  response.end(`${status} ${TITLES[status]}\n`)
}

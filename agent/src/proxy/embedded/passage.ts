/** A request on its way through a gateway: what policies do before an instance is asked, and the copy afterwards. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { FULL_SHARE } from '@vamp/model/routing/table'
import { shareOf } from '@vamp/model/weights'
import type { Mirrors } from '../mirrors.ts'
import type { Choice, PreparedGateway, Visitor } from './choice.ts'
import { askedBy, exchange, type ExchangeContext, hasBody } from './exchange.ts'
import { requestHeaders } from './forwarded-headers.ts'
import type { Holds } from './holds.ts'
import type { OwnAnswer } from './own-answer.ts'
import type { RateCounters } from './rate-counters.ts'

export interface PassageContext extends ExchangeContext {
  readonly random: () => number
  readonly holds: Holds
  readonly rates: RateCounters
  readonly mirrors: Mirrors
  /** Requests in progress by gateway, and by gateway and route. */
  readonly places: Map<string, number>
}

/** Bodies of copies; larger ones have no copy. */
const COPY_BODY_BYTES = 4_000

/** `current`: the gateway as it is at another time. */
export function pass(context: PassageContext, gateway: PreparedGateway, current: () => PreparedGateway | undefined, visitor: Visitor, request: IncomingMessage, response: ServerResponse): Promise<void> | void {
  if (gateway.policed) return passPolicies(context, gateway, current, visitor, request, response)
  exchange(context, gateway.choose(visitor), request, response)
}

async function passPolicies(context: PassageContext, gateway: PreparedGateway, current: () => PreparedGateway | undefined, visitor: Visitor, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { clock, random, rates } = context
  const { name } = gateway.table
  const own = (place: string) => ({ visitor, random, rates, nowMs: clock.now(), active: enter(context, place, response), place })
  const refused = gateway.own(own(name))
  if (refused) return answerOwn(context, { gateway: name, route: '', part: 0 }, refused, request, response)

  const choice = await held(context, gateway, current, visitor, request, response)
  if (!choice || response.destroyed) return
  const began = clock.monotonic()
  const stopped = choice.own(own(`${name}\n${choice.route}`))
  if (stopped) return answerOwn(context, choice, stopped, request, response)
  const delay = choice.policy.fault?.delay
  if (delay && lot(random) < shareOf(delay.share)) await clock.sleep(delay.time * 1000)
  const tap = copyAfter(context, choice, request, response)
  exchange(context, choice, request, response, { began, ...(tap ? { tap } : {}) })
}

/** The status that a policy answers to a request for another protocol; undefined: it lets it pass. Such requests are neither delayed nor held, and have no copy. */
export function refusedUpgrade(context: PassageContext, gateway: PreparedGateway, { own, gateway: name, route }: Choice, visitor: Visitor, client: Closing): number | undefined {
  const { clock, random, rates } = context
  const at = (place: string) => ({ visitor, random, rates, nowMs: clock.now(), active: enter(context, place, client), place })
  return (gateway.own(at(name)) ?? own(at(`${name}\n${route}`)))?.status
}

/** The choice, once there is an instance; undefined if the request has been turned away, or its client has left. */
async function held(context: PassageContext, gateway: PreparedGateway, current: () => PreparedGateway | undefined, visitor: Visitor, request: IncomingMessage, response: ServerResponse): Promise<Choice | undefined> {
  const { clock, holds } = context
  let choice = gateway.choose(visitor)
  const began = clock.monotonic()
  const gone = new AbortController()
  for (;;) {
    const { hold } = choice.policy
    if (!hold || choice.candidates.length > 0) return choice
    response.once('close', () => gone.abort())
    if (!await holds.wait(choice.gateway, choice.route, hold.maximum, began + hold.time * 1000, gone.signal)) {
      if (!gone.signal.aborted) answerOwn(context, choice, { status: 503, headers: ['retry-after', '1'], body: '' }, request, response, clock.monotonic() - began)
      return undefined
    }
    choice = (current() ?? gateway).choose(visitor)
  }
}

const lot = (random: () => number) => Math.floor(random() * FULL_SHARE)

interface Closing { once(event: 'close', listener: () => void): unknown }

/** Counts the request at a place until it has ended. Returns how many are there now. */
function enter({ places }: PassageContext, place: string, response: Closing): number {
  const active = (places.get(place) ?? 0) + 1
  places.set(place, active)
  response.once('close', () => {
    const left = (places.get(place) ?? 1) - 1
    if (left > 0) places.set(place, left)
    else places.delete(place)
  })
  return active
}

function answerOwn({ clock, record }: PassageContext, { gateway, route, part }: Pick<Choice, 'gateway' | 'route' | 'part'>, { status, headers, body }: OwnAnswer, request: IncomingMessage, response: ServerResponse, latencyMs = 0): void {
  if (response.destroyed) return
  response.writeHead(status, [...headers, 'content-length', String(Buffer.byteLength(body))])
  response.end(body)
  record({ gateway, route, instance: '', by: 'weight', part, status, error: status >= 500, ...(status >= 400 ? { ending: 'refused' } : {}), latencyMs, bytes: Buffer.byteLength(body), endedAt: clock.now(), asked: askedBy(request) })
}

/** Sees to it that a copy is sent when the original has been answered. Returns what must see the body for it. */
function copyAfter(context: PassageContext, choice: Choice, request: IncomingMessage, response: ServerResponse): ((chunk: Uint8Array) => void) | undefined {
  const { clock, random, mirrors, record } = context
  const { mirror, policy: { mirror: settings } } = choice
  if (!mirror || !settings || lot(random) >= shareOf(settings.share)) return undefined
  if (settings.methods === 'GET' && (request.method !== 'GET' || hasBody(request))) return undefined
  const chunks: Uint8Array[] = []
  let bytes = 0
  response.once('close', () => {
    const endpoint = response.writableFinished && bytes <= COPY_BODY_BYTES ? mirror.endpoint() : undefined
    if (!endpoint) return
    const began = clock.monotonic()
    const body = bytes > 0 ? Buffer.concat(chunks) : undefined
    const headers = requestHeaders(request, ['content-length'])
    mirrors.send({ host: endpoint.host, port: endpoint.port, method: request.method ?? 'GET', path: request.url ?? '/', headers, ...(body ? { body } : {}) }, status => {
      if (mirror.by !== 'mirror') return
      record({ gateway: choice.gateway, route: mirror.route, instance: endpoint.id, by: 'mirror', part: choice.part, status, error: status === 0 || status >= 500, latencyMs: clock.monotonic() - began, bytes: 0, endedAt: clock.now(), asked: askedBy(request) })
    })
  })
  return chunk => {
    bytes += chunk.length
    if (bytes <= COPY_BODY_BYTES) chunks.push(Uint8Array.from(chunk))
  }
}

/**
 * The original's WebSocket protocol: requests of the HTTP API with a transaction that comes back in the answer, and streams of
 * events and log lines. New clients do better with HTTP and server-sent events, which resume.
 */
import websocketPlugin from '@fastify/websocket'
import { API_PREFIX } from '@vamp/model/api/endpoint'
import { mediaOf } from '@vamp/model/api/media'
import { Fault } from '@vamp/model/fault'
import { parseSource, plainValue } from '@vamp/model/parse/source'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Identity } from '../auth/identity.ts'
import { BODY_BYTES_MAX } from './limits.ts'
import type { World } from './world.ts'

/** Outgoing messages that wait for a slow reader; then the oldest goes. */
const WAITING_MAX = 16
/** Requests of one connection that are carried out at the same time. */
const AT_ONCE_MAX = 16

const ACTIONS = ['PEEK', 'PUT', 'REMOVE'] as const
const MEDIA = { JSON: 'application/json', YAML: 'application/x-yaml', PLAINTEXT: 'text/plain', JAVASCRIPT: 'application/javascript' } as const

interface Request {
  readonly api: string
  readonly path: string
  readonly action: (typeof ACTIONS)[number]
  readonly accept: keyof typeof MEDIA
  readonly content: keyof typeof MEDIA
  readonly transaction: string
  readonly data: string
  readonly parameters: Readonly<Record<string, unknown>>
}

/** As much of a `ws` socket as is used here. */
interface Socket {
  send(text: string, sent: (error?: Error) => void): void
  on(event: 'message', listener: (message: { toString(): string }) => void): unknown
  on(event: 'close' | 'error', listener: () => void): unknown
}

export function addWebSocket(app: FastifyInstance, world: World, identityOf: (request: FastifyRequest) => Identity | undefined): void {
  app.register(websocketPlugin, { options: { maxPayload: BODY_BYTES_MAX } })
  app.register(async scope => {
    scope.get('/websocket', {
      websocket: true,
      preValidation: async request => { if (!identityOf(request)) throw new Fault('unauthorized', 'This server needs a token: send it as "Authorization: Bearer …".') },
    }, (socket, request) => { converse(app, world, socket, request) })
  })
}

function converse(app: FastifyInstance, world: World, socket: Socket, { headers }: FastifyRequest): void {
  const outgoing = openOutgoing(socket)
  let endStream = () => {}
  let active = 0
  const carryOut = async (request: Request) => {
    if (active >= AT_ONCE_MAX) throw new Fault('too_large', `${AT_ONCE_MAX} requests are under way.`)
    active++
    try {
      outgoing.send(await answer(app, request, { host: headers.host ?? '', ...(headers.authorization === undefined ? {} : { authorization: headers.authorization }) }))
    } finally {
      active--
    }
  }
  socket.on('message', (message: { toString(): string }) => {
    void Promise.resolve().then(async () => {
      for (const request of requestsIn(message.toString())) {
        if (!isStream(request)) { await carryOut(request); continue }
        endStream()
        endStream = stream(world, request, outgoing.send)
      }
    }).catch(error => outgoing.send({ status: 'ERROR', error: error instanceof Error ? error.message : 'Internal server error.' }))
  })
  socket.on('close', () => endStream())
  socket.on('error', () => endStream())
}

function openOutgoing(socket: Socket): { send(message: object): void } {
  const waiting: string[] = []
  let sending = false
  const next = () => {
    const text = waiting.shift()
    sending = text !== undefined
    if (text !== undefined) socket.send(text, error => { if (error) waiting.length = 0; next() })
  }
  return {
    send(message) {
      if (waiting.length >= WAITING_MAX) waiting.shift()
      waiting.push(JSON.stringify(message))
      if (!sending) next()
    },
  }
}

/** One or more requests, as JSON or YAML documents. Throws if one cannot be understood. */
function requestsIn(text: string): readonly Request[] {
  const parsed = parseSource(text)
  if (parsed.is === 'refused') throw new Fault('invalid', parsed.problems[0]?.message ?? 'The message cannot be read.')
  return parsed.value.map(({ root }) => plainValue(root)).flatMap(given => Array.isArray(given) ? given : [given]).map(requestOf)
}

function requestOf(given: unknown): Request {
  const fields = typeof given === 'object' && given !== null ? given as Readonly<Record<string, unknown>> : {}
  const text = (name: string) => { const value = fields[name]; if (typeof value !== 'string' && typeof value !== 'number') throw new Fault('invalid', `Can't find any value for path: /${name}`); return String(value) }
  const oneOf = <T extends string>(name: string, words: readonly T[]) => {
    const found = words.find(word => word === text(name).toUpperCase())
    if (!found) throw new Fault('invalid', `'${name}' is none of ${words.join(', ')}.`)
    return found
  }
  const media = Object.keys(MEDIA) as (keyof typeof MEDIA)[]
  const asked = {
    api: text('api'), path: `/${text('path').replace(/^\/+/, '')}`, action: oneOf('action', ACTIONS), accept: oneOf('accept', media), content: oneOf('content', media), transaction: text('transaction'),
  }
  const { parameters, data } = fields
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) throw new Fault('invalid', "'parameters' must be a map.")
  return { ...asked, data: typeof data === 'string' ? data : data === undefined || data === null ? '' : JSON.stringify(data), parameters: parameters as Request['parameters'] }
}

async function answer(app: FastifyInstance, request: Request, headers: Readonly<Record<string, string>>): Promise<object> {
  const { api, path, action, accept, content, transaction, data, parameters } = request
  const method = action === 'PEEK' ? 'GET' : action === 'REMOVE' ? 'DELETE' : path.split('/').length === 2 ? 'POST' : 'PUT'
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) for (const item of Array.isArray(value) ? value : [value]) query.append(name, String(item))
  const response = await app.inject({
    method, url: `${API_PREFIX}${path.split('/').map(encodeURIComponent).join('/')}${query.size > 0 ? `?${query}` : ''}`,
    headers: { ...headers, accept: mediaOf(MEDIA[accept]) ?? '*/*', ...(data === '' ? {} : { 'content-type': MEDIA[content] }) },
    ...(data === '' ? {} : { payload: data }),
  })
  const status = response.statusCode === 200 || response.statusCode === 201 ? 'OK' : response.statusCode === 202 ? 'ACCEPTED' : response.statusCode === 204 ? 'NOCONTENT' : 'ERROR'
  return { api, path, action, transaction, content: accept, status, data: response.payload, parameters: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])) }
}

const isStream = ({ action, path }: Request) => action === 'PEEK' && /\/(events\/stream|logs?)$/.test(path)

/** One stream per connection: a new one takes the place of the old. */
function stream({ events, logTail, clock }: World, { api, path, action, transaction, accept, parameters, data }: Request, send: (message: object) => void): () => void {
  const tell = (value: unknown) => send({ api, path, action, transaction, content: accept, status: 'OK', data: JSON.stringify(value), parameters: {} })
  if (!path.endsWith('/events/stream')) return logTail?.listen(({ level, message }) => tell({ logger: 'vamp', level: level.toUpperCase(), message, timestamp: new Date(clock.now()).toISOString() })) ?? (() => {})
  const asked = data.trim() === '' ? parameters : bodyOf(data)
  const tags = [asked['tags'], asked['tag']].flat().filter(tag => typeof tag === 'string')
  const type = [asked['type']].flat().find(given => typeof given === 'string')
  return events.subscribe({ tags, ...(type === undefined ? {} : { type }) }, tell)
}

function bodyOf(data: string): Readonly<Record<string, unknown>> {
  const parsed = parseSource(data)
  const body = parsed.is === 'ok' && parsed.value[0] ? plainValue(parsed.value[0].root) : undefined
  if (typeof body !== 'object' || body === null) throw new Fault('invalid', "'data' must be a map with tags.")
  return body as Readonly<Record<string, unknown>>
}

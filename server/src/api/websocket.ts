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
import type { Admission } from './admission.ts'
import { BODY_BYTES_MAX, STREAM_UNREAD_BYTES_MAX } from './limits.ts'
import { REVOKED } from './sse.ts'

/** Messages of streams that wait for a slow reader; then the oldest goes. */
const WAITING_MAX = 16
/** Requests of one connection that are carried out at the same time. */
const AT_ONCE_MAX = 16
const STREAMS_PER_CONNECTION_MAX = 4

/** RFC 6455, 7.4.1. */
const POLICY_VIOLATION = 1008

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
  close(code: number, reason: string): void
  /** At once, without a farewell. */
  terminate(): void
  send(text: string, sent: (error?: Error) => void): void
  on(event: 'message', listener: (message: { toString(): string }) => void): unknown
  on(event: 'close' | 'error', listener: () => void): unknown
}

export function addWebSocket(app: FastifyInstance, namespace: string, admission: Admission): void {
  app.register(websocketPlugin, { options: { maxPayload: BODY_BYTES_MAX } })
  app.register(async scope => {
    scope.get('/websocket', {
      websocket: true,
      preValidation: async request => { if (!admission.identityOf(request)) throw new Fault('unauthorized', 'This server needs a token: send it as "Authorization: Bearer …".') },
    }, (socket, request) => { converse(app, namespace, socket, request, admission) })
  })
}

function converse(app: FastifyInstance, namespace: string, socket: Socket, visit: FastifyRequest, { holds, onEnd }: Admission): void {
  const { headers } = visit
  const outgoing = openOutgoing(socket)
  /** By path: the same again takes the place of the old one. */
  const streams = new Map<string, () => void>()
  const sent = { host: headers.host ?? '', ...(headers.authorization === undefined ? {} : { authorization: headers.authorization }) }
  let active = 0
  let closed = false
  const carryOut = async (request: Request) => {
    if (active >= AT_ONCE_MAX) throw new Fault('too_large', `${AT_ONCE_MAX} requests are under way.`)
    active++
    try {
      const answer = await ask(app, namespace, request, sent)
      if (answer.is === 'message') { await outgoing.answer(answer.message); return }
      streams.get(request.path)?.()
      if (closed || (streams.size >= STREAMS_PER_CONNECTION_MAX && !streams.has(request.path))) { answer.end(); throw new Fault('too_large', `${STREAMS_PER_CONNECTION_MAX} streams are open on this connection.`) }
      let over = false
      const stop = () => { over = true; answer.end() }
      streams.set(request.path, stop)
      void pass(answer.messages, outgoing.send).then(whole => {
        if (!whole && !over) socket.terminate()
        if (streams.get(request.path) === stop) streams.delete(request.path)
      })
    } finally {
      active--
    }
  }
  socket.on('message', (message: { toString(): string }) => {
    const hear = async () => {
      if (closed) return
      // Before a word of it is read.
      if (!await holds(visit)) { revoked(); return }
      for (const request of requestsIn(message.toString())) await carryOut(request)
    }
    void hear().catch(error => outgoing.send({ status: 'ERROR', error: error instanceof Fault ? error.message : 'Internal server error.' }))
  })
  const end = () => {
    closed = true
    callOff()
    for (const stop of streams.values()) stop()
    streams.clear()
  }
  const revoked = () => {
    if (closed) return
    end()
    socket.close(POLICY_VIOLATION, REVOKED)
  }
  const callOff = onEnd(visit, revoked)
  socket.on('close', end)
  socket.on('error', end)
}

/** What the stream says. False if it was cut off, from here or because it had more to say than may be left unread. */
async function pass(messages: AsyncIterable<object>, send: (message: object) => void): Promise<boolean> {
  try {
    for await (const message of messages) send(message)
    return true
  } catch {
    return false
  }
}

interface Outgoing {
  /** Of a stream. Whoever leaves too much unread is disconnected. */
  send(message: object): void
  /** Resolves when it is on its way, after the answers before it: a request whose answer is not read is still under way. */
  answer(message: object): Promise<void>
}

interface Waiting { readonly text: string; readonly bytes: number; /** Of an answer. */ readonly sent?: () => void }

export function openOutgoing(socket: Pick<Socket, 'send' | 'terminate'>): Outgoing {
  let waiting: Waiting[] = []
  /** Of streams, with what is being sent. */
  let unread = 0
  let sending = false
  let answered = Promise.resolve()
  const drop = (dropped: readonly Waiting[]) => { for (const { bytes, sent } of dropped) { unread -= bytes; sent?.() } }
  const next = () => {
    const first = waiting.shift()
    sending = first !== undefined
    first && socket.send(first.text, error => {
      drop(error ? [first, ...waiting.splice(0)] : [first])
      next()
    })
  }
  const push = (message: Waiting) => {
    unread += message.bytes
    waiting.push(message)
    if (!sending) next()
  }
  return {
    send(message) {
      // What is left unread from before counts, so that one large message may always be sent.
      if (unread > STREAM_UNREAD_BYTES_MAX) {
        drop(waiting.splice(0))
        socket.terminate()
        return
      }
      const streamed = waiting.filter(({ sent }) => !sent)
      if (streamed.length >= WAITING_MAX) {
        drop(streamed.slice(0, 1))
        waiting = waiting.filter(one => one !== streamed[0])
      }
      const text = JSON.stringify(message)
      push({ text, bytes: Buffer.byteLength(text) })
    },
    answer(message) {
      answered = answered.then(() => new Promise(sent => push({ text: JSON.stringify(message), bytes: 0, sent })))
      return answered
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

type Answer =
  | { readonly is: 'message'; readonly message: object }
  | { readonly is: 'stream'; readonly messages: AsyncIterable<object>; readonly end: () => void }

/** The request takes the way of every other one, as if it had come by HTTP: the same roles, limits and answers. */
async function ask(app: FastifyInstance, namespace: string, request: Request, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const { api, path, action, accept, content, transaction, data, parameters } = request
  const method = action === 'PEEK' ? 'GET' : action === 'REMOVE' ? 'DELETE' : path.split('/').length === 2 ? 'POST' : 'PUT'
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) for (const item of Array.isArray(value) ? value : [value]) query.append(name, String(item))
  const response = await app.inject({
    method, url: `${API_PREFIX}${urlPath(path, namespace)}${query.size > 0 ? `?${query}` : ''}`, payloadAsStream: true,
    headers: { ...headers, accept: mediaOf(MEDIA[accept]) ?? '*/*', ...(data === '' ? {} : { 'content-type': MEDIA[content] }) },
    ...(data === '' ? {} : { payload: data }),
  })
  const told = (status: string, text: string) => ({
    api, path, action, transaction, content: accept, status, data: text,
    parameters: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
  })
  if (String(response.headers['content-type']).startsWith('text/event-stream'))
    return { is: 'stream', messages: streamed(response.stream(), text => told('OK', text)), end: () => { response.raw.res.destroy() } }
  const text = Buffer.concat(await Array.fromAsync<Buffer>(response.stream())).toString()
  return { is: 'message', message: told(STATUSES[response.statusCode] ?? 'ERROR', text) }
}

const STATUSES: Readonly<Record<number, string>> = { 200: 'OK', 201: 'OK', 202: 'ACCEPTED', 204: 'NOCONTENT' }

/** What is escaped already stays so: `gateways/a%2Fb` is one name. The namespace before the path of a stream may be its name or its hash. */
function urlPath(path: string, namespace: string): string {
  const escaped = path.split('/').map(segment => encodeURIComponent(unescaped(segment))).join('/')
  const [, first = '', stream] = /^\/([^/]+)\/(events\/stream|logs?)$/.exec(escaped) ?? []
  return (stream && (first === namespace || /^[0-9a-f]{39,40}$/.test(first)) ? `/${stream}` : escaped).replace(/^\/log$/, '/logs')
}

function unescaped(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** The data of server-sent events as messages. */
async function* streamed(chunks: AsyncIterable<Buffer>, told: (text: string) => object): AsyncGenerator<object> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true })
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data !== undefined) yield told(data)
    }
  }
}

/** One row of the contract on the wire: who may, what was asked, what is answered. */
import { Readable } from 'node:stream'
import { acceptedMedia, encode, mediaOf } from '@vamp/model/api/media'
import { API_PREFIX, type BodyOf, type Endpoint, type FullQueryOf, type PathNames, pathNames } from '@vamp/model/api/endpoint'
import type { Artifact } from '@vamp/model/artifact'
import { Fault } from '@vamp/model/fault'
import { parseSource, plainValue } from '@vamp/model/parse/source'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Identity, may } from '../auth/identity.ts'
import type { Expected } from '../store/store.ts'
import type { Admission } from './admission.ts'
import { BODY_BYTES_MAX } from './limits.ts'
import { links, pageOf } from './paging.ts'
import { printed } from './printed.ts'
import { accepted, Refused } from './refused.ts'
import { checker, type Checker } from './schema-check.ts'
import { answerStream, type Streams, type StreamSource } from './sse.ts'

export interface Call<E extends Endpoint = Endpoint> {
  readonly path: Readonly<Record<PathNames<E['path']>, string>>
  /** With defaults filled in. */
  readonly query: FullQueryOf<E>
  /** A text for what the language reads, a checked value for data. */
  readonly body: BodyOf<E>
  readonly contentType: string
  readonly who: Identity
  /** `If-Match` and `If-None-Match: *`. */
  readonly expected: Expected
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
  readonly header: (name: string) => string | undefined
}

interface Beside {
  readonly status?: number
  /** For the `ETag`. */
  readonly revision?: number
  /** For `X-Vamp-Note`. */
  readonly notes?: readonly string[]
  /** Of a paged list. */
  readonly total?: number
}

export type Reply =
  | { readonly is: 'value'; readonly value: unknown } & Beside
  | { readonly is: 'artifacts'; readonly artifacts: Artifact | readonly Artifact[] } & Beside
  | { readonly is: 'nothing' }
  | { readonly is: 'text'; readonly text: string }
  /** Sent as they come, at the speed of the reader. */
  | { readonly is: 'lines'; readonly lines: AsyncIterable<string> }
  | { readonly is: 'stream'; readonly source: StreamSource }

export interface Route {
  readonly endpoint: Endpoint
  readonly handle: (call: Call) => Promise<Reply>
}

export function route<const E extends Endpoint>(endpoint: E, handle: (call: Call<E>) => Promise<Reply>): Route {
  // The call that is made for a row has the row's types; `callOf` below is the only place that makes them.
  return { endpoint, handle: handle as unknown as Route['handle'] }
}

export const value = (given: unknown, beside: Beside = {}): Reply => ({ is: 'value', value: given, ...beside })
/** As they are printed. */
export const artifacts = (given: Artifact | readonly Artifact[], beside: Beside = {}): Reply => ({ is: 'artifacts', artifacts: given, ...beside })
export const nothing: Reply = { is: 'nothing' }

export function mount(app: FastifyInstance, { endpoint, handle }: Route, { identityOf, onEnd }: Admission, streams: Streams): void {
  const names = pathNames(endpoint.path)
  const query = endpoint.query ? checker(endpoint.query, 'query') : undefined
  const body = endpoint.body?.is === 'data' ? checker(endpoint.body.schema, 'body') : undefined
  app.route({
    method: endpoint.method, url: urlOf(endpoint.path), bodyLimit: endpoint.bytesMax ?? BODY_BYTES_MAX,
    handler: async (request, reply) => {
      const who = admitted(identityOf(request), endpoint)
      const media = endpoint.answer.is === 'data' || endpoint.answer.is === 'nothing' ? acceptedMedia(request.headers.accept) : 'application/json'
      if (!media) throw new Fault('invalid', `Answers are application/json or application/x-yaml, not '${request.headers.accept}'.`)
      const call = await callOf(endpoint, names, request, reply, who, query, body)
      const given = await handle(call)
      if (given.is === 'stream') return answerStream(reply, given.source, streams, revoked => onEnd(request, revoked))
      return answer(endpoint, call, given, request, reply, media)
    },
  })
}

/** `/gateways/{gateway...}` → `/api/v1/gateways/*` */
function urlOf(path: string): string {
  const url = path.replaceAll(/\{\w+\.\.\.\}/g, '*').replaceAll(/\{(\w+)\}/g, ':$1')
  return url.startsWith('//') ? url.slice(1) : url === '/' ? API_PREFIX : `${API_PREFIX}${url}`
}

function admitted(who: Identity | undefined, { role, method, path }: Endpoint): Identity {
  if (role === 'anyone') return who ?? { name: 'anyone', role: 'viewer' }
  if (!who) throw new Fault('unauthorized', 'This server needs a token: send it as "Authorization: Bearer …".')
  if (!may(who, role)) throw new Fault('forbidden', `${method} ${path} needs the role ${role}; ${who.name} is ${who.role}.`)
  return who
}

async function callOf(endpoint: Endpoint, names: readonly string[], request: FastifyRequest, reply: FastifyReply, who: Identity, query: Checker | undefined, body: Checker | undefined): Promise<Call> {
  let gone: AbortController | undefined
  const params = request.params as Readonly<Record<string, string>>
  const contentType = request.headers['content-type'] ?? ''
  return {
    path: Object.fromEntries(names.map(name => [name, params[name] ?? params['*'] ?? ''])),
    query: (query ? query(request.query) : {}) as Call['query'],
    body: await bodyOf(endpoint, request, contentType, body) as Call['body'],
    contentType, who, expected: expectedOf(request),
    // Few handlers wait for anything.
    get signal() {
      if (gone) return gone.signal
      const controller = new AbortController()
      gone = controller
      const leave = () => { if (!reply.raw.writableFinished) controller.abort(new Fault('invalid', 'the client has gone')) }
      if (reply.raw.destroyed) leave()
      else reply.raw.once('close', leave)
      return controller.signal
    },
    header: name => { const found = request.headers[name.toLowerCase()]; return Array.isArray(found) ? found[0] : found },
  }
}

async function bodyOf(endpoint: Endpoint, request: FastifyRequest, contentType: string, check: Checker | undefined): Promise<unknown> {
  const { body } = endpoint
  if (!body) return undefined
  const text = endpoint.method === 'GET' ? await readRaw(request) : typeof request.body === 'string' ? request.body : ''
  const blank = text.trim() === ''
  if (endpoint.method === 'POST' || endpoint.method === 'PUT') demandMedia(contentType, blank && 'optional' in body && body.optional === true)
  if (body.is !== 'data') return text
  if (blank) return body.optional ? undefined : missing()
  const [document, ...more] = accepted(parseSource(text))
  if (!document || more.length > 0) throw new Refused([{ code: 'YamlParsingError', message: 'Error: expected one document', path: '' }])
  return check?.(plainValue(document.root))
}

function missing(): never {
  throw new Refused([{ code: 'YamlParsingError', message: 'Error: the body is empty', path: '' }])
}

/** JavaScript is a breed of its own. */
function demandMedia(contentType: string, mayLack: boolean): void {
  if (mediaOf(contentType) || /^application\/javascript\b/i.test(contentType) || (mayLack && contentType === '')) return
  throw new Fault('invalid', `Bodies are application/json or application/x-yaml, not '${contentType}': say so in Content-Type.`)
}

export function demandUncompressed({ 'content-encoding': encoding = 'identity' }: FastifyRequest['headers']): void {
  if (encoding !== 'identity' && encoding !== '') throw new Fault('unsupported_media', `Bodies are read as they are, not with Content-Encoding: ${encoding}; send it uncompressed.`)
}

/** The original takes a body with GET; nobody reads it before. */
async function readRaw(request: FastifyRequest): Promise<string> {
  demandUncompressed(request.headers)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.raw) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > BODY_BYTES_MAX) throw new Fault('too_large', `A body may have ${BODY_BYTES_MAX} bytes.`)
  }
  return Buffer.concat(chunks).toString()
}

/** `If-Match: "42"` demands that revision, `If-Match: *` that there is one, which is left to the handler; `If-None-Match: *` that there is none. */
function expectedOf({ method, headers }: FastifyRequest): Expected {
  if (method !== 'GET' && headers['if-none-match']?.trim() === '*') return 'absent'
  const match = headers['if-match']?.trim()
  if (match === undefined || match === '*') return 'any'
  const revision = /^(?:W\/)?"?(\d+)"?$/.exec(match)?.[1]
  if (revision === undefined) throw new Fault('revision_mismatch', `If-Match ${match} is no ETag of this server.`)
  return Number(revision)
}

function answer(endpoint: Endpoint, call: Call, given: Exclude<Reply, { is: 'stream' }>, request: FastifyRequest, reply: FastifyReply, media: 'application/json' | 'application/x-yaml'): unknown {
  reply.header('Vary', 'Accept')
  if (given.is === 'nothing') return reply.code(204).send()
  if (given.is === 'text') return reply.code(endpoint.answer.status).type(endpoint.answer.is === 'text' ? endpoint.answer.media : 'text/plain').send(given.text)
  if (given.is === 'lines') return reply.code(endpoint.answer.status).type(endpoint.answer.is === 'text' ? endpoint.answer.media : 'text/plain').send(Readable.from(given.lines))
  if (given.revision !== undefined) {
    const tag = `"${given.revision}"`
    reply.header('ETag', tag)
  }
  if (given.notes !== undefined) reply.header('X-Vamp-Note', given.notes.join(' ').replaceAll(/[^\x20-\x7e]/g, '?'))
  if (given.total !== undefined) {
    const page = pageOf(call.query)
    reply.header('X-Total-Count', String(given.total)).header('Link', links(request.originalUrl, page, given.total))
  }
  return reply.code(given.status ?? endpoint.answer.status).type(media).send(given.is === 'artifacts' ? printed(given.artifacts, media) : encode(given.value, media))
}


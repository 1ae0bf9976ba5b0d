/**
 * What scripts for the original use of Elasticsearch, answered by this server: `POST /{index}/{type}/_search` and
 * `POST /{index}/{type}`. An index that begins with `vamp-vga`, and the type `log`, are the requests; every other index is that
 * of events. Off unless `--elasticsearch-interface on`.
 */
import { Fault } from '@vamp/model/fault'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Identity, may } from '../../auth/identity.ts'
import { failureOf } from '../failure.ts'
import type { World } from '../world.ts'
import { eventIn, hit, searchEvents } from './documents.ts'
import { searchRequests } from './requests.ts'
import { parseSearch } from './search.ts'

type Path = { readonly index: string; readonly type?: string }

export function addElasticsearchInterface(app: FastifyInstance, world: World, identityOf: (request: FastifyRequest) => Identity | undefined): void {
  if (world.config.elasticsearchInterface !== 'on') return
  const answered = (role: 'viewer' | 'operator', work: (path: Required<Path>, body: string) => Promise<object>, status: number) => async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      const { index, type = '_doc' } = request.params as Path
      demand(identityOf(request), role)
      return await reply.code(status).type('application/json').send(JSON.stringify(await work({ index, type }, typeof request.body === 'string' ? request.body : '')))
    } catch (error) {
      const { status: failed, code, message } = failureOf(error, world.log, { method: request.method, url: request.url })
      const reason = { type: code, reason: message }
      return await reply.code(failed).type('application/json').send(JSON.stringify({ error: { root_cause: [reason], ...reason }, status: failed }))
    }
  }
  const search = answered('viewer', async (path, body) => await searched(world, path, body), 200)
  app.post('/:index/:type/_search', search)
  app.post('/:index/_search', search)
  app.post('/:index/:type', answered('operator', async ({ index, type }, body) => {
    const [event] = await world.events.append([eventIn(body, type)])
    return { _index: index, _type: type, _id: event?.id, _version: 1, result: 'created', created: true, _shards: SHARDS }
  }, 201))
}

const SHARDS = { total: 1, successful: 1, skipped: 0, failed: 0 }

async function searched({ traffic, events, clock }: World, { index, type }: Required<Path>, body: string): Promise<object> {
  const search = parseSearch(body)
  const started = clock.monotonic()
  const isLog = type === 'log' || index.startsWith('vamp-vga')
  const { total, found, aggregations } = isLog ? { ...await searchRequests(traffic, search, clock.now()), found: [] }
    : await searchEvents(events, type, search, clock.now()).then(({ events: page, ...rest }) => ({ ...rest, found: page.map(event => hit(event, index)) }))
  return {
    took: Math.round(clock.monotonic() - started), timed_out: false, _shards: SHARDS, hits: { total, max_score: total > 0 ? 0 : null, hits: found },
    ...(search.aggregations.length > 0 ? { aggregations } : {}),
  }
}

function demand(who: Identity | undefined, role: 'viewer' | 'operator'): void {
  if (!who) throw new Fault('unauthorized', 'This server needs a token: send it as "Authorization: Bearer …".')
  if (!may(who, role)) throw new Fault('forbidden', `This needs the role ${role}; ${who.name} is ${who.role}.`)
}

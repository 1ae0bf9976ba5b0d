/** The edge: HTTP in front of the store. Everything that people and programs do to a Vamp comes through here. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { openGatekeeper } from '../auth/gatekeeper.ts'
import { openTokens, type Tokens } from '../auth/tokens.ts'
import { type Config, needsToken, type Sources } from '../config.ts'
import type { ContainerDriver } from '../container/container-driver.ts'
import type { UsageMeter } from '../container/usage.ts'
import type { EventLog } from '../event/event-log.ts'
import type { LiveFleet } from '../fleet/live-fleet.ts'
import type { ScalingHistory } from '../scaling/scaling-history.ts'
import type { Settings } from '../settings/settings.ts'
import type { Store } from '../store/store.ts'
import type { Traffic } from '../traffic/traffic.ts'
import type { Workflows } from '../workflow/workflows.ts'
import { addAdmission } from './admission.ts'
import { allRoutes } from './all-routes.ts'
import { addElasticsearchInterface } from './elasticsearch/interface.ts'
import { failureBody, failureOf } from './failure.ts'
import { addForwarding, type Following } from './forwarding.ts'
import { BODY_BYTES_MAX, PATH_SEGMENT_MAX, REQUEST_MS } from './limits.ts'
import type { LogTail } from './log-tail.ts'
import { type Meters, openMeters } from './meters.ts'
import { prometheusRoutes } from './prometheus.ts'
import { addReverseProxy } from './reverse-proxy.ts'
import { demandUncompressed, mount } from './route.ts'
import type { Streams } from './sse.ts'
import { type Upgraded, upgradedConnections } from './upgraded.ts'
import { internalUrl } from './url.ts'
import { openWebFiles } from './web-files.ts'
import { addWebSocket } from './websocket.ts'
import type { World } from './world.ts'

export interface Api {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  /** Of the first start with tokens: what its administrator signs in with, shown this once. */
  readonly firstToken?: string
  /** Lets a part of this server ask the API as an operator; absent where nobody is asked for a token. */
  readonly lend?: (name: string, secret: string) => void
  close(): Promise<void>
}

export interface ApiOptions {
  readonly config: Config
  readonly settings: Settings
  readonly sources?: Sources
  readonly store: Store
  readonly events: EventLog
  readonly fleet: LiveFleet
  readonly traffic: Traffic
  readonly containers: ContainerDriver
  readonly workflows: Workflows
  readonly usage: UsageMeter
  readonly scaling: ScalingHistory
  readonly clock: Clock
  readonly log: Logger
  readonly refusal?: NonNullable<World['refusal']>
  readonly logTail?: LogTail
  readonly proxyConfiguration?: () => Promise<string | undefined>
  /** While another server leads. */
  readonly following?: Following
}

/** Throws `Fault('port_taken')`. */
export async function openApi(options: ApiOptions): Promise<Api> {
  const { config, store, clock, log } = options
  const tokens = openTokens({ store, clock, namespace: config.namespace })
  const world: World = { ...options, tokens, startedMs: clock.now() }
  const meters = openMeters(world)
  const closing = new AbortController()
  const { app, upgraded } = assemble(world, meters, { clock, open: 0, closing: closing.signal })
  const firstToken = needsToken(config) && !options.following ? await bootstrap(tokens, log) : undefined
  const endOtlp = config.otlp === undefined || options.following ? undefined : await (await import('./otlp.ts')).openOtlp({ url: config.otlp, headers: config.otlpHeaders, instance: config.installation }, meters)
  await listen(app, config)
  const close = async () => {
    closing.abort()
    meters.close()
    tokens[Symbol.dispose]()
    const callOff = upgraded.end()
    await app.close()
    callOff()
    await endOtlp?.()
  }
  const lend = (name: string, secret: string) => tokens.lend({ name, role: 'operator' }, secret)
  return { url: urlOf(app, config), close, ...(needsToken(config) ? { lend } : {}), ...(firstToken === undefined ? {} : { firstToken }) }
}

function assemble(world: World, meters: Meters, streams: Streams): { readonly app: FastifyInstance; readonly upgraded: Upgraded } {
  const { config, tokens, log } = world
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX, requestTimeout: REQUEST_MS, forceCloseConnections: true, exposeHeadRoutes: false,
    routerOptions: { maxParamLength: PATH_SEGMENT_MAX, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => { addHeaders(reply, request.headers.origin, config.origins); fail(error, request, reply, log) },
    rewriteUrl: ({ url = '/' }) => internalUrl(url, config.namespace),
  })
  const gatekeeper = openGatekeeper({ tokens, needed: needsToken(config), bind: config.bind, origins: config.origins })
  const upgraded = upgradedConnections(app.server, world.clock)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, ({ headers }, body, done) => {
    try {
      demandUncompressed(headers)
      done(null, body)
    } catch (error) {
      done(error as Fault)
    }
  })
  const admission = addAdmission(app, gatekeeper, (reply, origin) => addHeaders(reply, origin, config.origins))
  if (world.following) addForwarding(app, world.following, streams.closing)
  app.addHook('onResponse', async (request, reply) => {
    meters.answered({ method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode, ms: reply.elapsedTime })
    upgraded.answered(request.raw.socket)
  })
  app.setErrorHandler((error, request, reply) => fail(error, request, reply, log))
  const web = openWebFiles()
  app.setNotFoundHandler(async (request, reply) => await web.answer(request, reply) ? reply : fail(new Fault('not_found', `There is no ${request.method} ${request.originalUrl.split('?')[0]}; /docs lists what there is.`), request, reply, log))
  addWebSocket(app, config.namespace, admission)
  addElasticsearchInterface(app, world, admission.identityOf)
  addReverseProxy(app, world, admission, streams.closing)
  for (const route of [...allRoutes(world), ...prometheusRoutes(world, meters)]) mount(app, route, admission, streams)
  return { app, upgraded }
}

/** Answers are never kept by anybody in between. Pages of other origins are told only if they are let in. */
function addHeaders(reply: FastifyReply, origin: string | undefined, origins: readonly string[]): void {
  reply.headers({ 'Cache-Control': 'no-store', Pragma: 'no-cache', 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer', 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'" })
  if (origin === undefined || !origins.includes(origin)) return
  reply.headers({
    'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true', 'Access-Control-Expose-Headers': 'Link, X-Total-Count, ETag', 'Access-Control-Max-Age': '1800',
    'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE', 'Access-Control-Allow-Headers': 'Authorization, Content-Type, Accept, If-Match, If-None-Match, Last-Event-ID', Vary: 'Origin',
  })
}

function fail(error: unknown, { method, url, headers }: FastifyRequest, reply: FastifyReply, log: Logger): unknown {
  const failure = failureOf(error, log, { method, url })
  const details = headers.accept?.includes('application/problem+json') ?? false
  if (failure.status === 401) reply.header('WWW-Authenticate', 'Bearer')
  return reply.code(failure.status).type(details ? 'application/problem+json' : 'application/json').send(JSON.stringify(failureBody(failure, details)))
}

/** Somebody must be able to make the first token. */
async function bootstrap(tokens: Tokens, log: Logger): Promise<string | undefined> {
  if ((await tokens.list()).length > 0) return undefined
  const { secret } = await tokens.issue({ name: 'admin', role: 'admin' }, 'the first start')
  log.info('the first token was made; it is shown once', { name: 'admin' })
  return secret
}

export function portTaken({ bind, port }: Pick<Config, 'bind' | 'port'>, cause?: unknown): Fault {
  return new Fault('port_taken', `Port ${port} on ${bind} is in use by another program; --port chooses another one, and 0 any free one.`, { port, bind }, { cause })
}

async function listen(app: FastifyInstance, { bind, port }: Config): Promise<void> {
  try {
    await app.listen({ host: bind, port })
  } catch (error) {
    await app.close()
    const { code } = error as { code?: string }
    if (code === 'EADDRINUSE') throw portTaken({ bind, port }, error)
    if (code === 'EACCES') throw new Fault('invalid', `This user may not listen on port ${port}; take one above 1023.`, { port, bind }, { cause: error })
    if (code === 'EADDRNOTAVAIL') throw new Fault('invalid', `${bind} is no address of this machine.`, { bind }, { cause: error })
    throw error
  }
}

function urlOf(app: FastifyInstance, { bind }: Config): string {
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const host = bind === '0.0.0.0' || bind === '::' ? '127.0.0.1' : bind.includes(':') ? `[${bind}]` : bind
  return `http://${host}:${port}`
}


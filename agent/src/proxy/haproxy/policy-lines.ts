/**
 * Resilience policies as configuration. What this HAProxy cannot do is refused, never ignored.
 * A gateway's time-outs and retries hold for each of its routes, which may have their own.
 */
import { Fault } from '@vamp/model/fault'
import type { HeaderChanges, PolicySettings } from '@vamp/model/policy'
import { quote, quoteFormat, quoteText } from './quote.ts'

/** Clients that a rate limit remembers. */
const RATE_CLIENTS_MAX = 100_000

/** Lines of a frontend. Throws `Fault('proxy_refused')` for what HAProxy cannot do. */
export function gatewayPolicyLines(mode: 'http' | 'tcp', policy: PolicySettings = {}): string[] {
  requireSupported(mode, policy)
  const { timeouts, connection_limit: limit, redirect } = policy
  return [
    ...(timeouts?.idle === undefined ? [] : [`timeout client ${milliseconds(timeouts.idle)}`, ...(mode === 'http' ? [`timeout http-keep-alive ${milliseconds(timeouts.idle)}`] : [])]),
    ...(limit && mode === 'http' ? [`http-request deny deny_status 503 if { fe_conn gt ${whole(limit.maximum)} } !handed`] : []),
    ...(limit && mode === 'tcp' ? [`tcp-request content reject if { fe_conn gt ${whole(limit.maximum)} }`] : []),
    ...(redirect ? [`http-request redirect location ${quoteFormat(redirect.to)} code ${status(redirect.status, [301, 302, 303, 307, 308])} if !handed`] : []),
    ...(mode === 'http' ? requestLines(policy, ' if !handed') : []),
  ]
}

/** Lines of a backend. */
export function routePolicyLines(mode: 'http' | 'tcp', ofGateway: PolicySettings = {}, policy: PolicySettings = {}): string[] {
  requireSupported(mode, policy)
  if (policy.connection_limit || policy.redirect || policy.timeouts?.idle !== undefined) throw refused('connection limits, redirects and idle time-outs belong to a gateway')
  const timeouts = { ...ofGateway.timeouts, ...policy.timeouts }
  const retries = policy.retries ?? ofGateway.retries
  return [
    ...(timeouts.connect === undefined ? [] : [`timeout connect ${milliseconds(timeouts.connect)}`]),
    ...(timeouts.request === undefined ? [] : [`timeout server ${milliseconds(timeouts.request)}`]),
    ...(timeouts.tunnel === undefined || mode === 'tcp' ? [] : [`timeout tunnel ${milliseconds(timeouts.tunnel)}`]),
    ...(retries ? retryLines(mode, retries) : []),
    ...(mode === 'http' ? requestLines(policy, '') : []),
  ]
}

function requireSupported(mode: 'http' | 'tcp', policy: PolicySettings): void {
  const missing = [
    ...(['circuit_breaker', 'mirror', 'failover', 'tls'] as const).filter(name => policy[name] !== undefined),
    ...(policy.fault?.delay ? ['fault.delay'] : []), ...(policy.redirect?.condition === undefined ? [] : ['redirect.condition']),
    ...(policy.connection_limit?.queue === undefined ? [] : ['connection_limit.queue']),
    ...(mode === 'tcp' ? (['rate_limit', 'headers', 'redirect', 'maintenance', 'fault'] as const).filter(name => policy[name] !== undefined) : []),
  ]
  if (missing.length > 0) throw refused(`the HAProxy driver has no ${missing.join(', ')}${mode === 'tcp' ? ' for tcp' : ''}`)
}

/** What a frontend and a backend do alike to a request and its answer. */
function requestLines({ maintenance, fault, rate_limit, headers }: PolicySettings, unless: string): string[] {
  const chance = fault?.abort ? Math.round(fault.abort.share * 100) : 0
  const retryAfter = maintenance?.retry_after === undefined ? '' : ` hdr Retry-After ${whole(maintenance.retry_after)}`
  return [
    ...(maintenance ? [`http-request return status ${status(maintenance.status)} content-type ${quote('text/html; charset=utf-8')} string ${quoteText(page(maintenance.body))}${retryAfter}${unless}`] : []),
    ...(rate_limit ? rateLines(rate_limit, unless) : []),
    ...(fault?.abort && chance > 0 ? [`http-request return status ${status(fault.abort.status)} if { rand(10000) lt ${chance} }${unless.replace(' if', '')}`] : []),
    ...headerLines('request', headers?.request, unless), ...headerLines('response', headers?.response, ''),
  ]
}

/** An answer must fit into HAProxy's buffer of 16 kB, with its headers. */
const PAGE_BYTES_MAX = 12_000

function page(body: string): string {
  if (Buffer.byteLength(body) > PAGE_BYTES_MAX) throw refused(`the maintenance page is longer than ${PAGE_BYTES_MAX} bytes`)
  return body
}

function rateLines(limit: NonNullable<PolicySettings['rate_limit']>, unless: string): string[] {
  const per = milliseconds(limit.per)
  const [type, key] = limit.by === 'ip' ? ['ipv6', 'src'] : limit.by === 'gateway' ? ['string len 8', 'str(all)'] : ['string len 128', `req.hdr(${headerName(limit.header ?? '')})`]
  return [
    `stick-table type ${type} size ${RATE_CLIENTS_MAX} expire ${per} store http_req_rate(${per})`,
    `http-request track-sc0 ${key}${unless}`,
    `http-request deny deny_status 429 if { sc0_http_req_rate gt ${whole(limit.requests)} }${unless.replace(' if', '')}`,
  ]
}

/** Words of the policy language → HAProxy's events. */
const RETRY_EVENTS: Readonly<Record<string, string>> = {
  connect: 'conn-failure', 'connect-failure': 'conn-failure', 'conn-failure': 'conn-failure', reset: 'empty-response', 'empty-response': 'empty-response',
  timeout: 'response-timeout', 'response-timeout': 'response-timeout', '5xx': '500 502 503 504',
}
const RETRY_STATUSES = ['401', '403', '404', '408', '425', '500', '501', '502', '503', '504']

function retryLines(mode: 'http' | 'tcp', { attempts, on, methods }: NonNullable<PolicySettings['retries']>): string[] {
  const events = on.map(event => RETRY_EVENTS[event] ?? (RETRY_STATUSES.includes(event) ? event : undefined))
  const unknown = on.find((_, index) => events[index] === undefined)
  if (unknown !== undefined) throw refused(`a retry on '${unknown.slice(0, 40)}' is unknown`)
  if (mode === 'tcp') return [`retries ${whole(attempts)}`]
  return [
    `retries ${whole(attempts)}`, `retry-on ${[...new Set(['conn-failure', ...events])].join(' ')}`,
    ...(methods === 'any' ? [] : ['http-request disable-l7-retry if !{ method GET HEAD OPTIONS PUT DELETE TRACE }']),
  ]
}

function headerLines(side: 'request' | 'response', changes: HeaderChanges | undefined, unless: string): string[] {
  return [
    ...(changes?.remove ?? []).map(name => `http-${side} del-header ${headerName(name)}${unless}`),
    ...Object.entries(changes?.set ?? {}).map(([name, value]) => `http-${side} set-header ${headerName(name)} ${quoteFormat(value)}${unless}`),
    ...Object.entries(changes?.add ?? {}).map(([name, value]) => `http-${side} add-header ${headerName(name)} ${quoteFormat(value)}${unless}`),
  ]
}

function headerName(name: string): string {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(name)) throw refused(`'${name.slice(0, 40)}' is no name of a header`)
  return name
}

function status(code: number, allowed: readonly number[] = [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504]): number {
  if (!allowed.includes(code)) throw refused(`HAProxy does not answer with ${code} by itself`)
  return code
}

const whole = (number: number) => Math.max(0, Math.round(number))
const milliseconds = (seconds: number) => `${Math.max(1, Math.round(seconds * 1000))}ms`
const refused = (reason: string) => new Fault('proxy_refused', 'the policy cannot be carried out', { reason })

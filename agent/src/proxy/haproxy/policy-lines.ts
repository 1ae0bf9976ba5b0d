/**
 * Resilience policies as configuration. What this HAProxy cannot do is refused, never ignored (`policyGap` of the model).
 * Circuit breaking and failover are not here: they change the table before it comes to a driver (`resilient.ts`).
 */
import { Fault } from '@vamp/model/fault'
import type { HeaderChanges, PolicySettings } from '@vamp/model/policy'
import { policyGap } from '@vamp/model/routing/policy-gap'
import { FULL_SHARE } from '@vamp/model/routing/table'
import { shareOf } from '@vamp/model/weights'
import { conditionAcls } from './policy-condition.ts'
import { quote, quoteFormat, quoteText } from './quote.ts'

/** Clients that a rate limit remembers. */
const RATE_CLIENTS_MAX = 100_000

/** Lines of a frontend. Throws `Fault('proxy_refused')` for what HAProxy cannot do. */
export function gatewayPolicyLines(mode: 'http' | 'tcp', policy: PolicySettings = {}): string[] {
  requireSupported(mode, 'gateway', policy)
  const { timeouts, connection_limit: limit } = policy
  return [
    ...(timeouts?.idle === undefined ? [] : [`timeout client ${milliseconds(timeouts.idle)}`, ...(mode === 'http' ? [`timeout http-keep-alive ${milliseconds(timeouts.idle)}`] : [])]),
    ...(limit && mode === 'http' ? [`http-request deny deny_status 503 if { fe_conn gt ${whole(limit.maximum)} } !handed`] : []),
    ...(limit && mode === 'tcp' ? [`tcp-request content reject if { fe_conn gt ${whole(limit.maximum)} }`] : []),
    ...redirectLines(policy.redirect),
    ...(mode === 'http' ? requestLines(policy, 'handed') : []),
  ]
}

/** Lines of a backend. `policy` is what holds for the route. */
export function routePolicyLines(mode: 'http' | 'tcp', policy: PolicySettings = {}): string[] {
  requireSupported(mode, 'route', policy)
  const { timeouts = {}, retries, hold, fault, slow_start: slowStart, connection_limit: limit } = policy
  return [
    ...(timeouts.connect === undefined ? [] : [`timeout connect ${milliseconds(timeouts.connect)}`]),
    ...(timeouts.request === undefined ? [] : [`timeout server ${milliseconds(timeouts.request)}`]),
    ...(timeouts.tunnel === undefined || mode === 'tcp' ? [] : [`timeout tunnel ${milliseconds(timeouts.tunnel)}`]),
    ...(retries ? retryLines(mode, retries) : []),
    ...(slowStart === undefined ? [] : [`${SLOW_START}${milliseconds(slowStart)}`]),
    ...(mode === 'tcp' ? [] : [
      ...(hold ? holdLines(hold) : []),
      ...(fault?.delay ? delayLines(fault.delay, hold !== undefined) : []),
      ...(limit ? [`http-request deny deny_status 503 if { be_conn gt ${whole(limit.maximum)} }${hold ? ' !vacant' : ''}`] : []),
      ...requestLines(policy, hold ? 'vacant' : undefined),
    ]),
  ]
}

/** Holds for the servers of the configuration; those that come at run time are told themselves. */
const SLOW_START = 'default-server slowstart '

/** How HAProxy writes the time that servers of a backend with these lines get for their start. */
export const slowStartOf = (lines: readonly string[]): string | undefined => lines.find(line => line.startsWith(SLOW_START))?.slice(SLOW_START.length)

function requireSupported(mode: 'http' | 'tcp', level: 'gateway' | 'route', policy: PolicySettings): void {
  const gap = policyGap({ driver: 'haproxy', mode, level }, policy)
  if (gap) throw refused(gap)
}

function redirectLines(redirect: PolicySettings['redirect']): string[] {
  if (!redirect) return []
  const { acls, condition } = redirect.condition === undefined ? { acls: [], condition: '' } : conditionAcls(redirect.condition)
  const terms = (condition === '' ? [''] : condition.split(' or ')).map(term => `${term} !handed`.trim()).join(' or ')
  return [...acls, `http-request redirect location ${quoteFormat(redirect.to)} code ${redirect.status} if ${terms}`]
}

/** The server that takes what must wait; it is up only where there is no other. */
export const WAITING_SERVER = 'h:waiting'
export const HELD_HEADER = 'x-vamp-held'

/** What goes to the waiting room says where it was going and from where. It comes back as a request of its own, which is the one that counts. */
function holdLines({ time }: NonNullable<PolicySettings['hold']>): string[] {
  return [
    `acl vacant srv_is_up(${WAITING_SERVER})`,
    `http-request set-header ${HELD_HEADER} %[be_name]~%[src] if vacant`,
    'http-request set-log-level silent if vacant',
    // For a moment the room and the first instance are both up: whoever gets the instance counts.
    `http-response set-log-level info if vacant !{ srv_name -m str ${WAITING_SERVER} }`,
    'http-request set-var(txn.g) int(0) if vacant',
    // The room answers in time; the rest is for the answer of the instance that came.
    `http-request set-timeout server ${milliseconds(time + 3_600)} if vacant`,
  ]
}

/** HAProxy 2.x waits by itself for connections only; for requests it needs a little Lua. */
export const DELAY_ACTION = 'lua.vamp_delay'
export const DELAY_SCRIPT = `core.register_action("vamp_delay", { "http-req" }, function(txn) core.msleep(txn:get_var("txn.delay")) end, 0)
`

function delayLines({ time, share }: NonNullable<NonNullable<PolicySettings['fault']>['delay']>, holds: boolean): string[] {
  return [
    `http-request set-var(txn.delay) int(${whole(time * 1000)}) if { rand(${FULL_SHARE}) lt ${shareOf(share)} }${holds ? ' !vacant' : ''}`,
    `http-request ${DELAY_ACTION} if { var(txn.delay) -m found }`,
  ]
}

/** What a frontend and a backend do alike to a request and its answer. `unless`: an ACL of requests that are only passed on. */
function requestLines({ maintenance, fault, rate_limit, headers }: PolicySettings, unless: string | undefined): string[] {
  const not = unless ? ` !${unless}` : ''
  const ifNot = unless ? ` if${not}` : ''
  const chance = fault?.abort ? shareOf(fault.abort.share) : 0
  const retryAfter = maintenance?.retry_after === undefined ? '' : ` hdr Retry-After ${whole(maintenance.retry_after)}`
  return [
    ...(maintenance ? [`http-request return status ${maintenance.status} content-type ${quote('text/html; charset=utf-8')} string ${quoteText(maintenance.body)}${retryAfter}${ifNot}`] : []),
    ...(rate_limit ? rateLines(rate_limit, ifNot, not) : []),
    ...(fault?.abort && chance > 0 ? [`http-request return status ${fault.abort.status} if { rand(${FULL_SHARE}) lt ${chance} }${not}`] : []),
    ...headerLines('request', headers?.request, ifNot), ...headerLines('response', headers?.response, ''),
  ]
}

function rateLines(limit: NonNullable<PolicySettings['rate_limit']>, ifNot: string, not: string): string[] {
  const per = milliseconds(limit.per)
  const [type, key] = limit.by === 'ip' ? ['ipv6', 'src'] : limit.by === 'gateway' ? ['string len 8', 'str(all)'] : ['string len 128', `req.hdr(${limit.header ?? ''})`]
  return [
    `stick-table type ${type} size ${RATE_CLIENTS_MAX} expire ${per} store http_req_rate(${per})`,
    `http-request track-sc0 ${key}${ifNot}`,
    `http-request deny deny_status 429 if { sc0_http_req_rate gt ${whole(limit.requests)} }${not}`,
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
    ...(changes?.remove ?? []).map(name => `http-${side} del-header ${name}${unless}`),
    ...Object.entries(changes?.set ?? {}).map(([name, value]) => `http-${side} set-header ${name} ${quoteFormat(value)}${unless}`),
    ...Object.entries(changes?.add ?? {}).map(([name, value]) => `http-${side} add-header ${name} ${quoteFormat(value)}${unless}`),
  ]
}

const whole = (number: number) => Math.max(0, Math.round(number))
const milliseconds = (seconds: number) => `${Math.max(1, Math.round(seconds * 1000))}ms`
const refused = (reason: string) => new Fault('proxy_refused', 'the policy cannot be carried out', { reason })

/** Heads and bodies of copies go through the log, which takes lines of at most 16 kB: larger requests have no copy. */
const COPY_HEAD_BYTES = 6_000
const COPY_BODY_BYTES = 4_000

/** A copy of the request for whoever reads the log: it is sent from there, when the answer is over, so it costs the original nothing. */
export function mirrorLines({ share, methods }: NonNullable<PolicySettings['mirror']>, holds: boolean): string[] {
  const copied = '{ var(txn.copy) -m found }'
  const any = methods === 'any'
  return [
    ...(any ? ['option http-buffer-request'] : []),
    `http-request set-var(txn.copy) method if { rand(${FULL_SHARE}) lt ${shareOf(share)} }${any ? '' : ' { method GET }'}${holds ? ' !vacant' : ''} !{ var(txn.shadow) -m found }`,
    `http-request set-var(txn.head) req.hdrs if ${copied}`,
    `http-request set-var(txn.url) url if ${copied}`,
    `http-request unset-var(txn.copy) if ${copied} { var(txn.head),length gt ${COPY_HEAD_BYTES} } or ${copied} { var(txn.url),length gt 2000 }${any ? ` or ${copied} { req.body_size gt ${COPY_BODY_BYTES} }` : ''}`,
    `http-request set-var(txn.copy) var(txn.copy),concat("\\n",txn.url,"\\n"),concat("",txn.head),base64 if ${copied}`,
    ...(any ? [`http-request set-var(txn.body) req.body,base64 if ${copied} { req.body_size gt 0 }`] : []),
  ]
}

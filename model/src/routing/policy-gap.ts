/** What a proxy cannot do of a policy, in words: asked when a policy is written, and again by the driver that is to carry it out. */
import type { PolicySettings } from '../policy.ts'

export interface PolicyPlace {
  readonly driver: 'haproxy' | 'embedded' | 'memory'
  readonly mode: 'http' | 'tcp'
  readonly level: 'gateway' | 'route'
}

/** Parts that look at requests. */
const HTTP_ONLY = ['rate_limit', 'headers', 'redirect', 'maintenance', 'fault', 'mirror', 'hold'] as const
/** Parts of a listener. */
const GATEWAY_ONLY = ['redirect', 'tls'] as const

/** Undefined: all of it can be done. */
export function policyGap({ driver, mode, level }: PolicyPlace, policy: PolicySettings): string | undefined {
  const ofTcp = mode === 'tcp' ? HTTP_ONLY.filter(name => policy[name] !== undefined) : []
  if (ofTcp.length > 0) return `${ofTcp.join(', ')} needs requests, and a tcp gateway knows only connections`
  const misplaced = level === 'route' ? [...GATEWAY_ONLY.filter(name => policy[name] !== undefined), ...(policy.timeouts?.idle === undefined ? [] : ['timeouts.idle'])] : []
  if (misplaced.length > 0) return `${misplaced.join(', ')} belongs to a gateway, not to a route`
  if (mode === 'tcp' && level === 'route' && policy.connection_limit) return 'connection_limit belongs to the gateway where it speaks tcp'
  const { queue, queue_timeout } = policy.connection_limit ?? {}
  if (queue !== undefined || queue_timeout !== undefined) return 'connection_limit.queue is what no proxy of ours can do: beyond the maximum, requests are turned away'
  if (mode === 'tcp' && driver === 'embedded' && policy.tls) return 'the embedded proxy ends TLS for http only'
  if (mode === 'tcp' && driver === 'embedded' && policy.timeouts?.idle !== undefined) return 'timeouts.idle of a tcp gateway needs HAProxy; timeouts.tunnel says how long both sides may be silent'
  if (driver !== 'haproxy' && policy.slow_start !== undefined) return `slow_start needs HAProxy: the ${driver} proxy gives every instance its full part from its first request on; vamp up --gateway haproxy`
  return headerGap(policy) ?? timeGap(policy) ?? (driver === 'haproxy' ? haproxyGap(policy) : undefined)
}

function headerGap({ headers, rate_limit }: PolicySettings): string | undefined {
  const names = [headers?.request, headers?.response].flatMap(changes => [...Object.keys(changes?.set ?? {}), ...Object.keys(changes?.add ?? {}), ...changes?.remove ?? []])
  const wrong = [...names, ...(rate_limit?.header === undefined ? [] : [rate_limit.header])].find(name => !/^[A-Za-z0-9_-]{1,128}$/.test(name))
  if (wrong !== undefined) return `'${wrong.slice(0, 40)}' is no name of a header`
  const values = [headers?.request, headers?.response].flatMap(changes => [...Object.values(changes?.set ?? {}), ...Object.values(changes?.add ?? {})])
  return values.some(value => /[\u0000-\u001f\u007f]/.test(value)) ? 'the value of a header has control characters' : undefined
}

/** Timers of HAProxy and of Node count up to 2^31 milliseconds; a little less is left to who waits for a request that has waited. */
const TIMER_HOURS_MAX = 24 * 24

function timeGap({ timeouts, circuit_breaker, rate_limit, connection_limit, fault, hold, maintenance }: PolicySettings): string | undefined {
  const times = {
    'timeouts.connect': timeouts?.connect, 'timeouts.request': timeouts?.request, 'timeouts.idle': timeouts?.idle, 'timeouts.tunnel': timeouts?.tunnel,
    'circuit_breaker.eject': circuit_breaker?.eject, 'rate_limit.per': rate_limit?.per, 'connection_limit.queue_timeout': connection_limit?.queue_timeout,
    'fault.delay.time': fault?.delay?.time, 'hold.time': hold?.time, 'maintenance.retry_after': maintenance?.retry_after,
  }
  const long = Object.entries(times).find(([, seconds]) => seconds !== undefined && seconds > TIMER_HOURS_MAX * 3600)
  return long && `${long[0]} is more than ${TIMER_HOURS_MAX}h, the longest that a proxy can wait`
}

/** What HAProxy answers by itself, and as redirect. */
export const HAPROXY_STATUSES: readonly number[] = [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504]
export const REDIRECT_STATUSES: readonly number[] = [301, 302, 303, 307, 308]
/** An answer must fit into HAProxy's buffer of 16 kB, with its headers. */
export const PAGE_BYTES_MAX = 12_000

function haproxyGap({ maintenance, fault, redirect }: PolicySettings): string | undefined {
  const wrong = [maintenance?.status, fault?.abort?.status].find(status => status !== undefined && !HAPROXY_STATUSES.includes(status))
  if (wrong !== undefined) return `HAProxy does not answer with ${wrong} by itself, only with ${HAPROXY_STATUSES.join(', ')}`
  if (redirect && !REDIRECT_STATUSES.includes(redirect.status)) return `a redirect is one of ${REDIRECT_STATUSES.join(', ')}`
  if (maintenance && new TextEncoder().encode(maintenance.body).length > PAGE_BYTES_MAX) return `the maintenance page is longer than ${PAGE_BYTES_MAX} bytes`
  return undefined
}

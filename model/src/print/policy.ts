import type { PolicySettings } from '../policy.ts'
import { printPercentage, printTime } from '../quantity.ts'
import type { Json } from './fields.ts'

/** Times and shares in the language's units, everything else as it is. */
export function printPolicySettings(settings: PolicySettings): Json {
  const { timeouts, retries, circuit_breaker, rate_limit, connection_limit, fault, hold, slow_start, mirror, failover, headers, redirect, tls, maintenance } = settings
  return defined({
    timeouts: timeouts && defined({ connect: time(timeouts.connect), request: time(timeouts.request), idle: time(timeouts.idle), tunnel: time(timeouts.tunnel) }),
    retries,
    circuit_breaker: circuit_breaker && { ...circuit_breaker, eject: printTime(circuit_breaker.eject), max_ejected: printPercentage(circuit_breaker.max_ejected) },
    rate_limit: rate_limit && { ...rate_limit, per: printTime(rate_limit.per) },
    connection_limit: connection_limit && defined({ ...connection_limit, queue_timeout: time(connection_limit.queue_timeout) }),
    fault: fault && defined({
      delay: fault.delay && { time: printTime(fault.delay.time), share: printPercentage(fault.delay.share) },
      abort: fault.abort && { status: fault.abort.status, share: printPercentage(fault.abort.share) },
    }),
    hold: hold && { ...hold, time: printTime(hold.time) },
    slow_start: time(slow_start),
    mirror: mirror && { ...mirror, share: printPercentage(mirror.share) },
    failover,
    headers,
    redirect,
    tls,
    maintenance: maintenance && defined({ ...maintenance, retry_after: time(maintenance.retry_after) }),
  })
}

function time(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : printTime(seconds)
}

function defined(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

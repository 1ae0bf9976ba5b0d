/** Answers that the proxy gives instead of an instance, because a policy says so. Pure but for the counters that are handed in. */
import { parseCondition } from '@vamp/model/condition/parse'
import { matches } from '@vamp/model/condition/matches'
import type { ConditionNode } from '@vamp/model/condition'
import type { PolicySettings } from '@vamp/model/policy'
import { FULL_SHARE } from '@vamp/model/routing/table'
import { shareOf } from '@vamp/model/weights'
import type { Visitor } from './choice.ts'
import type { RateCounters } from './rate-counters.ts'

export interface OwnAnswer {
  readonly status: number
  /** Flat [name, value, …]. */
  readonly headers: readonly string[]
  readonly body: string
}

export interface OwnAnswerContext {
  readonly visitor: Visitor
  readonly random: () => number
  readonly nowMs: number
  /** Requests in progress where the policy stands, this one too. */
  readonly active: number
  readonly rates: RateCounters
  /** Tells the counters of one place from another's. */
  readonly place: string
}

/** What a policy answers to the request by itself; undefined: it lets it pass. */
export type OwnAnswers = (context: OwnAnswerContext) => OwnAnswer | undefined

const NONE: OwnAnswers = () => undefined

/** In the order in which HAProxy asks: limits of connections, redirect, maintenance, rate, abort. */
export function ownAnswers(policy: PolicySettings | undefined): OwnAnswers {
  if (!policy) return NONE
  const { connection_limit, redirect, maintenance, rate_limit, fault } = policy
  if (!connection_limit && !redirect && !maintenance && !rate_limit && !fault?.abort) return NONE
  const where = redirect?.condition === undefined ? undefined : conditionOf(redirect.condition)
  const page: OwnAnswer | undefined = maintenance && {
    status: maintenance.status, body: maintenance.body,
    headers: ['content-type', 'text/html; charset=utf-8', ...(maintenance.retry_after === undefined ? [] : ['retry-after', String(Math.round(maintenance.retry_after))])],
  }
  const abort = fault?.abort
  return context => {
    const { visitor, random } = context
    if (connection_limit && context.active > connection_limit.maximum) return plain(503)
    if (redirect && (!where || matches(where, visitor) === true)) return { ...plain(redirect.status), headers: ['location', redirect.to] }
    if (page) return page
    if (rate_limit && isAbove(rate_limit, context)) return plain(429)
    if (abort && Math.floor(random() * FULL_SHARE) < shareOf(abort.share)) return plain(abort.status)
    return undefined
  }
}

function isAbove(limit: NonNullable<PolicySettings['rate_limit']>, { visitor, rates, nowMs, place }: OwnAnswerContext): boolean {
  const key = limit.by === 'ip' ? visitor.ip : limit.by === 'gateway' ? '' : visitor.headers[(limit.header ?? '').toLowerCase()]
  // Who does not send the header is not counted by it.
  return key !== undefined && rates.count(`${place}\n${key}`, limit.per * 1000, nowMs) > limit.requests
}

const plain = (status: number): OwnAnswer => ({ status, headers: ['content-type', 'text/plain'], body: '' })

/** Validated before; what does not parse redirects nobody. */
function conditionOf(text: string): ConditionNode {
  const parsed = parseCondition(text)
  return parsed.is === 'ok' ? parsed.value : { is: 'false' }
}

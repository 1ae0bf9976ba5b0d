/** What visitors got: measured by the proxies on every request, over any window of the last thirty days. */
import { type Static, Type } from '@sinclair/typebox'
import { ENDINGS } from '../metric.ts'
import { duration, type Endpoint, endpoint } from './endpoint.ts'

const Count = Type.Integer({ minimum: 0 })

const numbers = {
  requests: Count,
  errors: Type.Integer({ minimum: 0, description: '5xx, time-outs, refused and reset connections' }),
  rate: Type.Number({ description: 'requests per second' }),
  error_rate: Type.Union([Type.Number(), Type.Null()], { description: '0 to 1; null without requests' }),
  bytes: Type.Number({ description: 'of the answers' }),
  statuses: Type.Record(Type.String(), Count, { description: 'requests by status class: 2xx, 5xx, …; other where there was none' }),
  endings: Type.Record(Type.String(), Count, { description: `requests that did not simply end, by cause: ${ENDINGS.join(', ')}` }),
  in_progress: Type.Number({ description: 'requests in progress, on average over the window' }),
  latency_ms: Type.Record(Type.String(), Type.Number(), { description: 'p50 and so on, each within 1 % of the true one; empty without requests' }),
}
export const TrafficNumbers = Type.Object(numbers)
export type TrafficNumbers = Static<typeof TrafficNumbers>

export const TrafficPoint = Type.Object({ at: Type.String({ description: 'ISO-8601, where it begins' }), ...numbers })
export type TrafficPoint = Static<typeof TrafficPoint>

export const GROUPINGS = ['gateway', 'route', 'instance', 'service', 'deployment'] as const
export type Grouping = (typeof GROUPINGS)[number]

export const TrafficGroup = Type.Object({
  by: Type.Union(GROUPINGS.map(grouping => Type.Literal(grouping))),
  gateway: Type.Optional(Type.String({ description: 'of a gateway, a route or an instance' })),
  route: Type.Optional(Type.String({ description: 'empty where no route took the request' })),
  instance: Type.Optional(Type.String({ description: 'empty where none took the request; the name of a gateway where the route leads to one' })),
  deployment: Type.Optional(Type.String({ description: 'of a service or a deployment' })),
  cluster: Type.Optional(Type.String({ description: 'of a service' })),
  service: Type.Optional(Type.String({ description: 'a version: the breed\'s name' })),
  ...numbers,
})
export type TrafficGroup = Static<typeof TrafficGroup>

export const TrafficReport = Type.Object({
  from: Type.String({ description: 'ISO-8601' }),
  to: Type.String({ description: 'ISO-8601; the newest second that every proxy has told of, unless an earlier one was asked for' }),
  resolution: Type.Integer({ description: 'seconds in which the answer is counted: from lies on such a border, and to, if it is not the newest second' }),
  total: TrafficNumbers,
  step: Type.Optional(Type.Integer({ description: 'seconds of each point' })),
  series: Type.Optional(Type.Array(TrafficPoint)),
  groups: Type.Optional(Type.Array(TrafficGroup)),
})
export type TrafficReport = Static<typeof TrafficReport>

/** Of one answer. */
export const POINTS_MAX = 2000

const name = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))

export const traffic = {
  read: endpoint({
    method: 'GET', path: '/traffic', role: 'viewer', group: 'health and metrics',
    summary: 'Rate, errors and percentiles over a window, as a series, by gateway, route, instance, service and deployment. Without a gateway a request that passes several counts once, where it ends',
    query: Type.Object({
      gateway: name('requests that pass this gateway'),
      route: name('a route\'s path in its gateway'),
      deployment: name('requests to its services'), cluster: name('of the deployment'), service: name('a version: the breed\'s name'), instance: name('an instance\'s id'),
      since: Type.Optional(duration('so long until now: 10m, 2h, 7d; 5m if neither this nor from is given')),
      from: Type.Optional(Type.String({ description: 'ISO-8601 or now-2h' })), to: Type.Optional(Type.String({ description: 'ISO-8601 or now-1h' })),
      step: Type.Optional(duration(`one point for each so long, at most ${POINTS_MAX} of them; what is finer than what is still known becomes coarser`)),
      percentile: Type.Array(Type.Number({ minimum: 0, maximum: 100 }), { default: [50, 95, 99], maxItems: 10, description: 'repeatable' }),
      by: Type.Optional(Type.Array(Type.Union(GROUPINGS.map(grouping => Type.Literal(grouping))), { description: 'numbers of each; repeatable' })),
    }),
    answer: { is: 'data', status: 200, schema: TrafficReport },
  }),
} satisfies Record<string, Endpoint>

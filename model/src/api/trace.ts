/** Where would this request go, and why? Nothing is sent. */
import { type Static, Type } from '@sinclair/typebox'
import { type Endpoint, endpoint } from './endpoint.ts'

export const TraceRequest = Type.Object({
  url: Type.Optional(Type.String({ description: 'http://127.0.0.1:9050/products: its port, or its host name, is a gateway\'s' })),
  gateway: Type.Optional(Type.String({ description: 'the name of a gateway, instead of a URL' })),
  path: Type.Optional(Type.String({ description: '/ if not given' })),
  method: Type.Optional(Type.String({ description: 'GET if not given' })),
  headers: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'cookies are in the header cookie' })),
  ip: Type.Optional(Type.String({ description: 'of the visitor; 127.0.0.1 if not given' })),
  country: Type.Optional(Type.String({ description: 'of that address: two letters' })),
}, { additionalProperties: false })
export type TraceRequest = Static<typeof TraceRequest>

const Step = Type.Object({
  gateway: Type.String(),
  route: Type.Union([Type.String(), Type.Null()], { description: 'null where nothing takes it' }),
  by: Type.Union([Type.Literal('condition'), Type.Literal('weight')]),
  because: Type.Array(Type.String(), { description: 'sentences, in the order in which they counted' }),
})

export const TraceWay = Type.Object({
  share: Type.Number({ description: '0 to 1: how likely it is' }),
  route: Type.Union([Type.String(), Type.Null()], { description: 'the last one' }),
  version: Type.Optional(Type.String({ description: 'the breed\'s name, where the route leads to a service' })),
  instances: Type.Array(Type.String(), { description: 'each as likely; none: the answer is 503' }),
  steps: Type.Array(Step, { description: 'one for each gateway that is passed' }),
})
export type TraceWay = Static<typeof TraceWay>

export const TraceReport = Type.Object({
  gateway: Type.String(),
  method: Type.String(),
  path: Type.String(),
  revision: Type.Integer({ description: 'of the routing table' }),
  ways: Type.Array(TraceWay, { description: 'the likeliest first; their shares total 1' }),
  notes: Type.Array(Type.String(), { description: 'what the table cannot tell' }),
})
export type TraceReport = Static<typeof TraceReport>

export const trace = {
  ask: endpoint({
    method: 'POST', path: '/trace', role: 'viewer', group: 'gateways', summary: 'Which rule, which route, which version and instance a request would take, and why; nothing is sent',
    body: { is: 'data', schema: TraceRequest }, answer: { is: 'data', status: 200, schema: TraceReport },
  }),
} satisfies Record<string, Endpoint>

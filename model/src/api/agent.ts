/**
 * What a remote agent and the server say to each other. Tables come as a stream, each of them whole: after a pause the
 * newest is all that an agent needs. Windows are posted one by one and in order; (agent, sequence) makes that idempotent.
 */
import { type Static, Type } from '@sinclair/typebox'
import { CELL_FAILURES_MAX, METHOD_MAX, PATH_MAX } from '../failed-requests.ts'
import { ENDINGS, type Window } from '../metric.ts'
import type { RoutingTable } from '../routing/table.ts'
import { type Endpoint, endpoint, opaque } from './endpoint.ts'

/** A second of 32 768 cells; the bound of other bodies is too small for it. */
export const WINDOW_BYTES_MAX = 16 * 1024 * 1024

/** Of a window: when it was sent, Unix milliseconds by the agent's clock. */
export const AGENT_TIME_HEADER = 'Vamp-Agent-Time'

const Count = Type.Integer({ minimum: 0 })

/** What an agent says after every table and every second; the server takes a silent agent for dead. */
export const AgentReportJson = Type.Object({
  agent: Type.String(),
  time: Type.Optional(Type.Number()),
  driver: Type.Union([Type.Literal('memory'), Type.Literal('haproxy'), Type.Literal('embedded')]),
  acknowledged: Count,
  endpoints: Type.Array(Type.Object({ id: Type.String(), state: Type.Union([Type.Literal('ready'), Type.Literal('draining')]), connections: Count })),
  finishing: Type.Optional(Type.Array(Type.Object({ id: Type.String(), connections: Count }))),
  shares: Type.Record(Type.String(), Type.Record(Type.String(), Count)),
  refusal: Type.Optional(Type.Object({ revision: Count, code: Type.String(), reason: Type.String(), gateway: Type.Optional(Type.String()) })),
  waiting: Type.Optional(Type.Array(Type.Object({ gateway: Type.String(), route: Type.String(), requests: Count }))),
  ejected: Type.Optional(Type.Array(Type.String())),
  reloads: Count,
  lastReload: Type.Optional(Type.Object({ revision: Count, reasons: Type.Array(Type.String()) })),
})
export type AgentReportJson = Static<typeof AgentReportJson>

const Cell = Type.Object({
  gateway: Type.String(), route: Type.String(), instance: Type.String(), by: Type.Union([Type.Literal('condition'), Type.Literal('weight'), Type.Literal('mirror')]), part: Type.Integer({ minimum: 0, maximum: 7 }),
  requests: Count, errors: Count, statuses: Type.Array(Count, { minItems: 6, maxItems: 6 }), bytes: Type.Number({ minimum: 0 }), latency: Type.Array(Type.Array(Type.Integer(), { minItems: 2, maxItems: 2 })),
  endings: Type.Optional(Type.Partial(Type.Object(Object.fromEntries(ENDINGS.map(ending => [ending, Count]))))),
  failures: Type.Optional(Type.Array(Type.Object({
    requests: Count, status: Type.Optional(Count), ending: Type.Optional(Type.Union(ENDINGS.map(ending => Type.Literal(ending)))), method: Type.Optional(Type.String({ maxLength: METHOD_MAX })), path: Type.Optional(Type.String({ maxLength: PATH_MAX })),
  }), { maxItems: 2 * CELL_FAILURES_MAX + 1 })),
})
/** The cells of one second. */
export const WindowJson = Type.Unsafe<Window>(Type.Object({ agent: Type.String(), sequence: Count, second: Count, cells: Type.Array(Cell), dropped: Count, busy: Type.Optional(Type.Array(Type.Object({ gateway: Type.String(), route: Type.String(), requests: Count, waiting: Count }))) }))
export const TableJson = opaque<RoutingTable>('a routing table, whole')

const shared = { group: 'agents', role: 'operator' } as const

export const agents = {
  tables: endpoint({ ...shared, method: 'GET', path: '/agents/{agent}/tables', summary: 'The newest routing table, at once and whenever it changes; the id of each event is the revision', answer: { is: 'stream', status: 200, schema: TableJson } }),
  report: endpoint({ ...shared, method: 'PUT', path: '/agents/{agent}/report', summary: 'What the agent\'s proxy carries', body: { is: 'data', schema: AgentReportJson }, answer: { is: 'nothing', status: 204 } }),
  window: endpoint({ ...shared, method: 'POST', path: '/agents/{agent}/windows', summary: `One window of measurements, at most ${WINDOW_BYTES_MAX} bytes; the same one again changes nothing`, body: { is: 'text', media: 'application/json' }, bytesMax: WINDOW_BYTES_MAX, answer: { is: 'nothing', status: 204 } }),
} satisfies Record<string, Endpoint>

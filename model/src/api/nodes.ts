/** The machines that instances run on. */
import { type Static, Type } from '@sinclair/typebox'
import { type Endpoint, endpoint } from './endpoint.ts'

const Availability = Type.Union([Type.Literal('active'), Type.Literal('pause'), Type.Literal('drain')], { description: 'pause: gets nothing new; drain: what runs there is replaced elsewhere, one after the other, and leaves' })

export const NodeRow = Type.Object({
  name: Type.String(),
  address: Type.String(),
  state: Type.Union([Type.Literal('ready'), Type.Literal('down')]),
  availability: Availability,
  cpu: Type.Number({ description: 'cores' }),
  memory: Type.Number({ description: 'bytes' }),
  instances: Type.Integer({ description: 'of ours that run there' }),
  labels: Type.Record(Type.String(), Type.String()),
})
export type NodeRow = Static<typeof NodeRow>

export const nodes = {
  list: endpoint({ method: 'GET', path: '/nodes', role: 'viewer', group: 'deployments', summary: 'The machines that instances run on', answer: { is: 'data', status: 200, schema: Type.Array(NodeRow) } }),
  setAvailability: endpoint({
    method: 'PUT', path: '/nodes/{node}/availability', role: 'operator', group: 'deployments', summary: 'Let a node rest, or empty it; where there are several (Swarm)',
    body: { is: 'data', schema: Type.Object({ availability: Availability }) }, answer: { is: 'data', status: 202, schema: NodeRow },
  }),
} satisfies Record<string, Endpoint>

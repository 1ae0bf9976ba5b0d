/** Endpoints and the ways out of them. Names have up to four segments; their slashes may be raw or `%2F`. */
import { Type } from '@sinclair/typebox'
import { ArtifactJson } from './artifacts.ts'
import { type Endpoint, endpoint, opaque, paging, writing } from './endpoint.ts'

/** Shares of the routes in percent: as ordered, as every proxy has confirmed, as the requests of the last seconds went. */
export interface GatewayState {
  readonly desired: Readonly<Record<string, number>>
  readonly acknowledged: Readonly<Record<string, number>>
  readonly observed: Readonly<Record<string, number>>
  /** Requests in the time that `observed` looks at. */
  readonly requests: number
  readonly seconds: number
  /** Why what is ordered is not in force. */
  readonly problem?: string
}

export interface GatewayView extends ArtifactJson {
  readonly lookup_name: string
  /** Belongs to a cluster's port; its life is the deployment's. */
  readonly internal: boolean
  /** In force on every proxy. */
  readonly deployed: boolean
  readonly port: string
  readonly routes: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly state: GatewayState
}
export const GatewayView = opaque<GatewayView>('a gateway, with what is in force and what was seen')

const reading = { role: 'viewer', group: 'gateways' } as const
const changing = { role: 'operator', group: 'gateways' } as const

export const gateways = {
  list: endpoint({ ...reading, method: 'GET', path: '/gateways', summary: 'List gateways', query: Type.Object(paging), answer: { is: 'data', status: 200, schema: Type.Array(GatewayView), paged: true } }),
  create: endpoint({ ...changing, method: 'POST', path: '/gateways', summary: 'Make a gateway', query: Type.Object(writing), body: { is: 'artifact', kind: 'gateways' }, answer: { is: 'data', status: 202, schema: GatewayView } }),
  get: endpoint({ ...reading, method: 'GET', path: '/gateways/{gateway...}', summary: 'Read a gateway', answer: { is: 'data', status: 200, schema: GatewayView } }),
  put: endpoint({ ...changing, method: 'PUT', path: '/gateways/{gateway...}', summary: 'Change a gateway: weights, conditions, stickiness', query: Type.Object(writing), body: { is: 'artifact', kind: 'gateways' }, answer: { is: 'data', status: 202, schema: GatewayView } }),
  delete: endpoint({ ...changing, method: 'DELETE', path: '/gateways/{gateway...}', summary: 'Remove a gateway that belongs to no deployment; the answer is what it was', query: Type.Object(writing), answer: { is: 'data', status: 202, schema: ArtifactJson } }),
} satisfies Record<string, Endpoint>

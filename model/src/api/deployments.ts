/** What runs. Writes are answered before they are carried out (202); phases and instances tell how far it is. */
import { Type } from '@sinclair/typebox'
import type { InstanceState, Intention, Phase } from '../deployment.ts'
import { ArtifactJson } from './artifacts.ts'
import { type Endpoint, endpoint, opaque, paging, references, writing } from './endpoint.ts'

export interface InstanceView {
  readonly name: string
  readonly host: string
  readonly ports: Readonly<Record<string, number>>
  /** In rotation on every proxy, or leaving it. */
  readonly deployed: boolean
  readonly state: InstanceState
  /** ISO-8601, of the state. */
  readonly since: string
  readonly reason?: string
  /** How often it has ended by itself after it had been ready; absent: never. */
  readonly crashes?: number
  readonly last_lines?: readonly string[]
}

export interface ServiceView {
  readonly status: { readonly intention: Intention; readonly since: string; readonly phase: { readonly name: Phase; readonly since: string; readonly notification?: string } }
  readonly breed: ArtifactJson
  readonly scale: { readonly cpu: number; readonly memory: string; readonly instances: number }
  readonly instances: readonly InstanceView[]
  /** `staged`: not examined yet. */
  readonly health: { readonly staged: number; readonly running: number; readonly healthy: number; readonly unhealthy: number }
  readonly [field: string]: unknown
}

export interface ClusterView {
  readonly services: readonly ServiceView[]
  /** By port name, with short route keys. */
  readonly gateways: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly [field: string]: unknown
}

export interface DeploymentView extends ArtifactJson {
  readonly clusters: Readonly<Record<string, ClusterView>>
  readonly ports: Readonly<Record<string, string>>
  readonly hosts: Readonly<Record<string, string>>
}
export const DeploymentView = opaque<DeploymentView>('a deployment, with the state of each service and instance')

/** An instance with its place, for lists over everything. */
export interface InstanceRow extends InstanceView {
  readonly deployment: string
  readonly cluster: string
  readonly service: string
  /** Where there are several. */
  readonly node?: string
  /** Only where it was asked for, and of what runs for two seconds: cores in use, 1 is one core; and bytes. */
  readonly usage?: { readonly cpu: number; readonly memory: number }
}
export const InstanceRow = opaque<InstanceRow>('an instance and where it belongs')

export const LogLineView = Type.Object({
  /** ISO-8601. */
  timestamp: Type.String(),
  instance: Type.String(),
  stream: Type.Union([Type.Literal('stdout'), Type.Literal('stderr')]),
  line: Type.String(),
})

export const LOG_LINES = 100
export const LOG_LINES_MAX = 10_000

const reading = { role: 'viewer', group: 'deployments' } as const
const changing = { role: 'operator', group: 'deployments' } as const
const accepted = { is: 'data', status: 202, schema: DeploymentView } as const
const blueprint = { is: 'deployment' } as const
const SERVICE = '/deployments/{deployment}/clusters/{cluster}/services/{service}'
const Scale = Type.Union([
  Type.String({ description: 'name of a stored scale' }),
  Type.Object({ cpu: Type.Optional(Type.Union([Type.Number(), Type.String()])), memory: Type.Optional(Type.String()), instances: Type.Optional(Type.Integer({ minimum: 0 })), warm: Type.Optional(Type.Integer({ minimum: 0, description: 'spare instances, started and paused' })) }, { additionalProperties: true }),
])

export const deployments = {
  list: endpoint({ ...reading, method: 'GET', path: '/deployments', summary: 'List deployments', query: Type.Object({ ...paging, ...references, as_blueprint: Type.Boolean({ default: false }) }), answer: { is: 'data', status: 200, schema: Type.Array(DeploymentView), paged: true } }),
  create: endpoint({ ...changing, method: 'POST', path: '/deployments', summary: 'Deploy a blueprint under its own name; merged if that runs already', query: Type.Object(writing), body: blueprint, answer: accepted }),
  get: endpoint({ ...reading, method: 'GET', path: '/deployments/{deployment}', summary: 'Read a deployment', query: Type.Object({ ...references, as_blueprint: Type.Boolean({ default: false, description: 'as a blueprint that can be deployed again' }) }), answer: { is: 'data', status: 200, schema: DeploymentView } }),
  put: endpoint({ ...changing, method: 'PUT', path: '/deployments/{deployment}', summary: 'Deploy a blueprint, or merge it into what runs', query: Type.Object({ ...writing, delete: Type.Boolean({ default: false, description: 'take the services of the body away instead' }) }), body: blueprint, answer: accepted }),
  delete: endpoint({ ...changing, method: 'DELETE', path: '/deployments/{deployment}', summary: 'Take the services of the body away; `all=true` without a body takes everything', query: Type.Object({ ...writing, all: Type.Boolean({ default: false }) }), body: blueprint, answer: accepted }),
  getScale: endpoint({ ...reading, method: 'GET', path: `${SERVICE}/scale`, summary: 'Read the size of a service', answer: { is: 'data', status: 200, schema: ArtifactJson } }),
  putScale: endpoint({ ...changing, method: 'PUT', path: `${SERVICE}/scale`, summary: 'Change the size of a service', query: Type.Object(writing), body: { is: 'data', schema: Scale }, answer: { is: 'data', status: 202, schema: ArtifactJson } }),
  getSla: endpoint({ ...reading, method: 'GET', path: '/deployments/{deployment}/clusters/{cluster}/sla', summary: 'Read what is promised of a cluster', answer: { is: 'data', status: 200, schema: ArtifactJson } }),
  postSla: endpoint({ ...changing, method: 'POST', path: '/deployments/{deployment}/clusters/{cluster}/sla', summary: 'Promise something of a cluster', query: Type.Object(writing), body: { is: 'text', media: 'application/x-yaml' }, answer: { is: 'data', status: 202, schema: ArtifactJson } }),
  putSla: endpoint({ ...changing, method: 'PUT', path: '/deployments/{deployment}/clusters/{cluster}/sla', summary: 'Promise something of a cluster', query: Type.Object(writing), body: { is: 'text', media: 'application/x-yaml' }, answer: { is: 'data', status: 202, schema: ArtifactJson } }),
  deleteSla: endpoint({ ...changing, method: 'DELETE', path: '/deployments/{deployment}/clusters/{cluster}/sla', summary: 'Promise nothing any more', query: Type.Object(writing), answer: { is: 'nothing', status: 204 } }),
  instances: endpoint({ ...reading, method: 'GET', path: '/instances', summary: 'List the instances of all deployments', query: Type.Object({ ...paging, deployment: Type.Optional(Type.String()), usage: Type.Boolean({ default: false, description: 'with the CPU (cores) and memory (bytes) that each uses; the first such question takes a second' }) }), answer: { is: 'data', status: 200, schema: Type.Array(InstanceRow), paged: true } }),
  endInstance: endpoint({ ...changing, method: 'DELETE', path: '/instances/{instance}', summary: 'End one instance at once, or drained; its service starts another', query: Type.Object({ drain: Type.Boolean({ default: false, description: 'it finishes what it has begun, and gets nothing new' }) }), answer: { is: 'nothing', status: 204 } }),
  logs: endpoint({ ...reading, method: 'GET', path: `${SERVICE}/logs`, summary: 'What the instances of a service print, as server-sent events; ends at the newest line unless followed', query: Type.Object({ tail: Type.Integer({ minimum: 0, default: LOG_LINES, description: `lines per instance to begin with, at most ${LOG_LINES_MAX}` }), follow: Type.Boolean({ default: false }), since: Type.Optional(Type.String({ description: 'ISO-8601; only what was printed then or later' })), instance: Type.Optional(Type.String()) }), answer: { is: 'stream', status: 200, schema: LogLineView } }),
  logFile: endpoint({ ...reading, method: 'GET', path: `${SERVICE}/logs/file`, summary: 'What the instances of a service have printed, as a text to keep: time, instance, stream, line', query: Type.Object({ since: Type.Optional(Type.String({ description: 'ISO-8601' })), instance: Type.Optional(Type.String()) }), answer: { is: 'text', status: 200, media: 'text/plain; charset=utf-8' } }),
} satisfies Record<string, Endpoint>

/** The kinds that are stored and used by others: reading and writing them changes nothing that runs. */
import { Type } from '@sinclair/typebox'
import type { Kind } from '../kind.ts'
import { singular } from '../kind.ts'
import { type Endpoint, endpoint, opaque, paging, references, writing } from './endpoint.ts'

/** An artifact as it is printed. */
export interface ArtifactJson {
  readonly kind: string
  readonly name: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}
export const ArtifactJson = opaque<ArtifactJson>('an artifact of the language as it is printed')

/** Kinds with these endpoints; the others have files of their own. */
export const STATIC_KINDS = ['breeds', 'blueprints', 'scales', 'slas', 'escalations', 'routes', 'conditions', 'rewrites', 'templates', 'autoscalers', 'policies'] as const satisfies readonly Kind[]
export type StaticKind = (typeof STATIC_KINDS)[number]

export const artifactEndpoints = <const K extends Kind>(kind: K) => ({
  list: endpoint({
    method: 'GET', path: `/${kind}`, role: 'viewer', group: kind, summary: `List ${kind}`,
    query: Type.Object({ ...paging, ...references }),
    answer: { is: 'data', status: 200, schema: Type.Array(ArtifactJson), paged: true },
  }),
  create: endpoint({
    method: 'POST', path: `/${kind}`, role: 'operator', group: kind, summary: `Store a ${singular(kind)}; one of the same name is replaced`,
    query: Type.Object(writing), body: { is: 'artifact', kind },
    answer: { is: 'data', status: 201, schema: Type.Array(ArtifactJson) },
  }),
  get: endpoint({
    method: 'GET', path: `/${kind}/{name}`, role: 'viewer', group: kind, summary: `Read a ${singular(kind)}`,
    query: Type.Object(references),
    answer: { is: 'data', status: 200, schema: ArtifactJson },
  }),
  put: endpoint({
    method: 'PUT', path: `/${kind}/{name}`, role: 'operator', group: kind, summary: `Store a ${singular(kind)} under its name`,
    query: Type.Object(writing), body: { is: 'artifact', kind },
    answer: { is: 'data', status: 200, schema: Type.Array(ArtifactJson) },
  }),
  delete: endpoint({
    method: 'DELETE', path: `/${kind}/{name}`, role: 'operator', group: kind, summary: `Remove a ${singular(kind)}; it is no mistake if there is none`,
    query: Type.Object(writing),
    answer: { is: 'nothing', status: 204 },
  }),
}) satisfies Record<string, Endpoint>

export const staticArtifacts = Object.fromEntries(STATIC_KINDS.map(kind => [kind, artifactEndpoints(kind)])) as { readonly [K in StaticKind]: ReturnType<typeof artifactEndpoints<K>> }

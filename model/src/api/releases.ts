/** New versions on their way. An order is taken by the controller and told as an event; it wins over what the controller would do. */
import { Type } from '@sinclair/typebox'
import type { ReleaseStatus } from '../release-status.ts'
import { ArtifactJson, artifactEndpoints } from './artifacts.ts'
import { type Endpoint, endpoint, opaque, writing } from './endpoint.ts'

/** All of the status but the judge's own memory. */
export type ReleaseView = Omit<ReleaseStatus, 'judge'>
export const ReleaseView = opaque<ReleaseView>('where a release is, what was decided on which evidence, which requests failed (`failures`, of both versions: `requests` by `status`, `ending`, `method` and `path`), and what comes next')

const Reason = Type.Object({ reason: Type.Optional(Type.String({ maxLength: 1000 })) })
const reading = { role: 'viewer', group: 'releases' } as const
const order = <const P extends string>(path: P, summary: string) => ({
  method: 'POST', role: 'operator', group: 'releases', path, summary,
  body: { is: 'data', schema: Reason, optional: true }, answer: { is: 'data', status: 202, schema: ReleaseView },
} as const)

export const releases = {
  ...artifactEndpoints('releases'),
  create: endpoint({ method: 'POST', path: '/releases', role: 'operator', group: 'releases', summary: 'Begin a release', query: Type.Object(writing), body: { is: 'artifact', kind: 'releases' }, answer: { is: 'data', status: 202, schema: ArtifactJson } }),
  put: endpoint({ method: 'PUT', path: '/releases/{name}', role: 'operator', group: 'releases', summary: 'Begin a release, or change one', query: Type.Object(writing), body: { is: 'artifact', kind: 'releases' }, answer: { is: 'data', status: 202, schema: ArtifactJson } }),
  statuses: endpoint({ ...reading, method: 'GET', path: '/release-statuses', summary: 'Where every release is', answer: { is: 'data', status: 200, schema: Type.Array(ReleaseView) } }),
  status: endpoint({ ...reading, method: 'GET', path: '/releases/{name}/status', summary: 'Where a release is, on which evidence, and what comes next', answer: { is: 'data', status: 200, schema: ReleaseView } }),
  decisions: endpoint({ ...reading, method: 'GET', path: '/releases/{name}/decisions', summary: 'What each second was judged on and what was decided, one JSON document a line, oldest first: enough to decide again', answer: { is: 'text', status: 200, media: 'application/x-ndjson' } }),
  pause: endpoint(order('/releases/{name}/pause', 'Stop the ramp; roll-back stays armed')),
  resume: endpoint(order('/releases/{name}/resume', 'Go on')),
  promote: endpoint(order('/releases/{name}/promote', 'Give the new version all the traffic')),
  abort: endpoint(order('/releases/{name}/abort', 'End it: the old version takes everything, the new one is removed')),
  rollback: endpoint(order('/releases/{name}/rollback', 'Go back to the old version, also after promotion while it is warm')),
  approve: endpoint({
    method: 'POST', role: 'operator', group: 'releases', path: '/releases/{name}/approve', summary: 'Open a gate that waits for a person: the first closed one, or the named one',
    body: { is: 'data', schema: Type.Object({ gate: Type.Optional(Type.String({ description: 'who the gate waits for' })), reason: Type.Optional(Type.String({ maxLength: 1000 })) }), optional: true }, answer: { is: 'data', status: 202, schema: ReleaseView },
  }),
  weight: endpoint({
    method: 'PUT', path: '/releases/{name}/weight', role: 'operator', group: 'releases', summary: 'Set the share of the new version by hand; the ramp pauses',
    body: { is: 'data', schema: Type.Object({ weight: Type.Union([Type.Number({ minimum: 0, maximum: 100 }), Type.String({ pattern: '^[0-9]+([.][0-9]+)? *%?$' })], { description: 'percent' }), reason: Type.Optional(Type.String({ maxLength: 1000 })) }) },
    answer: { is: 'data', status: 202, schema: ReleaseView },
  }),
} satisfies Record<string, Endpoint>

/** Scripts and containers that automate the rest: what they are, what became of their runs, and what they remember. */
import { Type } from '@sinclair/typebox'
import type { RunLine, WorkflowRun } from '../workflow-run.ts'
import { ArtifactJson } from './artifacts.ts'
import { type Endpoint, endpoint, opaque, paging, writing } from './endpoint.ts'

const reading = { role: 'viewer', group: 'workflows' } as const
const changing = { role: 'operator', group: 'workflows' } as const
const accepted = { is: 'data', status: 202, schema: ArtifactJson } as const

export const RunView = opaque<WorkflowRun>('a run of a workflow: what began it, how it went, and what it printed')
/** In lists, without what was printed. */
export type RunSummary = Omit<WorkflowRun, 'log'>
export const RunSummary = opaque<RunSummary>('a run of a workflow, without its log')
export interface RunLogLine extends RunLine { readonly run: string }
export const RunLogLine = opaque<RunLogLine>('a line that a run printed')

/** A workflow that is shipped with the server. */
export const ShippedWorkflow = Type.Object({
  name: Type.String(),
  summary: Type.String(),
  schedule: Type.Unknown(),
  settings: Type.Array(Type.Object({ name: Type.String(), value: Type.Union([Type.String(), Type.Null()], { description: 'null: it must be given' }), help: Type.String() })),
  script: Type.String(),
})

const Asked = { event: Type.Optional(Type.Unknown({ description: 'as the event that would trigger it' })), dry: Type.Optional(Type.Boolean({ description: 'writes are told in the log and not carried out' })) }

export const workflows = {
  list: endpoint({ ...reading, method: 'GET', path: '/workflows', summary: 'List workflows', query: Type.Object(paging), answer: { is: 'data', status: 200, schema: Type.Array(ArtifactJson), paged: true } }),
  create: endpoint({ ...changing, method: 'POST', path: '/workflows', summary: 'Start a workflow', query: Type.Object(writing), body: { is: 'artifact', kind: 'workflows' }, answer: accepted }),
  get: endpoint({ ...reading, method: 'GET', path: '/workflows/{name}', summary: 'Read a workflow', answer: { is: 'data', status: 200, schema: ArtifactJson } }),
  put: endpoint({ ...changing, method: 'PUT', path: '/workflows/{name}', summary: 'Start or change a workflow', query: Type.Object(writing), body: { is: 'artifact', kind: 'workflows' }, answer: accepted }),
  delete: endpoint({ ...changing, method: 'DELETE', path: '/workflows/{name}', summary: 'End a workflow', query: Type.Object(writing), answer: { is: 'data', status: 202, schema: ArtifactJson } }),
  getStatus: endpoint({ ...reading, method: 'GET', path: '/workflows/{name}/status', summary: 'Whether it runs', answer: { is: 'data', status: 200, schema: Type.String() } }),
  putStatus: endpoint({ ...changing, method: 'PUT', path: '/workflows/{name}/status', summary: 'Start, suspend or restart it', body: { is: 'data', schema: Type.String() }, answer: { is: 'data', status: 202, schema: Type.String() } }),
  runs: endpoint({ ...reading, method: 'GET', path: '/workflows/{name}/runs', summary: 'Its runs, newest first; ~tried has those of scripts that are not stored', query: Type.Object(paging), answer: { is: 'data', status: 200, schema: Type.Array(RunSummary), paged: true } }),
  run: endpoint({ ...changing, method: 'POST', path: '/workflows/{name}/runs', summary: 'Run it now, beside its schedule', body: { is: 'data', schema: Type.Object(Asked, { additionalProperties: false }), optional: true }, answer: { is: 'data', status: 202, schema: RunView } }),
  getRun: endpoint({ ...reading, method: 'GET', path: '/workflows/{name}/runs/{run}', summary: 'One run, with what it printed', answer: { is: 'data', status: 200, schema: RunView } }),
  stopRun: endpoint({ ...changing, method: 'DELETE', path: '/workflows/{name}/runs/{run}', summary: 'End a run that is under way', answer: { is: 'nothing', status: 204 } }),
  logs: endpoint({ ...reading, method: 'GET', path: '/workflows/{name}/logs', summary: 'What its runs print, as server-sent events; ends at the newest line unless followed', query: Type.Object({ tail: Type.Integer({ minimum: 0, maximum: 10_000, default: 100, description: 'lines to begin with' }), follow: Type.Boolean({ default: false }), run: Type.Optional(Type.String({ description: 'of one run; following ends with it' })) }), answer: { is: 'stream', status: 200, schema: RunLogLine } }),
  try: endpoint({ ...changing, method: 'POST', path: '/workflow-runs', summary: 'Run a workflow that is not stored, once and now; its run is one of ~tried', body: { is: 'data', schema: Type.Object({ ...Asked, workflow: Type.Unknown({ description: 'a workflow, with its breed in it' }) }, { additionalProperties: false }) }, answer: { is: 'data', status: 202, schema: RunView } }),
  values: endpoint({ ...reading, method: 'GET', path: '/workflows/{name}/state', summary: 'What its scripts remember', answer: { is: 'data', status: 200, schema: Type.Record(Type.String(), Type.Unknown()) } }),
  value: endpoint({ ...reading, method: 'GET', path: '/workflows/{name}/state/{key}', summary: 'One thing of it', answer: { is: 'data', status: 200, schema: Type.Unknown() } }),
  putValue: endpoint({ ...changing, method: 'PUT', path: '/workflows/{name}/state/{key}', summary: 'Remember something', body: { is: 'data', schema: Type.Unknown() }, answer: { is: 'nothing', status: 204 } }),
  deleteValue: endpoint({ ...changing, method: 'DELETE', path: '/workflows/{name}/state/{key}', summary: 'Forget it', answer: { is: 'nothing', status: 204 } }),
  shipped: endpoint({ ...reading, method: 'GET', path: '/shipped-workflows', summary: 'Workflows that come with the server', answer: { is: 'data', status: 200, schema: Type.Array(ShippedWorkflow) } }),
} satisfies Record<string, Endpoint>

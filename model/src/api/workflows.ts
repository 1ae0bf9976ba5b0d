/** Scripts and containers that automate the rest. */
import { Type } from '@sinclair/typebox'
import { ArtifactJson } from './artifacts.ts'
import { type Endpoint, endpoint, paging, writing } from './endpoint.ts'

const reading = { role: 'viewer', group: 'workflows' } as const
const changing = { role: 'operator', group: 'workflows' } as const
const accepted = { is: 'data', status: 202, schema: ArtifactJson } as const

export const workflows = {
  list: endpoint({ ...reading, method: 'GET', path: '/workflows', summary: 'List workflows', query: Type.Object(paging), answer: { is: 'data', status: 200, schema: Type.Array(ArtifactJson), paged: true } }),
  create: endpoint({ ...changing, method: 'POST', path: '/workflows', summary: 'Start a workflow', query: Type.Object(writing), body: { is: 'artifact', kind: 'workflows' }, answer: accepted }),
  get: endpoint({ ...reading, method: 'GET', path: '/workflows/{name}', summary: 'Read a workflow', answer: { is: 'data', status: 200, schema: ArtifactJson } }),
  put: endpoint({ ...changing, method: 'PUT', path: '/workflows/{name}', summary: 'Start or change a workflow', query: Type.Object(writing), body: { is: 'artifact', kind: 'workflows' }, answer: accepted }),
  delete: endpoint({ ...changing, method: 'DELETE', path: '/workflows/{name}', summary: 'End a workflow', query: Type.Object(writing), answer: { is: 'data', status: 202, schema: ArtifactJson } }),
  getStatus: endpoint({ ...reading, method: 'GET', path: '/workflows/{name}/status', summary: 'Whether it runs', answer: { is: 'data', status: 200, schema: Type.String() } }),
  putStatus: endpoint({ ...changing, method: 'PUT', path: '/workflows/{name}/status', summary: 'Start, suspend or restart it', body: { is: 'data', schema: Type.String() }, answer: { is: 'data', status: 202, schema: Type.String() } }),
} satisfies Record<string, Endpoint>

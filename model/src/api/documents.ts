/** Several documents in one body, each with its kind: what `vamp apply` sends. */
import { Type } from '@sinclair/typebox'
import { ArtifactJson } from './artifacts.ts'
import { type Endpoint, endpoint, writing } from './endpoint.ts'

const answer = { is: 'data', status: 202, schema: Type.Array(ArtifactJson) } as const
const common = { path: '/', role: 'operator', group: 'documents', query: Type.Object(writing), body: { is: 'documents' }, answer } as const

export const documents = {
  create: endpoint({ ...common, method: 'POST', summary: 'Store every document, or none if one of them is wrong' }),
  put: endpoint({ ...common, method: 'PUT', summary: 'Store every document, or none if one of them is wrong' }),
  delete: endpoint({ ...common, method: 'DELETE', summary: 'Remove what every document names; deployments lose the services that are named' }),
} satisfies Record<string, Endpoint>

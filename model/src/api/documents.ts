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
  compose: endpoint({
    method: 'POST', path: '/docker-compose', role: 'operator', group: 'documents', summary: 'Store a Docker Compose file as a blueprint; the answer is the blueprint, with comments on what was left out',
    query: Type.Object({ ...writing, name: Type.String({ minLength: 1, description: 'of the blueprint' }) }), body: { is: 'text', media: 'application/x-yaml' },
    answer: { is: 'text', status: 201, media: 'text/plain; charset=utf-8' },
  }),
} satisfies Record<string, Endpoint>

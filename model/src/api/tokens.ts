/** Who may use the API. */
import { type Static, Type } from '@sinclair/typebox'
import { type Endpoint, endpoint } from './endpoint.ts'

export const Role = Type.Union([Type.Literal('viewer'), Type.Literal('operator'), Type.Literal('admin')])

/** A token without its secret. */
export const TokenView = Type.Object({ name: Type.String(), role: Role, created: Type.String(), namespace: Type.Optional(Type.String()) })
export type TokenView = Static<typeof TokenView>

/** The secret is shown this once. */
export const IssuedToken = Type.Intersect([TokenView, Type.Object({ token: Type.String() })])

const administering = { role: 'admin', group: 'tokens' } as const

export const tokens = {
  list: endpoint({ ...administering, method: 'GET', path: '/tokens', summary: 'List tokens', answer: { is: 'data', status: 200, schema: Type.Array(TokenView) } }),
  create: endpoint({
    ...administering, method: 'POST', path: '/tokens', summary: 'Make a token; its secret is in this answer and nowhere else',
    body: { is: 'data', schema: Type.Object({ name: Type.String({ pattern: '^[A-Za-z0-9._@-]{1,100}$' }), role: Role, namespace: Type.Optional(Type.String()) }, { additionalProperties: false }) },
    answer: { is: 'data', status: 201, schema: IssuedToken },
  }),
  revoke: endpoint({ ...administering, method: 'DELETE', path: '/tokens/{name}', summary: 'End a token at once', answer: { is: 'nothing', status: 204 } }),
} satisfies Record<string, Endpoint>

/** What every answer that is no success looks like. */
import { type Static, Type } from '@sinclair/typebox'

export const ProblemBody = Type.Object({
  code: Type.String(),
  message: Type.String(),
  path: Type.String(),
  document: Type.Optional(Type.Object({ kind: Type.String(), name: Type.String() }, { description: 'the one that it is in, of several that were sent together' })),
  at: Type.Optional(Type.Object({ line: Type.Integer(), column: Type.Integer(), caret: Type.Optional(Type.String()) })),
  hint: Type.Optional(Type.String()),
})

/** `application/json`: `message` is what the original sent; the rest is ours. */
export const ErrorBody = Type.Object({
  message: Type.String(),
  code: Type.Optional(Type.String({ description: 'from the table of faults; `refused` for a document with problems' })),
  problems: Type.Optional(Type.Array(ProblemBody)),
})
export type ErrorBody = Static<typeof ErrorBody>

/** `application/problem+json` (RFC 9457), for whoever accepts it. */
export const ProblemDetails = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.Optional(Type.String()),
  problems: Type.Optional(Type.Array(ProblemBody)),
})
export type ProblemDetails = Static<typeof ProblemDetails>

/** What a write would change: the answer to `?plan=true`. */
import { type Static, Type } from '@sinclair/typebox'

export const Change = Type.Object({
  do: Type.Union([Type.Literal('create'), Type.Literal('update'), Type.Literal('delete'), Type.Literal('keep')]),
  kind: Type.String(),
  name: Type.String(),
  before: Type.Optional(Type.Unknown({ description: 'as it is printed' })),
  after: Type.Optional(Type.Unknown({ description: 'as it is printed' })),
  note: Type.Optional(Type.String({ description: 'what the write does not do, although one may think so, and what does' })),
})
export type Change = Static<typeof Change>

export const Plan = Type.Object({ changes: Type.Array(Change) })
export type Plan = Static<typeof Plan>

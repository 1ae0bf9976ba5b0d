/** Who takes a route. Grammar: the original's condition language (§3.1 of the reference). */
import type { Metadata } from './metadata.ts'

export interface Condition {
  readonly kind: 'conditions'
  readonly name: string
  readonly metadata: Metadata
  /** The expression as written; `condition/parse.ts` makes the tree. */
  readonly condition: string
}

/** The syntax tree; positions are not kept: problems carry them. Operand texts are as written, aliases not expanded. */
export type ConditionNode =
  | { readonly is: 'and' | 'or'; readonly left: ConditionNode; readonly right: ConditionNode }
  | { readonly is: 'not'; readonly operand: ConditionNode }
  | { readonly is: 'true' | 'false' }
  | { readonly is: 'host'; readonly value: string }
  | { readonly is: 'user_agent'; readonly value: string }
  | { readonly is: 'header'; readonly name: string }
  | { readonly is: 'cookie'; readonly name: string }
  | { readonly is: 'header_contains'; readonly name: string; readonly value: string }
  | { readonly is: 'cookie_contains'; readonly name: string; readonly value: string }
  | { readonly is: 'header_is'; readonly name: string; readonly value: string }
  | { readonly is: 'cookie_is'; readonly name: string; readonly value: string }
  | { readonly is: 'path'; readonly match: 'is' | 'begins' | 'contains' | 'matches'; readonly value: string }
  | { readonly is: 'method'; readonly value: string }
  | { readonly is: 'country'; readonly value: string }
  | { readonly is: 'ip'; readonly network: string }
  | { readonly is: 'device'; readonly value: string }
  | { readonly is: 'raw'; readonly acl: string }

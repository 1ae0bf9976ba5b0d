/** Boolean expressions over operands of some language: conditions and selectors. */
export type Expression<Operand> = Operand | Connective<Operand>

export type Connective<Operand> =
  | { readonly is: 'and' | 'or'; readonly left: Expression<Operand>; readonly right: Expression<Operand> }
  | { readonly is: 'not'; readonly operand: Expression<Operand> }
  | { readonly is: 'true' | 'false' }

/** What tells operands from connectives. */
export interface OperandShape { readonly is: string }

/** The connectives' words are no operand's. */
export function isOperand<O extends OperandShape>(node: Expression<O>): node is O {
  return !CONNECTIVES.has(node.is)
}

const CONNECTIVES: ReadonlySet<string> = new Set(['and', 'or', 'not', 'true', 'false'])

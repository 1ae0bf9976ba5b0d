/** Random conditions for property tests. */
import fc from 'fast-check'
import type { ConditionNode } from '../../condition.ts'
import { type ConditionOperand, DEVICES } from '../parse.ts'

const text = fc.string({ minLength: 1, maxLength: 12 }).filter(value => !/[\u0000-\u001f\u007f]/.test(value))
const contained = fc.record({ name: text, value: text })

export const anyOperand: fc.Arbitrary<ConditionOperand> = fc.oneof(
  text.map(value => ({ is: 'host' as const, value })),
  text.map(value => ({ is: 'user_agent' as const, value })),
  fc.record({ is: fc.constantFrom('header' as const, 'cookie' as const), name: text }),
  fc.record({ is: fc.constantFrom('header_contains' as const, 'cookie_contains' as const, 'header_is' as const, 'cookie_is' as const), found: contained })
    .map(({ is, found }) => ({ is, ...found })),
  fc.record({ is: fc.constant('path' as const), match: fc.constantFrom('is' as const, 'begins' as const, 'contains' as const), value: text }),
  fc.constantFrom('^/a+$', '\\.(png|jpe?g)$', '[ "\']').map(value => ({ is: 'path' as const, match: 'matches' as const, value })),
  fc.constantFrom('GET', 'POST').map(value => ({ is: 'method' as const, value })),
  fc.constantFrom('GB', 'NL').map(value => ({ is: 'country' as const, value })),
  fc.constantFrom('10.0.0.0/8', '192.0.2.7', '2001:db8::/32').map(network => ({ is: 'ip' as const, network })),
  fc.constantFrom(...DEVICES).map(value => ({ is: 'device' as const, value })),
  text.map(acl => ({ is: 'raw' as const, acl: acl.replaceAll(/[<>]/g, '').trim() || 'path_beg /x' })),
)

/** Trees whose leaves are the given operands or constants. */
export function anyTree<O extends ConditionNode>(operand: fc.Arbitrary<O>): fc.Arbitrary<ConditionNode> {
  return fc.letrec<{ tree: ConditionNode }>(tie => ({
    tree: fc.oneof({ maxDepth: 5, depthSize: 'small' },
      operand,
      fc.constantFrom<ConditionNode>({ is: 'true' }, { is: 'false' }),
      fc.record({ is: fc.constantFrom('and' as const, 'or' as const), left: tie('tree'), right: tie('tree') }),
      fc.record({ is: fc.constant('not' as const), operand: tie('tree') })),
  })).tree
}

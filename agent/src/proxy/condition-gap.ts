/** Conditions where the driver itself has to answer them: everything that the request alone tells. */
import type { ConditionNode } from '@vamp/model/condition'

/** Why such a driver cannot carry the condition; undefined if it can. */
export function conditionGap(node: ConditionNode): string | undefined {
  switch (node.is) {
    case 'and': case 'or': return conditionGap(node.left) ?? conditionGap(node.right)
    case 'not': return conditionGap(node.operand)
    case 'raw': return `the condition '${node.acl.slice(0, 80)}' is HAProxy's, only HAProxy can examine it`
    case 'country': return `the condition 'country is ${node.value.slice(0, 40)}' needs HAProxy and a map of countries`
    default: return undefined
  }
}

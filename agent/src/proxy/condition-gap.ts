/** Conditions where the driver itself has to answer them: everything that the request alone tells. */
import type { ConditionNode } from '@vamp/model/condition'

/** Why such a driver cannot carry the condition; undefined if it can. `countries`: it knows which address is in which. */
export function conditionGap(node: ConditionNode, countries = false): string | undefined {
  switch (node.is) {
    case 'and': case 'or': return conditionGap(node.left, countries) ?? conditionGap(node.right, countries)
    case 'not': return conditionGap(node.operand, countries)
    case 'raw': return `the condition '${node.acl.slice(0, 80)}' is HAProxy's, only HAProxy can examine it`
    case 'country': return countries ? undefined : `the condition 'country is ${node.value.slice(0, 40)}' asks for a country, and there is no file of countries`
    default: return undefined
  }
}

/** Conditions where the driver itself has to answer them: everything that the request alone tells. */
import type { ConditionNode } from '@vamp/model/condition'
import type { RoutedRequest } from '@vamp/model/routing/decide'
import { cookieOf } from './sticky-cookie.ts'

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

export function matchesCondition(node: ConditionNode, request: RoutedRequest): boolean | 'unknown' {
  const { headers } = request
  switch (node.is) {
    case 'true': return true
    case 'false': return false
    case 'and': return matchesCondition(node.left, request) === true && matchesCondition(node.right, request) === true
    case 'or': return matchesCondition(node.left, request) === true || matchesCondition(node.right, request) === true
    case 'not': return matchesCondition(node.operand, request) === false
    case 'host': return headers['host']?.split(':')[0] === node.value
    case 'user_agent': return headers['user-agent']?.includes(node.value) ?? false
    case 'header': return headers[node.name.toLowerCase()] !== undefined
    case 'header_contains': return headers[node.name.toLowerCase()]?.includes(node.value) ?? false
    case 'cookie': return cookieOf(headers['cookie'] ?? '', node.name) !== undefined
    case 'cookie_contains': return cookieOf(headers['cookie'] ?? '', node.name)?.includes(node.value) ?? false
    case 'method': return request.method === node.value
    case 'path': return node.match === 'is' ? request.path === node.value : node.match === 'begins' ? request.path.startsWith(node.value) : request.path.includes(node.value)
    default: return 'unknown'
  }
}

/** A condition's tree as text that parses to the same tree, with no more parentheses and quotes than it needs. */
import type { ConditionNode } from '../condition.ts'
import type { ConditionOperand } from './parse.ts'

export function printCondition(node: ConditionNode): string {
  return printed(node, 'or')
}

/** What stands around the node: the weakest connective that may stand there without parentheses. */
type Around = 'or' | 'and' | 'factor' | 'primary'

const STRENGTH: Readonly<Record<Around, number>> = { or: 0, and: 1, factor: 2, primary: 3 }

function printed(node: ConditionNode, around: Around): string {
  const within = (own: Around, text: string) => STRENGTH[own] < STRENGTH[around] ? `(${text})` : text
  switch (node.is) {
    case 'or': return within('or', `${printed(node.left, 'or')} or ${printed(node.right, 'and')}`)
    case 'and': return within('and', `${printed(node.left, 'and')} and ${printed(node.right, 'factor')}`)
    case 'not': return within('factor', printedNot(node.operand))
    case 'true': case 'false': return node.is
    default: return printedOperand(node, true)
  }
}

function printedNot(node: ConditionNode): string {
  if (node.is === 'header' || node.is === 'cookie' || node.is === 'header_contains' || node.is === 'cookie_contains') return printedOperand(node, false)
  return `not ${printed(node, 'primary')}`
}

function printedOperand(node: ConditionOperand, positive: boolean): string {
  const has = positive ? 'has' : 'misses'
  switch (node.is) {
    case 'host': return `host is ${value(node.value)}`
    case 'user_agent': return `user-agent is ${value(node.value)}`
    case 'header': case 'cookie': return `${has} ${node.is} ${value(node.name)}`
    case 'header_contains': return `header ${value(node.name)} ${has} ${value(node.value)}`
    case 'cookie_contains': return `cookie ${value(node.name)} ${has} ${value(node.value)}`
    case 'header_is': return `header ${value(node.name)} is ${value(node.value)}`
    case 'cookie_is': return `cookie ${value(node.name)} is ${value(node.value)}`
    case 'path': return `path ${node.match} ${value(node.value)}`
    case 'method': return `method is ${node.value}`
    case 'country': return `country is ${node.value}`
    case 'ip': return `ip in ${node.network}`
    case 'device': return `device is ${node.value}`
    case 'raw': return `< ${node.acl} >`
    default: return node satisfies never
  }
}

function value(text: string): string {
  if (/^[^\s()"'][^\s()]*$/.test(text)) return text
  return text.includes('"') && !text.includes("'") ? `'${text}'` : `"${text.replaceAll('"', '""')}"`
}

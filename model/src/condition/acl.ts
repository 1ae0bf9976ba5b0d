/** A condition as HAProxy ACLs and the condition of a `use_backend` line, with the original's texts and names. */
import type { ConditionNode } from '../condition.ts'
import type { Expression } from '../expression/expression.ts'
import { type Flat, flatten, type Literal } from '../expression/flatten.ts'
import { aclName } from '../lookup-name.ts'
import { type Parsed, ok, refused } from '../problem.ts'
import type { ConditionOperand } from './parse.ts'
import { EXPRESSION_STEPS, expressionForPcre, expressionPieces } from './path-expression.ts'
import { userAgentPieces } from './user-agent.ts'

export interface Acl {
  readonly name: string
  readonly definition: string
}

export interface Acls {
  /** In the order in which the condition names them. */
  readonly acls: readonly Acl[]
  /** `name name or !name`; '' if it is always fulfilled. */
  readonly condition: string
  /** It is never fulfilled: there is no line to write. */
  readonly never: boolean
}

/** Refused if it cannot be flattened, or asks for what an ACL alone cannot tell: the country, the device. */
export function aclsOf(node: ConditionNode): Parsed<Acls> {
  const flattened = flattenCondition(node)
  if (flattened.is === 'refused') return flattened
  const flat = flattened.value
  if (flat.is !== 'terms') return ok({ acls: [], condition: '', never: flat.is === 'false' })
  const terms = flat.terms.map(term => term.map(aclOf))
  const unknown = flat.terms.flat().find(({ operand }) => operand.is === 'country' || operand.is === 'device')
  if (unknown) return refused({ code: 'ParserError', message: `Cannot write as an ACL: ${unknown.operand.is}.`, path: '' })
  return ok({
    acls: [...new Map(terms.flat().map(({ acl }) => [acl.name, acl])).values()],
    condition: terms.map(term => term.map(({ acl, negated }) => `${negated ? '!' : ''}${acl.name}`).join(' ')).join(' or '),
    never: false,
  })
}

/** Browsers are expanded to what their user agents contain, so that equal ones are equal operands. */
export function flattenCondition(node: ConditionNode): Parsed<Flat<ConditionOperand>> {
  return flatten(withoutAliases(node), operand => JSON.stringify(operand))
}

function withoutAliases(node: ConditionNode): Expression<ConditionOperand> {
  switch (node.is) {
    case 'and': case 'or': return { is: node.is, left: withoutAliases(node.left), right: withoutAliases(node.right) }
    case 'not': return { is: 'not', operand: withoutAliases(node.operand) }
    case 'user_agent': return userAgentPieces(node.value).map((value): Expression<ConditionOperand> => ({ is: 'user_agent', value })).reduce((left, right) => ({ is: 'and', left, right }))
    default: return node
  }
}

/** The missing of a header or cookie is an ACL of its own; everything else is negated by name. */
function aclOf({ operand, positive }: Literal<ConditionOperand>): { readonly acl: Acl; readonly negated: boolean } {
  const missing = !positive && (operand.is === 'header' || operand.is === 'cookie')
  const definition = missing ? `${operand.is === 'header' ? 'req.hdr_cnt' : 'req.cook_cnt'}(${operand.name}) eq 0` : definitionOf(operand)
  return { acl: { name: aclName(definition), definition }, negated: !positive && !missing }
}

function definitionOf(operand: ConditionOperand): string {
  switch (operand.is) {
    case 'host': return `req.hdr(host) ${operand.value}`
    case 'user_agent': return `req.fhdr(User-Agent) -m sub ${quoted(operand.value)}`
    case 'header': return `req.hdr_cnt(${operand.name}) gt 0`
    case 'cookie': return `req.cook(${operand.name}) -m found`
    case 'header_contains': return `req.fhdr(${operand.name}) -m sub ${quoted(operand.value)}`
    case 'cookie_contains': return `req.cook_sub(${operand.name}) ${operand.value}`
    case 'header_is': return `req.fhdr(${operand.name}) -m str ${quoted(operand.value)}`
    case 'cookie_is': return `req.cook(${operand.name}) -m str ${quoted(operand.value)}`
    case 'path': return operand.match === 'matches' ? pathExpression(operand.value) : `${{ is: 'path', begins: 'path_beg', contains: 'path_sub' }[operand.match]} ${quoted(operand.value)}`
    case 'method': return `method ${operand.value}`
    case 'ip': return `src ${operand.network}`
    case 'country': case 'device': return operand.value
    case 'raw': return operand.acl
    default: return operand satisfies never
  }
}

/** An expression that cannot be taken matches nothing. */
function pathExpression(text: string): string {
  const pieces = expressionPieces(text)
  return `path_reg -- ${quoted(typeof pieces === 'string' ? '(?!)' : EXPRESSION_STEPS + expressionForPcre(pieces))}`
}

/** Between single quotes nothing is special to HAProxy but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

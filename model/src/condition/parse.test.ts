import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConditionNode } from '../condition.ts'
import { type ConditionOptions, parseCondition } from './parse.ts'
import { printCondition } from './print.ts'
import { anyOperand, anyTree } from './testdata/arbitrary.ts'

const CORPUS = new URL('../../../../shared/corpus/conditions.json', import.meta.url)

interface Ast { readonly $type: string; readonly value?: string; readonly name?: string; readonly operand?: Ast; readonly left?: Ast; readonly right?: Ast }

function astOf(node: ConditionNode): Ast {
  switch (node.is) {
    case 'and': case 'or': return { $type: node.is === 'and' ? 'And' : 'Or', left: astOf(node.left), right: astOf(node.right) }
    case 'not': return { $type: 'Negation', operand: astOf(node.operand) }
    case 'host': return { $type: 'Host', value: node.value }
    case 'user_agent': return { $type: 'UserAgent', value: node.value }
    case 'header': return { $type: 'Header', value: node.name }
    case 'cookie': return { $type: 'Cookie', value: node.name }
    case 'header_contains': return { $type: 'HeaderContains', name: node.name, value: node.value }
    case 'cookie_contains': return { $type: 'CookieContains', name: node.name, value: node.value }
    case 'raw': return { $type: 'Value', value: node.acl }
    default: return { $type: node.is }
  }
}

function tree(text: string, options?: ConditionOptions): ConditionNode {
  const parsed = parseCondition(text, options)
  if (parsed.is === 'refused') throw new Error(parsed.problems[0]?.message)
  return parsed.value
}

function problem(text: string) {
  const parsed = parseCondition(text)
  return parsed.is === 'refused' ? parsed.problems[0] : undefined
}

describe.skipIf(!existsSync(CORPUS))('conditions of the original', () => {
  const cases = existsSync(CORPUS) ? (JSON.parse(readFileSync(CORPUS, 'utf8')) as { condition_parser: { expression: string; ast: Ast }[] }).condition_parser : []

  test.each(cases)('$expression', ({ expression, ast }) => {
    expect(astOf(tree(expression))).toEqual(ast)
    expect(astOf(tree(expression, { fallback: true }))).toEqual(ast)
  })
})

test('and binds tighter than or, and both lean to the left', () => {
  expect(printCondition(tree('<a> or <b> and <c> or not <d>'))).toBe('< a > or < b > and < c > or not < d >')
  expect(tree('<a> and <b> & <c>')).toEqual(tree('(<a> && <b>) AND <c>'))
  expect(tree('<a> | <b> and <c>')).toEqual(tree('<a> or (<b> and <c>)'))
})

test('an unquoted value goes on to the next space or parenthesis', () => {
  expect(tree('user-agent=a&b|c!')).toEqual({ is: 'user_agent', value: 'a&b|c!' })
})

test('a quoted value keeps spaces and parentheses, and a doubled quote stands for one', () => {
  expect(tree(`user.agent is "a (b) ""c"" 'd'"`)).toEqual({ is: 'user_agent', value: `a (b) "c" 'd'` })
})

test.each<[string, ConditionNode]>([
  ['header x-country is "GB"', { is: 'header_is', name: 'x-country', value: 'GB' }],
  ['cookie plan != gold', { is: 'not', operand: { is: 'cookie_is', name: 'plan', value: 'gold' } }],
  ['path begins "/x"', { is: 'path', match: 'begins', value: '/x' }],
  ['path is /x', { is: 'path', match: 'is', value: '/x' }],
  ['path misses /x', { is: 'not', operand: { is: 'path', match: 'contains', value: '/x' } }],
  ['path not matches "^/(a|b)$"', { is: 'not', operand: { is: 'path', match: 'matches', value: '^/(a|b)$' } }],
  ['method is get', { is: 'method', value: 'GET' }],
  ['country = gb', { is: 'country', value: 'GB' }],
  ['ip in 10.0.0.0/8', { is: 'ip', network: '10.0.0.0/8' }],
  ['ip not in 2001:db8::/32', { is: 'not', operand: { is: 'ip', network: '2001:db8::/32' } }],
  ['device is Mobile', { is: 'device', value: 'mobile' }],
  ['TRUE', { is: 'true' }],
])('beyond the original: %s', (text, node) => {
  expect(tree(text)).toEqual(node)
})

test('read as the original did, what does not parse is one raw ACL', () => {
  expect(tree(' hdr_sub(user-agent) Android', { fallback: true })).toEqual({ is: 'raw', acl: 'hdr_sub(user-agent) Android' })
  expect(tree('path begins /x', { fallback: true })).toEqual({ is: 'raw', acl: 'path begins /x' })
})

describe('a condition that does not parse is a problem', () => {
  test('it says where', () => {
    const { at, message, hint } = problem('host is a and user-agnet is b') ?? {}

    expect(message).toBe("Cannot parse: 'user-agnet is b' is no operand.")
    expect(at).toEqual({ line: 1, column: 15, caret: 'host is a and user-agnet is b\n              ^' })
    expect(hint).toBe("did you mean 'user-agent'?")
  })

  test('a raw ACL without its brackets is told how to be written', () => {
    expect(problem('hdr_sub(user-agent) Android')?.hint).toBe("a HAProxy ACL is written between '<' and '>'")
  })

  test.each([
    ['', 'an operand such as user-agent, host, header, cookie or path is expected here'],
    ['host', 'a comparison such as is, contains, not or misses, and a value, are expected here'],
    ['host is', 'a comparison such as is, contains, not or misses, and a value, are expected here'],
    ['host is "a', 'the quote is not closed'],
    ['(host is a', "a ')' is missing"],
    ['host is a b', "'b' follows a complete expression"],
    ['user-agent is Mozilla (X11)', "'(X11)' follows a complete expression"],
    ['ip in 10.0.0.0/33', "'10.0.0.0/33' is no address or network such as 10.0.0.0/8"],
    ['country is Britain', "'Britain' is no country code of two letters such as GB"],
    ['device is fridge', "'fridge' is none of mobile, tablet, desktop, bot"],
    ['path matches "("', "'(' is no regular expression: missing closing ): `(`"],
    ['host is "a\nb"', 'a value has no control characters'],
    ['<>', "an ACL between '<' and '>' is expected here"],
    [`${'('.repeat(101)}<a>${')'.repeat(101)}`, 'parentheses are nested more than 100 deep'],
    [`host is ${'a'.repeat(9000)}`, 'it is longer than 8192 characters'],
  ])('%j', (text, reason) => {
    expect(problem(text)?.message).toBe(`Cannot parse: ${reason}.`)
  })
})

test('a tree that is printed parses to the same tree', () => {
  fc.assert(fc.property(anyTree(anyOperand), node => { expect(tree(printCondition(node))).toEqual(node) }), { numRuns: 1000 })
})

test('no text makes the parser throw or look outside of the text', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('(', ')', 'not ', '!', 'host', ' is ', '"', "'", ' and ', ' or ', '<', '>', 'cookie ', 'a', '\n', ' ')).map(parts => parts.join('')), text => {
    const parsed = parseCondition(text)
    if (parsed.is === 'refused') expect(parsed.problems[0]?.at?.column).toBeLessThanOrEqual(text.length + 1)
  }), { numRuns: 1000 })
})

import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConditionNode } from '../condition.ts'
import { type Acls, aclsOf, flattenCondition } from './acl.ts'
import { matches } from './matches.ts'
import { parseCondition } from './parse.ts'
import { anyOperand, anyTree } from './testdata/arbitrary.ts'

const CORPUS = new URL('../../../../shared/corpus/conditions.json', import.meta.url)

interface Corpus {
  readonly haproxy_acl: { expression: string; acls: { name: string; definition: string }[]; condition: string }[]
  readonly haproxy_first_acl_definition: { expression: string; first_acl_definition: string }[]
}

const corpus = existsSync(CORPUS) ? JSON.parse(readFileSync(CORPUS, 'utf8')) as Corpus : { haproxy_acl: [], haproxy_first_acl_definition: [] }

function acls(text: string): Acls {
  const parsed = parseCondition(text, { fallback: true })
  const written = parsed.is === 'ok' ? aclsOf(parsed.value) : parsed
  if (written.is === 'refused') throw new Error(written.problems[0]?.message)
  return written.value
}

describe.skipIf(!existsSync(CORPUS))('conditions of the original become its ACLs', () => {
  test.each(corpus.haproxy_acl)('$expression', ({ expression, acls: expected, condition }) => {
    expect(acls(expression)).toEqual({ acls: expected, condition, never: false })
  })

  test.each(corpus.haproxy_first_acl_definition)('$expression begins with its ACL', ({ expression, first_acl_definition }) => {
    expect(acls(expression).acls[0]?.definition).toBe(first_acl_definition)
  })
})

test.each([
  ['User-Agent is Safari', 'd5f16211db6f5105 2d9aa9e2c5ea6536'], ['misses cookie vamp', '85d714c5ede2f624'], ['not has cookie vamp', '85d714c5ede2f624'],
  ['misses header page', '75f52ab77f4adcfc'], ['cookie vamp has 123', '60a2a71edc375d21'], ['header page misses 1', '!2640a60ce3da6491'],
])('%s is %s', (text, condition) => {
  expect(acls(text).condition).toBe(condition)
})

test('what is always or never fulfilled needs no ACL', () => {
  expect([acls('has cookie a or misses cookie a'), acls('has cookie a and misses cookie a')]).toEqual([{ acls: [], condition: '', never: false }, { acls: [], condition: '', never: true }])
})

test('a quote in a value does not end the text', () => {
  expect(acls(`user-agent is "it's"`).acls[0]?.definition).toBe("req.fhdr(User-Agent) -m sub 'it'\\''s'")
})

test('a country cannot be told by an ACL alone', () => {
  const parsed = parseCondition('country is GB')
  expect(parsed.is === 'ok' && aclsOf(parsed.value)).toMatchObject({ is: 'refused' })
})

test('flat or not, a condition matches the same requests', () => {
  const request = fc.record({
    method: fc.constantFrom('GET', 'PUT'), path: fc.constantFrom('/', '/a', '/aa.png'), ip: fc.constantFrom('10.0.0.1', '192.0.2.7', '::1'), country: fc.constantFrom('GB', 'FR'),
    headers: fc.constantFrom<Record<string, string>>({}, { host: 'a', 'user-agent': 'Version Safari Chrome Mobi', cookie: 'a=b' }),
  })
  const operand = anyOperand.filter(({ is }) => is !== 'raw')
  fc.assert(fc.property(anyTree(operand), request, (node: ConditionNode, given) => {
    const flattened = flattenCondition(node)
    if (flattened.is === 'refused') return
    const flat = flattened.value
    const holds = flat.is === 'terms' ? flat.terms.some(term => term.every(literal => matches(literal.operand, given) === literal.positive)) : flat.is === 'true'
    expect(holds).toBe(matches(node, given))
  }), { numRuns: 500 })
})

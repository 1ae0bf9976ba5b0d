import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseValue, type ValueNode, type VariableReference } from './parse.ts'
import { resolveValue, type Scope } from './resolve.ts'

const CORPUS = new URL('../../../../shared/corpus/units.json', import.meta.url)

function nodes(text: string): readonly ValueNode[] {
  const parsed = parseValue(text)
  if (parsed.is === 'refused') throw new Error(parsed.problems[0]?.message)
  return parsed.value
}

const TYPES = { global: 'GlobalReference', trait: 'TraitReference', host: 'HostReference', local: 'LocalReference' } as const

function asOriginal(node: ValueNode): unknown {
  if (node.is === 'text') return { $type: 'StringNode', value: node.text }
  const { is, ...reference }: VariableReference = node.reference
  return { $type: 'VariableNode', reference: { $type: TYPES[is], ...reference } }
}

describe.skipIf(!existsSync(CORPUS))('values of the original', () => {
  const cases = existsSync(CORPUS) ? (JSON.parse(readFileSync(CORPUS, 'utf8')) as { value_resolver: { input: string; nodes: unknown }[] }).value_resolver : []

  test.each(cases)('$input', ({ input, nodes: expected }) => {
    expect(nodes(input).map(asOriginal)).toEqual(expected)
  })
})

test('a global reference goes on over dots', () => {
  expect(nodes(`$conf://vamp.info.message/\${ env://HOME }`)).toEqual([
    { is: 'variable', reference: { is: 'global', schema: 'conf', path: 'vamp.info.message' } }, { is: 'text', text: '/' },
    { is: 'variable', reference: { is: 'global', schema: 'env', path: 'HOME' } },
  ])
})

test('without braces as much is taken as makes a reference', () => {
  expect(nodes('$workflow.name $db.hostname $a.b.c.d')).toEqual([
    { is: 'variable', reference: { is: 'local', name: 'workflow' } }, { is: 'text', text: '.name ' },
    { is: 'variable', reference: { is: 'local', name: 'db' } }, { is: 'text', text: '.hostname ' },
    { is: 'variable', reference: { is: 'trait', cluster: 'a', group: 'b', name: 'c' } }, { is: 'text', text: '.d' },
  ])
})

test.each(['a$', '$ b', `\${a`, `\${}`, `\${a.b}`, '$/x', '$$$'])('%j is refused', text => {
  expect(parseValue(text)).toMatchObject({ is: 'refused', problems: [{ code: 'ParserError' }] })
})

test('the problem is where the dollar is', () => {
  expect(parseValue('price: 5$ only')).toMatchObject({ problems: [{ message: "Cannot parse: a '$' begins no reference.", at: { line: 1, column: 9 }, hint: "a dollar itself is written '$$'" }] })
})

test('a text without references comes through, with its dollars doubled', () => {
  const nothing: Scope = { local: () => undefined, trait: () => undefined, host: () => undefined, global: () => undefined }
  fc.assert(fc.property(fc.string(), text => { expect(resolveValue(nodes(text.replaceAll('$', '$$$$')), nothing)).toBe(text) }))
})

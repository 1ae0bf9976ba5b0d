import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Expression } from './expression.ts'
import { evaluate, flatten, type Flat, operandsOf } from './flatten.ts'
import { parseWords, type Word } from './parse-words.ts'

const CORPUS = new URL('../../../../shared/corpus/conditions.json', import.meta.url)

interface Ast { readonly $type: string; readonly value?: string; readonly operand?: Ast; readonly left?: Ast; readonly right?: Ast }
interface Corpus { readonly boolean_parser: { expression: string; ast: Ast }[]; readonly boolean_flatter: { operation: string; input: string; equals_parse_of: string }[] }

const corpus = existsSync(CORPUS) ? JSON.parse(readFileSync(CORPUS, 'utf8')) as Corpus : { boolean_parser: [], boolean_flatter: [] }

function words(text: string): Expression<Word> {
  const parsed = parseWords(text)
  if (parsed.is === 'refused') throw new Error(parsed.problems[0]?.message)
  return parsed.value
}

function flat(tree: Expression<Word>): Flat<Word> {
  const flattened = flatten(tree, ({ word }) => word)
  if (flattened.is === 'refused') throw new Error(flattened.problems[0]?.message)
  return flattened.value
}

function shown(flat: Flat<Word>): string {
  return flat.is === 'terms' ? flat.terms.map(term => term.map(({ operand, positive }) => `${positive ? '' : '!'}${operand.word}`).join(' ')).join(' or ') : flat.is
}

function astOf(node: Expression<Word>): Ast {
  switch (node.is) {
    case 'and': case 'or': return { $type: node.is === 'and' ? 'And' : 'Or', left: astOf(node.left), right: astOf(node.right) }
    case 'not': return { $type: 'Negation', operand: astOf(node.operand) }
    case 'true': case 'false': return { $type: node.is === 'true' ? 'True' : 'False' }
    default: return { $type: 'Value', value: node.word }
  }
}

describe.skipIf(!existsSync(CORPUS))('expressions of the original', () => {
  test.each(corpus.boolean_parser)('$expression', ({ expression, ast }) => {
    expect(astOf(words(expression))).toEqual(ast)
  })

  test.each(corpus.boolean_flatter.filter(({ operation }) => operation === 'flatten'))('$input is flat as $equals_parse_of', ({ input, equals_parse_of }) => {
    const inOrder = (text: string) => text.split(' or ').map(term => term.split(' ').sort().join(' ')).sort()
    expect(inOrder(shown(flat(words(input))))).toEqual(inOrder(shown(flat(words(equals_parse_of)))))
  })
})

test.each([
  ['(a or b) and c', 'a c or b c'], ['a or !a', 'true'], ['a and !a', 'false'], ['a or true and b', 'a or b'], ['a and false or b', 'b'],
  ['!(a and b) and c', '!a c or !b c'], ['a and b or a and !b', 'a'], ['a b', ''],
])('%s is %s', (text, expected) => {
  const parsed = parseWords(text)
  expect(parsed.is === 'ok' ? shown(flat(parsed.value)) : '').toBe(expected)
})

test('what others together say is left out', () => {
  expect(shown(flat(words('a and b or !a and c or b and c')))).toBe('a b or !a c')
})

const tree: fc.Arbitrary<Expression<Word>> = fc.letrec<{ tree: Expression<Word> }>(tie => ({
  tree: fc.oneof({ maxDepth: 6, depthSize: 'small' },
    fc.constantFrom('a', 'b', 'c', 'd', 'e').map(word => ({ is: 'word' as const, word })),
    fc.constantFrom<Expression<Word>>({ is: 'true' }, { is: 'false' }),
    fc.record({ is: fc.constantFrom('and' as const, 'or' as const), left: tie('tree'), right: tie('tree') }),
    fc.record({ is: fc.constant('not' as const), operand: tie('tree') })),
})).tree

test('flat or not, an expression is true for the same assignments, and no literal of it is idle', () => {
  fc.assert(fc.property(tree, expression => {
    const names = [...operandsOf(expression, ({ word }) => word).keys()]
    const flattened = flat(expression)
    const holds = (truth: (word: string) => boolean, without?: { term: number; literal: number }) => flattened.is === 'terms'
      ? flattened.terms.some((term, at) => term.every(({ operand, positive }, place) => (without?.term === at && without.literal === place) || truth(operand.word) === positive))
      : flattened.is === 'true'
    const assignments = Array.from({ length: 2 ** names.length }, (_, row) => (word: string) => (row >> names.indexOf(word) & 1) === 1)

    for (const truth of assignments) expect(holds(truth)).toBe(evaluate(expression, ({ word }) => truth(word)))
    const literals = flattened.is === 'terms' ? flattened.terms.flatMap((term, at) => term.map((_literal, place) => ({ term: at, literal: place }))) : []
    for (const literal of literals) expect(assignments.some(truth => holds(truth, literal) !== holds(truth))).toBe(true)
  }), { numRuns: 300 })
})

test('too many operands and too many terms are refused, quickly', () => {
  expect(flatten(words(Array.from({ length: 21 }, (_, index) => `w${index}`).join(' and ')), ({ word }) => word)).toMatchObject({ is: 'refused', problems: [{ message: 'Cannot flatten: more than 20 different operands.' }] })
  expect(flatten(words(Array.from({ length: 9 }, (_, index) => `(a${index} or b${index})`).join(' and ')), ({ word }) => word)).toMatchObject({ is: 'refused', problems: [{ message: 'Cannot flatten: more than 256 terms.' }] })
})

test('alternatives that have too many prime implicants stay as they are written', () => {
  const text = Array.from({ length: 20 }, (_, index) => `(a${index % 10} and !a${(index * 3 + 1) % 10} and b${index % 7} or !b${(index * 5 + 2) % 10} and a${(index + 4) % 10})`).join(' or ')

  expect(flatten(words(text), ({ word }) => word).is).toBe('ok')
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJsonSource } from './json-source.ts'
import { plainValue, SOURCE_LIMITS } from './source.ts'

const read = (text: string) => {
  const root = parseJsonSource(text, SOURCE_LIMITS)
  return root && plainValue(root)
}

test('objects and lists are read as JSON.parse reads them', () => {
  fc.assert(fc.property(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' })), fc.array(fc.jsonValue())), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
    const text = JSON.stringify(value, null, indent)
    expect(read(text)).toEqual(JSON.parse(text))
  }))
})

test('values know their place, and numbers their notation', () => {
  expect(parseJsonSource('{"a": 1.10}', SOURCE_LIMITS)).toMatchObject({ entries: [{ key: 'a', mark: { offset: 1 }, node: { value: 1.1, text: '1.10', mark: { offset: 6 } } }] })
})

test.each([
  '', '1', '"a"', '{', '[1,]', '{"a":1,}', '{a: 1}', "{'a': 1}", '{"a" 1}', '[01]', '[1.]', '[+1]', '[NaN]', '["\u0001"]', '["\\x"]', '[1] 2', '{"a":1,"a":2}', '['.repeat(100) + ']'.repeat(100), '# a\n[1]', '[1 # a\n]',
])('%j is left to the YAML reader', text => {
  expect(read(text)).toBeUndefined()
})

import { describe, expect, test } from 'vitest'
import { parseSource, plainValue, positionOf } from './source.ts'

const read = (text: string) => {
  const parsed = parseSource(text)
  return parsed.is === 'ok' ? parsed.value.map(({ root }) => plainValue(root)) : parsed.problems.map(({ message, at }) => `${at?.line}:${at?.column} ${message}`)
}

describe('what YAML allows and users of the original rely on', () => {
  test.each([
    ['numbers as keys', '9050: a\n1.10: b\n', [{ 9050: 'a', '1.10': 'b' }]],
    ['addresses in brackets as keys', 'routes:\n  [10.0.0.1:80]: ~\n', [{ routes: { '[10.0.0.1:80]': null } }]],
    ['words that were booleans in YAML 1.1 are words', 'a: yes\non: off\n', [{ a: 'yes', on: 'off' }]],
    ['several documents, empty ones left out', '---\na: 1\n---\n# nothing\n---\n- b\n...\n', [{ a: 1 }, ['b']]],
    ['merge keys, the own key on top', 'base: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3\n', [{ base: { x: 1, y: 2 }, c: { y: 3, x: 1 } }]],
    ['explicit core tags', 'a: !!str 1\nb: !!int "2"\n', [{ a: '1', b: 2 }]],
    ['a byte order mark', '\uFEFFa: 1\n', [{ a: 1 }]],
  ])('%s', (_, text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  test('a text stays as it was written where a text is wanted', () => {
    const parsed = parseSource('version: 1.10\n')
    const root = parsed.is === 'ok' ? parsed.value[0]?.root : undefined

    expect(root?.is === 'map' && root.entries[0]?.node).toMatchObject({ is: 'scalar', value: 1.1, text: '1.10' })
  })
})

describe('what is refused', () => {
  test.each([
    ['a mistake, once for its place', 'kind: breed\n  name: web:1.0\n', ['1:7 Error: Nested mappings are not allowed in compact mappings']],
    ['a key that is there twice', 'a: 1\nb: 2\na: 3\n', ["3:1 Duplicate key: 'a'."]],
    ['a tag that nobody knows', 'a: !secret x\n', ['1:4 Error: Unresolved tag: !secret']],
    ['a map as a key', '? {a: 1}\n: x\n', ['1:3 Error: a key must be a text or a number']],
    ['an alias without an anchor', 'a: *b\n', ['1:4 Error: alias *b stands for nothing that is complete here']],
    ['an alias inside its own anchor', 'a: &a\n  b: *a\n', ['2:6 Error: alias *a stands for nothing that is complete here']],
  ])('%s', (_, text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  test('an unclosed list, with its place', () => {
    expect(read('a: [1, 2\n')[0]).toMatch(/^\d:\d Error: /)
  })
})

describe('documents that ask for too much are refused before they are built', () => {
  const laughs = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...Array.from({ length: 12 }, (_, index) => {
    const [from, to] = [String.fromCharCode(97 + index), String.fromCharCode(98 + index)]
    return `${to}: &${to} [*${from}, *${from}, *${from}, *${from}, *${from}, *${from}, *${from}, *${from}, *${from}, *${from}]`
  })].join('\n')

  test.each([
    ['a billion laughs', laughs, /More than 200000 values/],
    ['lists in lists', '['.repeat(200_000), /64 levels/],
    ['dashes in a row', '- '.repeat(200_000), /64 levels/],
    ['maps in maps', Array.from({ length: 500 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'), /64 levels/],
    ['deep through aliases', ['a0: &a0 [x]', ...Array.from({ length: 70 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}]`)].join('\n'), /64 levels/],
    ['a large text', 'a'.repeat(1024 * 1024 + 1), /larger than 1048576/],
    ['many documents', '--- 1\n'.repeat(1001), /1000 documents/],
  ])('%s', (_, text, reason) => {
    expect(read(text)).toEqual([expect.stringMatching(reason)])
  })
})

// A text of one kind of mistake cost minutes, in which nothing else was answered.
test.each([[']'.repeat(900_000), 100], ['[,,,,]'.repeat(100_000), 100], ['"'.repeat(900_000), 1], ['*a '.repeat(300_000), 1]])('a text of nothing but mistakes is refused with the first of them', (text, count) => {
  expect(parseSource(text)).toMatchObject({ is: 'refused', problems: { length: count } })
})

test('a position has its line with a caret below; tabs keep their width and long lines are cut', () => {
  expect(positionOf({ text: 'a: 1\n\tb: 2\n', offset: 6 })).toEqual({ line: 2, column: 2, caret: '\tb: 2\n\t^' })

  const { column, caret } = positionOf({ text: `${'x'.repeat(500)}!${'y'.repeat(500)}`, offset: 500 })

  expect([column, caret?.split('\n').map(line => line.indexOf('!') + line.indexOf('^') + 1)]).toEqual([501, [60, 60]])
})

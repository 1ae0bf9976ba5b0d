import { expect, test } from 'vitest'
import { withAdvice, withoutTypes } from './script-mistake.ts'

test.each([
  ['const a: number = 1\nconst b: = 2\n', /^Unexpected token .* \(script:2:10\)$/],
  ['\n\nconst a = 1\n  enum A { B }\n', /^TypeScript enum .* \(script:4:3\)$/],
  ['if (', /^Expression expected.* \(script:1:5\)$/],
])('what is no TypeScript is told with its place', (script, message) => {
  expect(() => withoutTypes(script)).toThrow(expect.objectContaining({ name: 'SyntaxError', message: expect.stringMatching(message) }))
})

test('types go, and everything stays where it was', () => {
  expect(withoutTypes('const a: number = 1; fail(a)')).toBe('const a         = 1; fail(a)')
})

test('who forgets the import is told of it, and nobody else', () => {
  expect(withAdvice("ReferenceError: 'vamp' is not defined (at script:1:1)")).toBe("ReferenceError: 'vamp' is not defined (at script:1:1): the script begins with import { vamp } from '@vamp/client/workflow'")
  expect(withAdvice('ReferenceError: vampire is not defined')).toBe('ReferenceError: vampire is not defined')
})

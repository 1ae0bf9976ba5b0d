import { expect, test } from 'vitest'
import { wrap } from './wrap.ts'

test('lines end between words, but not between a number and its unit', () => {
  expect(wrap('Rolled back after 12 s. It failed 9 of 1 800 requests.', 22)).toEqual(['Rolled back after', '12 s. It failed 9 of', '1 800 requests.'])
})

test('what fits keeps its columns', () => {
  expect(wrap('web:1.1  promoted     after 57 s', 40)).toEqual(['web:1.1  promoted     after 57 s'])
})

test('lines of what a program printed stay lines', () => {
  expect(wrap('exited with code 1; last lines:\n\nTypeError: cart is undefined\n    at shop.ts:12', 80)).toEqual(['exited with code 1; last lines:', 'TypeError: cart is undefined', '    at shop.ts:12'])
})

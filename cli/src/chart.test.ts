import { expect, test } from 'vitest'
import { chart } from './chart.ts'

test('the largest value fills the rows, half of it half of them', () => {
  expect(chart([0, 8, 16, undefined, 12], 2)).toEqual(['  █ ▄', ' ██ █'])
})

test('anything above 0 shows a trace, 0 and the unknown do not', () => {
  expect(chart([0.001, 0, undefined, 1000], 1)).toEqual(['▁  █'])
})

test('nothing but zeros is blank, and nothing at all is no column', () => {
  expect(chart([0, 0], 2)).toEqual(['  ', '  '])
  expect(chart([], 1)).toEqual([''])
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lineDiff } from './line-diff.ts'

const said = (before: string, after: string) => lineDiff(before, after).map(({ is, text }) => `${is === 'added' ? '+' : is === 'cut' ? '-' : ' '}${text}`)

test('what changed is shown with two lines around it', () => {
  expect(said('a\nb\nc\nd\ne\nf', 'a\nb\nc\nD\ne\nf')).toEqual([' b', ' c', '-d', '+D', ' e', ' f'])
})

test('equal texts have no difference', () => {
  expect(said('a\nb', 'a\nb')).toEqual([])
})

test('what is cut was there before, what is added is there after', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 })
  fc.assert(fc.property(lines, lines, (before, after) => {
    const difference = lineDiff(before.join('\n'), after.join('\n'))
    const changed = (is: string) => difference.filter(line => line.is === is).length
    expect(before.join('\n') === after.join('\n') ? 0 : before.join('\n').split('\n').length - changed('cut') + changed('added')).toBe(before.join('\n') === after.join('\n') ? 0 : after.join('\n').split('\n').length)
  }))
})

import { expect, test } from 'vitest'
import { foundIn } from './found.ts'

const things = ['shop/web/http', 'workshop', 'shop'].map(name => ({ kind: name.includes('/') ? 'gateway' : 'deployment', name, to: `/${name}` }))
const names = (text: string) => foundIn(things, text).map(({ name }) => name)

test('what begins with the text comes first, then what is shorter', () => {
  expect(names('shop')).toEqual(['shop', 'shop/web/http', 'workshop'])
})

test('every word must occur, the kind counts as one', () => {
  expect(names('gateway shop')).toEqual(['shop/web/http'])
  expect(names('')).toEqual([])
})

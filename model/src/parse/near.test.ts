import { expect, test } from 'vitest'
import { distanceOf, nearest } from './near.ts'

test('edits are counted, two swapped neighbours as one', () => {
  expect([distanceOf('', 'abc'), distanceOf('abc', 'abc'), distanceOf('kitten', 'sitting'), distanceOf('brede', 'breed')]).toEqual([3, 0, 3, 1])
})

test('the nearest word is offered, and none where all are far', () => {
  const words = ['environment_variables', 'scale', 'breed', 'sla']

  expect(['enviroment_variables', 'environment-variables', 'Scale', 'bread', 'xyz', 'b', 'x'.repeat(1000)].map(word => nearest(word, words)))
    .toEqual(['environment_variables', 'environment_variables', 'scale', 'breed', undefined, undefined, undefined])
})

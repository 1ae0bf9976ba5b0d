import type { VariantStatus } from '@vamp/model/release-status'
import { expect, test } from 'vitest'
import { armsOf } from './release-arms.ts'

const variant = (to: string, harm: number, state: VariantStatus['state'] = 'running'): VariantStatus => ({ to, harm, state, weight: 10, sentence: '', evidence: [], requests: 1, failed: 0, excess: 0 })

test('one new version is called by its name', () => {
  expect(armsOf({ from: 'web:1.0', to: 'web:1.1' })).toEqual({ from: 'web:1.0', to: 'web:1.1', judged: 'web:1.1', several: false })
})

test('of an experiment all that are left are new, and the evidence is of the worst', () => {
  expect(armsOf({ from: '', to: 'a:1', variants: [variant('a:1', 2), variant('a:2', 9), variant('a:3', 99, 'dropped')] })).toEqual({ from: 'before', to: 'a:1 or a:2', judged: 'a:2', several: true })
})

test('when it is decided it is a release of the winner', () => {
  expect(armsOf({ from: 'a:0', to: 'a:2', variants: [variant('a:1', 2, 'dropped'), variant('a:2', 1, 'winner')] })).toMatchObject({ to: 'a:2', judged: 'a:2', several: false })
})

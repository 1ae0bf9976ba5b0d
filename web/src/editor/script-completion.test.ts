import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { completeScript, MEMBERS } from './script-completion.ts'

test('after a dot there is what scripts can use', () => {
  expect(completeScript('const x = vamp.gat')).toEqual({ from: 15, suggestions: MEMBERS['vamp'] })
  expect(completeScript('await vamp.gateways.')?.suggestions.map(({ label }) => label)).toContain('weigh')
  expect(completeScript('va')?.suggestions.map(({ label }) => label)).toEqual(['vamp'])
  expect([completeScript('other.'), completeScript('my.vamp.'), completeScript('x = v + ')]).toEqual([undefined, undefined, undefined])
})

test('everything that is offered is there', () => {
  const api = readFileSync(new URL('../../../client/src/workflow.ts', import.meta.url), 'utf8')
  const missing = Object.values(MEMBERS).flat().filter(({ label }) => !new RegExp(`^ +${label}(:|,)`, 'm').test(api)).map(({ label }) => label)
  expect(missing).toEqual([])
})

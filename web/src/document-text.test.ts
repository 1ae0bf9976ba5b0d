import { expect, test } from 'vitest'
import { offsetOf, withDeployments } from './document-text.ts'

test('a place in a text is found by line and column', () => {
  expect(offsetOf('one\n  two\n', { line: 2, column: 3 })).toBe(6)
  expect(offsetOf('one', { line: 1, column: 99 })).toBe(3)
})

test('a blueprint takes its deployment along, unless that stands in the text itself', () => {
  const text = 'kind: blueprint\nname: shop'

  expect(withDeployments(text, [{ kind: 'blueprints', name: 'shop' }])).toBe('kind: blueprint\nname: shop\n---\nkind: deployments\nname: "shop"\n')
  expect(withDeployments(text, [{ kind: 'blueprints', name: 'shop' }, { kind: 'deployments', name: 'shop' }])).toBe(text)
})

import { expect, test } from 'vitest'
import { located } from './locate.ts'

const TEXT = `# two documents
kind: breed
name: web:1
---
kind: blueprint
name: app
clusters:
  front:
    services:
    - breed: web:1
    - breed: nope:1
  back: {services: {breed: nope:2}}
gateways:
  8080: {routes: {"back/http": {condition: none}}}
`

const at = (path: string, document = { kind: 'blueprints', name: 'app' }) => {
  const problem = located({ code: 'ArtifactNotFound', message: 'Not found.', path }, TEXT, document)
  return problem && [problem.at?.line, problem.at?.column, problem.message]
}

test.each([
  ['clusters/front/services[1]/breed', [11, 14, 'Not found.']],
  ['clusters/back/services[0]/breed', [12, 28, 'Not found.']],
  ['gateways/8080/routes/back/http/condition', [14, 44, 'Not found.']],
  ['clusters/front/services/nope:1/environment_variables', [10, 5, 'Not found. (clusters/front/services/nope:1/environment_variables)']],
  ['', [5, 1, 'Not found.']],
])('%s is found in the text', (path, expected) => {
  expect(at(path)).toEqual(expected)
})

test('a document that is not there has no places', () => {
  expect(at('name', { kind: 'gateways', name: 'app' })).toBeUndefined()
  expect(at('name', { kind: 'breeds', name: 'web:1' })).toEqual([3, 7, 'Not found.'])
})

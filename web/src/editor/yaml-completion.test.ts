import { artifactSchema } from '@vamp/model/schema/artifact-schema'
import { expect, test } from 'vitest'
import { complete, type Schema } from './yaml-completion.ts'

const KINDS = ['breeds', 'blueprints', 'gateways', 'releases', 'autoscalers'] as const
const known = { schemas: Object.fromEntries(KINDS.map(kind => [kind.slice(0, -1), artifactSchema(kind) as Schema])), names: { breeds: ['web:1.0', 'web:1.1'], deployments: ['shop'] } }

/** The labels that are offered where `|` stands. */
function offered(text: string): readonly string[] {
  const offset = text.indexOf('|')
  return complete(text.replace('|', ''), offset, known)?.suggestions.map(({ label }) => label) ?? []
}

test('the first thing of a document is its kind', () => {
  expect(offered('|')).toEqual(['kind'])
  expect(offered('kind: |')).toEqual(['breed', 'blueprint', 'gateway', 'release', 'autoscaler'])
})

test('keys of the kind are offered, those that must be there first, without those that are there', () => {
  expect(offered('kind: breed\n|').slice(0, 2)).toEqual(['name', 'deployable'])
  expect(offered('kind: breed\nname: web:1.0\nde|')).toEqual(['deployable', 'dependencies'])
  expect(offered('kind: breed\n|\nname: web:1.0\ndeployable: x')).not.toContain('name')
})

test('below a key, and below the names that a person chose, the right level is found', () => {
  expect(offered('kind: blueprint\nname: shop\nclusters:\n  web:\n    |')).toContain('services')
  expect(offered('kind: blueprint\nname: shop\nclusters:\n  web:\n    services:\n      - |')).toEqual(expect.arrayContaining(['breed', 'scale']))
  expect(offered('kind: blueprint\nname: shop\nclusters:\n  web:\n    services:\n      - breed: web:1.0\n        |')).toContain('scale')
  expect(offered('kind: blueprint\nname: shop\nclusters:\n  web:\n    services:\n      - breed: web:1.0\n        |')).not.toContain('breed')
  expect(offered('kind: blueprint\nname: shop\nclusters:\n  web:\n    services:\n    - breed: web:1.0\n      scale:\n        |')).toEqual(expect.arrayContaining(['cpu', 'memory', 'instances']))
})

test('in braces as well', () => {
  expect(offered('kind: breed\nhealth_checks:\n  - { path: /, in|')).toEqual(expect.arrayContaining(['initial_delay', 'interval']))
  expect(offered('kind: breed\nhealth_checks: [{ path: /, po|')).toEqual(['port'])
  expect(offered('kind: blueprint\nclusters: { web: { services: [{ breed: x, scale: { |')).toEqual(expect.arrayContaining(['cpu', 'memory']))
})

test('values that the language knows, and names of what is stored', () => {
  expect(offered('kind: release\nstrategy: |')).toContain('canary')
  expect(offered('kind: release\nto: web:1.|')).toEqual(['web:1.0', 'web:1.1'])
  expect(offered('kind: autoscaler\nprediction: |')).toEqual(['off', 'shadow', 'auto'])
})

test('each document of a file is of its own kind', () => {
  expect(offered('kind: breed\nname: web:1.0\n---\nkind: release\nna|me: x\n---\nkind: blueprint\n')).toContain('name')
  expect(offered('kind: breed\n---\nkind: release\nstra|')).toEqual(['strategy'])
})

test('where nothing is known nothing is said', () => {
  expect(offered('kind: breed\nnowhere:\n  |')).toEqual([])
  expect(offered('kind: sandwich\n|')).toEqual([])
})

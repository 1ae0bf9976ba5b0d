import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Breed, EnvironmentVariable } from '../breed.ts'
import type { Workflow } from '../workflow.ts'
import { parseValue } from './parse.ts'
import { resolveValue } from './resolve.ts'
import { workflowData, workflowDialectOf, workflowEnvironmentOf, type WorkflowFacts } from './workflow.ts'

const FACTS: WorkflowFacts = { namespace: 'default', data: 'e30=' }

const BREED: Breed = {
  kind: 'breeds', name: 'health:1', metadata: {}, deployable: { definition: 'x' }, arguments: [], dependencies: {},
  ports: [{ name: 'webport', number: 8080, type: 'http' }], environment_variables: [], constants: [{ name: 'VERSION', value: '7' }],
}

function workflow(environment_variables: readonly EnvironmentVariable[], dialects: Workflow['dialects'] = {}): Workflow {
  return { kind: 'workflows', name: 'health', metadata: {}, breed: { is: 'reference', reference: BREED.name }, schedule: { is: 'daemon' }, status: 'running', environment_variables, arguments: [], dialects }
}

function value(text: string, facts: WorkflowFacts = FACTS) {
  const { variables, problems } = workflowEnvironmentOf(workflow([{ name: 'X', value: text }, { name: 'MODE', value: 'fast' }]), BREED, facts)
  return problems[0]?.code ?? variables['X']
}

test.each([
  [`$workflow/\${namespace}`, 'health/default'],
  ['$data', 'e30='],
  ['$webport $VERSION $MODE', '8080 7 fast'],
  ['$workflow.name', 'health.name'],
  [`\${workflow.name}`, 'ParserError'],
  ['$NONE$db.host$db.ports.sql', ''],
  ['$$workflow', '$workflow'],
])('%s is %s', (text, expected) => {
  expect(value(text)).toBe(expected)
})

describe('a global value', () => {
  const globals = (text: string): WorkflowFacts => ({ ...FACTS, global: (schema, path) => schema === 'configuration' && path === 'a.b' ? text : undefined })

  test.each([
    [`http://vamp/\${namespace}`, 'http://vamp/default'],
    ['$conf://a.b', ''],
    ['pa$$word', 'pa$word'],
    ['5$ only', '5$ only'],
  ])('%j is read for the workflow, once', (text, expected) => {
    expect(value(`<\${conf://a.b}>`, globals(text))).toBe(`<${expected}>`)
  })

  test('that is not there is empty', () => {
    expect(value('<$conf://nothing $conf://a.b', globals('x'))).toBe('< x')
  })
})

test('the workflow wins over its breed, whose alias stays, and a place holder that nobody fills is a problem', () => {
  const breed = { ...BREED, environment_variables: [{ name: 'A', alias: 'ALIAS', value: 'breed' }, { name: 'B', value: 'breed' }, { name: 'C', value: null }] }

  expect(workflowEnvironmentOf(workflow([{ name: 'A', value: '$B' }]), breed, FACTS)).toEqual({
    variables: { ALIAS: 'breed', B: 'breed', C: '' },
    problems: [{ code: 'UnresolvedVariableValueError', message: "Unresolved value of variable 'C' for breed 'health:1'.", path: 'environment_variables/C' }],
  })
})

test('a dialect is resolved at every depth, without the event', () => {
  const docker = { labels: { of: '$workflow', list: ['$namespace', 1, null] }, payload: '<$data', bad: ['5$'] }

  expect(workflowDialectOf(workflow([], { docker }), BREED, 'docker', FACTS)).toMatchObject({
    dialect: { labels: { of: 'health', list: ['default', 1, null] }, payload: '<', bad: ['5$'] },
    problems: [{ code: 'ParserError', path: 'dialects/docker/bad[0]' }],
  })
  expect(workflowDialectOf(workflow([]), BREED, 'docker', FACTS)).toEqual({ dialect: undefined, problems: [] })
})

test('data are the JSON of the event in base64, and nothing without one', () => {
  const event = { tags: ['deployments:shöp'], value: '✓' }

  expect(JSON.parse(Buffer.from(workflowData(event), 'base64').toString())).toEqual(event)
  expect(workflowData()).toBe('')
})

const CORPUS = new URL('../../../../shared/corpus/units.json', import.meta.url)

describe.skipIf(!existsSync(CORPUS))('values of the original', () => {
  const cases = existsSync(CORPUS) ? (JSON.parse(readFileSync(CORPUS, 'utf8')) as { value_resolver: { input: string }[] }).value_resolver : []

  test.each(cases)('$input means in a workflow what the grammar says', ({ input }) => {
    const parsed = parseValue(input)
    const known = new Map([['workflow', 'health'], ['namespace', 'default'], ['data', 'e30='], ['webport', '8080'], ['VERSION', '7'], ['MODE', 'fast'], ['X', input]])
    const nothing = () => undefined

    expect(value(input)).toBe(parsed.is === 'ok' ? resolveValue(parsed.value, { local: name => known.get(name), trait: nothing, host: nothing, global: nothing }) : 'ParserError')
  })
})

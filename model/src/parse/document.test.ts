import { describe, expect, test } from 'vitest'
import { describeProblems } from '../problem.ts'
import { printJson } from '../print/json.ts'
import { artifactOf, parseArtifact, parseBodies, parseDeploymentBody, parseDocuments } from './document.ts'

const codes = (parsed: ReturnType<typeof parseDocuments> | ReturnType<typeof parseArtifact>) => parsed.is === 'refused' ? parsed.problems.map(problem => problem.code) : []

test('documents and items of lists are read by their kind, singular or plural', () => {
  const parsed = parseDocuments('kind: breed\nname: a\ndeployable: x\n---\n- kind: scales\n  name: s\n  cpu: 1\n  memory: 1GB\n- kind: condition\n  name: c\n  condition: user-agent is Firefox\n')

  expect(parsed.is === 'ok' && parsed.value.map(({ kind, name }) => [kind, name])).toEqual([['breeds', 'a'], ['scales', 's'], ['conditions', 'c']])
})

test('JSON is read as YAML is', () => {
  const parsed = parseArtifact('scales', '{"name":"s","kind":"scales","cpu":0.5,"memory":"64.00MB"}')

  expect(parsed).toEqual({ is: 'ok', value: { kind: 'scales', name: 's', metadata: {}, cpu: 0.5, memory: 64, instances: 1 } })
})

test('all problems come at once, each with its place, a caret and a way out', () => {
  const parsed = parseDocuments('kind: blueprint\nname: shop\nclusters:\n  web:\n    services:\n    - breed: a\n      enviroment_variables: {A: b}\n      scale: {cpu: 1, memory: 64}\n')

  expect(parsed.is === 'refused' && describeProblems(parsed.problems, 'shop.yml').split('\n')).toEqual([
    'shop.yml:7:7 UnexpectedElement: Unexpected in DSL: {"clusters":{"web":{"services":[{"enviroment_variables":{"A":"b"}}]}}}',
    '      enviroment_variables: {A: b}',
    '      ^',
    "  → did you mean 'environment_variables'?",
    "shop.yml:8:31 UnexpectedTypeError: Unexpected type for path 'clusters/web/services[0]/scale/memory'.",
    '      scale: {cpu: 1, memory: 64}',
    '                              ^',
    '  → an amount with a unit such as 64MB is expected here',
  ])
})

test('a kind that the language does not have is refused with the nearest one', () => {
  const parsed = parseDocuments('kind: bleuprint\nname: x\n')

  expect(parsed.is === 'refused' && parsed.problems[0]).toMatchObject({ code: 'UnexpectedArtifact', hint: "did you mean 'blueprint'?" })
})

test('plain data is read without positions', () => {
  expect(artifactOf('breeds', { name: 'a', deployable: 'x', ports: { web: null } })).toEqual({
    is: 'refused', problems: [{ code: 'MissingPortValueError', message: "Missing port value for 'web' and breed 'a -> x'.", path: 'ports/web' }],
  })
})

describe('what is sent to a deployment', () => {
  test('a name alone stands for a stored blueprint', () => {
    expect(parseDeploymentBody('name: shop')).toEqual({ is: 'ok', value: { is: 'reference', name: 'shop' } })
  })

  test('dependencies may be running already', () => {
    const body = 'name: shop\nclusters: {web: {breed: {name: a, deployable: x, dependencies: {db: mysql}}}}'

    expect(parseDeploymentBody(body).is).toBe('ok')
    expect(codes(parseArtifact('blueprints', body))).toEqual(['UnresolvedBreedDependencyError'])
  })

  test('among other documents it is a blueprint, and every document keeps its text', () => {
    const parsed = parseBodies('kind: deployment\nname: shop\nclusters: {web: a}\n---\n# small\nkind: scale\nname: s\ncpu: 1\nmemory: 1MB\n')

    expect(parsed.is === 'ok' && parsed.value.map(body => [body.is, body.source])).toEqual([
      ['deployment', 'kind: deployment\nname: shop\nclusters: {web: a}\n'],
      ['artifact', '# small\nkind: scale\nname: s\ncpu: 1\nmemory: 1MB\n'],
    ])
  })
})

test('maps keep the document\'s order, whole numbers first; routes keep it whatever their names', () => {
  const parsed = parseArtifact('blueprints', 'name: b\ngateways: {z: {routes: c/p}, 9070: c/p, 90: c/p, a: {routes: c/p}}\nclusters: {c: x}\n')
  const gateway = parseArtifact('gateways', 'name: g\nroutes: {b: ~, 2: ~, 1: ~}\n')

  expect(parsed.is === 'ok' && parsed.value.gateways.map(({ name }) => name)).toEqual(['90', '9070', 'z', 'a'])
  expect(gateway.is === 'ok' && gateway.value.routes.map(({ path }) => path)).toEqual(['b', '2', '1'])
  expect(gateway.is === 'ok' && parseArtifact('gateways', JSON.stringify(printJson(gateway.value)))).toEqual(gateway)
})

test('several documents where one is expected are refused', () => {
  expect(codes(parseArtifact('scales', 'name: a\n---\nname: b\n'))).toEqual(['YamlParsingError'])
  expect(codes(parseArtifact('scales', '\n# nothing\n'))).toEqual(['YamlParsingError'])
})

import { describe, expect, test } from 'vitest'
import type { Breed, EnvironmentVariable } from '../breed.ts'
import type { Deployment, DeploymentCluster, DeploymentService } from '../deployment.ts'
import { reference } from '../reference.ts'
import { environmentOf, type EnvironmentFacts } from './environment.ts'

type Variables = Readonly<Record<string, string | null>>

/** `NAME` or `NAME[ALIAS]` */
function variables(given: Variables): EnvironmentVariable[] {
  return Object.entries(given).map(([key, value]) => {
    const [, name = key, alias] = /^(.+)\[(.+)\]$/.exec(key) ?? []
    return { name, ...(alias === undefined ? {} : { alias }), value }
  })
}

function service(name: string, breed: Variables, own: Variables = {}, some: Partial<Breed> = {}, dependencies: Readonly<Record<string, string>> = {}): DeploymentService {
  return {
    intention: 'Deployment', environment_variables: variables(own), arguments: [], dialects: {}, dependencies,
    breed: { kind: 'breeds', name, metadata: {}, deployable: { definition: 'x' }, ports: [], environment_variables: variables(breed), constants: [], arguments: [], dependencies: {}, ...some },
    scale: { kind: 'scales', name: '', metadata: {}, cpu: 1, memory: 1, instances: 1 },
  }
}

function deployment(clusters: Readonly<Record<string, readonly DeploymentService[]>>, environment: Variables = {}): Deployment {
  return {
    kind: 'deployments', name: 'shop', metadata: {}, ports: { 'back.api': '40009' }, environment_variables: variables(environment), hosts: { back: '10.0.0.9' }, dialects: {},
    clusters: Object.entries(clusters).map(([name, services]): DeploymentCluster => ({ name, metadata: {}, services, gateways: [], dialects: {} })),
  }
}

const FACTS: EnvironmentFacts = { port: () => undefined }

function environment(front: DeploymentService, given: Variables = {}, facts: EnvironmentFacts = FACTS) {
  const back = service('back:1', { MODE: 'fast', DEEP: '$MODE' }, { MODE: 'slow' }, { constants: [{ name: 'VERSION', value: 'v7' }] })
  return environmentOf(deployment({ front: [front], back: [back] }, given), 'front', front, facts)
}

describe('the service wins over the blueprint, the blueprint over the breed', () => {
  const breed = { A: 'breed', B: 'breed', C: 'breed' }
  const blueprint = { 'front.environment_variables.B': 'blueprint', 'front.environment_variables.C': 'blueprint', 'back.environment_variables.A': 'of another cluster' }

  test('for each variable', () => {
    expect(environment(service('front:1', breed, { C: 'service' }), blueprint)).toEqual({ variables: { A: 'breed', B: 'blueprint', C: 'service' }, problems: [] })
  })

  test('and the alias of the breed stays', () => {
    expect(environment(service('front:1', { 'A[ALIAS]': 'x', 'B[OTHER]': null }, { A: 'y' }), { 'front.environment_variables.B': 'z' }).variables).toEqual({ ALIAS: 'y', OTHER: 'z' })
  })
})

test('a place holder that nobody fills is a problem', () => {
  expect(environment(service('front:1', { A: null }))).toMatchObject({ variables: { A: '' }, problems: [{ code: 'UnresolvedVariableValueError', message: "Unresolved value of variable 'A' for breed 'front:1'." }] })
})

test('a text that is no value is a problem and stays as it is', () => {
  expect(environment(service('front:1', { A: '5$' }))).toMatchObject({ variables: { A: '5$' }, problems: [{ code: 'ParserError', path: 'clusters/front/services/front:1/environment_variables/A' }] })
})

describe('references', () => {
  const dependent = (value: string, more: Variables = {}) =>
    service('front:1', { URL: value, ...more }, {}, { dependencies: { db: reference('back:*') }, constants: [{ name: 'PATH', value: '/p' }] }, { db: 'back' })

  test.each([
    ['http://$back.host:$back.ports.api/', 'http://10.0.0.9:40009/'],
    [`\${db.host}:\${db.ports.api}`, '10.0.0.9:40009'],
    ['$back.hosts.host', '10.0.0.9'],
    ['$back.environment_variables.MODE and $back.environment_variables.DEEP', 'slow and $MODE'],
    ['$db.constants.VERSION', 'v7'],
    ['$PATH$OTHER$$', '/pown$'],
    ['$nowhere.host,$back.ports.none,$NONE,$conf://a,$constructor,', ',,,,,'],
  ])('%s is %s', (value, expected) => {
    expect(environment(dependent(value, { OTHER: 'own' })).variables['URL']).toBe(expected)
  })

  test('ports are the ones that gateways have now', () => {
    const facts: EnvironmentFacts = { port: (cluster, port) => cluster === 'back' && port === 'api' ? '40010' : undefined }

    expect(environment(dependent('$db.ports.api'), {}, facts).variables['URL']).toBe('40010')
  })

  test('host and port of one cluster together are the address of its gateway\'s service', () => {
    const facts: EnvironmentFacts = { port: () => '1', service: (cluster, port) => `${cluster}-${port}.internal:80` }

    expect(environment(dependent('http://$db.host:$db.ports.api/x'), {}, facts).variables['URL']).toBe('http://back-api.internal:80/x')
    expect(environment(dependent('$db.host:$other.ports.api'), {}, facts).variables['URL']).toBe('10.0.0.9:1')
  })

  test('global ones are asked for by the name of their schema', () => {
    const facts: EnvironmentFacts = { port: () => undefined, global: (schema, path) => `<${schema} ${path}>` }

    expect(environment(dependent('$conf://a.b $env_var://HOME $es://metrics $other://x'), {}, facts).variables['URL']).toBe('<configuration a.b> <environment HOME> <elasticsearch metrics> ')
  })
})

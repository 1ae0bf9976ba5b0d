import type { Deployment } from '@vamp/model/deployment'
import type { Escalation } from '@vamp/model/escalation'
import { parseArtifact } from '@vamp/model/parse/document'
import { inline, reference } from '@vamp/model/reference'
import { describe, expect, test } from 'vitest'
import { type Direction, escalate } from './escalate.ts'

type Size = readonly [instances: number, cpu: number, memory: number]

/** Clusters by name, their services' sizes in order. */
function shop(clusters: Readonly<Record<string, readonly Size[]>>): Deployment {
  const yaml = {
    name: 'shop', clusters: Object.fromEntries(Object.entries(clusters).map(([cluster, sizes]) => [cluster, {
      services: sizes.map(([instances, cpu, memory], index) => ({ breed: { name: `${cluster}:${index + 1}`, deployable: 'x' }, scale: { instances, cpu, memory: `${memory}MB` } })),
    }])),
  }
  const parsed = parseArtifact('deployments', JSON.stringify(yaml))
  if (parsed.is === 'refused') throw new Error(JSON.stringify(parsed.problems))
  return parsed.value
}

const sizes = (deployment: Deployment) => Object.fromEntries(deployment.clusters.map(({ name, services }) => [name, services.map(({ scale: { instances, cpu, memory } }) => [instances, cpu, memory])]))

function escalations(yaml: string): readonly Escalation[] {
  const parsed = parseArtifact('slas', `{name: s, type: escalation_only, escalations: ${yaml}}`)
  if (parsed.is === 'refused') throw new Error(JSON.stringify(parsed.problems))
  return parsed.value.escalations.map(given => given.is === 'inline' ? given.value : { kind: 'escalations', name: given.reference, metadata: {}, type: 'to_one', escalations: [given] })
}

function run(deployment: Deployment, yaml: string, direction: Direction = 'escalate', stored: readonly Escalation[] = []) {
  const done = escalate({ deployment, cluster: 'web', direction, sla: { escalations: escalations(yaml).map(inline) }, escalations: new Map(stored.map(each => [each.name, each])) })
  return { ...done, sizes: sizes(done.deployment) }
}

const INSTANCES = '{type: scale_instances, minimum: 1, maximum: 3, scale_by: 1}'
const CPU = '{type: scale_cpu, minimum: 0.1, maximum: 0.5, scale_by: 0.1}'
const MEMORY = '{type: scale_memory, minimum: 128, maximum: 512, scale_by: 128}'

describe('one escalation', () => {
  test.each([
    ['instances are added', INSTANCES, 'escalate', [1, 0.2, 256], [2, 0.2, 256]],
    ['instances are taken away', INSTANCES, 'deescalate', [2, 0.2, 256], [1, 0.2, 256]],
    ['cores are added, as decimals are written', CPU, 'escalate', [1, 0.2, 256], [1, 0.3, 256]],
    ['cores are taken away', CPU, 'deescalate', [1, 0.3, 256], [1, 0.2, 256]],
    ['megabytes are added', MEMORY, 'escalate', [1, 0.2, 256], [1, 0.2, 384]],
    ['megabytes are taken away', MEMORY, 'deescalate', [1, 0.2, 256], [1, 0.2, 128]],
    ['a step that is larger than one', '{type: scale_instances, minimum: 1, maximum: 10, scale_by: 4}', 'escalate', [2, 1, 64], [6, 1, 64]],
  ] as const)('%s', (_, yaml, direction, before, after) => {
    expect(run(shop({ web: [before] }), yaml, direction)).toMatchObject({ acted: true, sizes: { web: [after] } })
  })

  test.each([
    ['above the maximum', INSTANCES, 'escalate', [3, 0.2, 256], 'web:1 in web would have 4 instances, more than 3'],
    ['below the minimum', INSTANCES, 'deescalate', [1, 0.2, 256], 'web:1 in web would have 0 instances, less than 1'],
    ['not cut to the bound', '{type: scale_instances, minimum: 1, maximum: 5, scale_by: 4}', 'escalate', [3, 1, 64], 'web:1 in web would have 7 instances, more than 5'],
    ['of a type that nobody knows', '{type: email, to: ops}', 'escalate', [1, 1, 64], "nobody carries out escalations of the type 'email'"],
    ['of a cluster that is not there', '{type: scale_instances, minimum: 1, maximum: 5, scale_by: 1, target: db}', 'escalate', [1, 1, 64], "there is no cluster 'db' to scale"],
  ] as const)('cannot act: %s', (_, yaml, direction, size, why) => {
    expect(run(shop({ web: [size] }), yaml, direction)).toMatchObject({ acted: false, couldNot: [why], sizes: { web: [size] } })
  })

  test('every service of the cluster gets its own step, as far as its bounds go', () => {
    expect(run(shop({ web: [[1, 1, 64], [3, 1, 64], [2, 1, 64]] }), INSTANCES).sizes).toEqual({ web: [[2, 1, 64], [3, 1, 64], [3, 1, 64]] })
  })

  test('a target cluster is scaled instead of the own one', () => {
    expect(run(shop({ web: [[1, 1, 64]], db: [[1, 1, 64]] }), '{type: scale_instances, minimum: 1, maximum: 5, scale_by: 1, target: db}').sizes).toEqual({ web: [[1, 1, 64]], db: [[2, 1, 64]] })
  })
})

describe('groups', () => {
  const ONE = `{to_one: [${INSTANCES}, ${CPU}]}`

  test('to_one asks the first that can act', () => {
    expect(run(shop({ web: [[1, 0.2, 256]] }), ONE).sizes).toEqual({ web: [[2, 0.2, 256]] })
    expect(run(shop({ web: [[3, 0.2, 256]] }), ONE).sizes).toEqual({ web: [[3, 0.3, 256]] })
    expect(run(shop({ web: [[3, 0.5, 256]] }), ONE).acted).toBe(false)
  })

  test('to_one goes back in reverse order', () => {
    expect(run(shop({ web: [[2, 0.3, 256]] }), ONE, 'deescalate').sizes).toEqual({ web: [[2, 0.2, 256]] })
    expect(run(shop({ web: [[2, 0.1, 256]] }), ONE, 'deescalate').sizes).toEqual({ web: [[1, 0.1, 256]] })
  })

  test('to_all asks everybody, and one who cannot act spoils nothing of the others', () => {
    const all = `{to_all: [${INSTANCES}, ${MEMORY}, ${CPU}]}`
    expect(run(shop({ web: [[1, 0.2, 256]] }), all).sizes).toEqual({ web: [[2, 0.3, 384]] })
    expect(run(shop({ web: [[1, 0.5, 256]] }), all)).toMatchObject({ acted: true, sizes: { web: [[2, 0.5, 384]] } })
    expect(run(shop({ web: [[2, 0.3, 256]] }), all, 'deescalate').sizes).toEqual({ web: [[1, 0.2, 128]] })
  })

  test('a list of several is all of them, and groups hold groups', () => {
    expect(run(shop({ web: [[1, 0.2, 256]] }), `[${INSTANCES}, {to_one: [${CPU}, ${MEMORY}]}]`).sizes).toEqual({ web: [[2, 0.3, 256]] })
  })
})

test('references resolve, also of groups, and one that leads in a circle ends', () => {
  const stored = (name: string, type: 'to_one' | 'to_all', names: readonly string[]): Escalation => ({ kind: 'escalations', name, metadata: {}, type, escalations: names.map(reference) })
  const [grow] = escalations(INSTANCES)
  if (!grow) throw new Error('no escalation')

  expect(run(shop({ web: [[1, 1, 64]] }), 'both', 'escalate', [stored('both', 'to_all', ['grow', 'grow']), { ...grow, name: 'grow' }]).sizes).toEqual({ web: [[3, 1, 64]] })
  expect(run(shop({ web: [[1, 1, 64]] }), 'gone')).toMatchObject({ acted: false, couldNot: ["there is no escalation 'gone'"] })
  expect(run(shop({ web: [[1, 1, 64]] }), 'loop', 'escalate', [stored('loop', 'to_one', ['loop'])])).toMatchObject({ acted: false })
})

test('notify tells and counts as having acted', () => {
  expect(run(shop({ web: [[1, 1, 64]] }), '{type: notify, url: "http://127.0.0.1:1/x", message: slow}')).toMatchObject({ acted: true, did: ['notified'], notify: [{ name: 'notify', url: 'http://127.0.0.1:1/x', message: 'slow' }] })
})

import type { Deployment, DeploymentCluster, DeploymentService } from '@vamp/model/deployment'
import type { HealthCheck } from '@vamp/model/health-check'
import { expect, test } from 'vitest'
import { idPrefix, nextIds } from './instance-id.ts'
import { deploymentOf } from './testdata/world.ts'
import { resolveWorkload, type WorkloadContext } from './workload.ts'

const CONTEXT: WorkloadContext = { driver: 'process', deployables: ['process'], ports: { 'db.sql': '40001' } }
const check = (path: string, port = 'web'): HealthCheck => ({ path, port, initial_delay: 0, timeout: 1, interval: 1, failures: 1, protocol: 'HTTP' })

interface Changes {
  readonly deployment?: Partial<Deployment>
  readonly cluster?: Partial<DeploymentCluster>
  readonly service?: Partial<DeploymentService>
  readonly breed?: Partial<DeploymentService['breed']>
}

function resolved({ deployment, cluster, service, breed }: Changes, context = CONTEXT) {
  const base = deploymentOf('shop', [{ cluster: 'web', breed: 'web:1.0', instances: 1 }])
  const [baseCluster = expect.fail()] = base.clusters
  const [baseService = expect.fail()] = baseCluster.services
  const result = resolveWorkload({ ...base, ...deployment }, { ...baseCluster, ...cluster }, { ...baseService, breed: { ...baseService.breed, ...breed }, ...service }, context)
  return result.is === 'template' ? result.template : expect.fail(result.why)
}

test('the environment is the breed’s, then the deployment’s for the cluster, then the service’s own', () => {
  const { environment } = resolved({
    breed: { environment_variables: [{ name: 'A', value: '1' }, { name: 'B', alias: 'BEE', value: '1' }, { name: 'C', value: null }] },
    deployment: { environment_variables: [{ name: 'web.environment_variables.B', value: '2' }, { name: 'web.environment_variables.C', value: '2' }, { name: 'web.environment_variables.X', value: '2' }, { name: 'db.environment_variables.A', value: '2' }] },
    service: { environment_variables: [{ name: 'C', value: '3' }, { name: 'D', value: '3' }] },
  })

  expect(environment).toEqual({ A: '1', BEE: '2', C: '3', D: '3' })
})

test('references become values: hosts and gateway ports of other clusters, by name or by dependency', () => {
  const { environment } = resolved({
    breed: { environment_variables: [{ name: 'URL', value: '$db.host:$db.ports.sql' }, { name: 'ALIAS', value: '$store.host:$store.ports.sql' }] },
    deployment: { hosts: { db: '10.0.0.1' } },
    service: { dependencies: { store: 'db' } },
  })

  expect(environment).toEqual({ URL: '10.0.0.1:40001', ALIAS: '10.0.0.1:40001' })
})

test('a place holder that nobody filled keeps the service from starting, in words', () => {
  const { clusters: [cluster = expect.fail()], ...rest } = deploymentOf('shop', [{ cluster: 'web', breed: 'web:1.0', instances: 1 }])
  const [service = expect.fail()] = cluster.services

  const result = resolveWorkload({ ...rest, clusters: [cluster] }, cluster, { ...service, environment_variables: [{ name: 'KEY', value: null }] }, CONTEXT)

  expect(result).toEqual({ is: 'refused', why: "Unresolved value of variable 'KEY' for breed 'web:1.0'." })
})

test('an image without a container engine is refused with the way out', () => {
  expect(() => resolved({ breed: { deployable: { type: 'container/docker', definition: 'nginx:1.29' } } })).toThrow('the process driver does not run “container/docker”; it runs process; for images, start the server with vamp up --containers docker')
  expect(() => resolved({ breed: { deployable: { type: 'vm/qemu', definition: 'x' } } })).toThrow(/it runs process$/)
})

test('a port that is a reference becomes a number, and one that comes to none keeps the service from starting', () => {
  const ports = [{ name: 'http', number: 0, type: 'http' as const, expression: '$store.ports.sql' }]
  const service = { dependencies: { store: 'db' } }

  expect(resolved({ breed: { ports }, service }).ports).toEqual([{ name: 'http', number: 40001, type: 'http' }])
  expect(() => resolved({ breed: { ports }, service }, { ...CONTEXT, ports: {} })).toThrow("Port 'http' of breed 'web:1.0' is '$store.ports.sql', which stands for no port number.")
})

test('one level of dialects wins entirely', () => {
  const dialects = { process: { cwd: 'deployment', nice: 1 } }

  expect(resolved({ deployment: { dialects } }).dialect).toEqual({ cwd: 'deployment', nice: 1 })
  expect(resolved({ deployment: { dialects }, cluster: { dialects: { docker: {}, process: { cwd: 'cluster' } } } }).dialect).toEqual({ cwd: 'cluster' })
  expect(resolved({ deployment: { dialects }, service: { dialects: { process: {} } } }).dialect).toEqual({})
})

test('health checks are the service’s with the cluster’s of other paths, else the cluster’s, else the breed’s', () => {
  const paths = (changes: Changes) => resolved(changes).health_checks.map(({ path }) => path)
  const breed = { health_checks: [check('/breed')] }
  const cluster = { health_checks: [check('/cluster'), check('/same'), check('/elsewhere', 'admin')] }

  expect(paths({ breed })).toEqual(['/breed'])
  expect(paths({ breed, cluster })).toEqual(['/cluster', '/same'])
  expect(paths({ breed, cluster, service: { health_checks: [check('/own'), check('/same')] } })).toEqual(['/own', '/same', '/cluster'])
  expect(paths({ breed, cluster, service: { health_checks: [] } })).toEqual([])
})

test('a service’s arguments stand in for the breed’s of the same keys', () => {
  const changes = { breed: { arguments: [{ key: 'a', value: '1' }, { key: 'b', value: '1' }] }, service: { arguments: [{ key: 'b', value: '2' }] } }

  expect(resolved(changes).arguments).toEqual([{ key: 'a', value: '1' }, { key: 'b', value: '2' }])
})

test('the digest tells whether an instance must be replaced: not by the number of instances or the order of keys', () => {
  const scale = (instances: number, memory = 64) => ({ kind: 'scales' as const, name: '', metadata: {}, cpu: 0.1, memory, instances })
  const digest = (changes: Changes) => resolved(changes).digest
  const plain = digest({})

  expect(digest({ service: { scale: scale(7) } })).toBe(plain)
  expect(digest({ deployment: { metadata: { a: 1 } } })).toBe(plain)
  expect(digest({ service: { dialects: { process: { a: 1, b: 2 } } } })).toBe(digest({ service: { dialects: { process: { b: 2, a: 1 } } } }))
  for (const changes of [{ service: { scale: scale(1, 65) } }, { breed: { deployable: { type: 'process', definition: 'other' } } }, { service: { environment_variables: [{ name: 'A', value: '' }] } }, { cluster: { network: 'n' } }] satisfies Changes[])
    expect(digest(changes)).not.toBe(plain)
})

test('ids are valid and unique whatever the names are, and count on', () => {
  const long = 'x'.repeat(200)
  const prefixes = [idPrefix('shop', 'web', 'web:1.0'), idPrefix('shop', 'web', 'web-1.0'), idPrefix('shop', 'api', 'web:1.0'), idPrefix('Ünï', '…', '::'), idPrefix(long, long, long), idPrefix('…', '…', '…')]

  for (const prefix of prefixes) for (const id of nextIds(prefix, [], 1)) expect(id).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/)
  expect(new Set(prefixes).size).toBe(prefixes.length)
  expect(nextIds('shop-web', [{ id: 'shop-web-2' }, { id: 'shop-web-x-9' }, { id: 'shop-web-4' }], 2)).toEqual(['shop-web-5', 'shop-web-6'])
})

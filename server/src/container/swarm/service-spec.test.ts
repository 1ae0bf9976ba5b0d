import { expect, test } from 'vitest'
import type { Workload } from '../container-driver.ts'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { serviceName, serviceSpec } from './service-spec.ts'
import { observedTask, type NodeView, type ServiceView, taskOf, type TaskView } from './task-state.ts'

const workload = (changes: Partial<Workload> = {}): Workload => ({ ...TEST_WORKLOAD, id: 'one', deployable: { type: 'docker', definition: 'shop:1' }, ...changes })
const spec = (changes: Partial<Workload> = {}, network = 'bridge') => serviceSpec(workload(changes), { owner: 'me', network, ports: { web: 8080 } })

test('an instance is a service with one replica that nobody else restarts, with room reserved for it and its port published by its node', () => {
  expect(spec({ cpu: 0.5 })).toMatchObject({
    Name: 'vamp-me-one', Labels: { 'io.vamp.instance': 'one', 'io.vamp.owner': 'me' }, Mode: { Replicated: { Replicas: 1 } },
    TaskTemplate: {
      ContainerSpec: { Image: 'shop:1', Env: expect.arrayContaining(['PORT=8080', 'VAMP_INSTANCE=one']), Labels: { 'io.vamp.digest': 'd1' } },
      Resources: { Limits: { MemoryBytes: 64_000_000 }, Reservations: { NanoCPUs: 500_000_000, MemoryBytes: 64_000_000 } }, RestartPolicy: { Condition: 'none' }, Networks: [],
    },
    EndpointSpec: { Ports: [{ Protocol: 'tcp', TargetPort: 8080, PublishMode: 'host' }] },
  })
  expect(spec({}, 'host')).toMatchObject({ EndpointSpec: {}, TaskTemplate: { Networks: [{ Target: 'host' }] } })
})

test('arguments are options of docker service create, the dialect is laid over, and neither takes the identity away', () => {
  const made = spec({
    arguments: [{ key: 'constraint', value: 'node.role==worker' }, { key: 'volume', value: 'data:/data:ro' }, { key: 'label', value: 'team=a' }],
    dialect: { Labels: { tier: 'front', 'io.vamp.owner': 'thief' }, Mode: { Replicated: { Replicas: 5 } }, TaskTemplate: { Placement: { Constraints: ['node.labels.zone==a'] } } },
  })

  expect(made).toMatchObject({
    Labels: { team: 'a', tier: 'front', 'io.vamp.owner': 'me' }, Mode: { Replicated: { Replicas: 1 } },
    TaskTemplate: { Placement: { Constraints: ['node.role==worker', 'node.labels.zone==a'] }, ContainerSpec: { Mounts: [{ Type: 'volume', Source: 'data', Target: '/data', ReadOnly: true }] } },
  })
  expect(() => spec({ arguments: [{ key: 'privileged', value: 'true' }] })).toThrow(/runs nothing with privileges/)
  expect(() => spec({ arguments: [{ key: 'colour', value: 'red' }] })).toThrow(/knows no argument “colour”/)
})

test('a name that would be too long keeps its beginning and is still unique', () => {
  const long = 'a'.repeat(60)
  expect(serviceName('me', long)).toHaveLength(63)
  expect(serviceName('me', `${long}1`)).not.toBe(serviceName('me', `${long}2`))
})

const labels = { 'io.vamp.instance': 'one', 'io.vamp.deployment': 'shop', 'io.vamp.ports': '{"web":8080}', 'io.vamp.health-checks': '[]' }
const service: ServiceView = { ID: 's1', CreatedAt: '2026-01-01T00:00:00Z', Spec: { Name: 'vamp-me-one', Labels: labels, TaskTemplate: {} } }
const node = (changes: { state?: string; labels?: Record<string, string> } = {}): NodeView => ({
  ID: 'n1', Version: { Index: 1 }, Spec: { Availability: 'active', Labels: changes.labels ?? {}, Role: 'worker' },
  Description: { Hostname: 'a', Resources: { NanoCPUs: 2e9, MemoryBytes: 1e9 } }, Status: { State: changes.state ?? 'ready', Addr: '10.0.0.1' },
})
const task = (State: string, changes: Partial<TaskView> & { status?: Partial<TaskView['Status']> } = {}): TaskView => ({
  ID: 't1', CreatedAt: '2026-01-01T00:00:00Z', ServiceID: 's1', NodeID: 'n1', DesiredState: 'running', Spec: { ContainerSpec: { Labels: labels } }, ...changes,
  Status: { State, Timestamp: '2026-01-01T00:00:01Z', PortStatus: { Ports: [{ TargetPort: 8080, PublishedPort: 32768 }] }, ...changes.status },
})
const seen = (state: TaskView, at: NodeView | undefined = node()) => {
  const { state: is, health, reason, displaced } = observedTask(service, state, at) ?? expect.fail()
  return [is, health, reason, displaced]
}

test('a task is reached at its node, at the port that is published for it', () => {
  expect(observedTask(service, task('running'), node())).toMatchObject({ id: 'one', host: '10.0.0.1', ports: { web: 32768 }, node: 'a', state: 'running', health: 'healthy' })
  expect(observedTask(service, undefined, undefined)).toMatchObject({ id: 'one', state: 'starting' })
  expect(observedTask(undefined, undefined, undefined)).toBeUndefined()
})

test('what a manager says of a task becomes an observation with its reason', () => {
  expect(seen(task('pending', { status: { Err: 'no suitable node (insufficient resources on 1 node)' } }), undefined)).toEqual(['starting', 'unknown', 'no suitable node (insufficient resources on 1 node)', undefined])
  expect(seen(task('preparing'))).toEqual(['starting', 'unknown', 'its image is being pulled', undefined])
  expect(seen(task('failed', { status: { ContainerStatus: { ExitCode: 3 } } }))).toEqual(['exited', 'unknown', 'exited with code 3', undefined])
  expect(seen(task('failed', { status: { ContainerStatus: { ExitCode: 137 } } }))).toEqual(['exited', 'unknown', 'was ended by signal 9 (code 137)', undefined])
  expect(seen(task('rejected', { status: { Err: 'No such image: shop:9' } }))).toEqual(['exited', 'unknown', 'image not found: No such image: shop:9', undefined])
})

test('what a node takes with it, or wants to be rid of, is told apart from what failed', () => {
  expect(seen(task('running'), node({ state: 'down' }))).toEqual(['exited', 'unknown', 'its node a is down', true])
  expect(seen(task('running'), node({ labels: { 'io.vamp.drain': 'true' } }))).toEqual(['running', 'healthy', 'its node a is being drained', true])
})

test('the newest task of the service counts; without the service, one that has not ended', () => {
  const older = task('failed', { ID: 't0', CreatedAt: '2025-01-01T00:00:00Z' })
  expect(taskOf(service, [older, task('running')])?.ID).toBe('t1')
  expect(taskOf(undefined, [older])).toBeUndefined()
  expect(taskOf(undefined, [older, task('running', { DesiredState: 'remove' })])?.ID).toBe('t1')
})

/**
 * Instances that selectors choose from: `name` is the breed's name, `namespace` the deployment's, `image` what is deployed,
 * `port` the number in the breed; labels are `deployment`, `cluster`, `service` and the plain texts of the breed's metadata.
 */
import type { Deployment, DeploymentService, DeploymentStatus, InstanceStatus } from '../deployment.ts'
import { type Parsed, ok } from '../problem.ts'
import { parseSelector } from '../selector/parse.ts'
import { groupName, select, type SelectorTarget } from '../selector/select.ts'
import type { Endpoint } from './table.ts'

export interface Candidate {
  readonly target: SelectorTarget
  readonly endpoint: Endpoint
}

/** One for each port of every instance that is ready or draining. */
export function candidates(deployments: readonly Deployment[], statuses: readonly DeploymentStatus[]): readonly Candidate[] {
  return statuses.flatMap(({ name, instances }) => {
    const clusters = deployments.find(deployment => deployment.name === name)?.clusters ?? []
    return instances.flatMap(instance => {
      const service = clusters.find(cluster => cluster.name === instance.cluster)?.services.find(({ breed }) => breed.name === instance.service)
      return service ? candidatesOf(name, instance, service) : []
    })
  })
}

/** Group name → the endpoints in it, one for each instance. */
export function selectGroups(selector: string, universe: readonly Candidate[]): Parsed<ReadonlyMap<string, readonly Endpoint[]>> {
  const parsed = parseSelector(selector)
  if (parsed.is === 'refused') return parsed
  const groups = new Map<string, Endpoint[]>()
  for (const { target, endpoint } of universe) {
    const selection = select(parsed.value, target)
    if (!selection.selected) continue
    const group = groups.get(groupName(selection)) ?? []
    groups.set(groupName(selection), group)
    if (!group.some(({ id }) => id === endpoint.id)) group.push(endpoint)
  }
  return ok(groups)
}

function candidatesOf(deployment: string, { id, cluster, host, ports, state }: InstanceStatus, { breed }: DeploymentService): readonly Candidate[] {
  if (state !== 'ready' && state !== 'draining') return []
  const own = Object.entries(breed.metadata).flatMap(([key, value]) => typeof value === 'string' ? [[key, value]] : [])
  const labels: Readonly<Record<string, string>> = { ...Object.fromEntries(own), deployment, cluster, service: breed.name }
  return breed.ports.flatMap(({ name, number }, index) => {
    const port = ports[name]
    const target = { name: breed.name, kind: 'instance', namespace: deployment, image: breed.deployable.definition, labels, ip: host, port: number, index }
    return port === undefined ? [] : [{ target, endpoint: { id, host, port, state } }]
  })
}

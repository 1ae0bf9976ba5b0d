/**
 * Where a route leads: `gateway`, `deployment/port` and `deployment/cluster/port` to another gateway,
 * `deployment/cluster/service/port` to a service's instances, `[host:port]` to an address outside.
 */
import type { Deployment, DeploymentStatus } from '../deployment.ts'
import { externalAddress } from '../name.ts'
import type { Endpoint, RouteTarget } from './table.ts'

export interface Targets {
  /** Names of the gateways that listen. */
  readonly gateways: Pick<ReadonlySet<string>, 'has'>
  readonly deployments: Pick<ReadonlyMap<string, Deployment>, 'get'>
  readonly statuses: Pick<ReadonlyMap<string, DeploymentStatus>, 'get'>
}

export interface Resolved {
  readonly target: RouteTarget
  /** Why it leads nowhere; requests get 503. */
  readonly problem?: string
}

export function resolveTarget(path: string, targets: Targets): Resolved {
  const address = externalAddress(path)
  if (address) return endpoints([{ id: `${address.host}:${address.port}`, ...address, state: 'ready' }])
  const [deployment = '', cluster = '', service = '', port] = path.split('/')
  if (port !== undefined) return resolveInstances({ deployment, cluster, service, port }, targets)
  if (targets.gateways.has(path)) return { target: { is: 'gateway', gateway: path } }
  return { ...endpoints([]), problem: `Route '${path}' leads to no gateway.` }
}

interface ServicePath { readonly deployment: string; readonly cluster: string; readonly service: string; readonly port: string }

function resolveInstances({ deployment, cluster, service, port }: ServicePath, { deployments, statuses }: Targets): Resolved {
  const wanted = deployments.get(deployment)?.clusters.find(({ name }) => name === cluster)?.services.some(({ breed }) => breed.name === service && breed.ports.some(({ name }) => name === port))
  const found = (statuses.get(deployment)?.instances ?? []).flatMap((instance): Endpoint[] => {
    const number = instance.ports[port]
    if (instance.cluster !== cluster || instance.service !== service || number === undefined) return []
    return instance.state === 'ready' || instance.state === 'draining' ? [{ id: instance.id, host: instance.host, port: number, state: instance.state }] : []
  })
  return wanted || found.length > 0 ? endpoints(found) : { ...endpoints([]), problem: `Route '${deployment}/${cluster}/${service}/${port}' leads to no service.` }
}

const endpoints = (found: readonly Endpoint[]): Resolved => ({ target: { is: 'endpoints', endpoints: found } })

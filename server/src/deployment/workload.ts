/** What one instance of a service is, as a container driver needs it. Everything but its id. */
import { createHash } from 'node:crypto'
import type { Deployment, DeploymentCluster, DeploymentService } from '@vamp/model/deployment'
import type { HealthCheck } from '@vamp/model/health-check'
import { environmentOf } from '@vamp/model/variable/environment'
import { resolvePorts } from '@vamp/model/variable/port'
import type { Workload } from '../container/container-driver.ts'
import { DEFAULT_DEPLOYABLE, deployableGap } from '../container/deployable-gap.ts'

export type Template = Omit<Workload, 'id'>

/** A change of how workloads are made from services, with the same artifacts, replaces what runs only if this changes. */
const DIGEST_VERSION = 1

export type Resolved =
  | { readonly is: 'template'; readonly template: Template }
  /** It will never run like this. */
  | { readonly is: 'refused'; readonly why: string }

export interface WorkloadContext {
  /** Name of the container driver: its dialect counts. */
  readonly driver: string
  readonly deployables: readonly string[]
  /** `cluster.port` → port number of the internal gateway. */
  readonly ports: Readonly<Record<string, string>>
}

/** A deployment is looked at many times between two changes of it, and stays the same object. */
const known = new WeakMap<DeploymentService, { readonly deployment: Deployment; readonly context: string; readonly resolved: Resolved }>()

export function resolveWorkload(deployment: Deployment, cluster: DeploymentCluster, service: DeploymentService, context: WorkloadContext): Resolved {
  const before = known.get(service)
  const text = JSON.stringify(context)
  if (before?.deployment === deployment && before.context === text) return before.resolved
  const resolved = resolve(deployment, cluster, service, context)
  known.set(service, { deployment, context: text, resolved })
  return resolved
}

function resolve(deployment: Deployment, cluster: DeploymentCluster, service: DeploymentService, context: WorkloadContext): Resolved {
  const { breed, scale } = service
  const type = breed.deployable.type ?? DEFAULT_DEPLOYABLE
  const gap = deployableGap(context, type)
  if (gap !== undefined) return { is: 'refused', why: gap }
  const facts = { port: (cluster: string, port: string) => context.ports[`${cluster}.${port}`] }
  const { variables, problems: unset } = environmentOf(deployment, cluster.name, service, facts)
  const { ports, problems: portless } = resolvePorts(deployment, cluster.name, service, facts)
  const problems = [...unset, ...portless]
  if (problems.length > 0) return { is: 'refused', why: problems.map(({ message }) => message).join(' ') }
  const network = service.network ?? cluster.network
  const content = {
    deployment: deployment.name, cluster: cluster.name, service: breed.name,
    deployable: { type, definition: breed.deployable.definition },
    arguments: argumentsOf(service),
    environment: variables,
    ports,
    cpu: scale.cpu, memory: scale.memory,
    ...(network === undefined ? {} : { network }),
    dialect: dialectOf(context.driver, service.dialects, cluster.dialects, deployment.dialects),
    health_checks: healthChecksOf(cluster, service),
  }
  return { is: 'template', template: { ...content, digest: digestOf(content) } }
}

/** The breed's, with what the service says of the same keys in their place. */
function argumentsOf({ breed, arguments: own }: DeploymentService): Template['arguments'] {
  const keys = new Set(own.map(({ key }) => key))
  return [...breed.arguments.filter(({ key }) => !keys.has(key)), ...own]
}

/** One level wins entirely: service, then cluster, then deployment. */
function dialectOf(driver: string, ...levels: readonly Readonly<Record<string, unknown>>[]): Readonly<Record<string, unknown>> {
  const level = levels.map(dialects => dialects[driver]).find(dialect => dialect !== undefined)
  return typeof level === 'object' && level !== null && !Array.isArray(level) ? { ...level } : {}
}

/** The service's own, and the cluster's of other paths; without own ones the cluster's, without those the breed's. An empty list says none. */
function healthChecksOf(cluster: DeploymentCluster, service: DeploymentService): readonly HealthCheck[] {
  const ports = new Set(service.breed.ports.map(({ name }) => name))
  const inherited = cluster.health_checks?.filter(({ port }) => ports.has(port))
  const own = service.health_checks
  if (own?.length === 0) return []
  if (own) return [...own, ...(inherited ?? []).filter(({ path }) => !own.some(check => check.path === path))]
  return inherited ?? service.breed.health_checks ?? []
}

function digestOf(content: unknown): string {
  return createHash('sha256').update(`${DIGEST_VERSION}${canonical(content)}`).digest('hex').slice(0, 16)
}

/** JSON with the keys in order, so that equal things have equal texts. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, content]) => content !== undefined).sort(([a], [b]) => a < b ? -1 : 1)
  return `{${entries.map(([key, content]) => `${JSON.stringify(key)}:${canonical(content)}`).join(',')}}`
}

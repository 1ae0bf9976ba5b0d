/** Pure: what a manager says of services, tasks and nodes, as observations. */
import type { Node, Observed } from '../container-driver.ts'
import { identityOf, type Labels } from '../docker/labels.ts'

export interface ServiceView {
  readonly ID: string
  readonly CreatedAt: string
  readonly Spec: { readonly Name: string; readonly Labels?: Labels; readonly TaskTemplate: { readonly Networks?: readonly { readonly Target: string }[] } }
}

export interface TaskView {
  readonly ID: string
  readonly CreatedAt: string
  readonly ServiceID: string
  readonly NodeID?: string
  readonly DesiredState: string
  readonly Spec: { readonly ContainerSpec: { readonly Labels?: Labels } }
  readonly Status: {
    readonly State: string
    readonly Timestamp: string
    readonly Message?: string
    readonly Err?: string
    readonly ContainerStatus?: { readonly ContainerID?: string; readonly ExitCode?: number }
    readonly PortStatus?: { readonly Ports?: readonly { readonly TargetPort: number; readonly PublishedPort: number }[] }
  }
}

export interface NodeView {
  readonly ID: string
  readonly Version: { readonly Index: number }
  readonly Spec: { readonly Availability: 'active' | 'pause' | 'drain'; readonly Labels?: Labels; readonly Role: string }
  readonly Description: { readonly Hostname: string; readonly Resources: { readonly NanoCPUs: number; readonly MemoryBytes: number } }
  readonly Status: { readonly State: string; readonly Addr: string }
}

/** On a node that Vamp is leaving: paused for Swarm, and marked. */
export const DRAINING = 'io.vamp.drain'
const ENDED = new Set(['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned'])

export const hasEnded = ({ Status }: TaskView) => ENDED.has(Status.State)

/** The newest of the service that is there; without one, whatever of an earlier one has not ended yet. */
export function taskOf(service: ServiceView | undefined, tasks: readonly TaskView[]): TaskView | undefined {
  const candidates = service ? tasks.filter(({ ServiceID }) => ServiceID === service.ID) : tasks.filter(task => !hasEnded(task))
  return candidates.toSorted((a, b) => a.CreatedAt < b.CreatedAt ? 1 : -1)[0]
}

export function nodeOf({ Description: { Hostname, Resources }, Spec: { Availability, Labels = {} }, Status }: NodeView): Node {
  return {
    name: Hostname, address: Status.Addr, state: Status.State === 'ready' ? 'ready' : 'down',
    availability: Labels[DRAINING] === 'true' ? 'drain' : Availability, cpu: Resources.NanoCPUs / 1e9, memoryBytes: Resources.MemoryBytes, labels: Labels,
  }
}

/** Nothing, where nothing is left. */
export function observedTask(service: ServiceView | undefined, task: TaskView | undefined, node: NodeView | undefined): Observed | undefined {
  const labels = service?.Spec.Labels ?? task?.Spec.ContainerSpec.Labels
  if (!labels) return undefined
  const identity = identityOf(labels)
  if (!task) return { ...identity, ports: {}, host: '', state: 'starting', health: 'unknown', since: Date.parse(service?.CreatedAt ?? '') || 0 }
  const seen = node && nodeOf(node)
  const published = new Map(task.Status.PortStatus?.Ports?.map(({ TargetPort, PublishedPort }) => [TargetPort, PublishedPort]))
  const ports = Object.fromEntries(Object.entries(identity.ports).map(([name, number]) => [name, published.get(number) ?? number]))
  return {
    ...identity, ports, host: seen?.address ?? '', since: Date.parse(task.Status.Timestamp), ...(seen ? { node: seen.name } : {}),
    ...condition(task, seen, identity.health_checks.length > 0),
  }
}

function condition(task: TaskView, node: Node | undefined, checked: boolean): Pick<Observed, 'state' | 'health' | 'reason' | 'displaced'> {
  const { Status, DesiredState } = task
  const left = whyLeft(node)
  const leaves = left === undefined ? {} : { displaced: true }
  if (node?.state === 'down') return { state: 'exited', health: 'unknown', ...leaves, reason: left ?? '' }
  if (hasEnded(task)) return { state: 'exited', health: 'unknown', ...leaves, reason: left ?? whyEnded(task) }
  // Asked to end, by Swarm: it will not serve for long.
  if (DesiredState === 'shutdown' || DesiredState === 'remove') return { state: 'running', health: 'unhealthy', ...leaves, reason: left ?? 'is being ended by the Swarm' }
  if (Status.State === 'running') return { state: 'running', health: checked ? 'unknown' : 'healthy', ...leaves, ...(left === undefined ? {} : { reason: left }) }
  const why = Status.Err || (Status.State === 'preparing' ? 'its image is being pulled' : undefined)
  return { state: 'starting', health: 'unknown', ...leaves, ...(why === undefined ? {} : { reason: why }) }
}

function whyLeft(node: Node | undefined): string | undefined {
  if (node?.state === 'down') return `its node ${node.name} is down`
  return node?.availability === 'drain' ? `its node ${node.name} is being drained` : undefined
}

function whyEnded({ Status: { State, Err, ContainerStatus } }: TaskView): string {
  const code = ContainerStatus?.ExitCode ?? 0
  if (/no such image|pull access denied|manifest unknown/i.test(Err ?? '')) return `image not found: ${Err}`
  if (State === 'rejected') return Err || 'was rejected by its node'
  if (code > 128 && code < 160) return `was ended by signal ${code - 128} (code ${code})`
  if (State === 'complete' || ContainerStatus?.ExitCode !== undefined) return `exited with code ${code}`
  return Err || `is ${State}`
}

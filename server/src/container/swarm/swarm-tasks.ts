/**
 * Our instances on a Swarm, as last read. A manager tells of services and nodes by events, of tasks only when asked: while
 * something is on its way they are read often, otherwise seldom, and at once when a container of this node or a service says so.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { Availability, Node, Observed } from '../container-driver.ts'
import { type DockerClient, jsonLines } from '../docker/docker-client.ts'
import { LABELS, ownedBy } from '../docker/labels.ts'
import { DRAINING, type NodeView, nodeOf, observedTask, type ServiceView, type TaskView, taskOf } from './task-state.ts'

const MOVING_POLL_MS = 250
const RESTING_POLL_MS = 2000
const RECONNECT_MS = 1000

export interface SwarmTasks extends AsyncDisposable {
  all(): Promise<readonly Observed[]>
  /** Reads everything again; to be called after acting. Calls that meet share a reading. */
  refresh(): Promise<void>
  /** By instance. */
  tasks(): ReadonlyMap<string, TaskView>
  nodes(): Promise<readonly Node[]>
  setAvailability(node: string, availability: Availability): Promise<boolean>
  watch(listener: (id: string) => void): () => void
}

interface OpenOptions { readonly client: DockerClient; readonly owner: string; readonly clock: Clock; readonly log: Logger }

export function openSwarmTasks({ client, owner, clock, log }: OpenOptions): SwarmTasks {
  const closing = new AbortController()
  const { signal } = closing
  const listeners = new Set<(id: string) => void>()
  let known: ReadonlyMap<string, Observed> = new Map()
  let tasks: ReadonlyMap<string, TaskView> = new Map()
  let readAt = Number.NEGATIVE_INFINITY
  let wake = () => {}

  const get = async <T>(path: string, query: Readonly<Record<string, string>> = {}) => (await client.call<T>('GET', path, { query, signal })).value
  const readNodes = () => get<readonly NodeView[]>('/nodes')
  const read = async () => {
    const ours = { filters: ownedBy(owner) }
    const [services, found, nodes] = await Promise.all([get<readonly ServiceView[]>('/services', ours), get<readonly TaskView[]>('/tasks', ours), readNodes()])
    const nodeById = new Map(nodes.map(node => [node.ID, node]))
    const byInstance = Map.groupBy(found, task => task.Spec.ContainerSpec.Labels?.[LABELS.instance] ?? '')
    const serviceByInstance = new Map(services.map(service => [service.Spec.Labels?.[LABELS.instance] ?? '', service]))
    const next = new Map<string, Observed>()
    const nextTasks = new Map<string, TaskView>()
    for (const id of new Set([...serviceByInstance.keys(), ...byInstance.keys()])) {
      const service = serviceByInstance.get(id)
      const task = taskOf(service, byInstance.get(id) ?? [])
      const seen = observedTask(service, task, task?.NodeID === undefined ? undefined : nodeById.get(task.NodeID))
      if (seen) next.set(id, seen)
      if (task) nextTasks.set(id, task)
    }
    const changed = [...new Set([...known.keys(), ...next.keys()])].filter(id => JSON.stringify(known.get(id)) !== JSON.stringify(next.get(id)))
    known = next
    tasks = nextTasks
    readAt = clock.monotonic()
    for (const id of changed) for (const listener of listeners) listener(id)
  }
  const refresh = shared(read)
  const isMoving = () => [...tasks.values()].some(({ Status, DesiredState }) => Status.State !== 'running' || DesiredState !== 'running')
  const pollForever = async () => {
    while (!signal.aborted) {
      await refresh().catch(error => { if (!signal.aborted) log.warn('the tasks of the Swarm cannot be read', { error }) })
      const woken = new Promise<void>(resolve => { wake = resolve })
      await Promise.race([woken, clock.sleep(isMoving() ? MOVING_POLL_MS : RESTING_POLL_MS, signal).catch(() => {})])
    }
  }
  const listenForever = async () => {
    while (!signal.aborted) {
      try {
        const stream = await client.stream('GET', '/events', { query: { filters: JSON.stringify({ type: ['service', 'node', 'container'], event: ['create', 'update', 'remove', 'start', 'die'] }) }, signal })
        for await (const _ of jsonLines(stream)) wake()
      } catch {
        // Whoever polls tells of it.
      }
      await clock.sleep(RECONNECT_MS, signal).catch(() => {})
    }
  }
  const loops = Promise.all([pollForever(), listenForever()])

  return {
    async all() {
      if (clock.monotonic() - readAt > RESTING_POLL_MS) await refresh()
      return [...known.values()]
    },
    refresh,
    tasks: () => tasks,
    nodes: async () => (await readNodes()).map(nodeOf),
    async setAvailability(name, availability) {
      const node = (await readNodes()).find(({ ID, Description }) => ID === name || Description.Hostname === name)
      if (!node) return false
      // Swarm's own `drain` ends everything at once; paused and marked, the node is left one replaced instance after the other.
      const { [DRAINING]: _, ...labels } = node.Spec.Labels ?? {}
      const draining = availability === 'drain'
      await client.call('POST', `/nodes/${node.ID}/update`, { query: { version: node.Version.Index }, body: { ...node.Spec, Availability: draining ? 'pause' : availability, Labels: draining ? { ...labels, [DRAINING]: 'true' } : labels }, signal })
      await refresh()
      return true
    },
    watch(listener) { listeners.add(listener); return () => listeners.delete(listener) },
    async [Symbol.asyncDispose]() {
      listeners.clear()
      closing.abort()
      await loops
    },
  }
}

/** At most one call under way; whoever asks meanwhile gets the result of one that began after the question. */
function shared(action: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined
  let next: Promise<void> | undefined
  const begin = () => {
    current = action().finally(() => { current = undefined })
    return current
  }
  return () => {
    if (!current) return begin()
    next ??= current.catch(() => {}).then(() => { next = undefined; return begin() })
    return next
  }
}

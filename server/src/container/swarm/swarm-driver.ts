/**
 * Runs workloads on a Docker Swarm, each as a service with one replica. Where an instance runs is Swarm's affair; it is reached
 * at its node's address, at the port that the node publishes for it, or on the node's own network.
 */
import { Fault } from '@vamp/model/fault'
import type { Availability, Consumption, ContainerDriver, LogLine, Node, Observed, Workload } from '../container-driver.ts'
import { type DockerClient, openDockerClient } from '../docker/docker-client.ts'
import { readStatistics } from '../docker/docker-statistics.ts'
import { openEndedLogs } from '../docker/ended-logs.ts'
import { LABELS, ownedBy } from '../docker/labels.ts'
import { ENGINE_DEPLOYABLES, type EngineDriverOptions, engineLogs, listeningAt, opened } from '../docker/on-engine.ts'
import { DEFAULT_PORTS, type PortAllocator, portAllocator } from '../process/process-ports.ts'
import { serviceName, serviceSpec, swarmNetworkOf } from './service-spec.ts'
import { openSwarmTasks, type SwarmTasks } from './swarm-tasks.ts'
import { hasEnded, type TaskView } from './task-state.ts'

const STOP_POLL_MS = 100

/**
 * Where artifacts name no network, `bridge` publishes ports on the nodes, `host` uses theirs, anything else is an overlay network.
 * Throws `Fault('container_unavailable')` if nobody answers, `Fault('unsupported')` if who answers is no manager of a Swarm.
 */
export async function openSwarmDriver(options: EngineDriverOptions, signal?: AbortSignal): Promise<ContainerDriver> {
  const client = await openDockerClient(options.address, signal)
  const { value: { Swarm } } = await client.call<{ readonly Swarm: { readonly NodeID: string; readonly ControlAvailable: boolean } }>('GET', '/info', { signal })
  if (!Swarm.ControlAvailable) {
    await client[Symbol.asyncDispose]()
    const what = Swarm.NodeID === '' ? 'is in no Swarm: docker swarm init makes one' : 'is a worker of its Swarm: name a manager'
    throw new Fault('unsupported', `the Docker engine at ${options.address.host} ${what}`, { host: options.address.host })
  }
  return opened(new SwarmDriver(options, client, Swarm.NodeID))
}

class SwarmDriver implements ContainerDriver {
  readonly driver = 'swarm'
  readonly deployables = ENGINE_DEPLOYABLES
  readonly pauses = false
  readonly #options: EngineDriverOptions
  readonly #client: DockerClient
  readonly #nodeId: string
  readonly #tasks: SwarmTasks
  readonly #ports: PortAllocator
  readonly #endedLogs = openEndedLogs()

  constructor(options: EngineDriverOptions, client: DockerClient, nodeId: string) {
    this.#options = options
    this.#client = client
    this.#nodeId = nodeId
    this.#ports = portAllocator(DEFAULT_PORTS)
    this.#tasks = openSwarmTasks({ client, owner: options.owner, clock: options.clock, log: options.log })
  }

  async start(workload: Workload, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const network = swarmNetworkOf(workload, this.#options.network ?? 'bridge')
    const held = network === 'host' ? await this.#ports.allocate(workload.ports.length) : []
    const ports = listeningAt(workload.ports, held)
    const image = workload.deployable.definition
    try {
      const auth = await this.#options.credentials?.(image)
      const body = serviceSpec(workload, { owner: this.#options.owner, network, ports })
      // A second one of the same name is refused by Swarm: it is there already.
      const { status } = await this.#client.call('POST', '/services/create', { body, accept: [409], signal, ...(auth === undefined ? {} : { headers: { 'x-registry-auth': auth } }) })
      if (status === 409) this.#ports.release(held)
    } catch (error) {
      this.#ports.release(held)
      throw error
    }
    await this.#tasks.refresh()
  }

  pause(): Promise<never> {
    return Promise.reject(new Fault('unsupported', 'a Swarm pauses nothing', {}))
  }

  resume(): Promise<never> {
    return this.pause()
  }

  async stop(id: string, _graceMs: number, signal?: AbortSignal): Promise<void> {
    await this.#tasks.refresh()
    const seen = (await this.observe()).find(observed => observed.id === id)
    if (!seen) return
    this.#endedLogs.keep(id, await Array.fromAsync(this.logs(id, { tail: this.#endedLogs.linesMax }, signal)).catch(() => []))
    await this.#client.call('DELETE', `/services/${serviceName(this.#options.owner, id)}`, { accept: [404], signal })
    // A node that is down cannot tell that it has ended.
    while (!(await this.#isDown(seen)) && await this.#runs(id, signal)) await this.#options.clock.sleep(STOP_POLL_MS, signal)
    this.#ports.release(Object.values(seen.ports))
    await this.#tasks.refresh()
  }

  async observe(deployment?: string): Promise<readonly Observed[]> {
    const all = await this.#tasks.all()
    for (const { ports } of all) this.#ports.hold(Object.values(ports))
    return deployment === undefined ? all : all.filter(observed => observed.deployment === deployment)
  }

  watch(listener: (id: string) => void): () => void {
    return this.#tasks.watch(listener)
  }

  logs(id: string, options: { tail?: number; follow?: boolean; since?: number }, signal?: AbortSignal): AsyncIterable<LogLine> {
    return engineLogs({ client: this.#client, path: `/services/${serviceName(this.#options.owner, id)}`, id, ended: this.#endedLogs, timeOf: sinceMs => Math.floor(sinceMs / 1000) }, options, signal)
  }

  /** Of this node alone: a manager counts nothing of the others. */
  async statistics(ids: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, Consumption>> {
    await this.observe()
    const here = ids.flatMap(id => {
      const task = this.#tasks.tasks().get(id)
      const container = task?.Status.ContainerStatus?.ContainerID
      return task?.NodeID === this.#nodeId && task.Status.State === 'running' && container ? [[id, container] as const] : []
    })
    return readStatistics(this.#client, new Map(here), () => this.#options.clock.now(), signal)
  }

  nodes(): Promise<readonly Node[]> {
    return this.#tasks.nodes()
  }

  async setAvailability(node: string, availability: Availability): Promise<void> {
    if (!await this.#tasks.setAvailability(node, availability)) throw new Fault('not_found', `There is no node '${node}'.`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks[Symbol.asyncDispose]()
    await this.#client[Symbol.asyncDispose]()
  }

  async #runs(id: string, signal?: AbortSignal): Promise<boolean> {
    const { value } = await this.#client.call<readonly TaskView[]>('GET', '/tasks', { query: { filters: ownedBy(this.#options.owner) }, signal })
    return value.some(task => task.Spec.ContainerSpec.Labels?.[LABELS.instance] === id && !hasEnded(task))
  }

  async #isDown({ node: name }: Observed): Promise<boolean> {
    return name !== undefined && (await this.nodes()).some(node => node.name === name && node.state === 'down')
  }
}

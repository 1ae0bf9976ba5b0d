/**
 * Runs workloads on a Docker Swarm, each as a service with one replica. Where an instance runs is Swarm's affair; it is reached
 * at its node's address, at the port that the node publishes for it, or on the node's own network.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import type { Availability, Consumption, ContainerDriver, LogLine, Node, Observed, Workload } from '../container-driver.ts'
import { type DockerAddress, type DockerClient, openDockerClient } from '../docker/docker-client.ts'
import { readLogLines } from '../docker/docker-logs.ts'
import { readStatistics } from '../docker/docker-statistics.ts'
import { openEndedLogs } from '../docker/ended-logs.ts'
import { LABELS, ownedBy } from '../docker/labels.ts'
import { DEFAULT_PORTS, type PortAllocator, portAllocator } from '../process/process-ports.ts'
import { serviceName, serviceSpec, swarmNetworkOf } from './service-spec.ts'
import { openSwarmTasks, type SwarmTasks } from './swarm-tasks.ts'
import { hasEnded, type TaskView } from './task-state.ts'

/** An image that is called without a port still listens somewhere. */
const PORT_DEFAULT = 8080
const STOP_POLL_MS = 100

export interface SwarmDriverOptions {
  /** A manager's. */
  readonly address: DockerAddress
  /** `[a-z0-9]+`, of the installation. */
  readonly owner: string
  readonly clock: Clock
  readonly log: Logger
  /** Where artifacts name none: `bridge` publishes ports on the nodes, `host` uses theirs, anything else is an overlay network. */
  readonly network?: string
  /** Value of the `X-Registry-Auth` header for an image; absent: none is needed. */
  readonly credentials?: (image: string) => Promise<string | undefined>
}

/** Throws `Fault('container_unavailable')` if nobody answers, `Fault('unsupported')` if who answers is no manager of a Swarm. */
export async function openSwarmDriver(options: SwarmDriverOptions, signal?: AbortSignal): Promise<ContainerDriver> {
  const client = await openDockerClient(options.address, signal)
  const { value: { Swarm } } = await client.call<{ readonly Swarm: { readonly NodeID: string; readonly ControlAvailable: boolean } }>('GET', '/info', { signal })
  if (!Swarm.ControlAvailable) {
    await client[Symbol.asyncDispose]()
    const what = Swarm.NodeID === '' ? 'is in no Swarm: docker swarm init makes one' : 'is a worker of its Swarm: name a manager'
    throw new Fault('unsupported', `the Docker engine at ${options.address.host} ${what}`, { host: options.address.host })
  }
  const driver = new SwarmDriver(options, client, Swarm.NodeID)
  await driver.observe()
  return driver
}

class SwarmDriver implements ContainerDriver {
  readonly driver = 'swarm'
  readonly deployables = ['container/docker', 'docker']
  readonly pauses = false
  readonly #options: SwarmDriverOptions
  readonly #client: DockerClient
  readonly #nodeId: string
  readonly #tasks: SwarmTasks
  readonly #ports: PortAllocator
  readonly #endedLogs = openEndedLogs()

  constructor(options: SwarmDriverOptions, client: DockerClient, nodeId: string) {
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
    const ports = Object.fromEntries(workload.ports.map(({ name, number }, index) => [name, held[index] ?? (number || PORT_DEFAULT + index)]))
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

  async *logs(id: string, { tail, follow = false, since }: { tail?: number; follow?: boolean; since?: number }, signal?: AbortSignal): AsyncGenerator<LogLine> {
    const query = { stdout: true, stderr: true, timestamps: true, follow, tail: tail ?? 'all', ...(since === undefined ? {} : { since: Math.floor(since / 1000) }) }
    try {
      yield* readLogLines(await this.#client.stream('GET', `/services/${serviceName(this.#options.owner, id)}/logs`, { query, signal }))
    } catch (error) {
      if (signal?.aborted) return
      if (!(error instanceof Fault && error.code === 'not_found')) throw error
      yield* this.#endedLogs.read(id, { tail, since })
    }
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

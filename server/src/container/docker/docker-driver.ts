/**
 * Runs workloads on a Docker Engine. Instances are reached at their container's address (or, on the host's network, at ports
 * that the driver chooses): published ports pass a proxy in user space and cost ten times the latency.
 */
import { Fault } from '@vamp/model/fault'
import type { Consumption, ContainerDriver, LogLine, Node, Observed, Workload } from '../container-driver.ts'
import { DEFAULT_PORTS, type PortAllocator, type PortRange, portAllocator } from '../process/process-ports.ts'
import { refuseAvailability } from '../this-machine.ts'
import { createBody, networkOf } from './create-body.ts'
import { type DockerClient, openDockerClient } from './docker-client.ts'
import { type DockerContainers, type Made, openDockerContainers } from './docker-containers.ts'
import { readStatistics } from './docker-statistics.ts'
import { openEndedLogs } from './ended-logs.ts'
import { type ImagePulls, openImagePulls } from './image-pull.ts'
import { identityLabels } from './labels.ts'
import { ENGINE_DEPLOYABLES, type EngineDriverOptions, engineLogs, listeningAt, opened } from './on-engine.ts'

export interface DockerDriverOptions extends EngineDriverOptions {
  /** For instances on the host's network. */
  readonly ports?: PortRange
}

/** Throws `Fault('container_unavailable')` if the engine does not answer. */
export async function openDockerDriver(options: DockerDriverOptions, signal?: AbortSignal): Promise<ContainerDriver> {
  return opened(new DockerDriver(options, await openDockerClient(options.address, signal)))
}

class DockerDriver implements ContainerDriver {
  readonly driver = 'docker'
  readonly deployables = ENGINE_DEPLOYABLES
  readonly pauses = true
  readonly #options: DockerDriverOptions
  readonly #client: DockerClient
  readonly #containers: DockerContainers
  readonly #ports: PortAllocator
  readonly #pulls: ImagePulls
  readonly #starting = new Map<string, { readonly workload: Workload; readonly done: Promise<void> }>()
  readonly #listeners = new Set<(id: string) => void>()
  readonly #endedLogs = openEndedLogs()

  constructor(options: DockerDriverOptions, client: DockerClient) {
    this.#options = options
    this.#client = client
    this.#ports = portAllocator(options.ports ?? DEFAULT_PORTS)
    this.#pulls = openImagePulls({ client, log: options.log, credentials: options.credentials })
    this.#containers = openDockerContainers({ client, owner: options.owner, clock: options.clock, log: options.log, isStarting: id => this.#starting.has(id) })
  }

  async start(workload: Workload, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const started = this.#starting.get(workload.id)?.done ?? this.#start(workload, signal).finally(() => this.#starting.delete(workload.id))
    this.#starting.set(workload.id, { workload, done: started })
    await started
  }

  pause(id: string, signal?: AbortSignal): Promise<void> {
    return this.#setPaused(id, true, signal)
  }

  resume(id: string, signal?: AbortSignal): Promise<void> {
    return this.#setPaused(id, false, signal)
  }

  async stop(id: string, graceMs: number, signal?: AbortSignal): Promise<void> {
    await this.#starting.get(id)?.done.catch(() => {})
    const name = this.#nameOf(id)
    const seen = (await this.observe()).find(observed => observed.id === id)
    if (!seen) return
    // A paused one hears nothing.
    if (seen.paused) await this.#setPaused(id, false, signal)
    await this.#client.call('POST', `/containers/${name}/stop`, { query: { t: Math.ceil(graceMs / 1000) }, accept: [304, 404], signal })
    this.#endedLogs.keep(id, await Array.fromAsync(this.logs(id, { tail: this.#endedLogs.linesMax }, signal)).catch(() => []))
    await this.#client.call('DELETE', `/containers/${name}`, { query: { force: true, v: true }, accept: [404, 409], signal })
    if (seen.host === '127.0.0.1') this.#ports.release(Object.values(seen.ports))
    await this.#containers.refresh(name)
  }

  async observe(deployment?: string): Promise<readonly Observed[]> {
    const all = await this.#containers.all()
    for (const { host, ports } of all) if (host === '127.0.0.1') this.#ports.hold(Object.values(ports))
    const seen = [...all, ...this.#waiting(new Set(all.map(({ id }) => id)))]
    return deployment === undefined ? seen : seen.filter(observed => observed.deployment === deployment)
  }

  watch(listener: (id: string) => void): () => void {
    const unwatch = this.#containers.watch(listener)
    this.#listeners.add(listener)
    return () => { unwatch(); this.#listeners.delete(listener) }
  }

  logs(id: string, options: { tail?: number; follow?: boolean; since?: number }, signal?: AbortSignal): AsyncIterable<LogLine> {
    return engineLogs({ client: this.#client, path: `/containers/${this.#nameOf(id)}`, id, ended: this.#endedLogs, timeOf: sinceMs => (sinceMs / 1000).toFixed(3) }, options, signal)
  }

  async statistics(ids: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, Consumption>> {
    const running = new Set((await this.observe()).filter(({ state }) => state === 'running').map(({ id }) => id))
    const names = new Map(ids.filter(id => running.has(id)).map(id => [id, this.#nameOf(id)]))
    return readStatistics(this.#client, names, () => this.#options.clock.now(), signal)
  }

  /** As the engine tells of its machine, which may be another one. */
  async nodes(): Promise<readonly Node[]> {
    const { value: { Name, NCPU, MemTotal, Labels } } = await this.#client.call<{ readonly Name: string; readonly NCPU: number; readonly MemTotal: number; readonly Labels?: readonly string[] | null }>('GET', '/info')
    return [{ name: Name, address: '127.0.0.1', state: 'ready', availability: 'active', cpu: NCPU, memoryBytes: MemTotal, labels: Object.fromEntries((Labels ?? []).map(label => { const [name = '', ...value] = label.split('='); return [name, value.join('=')] })) }]
  }

  setAvailability(): Promise<never> {
    return refuseAvailability(this.driver)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear()
    await Promise.allSettled([...this.#starting.values()].map(({ done }) => done))
    await this.#containers[Symbol.asyncDispose]()
    await this.#client[Symbol.asyncDispose]()
  }

  async #setPaused(id: string, paused: boolean, signal?: AbortSignal): Promise<void> {
    const seen = (await this.observe()).find(observed => observed.id === id)
    if (seen?.state !== 'running' || (seen.paused === true) === paused) return
    const name = this.#nameOf(id)
    const { status } = await this.#client.call('POST', `/containers/${name}/${paused ? 'pause' : 'unpause'}`, { accept: [404, 409], signal })
    if (status === 204) this.#containers.paused(name, paused)
    else await this.#containers.refresh(name)
  }

  #changed(id: string): void {
    for (const listener of this.#listeners) listener(id)
  }

  /** Instances whose image is on its way: there is no container of them yet. */
  #waiting(present: ReadonlySet<string>): Observed[] {
    return [...this.#starting.values()].flatMap(({ workload: { id, deployment, cluster, service, digest, deployable, health_checks } }) => {
      const reason = this.#pulls.progress(deployable.definition)
      return reason === undefined || present.has(id) ? [] : [{ id, deployment, cluster, service, digest, host: '', ports: {}, state: 'starting', health: 'unknown', reason, since: this.#options.clock.now(), health_checks }]
    })
  }

  #nameOf(id: string): string {
    return `vamp-${this.#options.owner}-${id}`
  }

  /** Two calls, where it is known without a third one what has come of them: each costs the engine as much as it costs us. */
  async #start(workload: Workload, signal?: AbortSignal): Promise<void> {
    const name = this.#nameOf(workload.id)
    const made = await this.#create(name, workload, signal)
    if (!made) {
      // Started already: 304. Ended already: it is not started again, but stopped and forgotten first.
      const { status, value } = await this.#client.call<{ readonly State: { readonly Status: string } }>('GET', `/containers/${name}/json`, { accept: [404], signal })
      if (status === 404 || value.State.Status !== 'created') return await this.#containers.refresh(name)
    }
    const started = made && isKnown(made, workload) ? this.#containers.starting(made) : () => this.#containers.refresh(name)
    await this.#client.call('POST', `/containers/${name}/start`, { accept: [304], signal })
    await started()
  }

  /** Nothing where there is one of its name: there is no second one. */
  async #create(name: string, workload: Workload, signal?: AbortSignal): Promise<Made | undefined> {
    const network = networkOf(workload, this.#options.network ?? 'bridge')
    const ports = await this.#portsOf(workload, network)
    const body = createBody(workload, { owner: this.#options.owner, network, ports })
    const create = async () => {
      const { status, value } = await this.#client.call<{ readonly Id: string }>('POST', '/containers/create', { query: { name }, body, accept: [409], signal })
      return status === 409 ? undefined : { id: value.Id, name, network, labels: identityLabels(workload, this.#options.owner, ports) }
    }
    const giveBack = () => { if (network === 'host') this.#ports.release(Object.values(ports)) }
    try {
      const made = await create().catch(async error => {
        if (!(error instanceof Fault && error.code === 'image_not_found')) throw error
        await this.#pulls.pull(String(body['Image']), () => this.#changed(workload.id), signal)
        return create()
      })
      if (!made) giveBack()
      return made
    } catch (error) {
      giveBack()
      throw error
    }
  }

  /** In a network of its own an instance listens where its breed says; on the host's it is told where. */
  async #portsOf({ ports, dialect }: Workload, network: string): Promise<Record<string, number>> {
    const own = network !== 'host' || dialect['fixed_ports'] === true
    return listeningAt(ports, own ? [] : await this.#ports.allocate(ports.length))
  }
}

/** Its address is the host's, and what its image says of its health does not count: there is nothing to ask the engine for. */
const isKnown = ({ network }: Made, { health_checks: checks }: Workload) => network === 'host' && checks.length > 0

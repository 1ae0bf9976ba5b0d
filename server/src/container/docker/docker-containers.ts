/**
 * Our containers on an engine, as last heard: kept by the engine's events, read anew whenever the stream of events begins.
 * While there is no stream, whoever asks gets what the engine says at that moment.
 */
import { type Clock, every } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { Observed } from '../container-driver.ts'
import { identityOf, LABELS, ownedBy } from './labels.ts'
import { type DockerClient, jsonLines } from './docker-client.ts'

const RECONNECT_MS = 250
const RECONNECT_MS_MAX = 5000
/** What no event told, as a full disk can bring it about, is noticed after so long. */
const REREAD_MS = 10_000
/** What changes an observation; `exec_*` of health checks, for example, does not. */
const ACTIONS = /^(create|start|die|destroy|pause|unpause|oom|health_status.*)$/

export interface Inspected {
  readonly Id: string
  readonly Name: string
  readonly State: {
    readonly Status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'
    readonly ExitCode: number
    readonly OOMKilled: boolean
    readonly Error: string
    readonly StartedAt: string
    readonly FinishedAt: string
    readonly Health?: { readonly Status: string; readonly Log?: readonly { readonly Output: string }[] }
  }
  readonly Created: string
  readonly Config: { readonly Labels: Readonly<Record<string, string>> }
  readonly HostConfig: { readonly NetworkMode: string }
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> }
}

interface EngineEvent { readonly Action: string; readonly Actor: { readonly ID: string; readonly Attributes?: Readonly<Record<string, string>> } }

export interface DockerContainers extends AsyncDisposable {
  all(): Promise<readonly Observed[]>
  /** Reads one again, by id or name; to be called after acting on it. */
  refresh(container: string): Promise<void>
  /** One that runs was paused, or goes on, by its name: what else is known of it stays. */
  paused(name: string, paused: boolean): void
  /** One that was made just now and is about to be started. What is returned is called when it has been: it is seen as running, unless the engine told of it since. */
  starting(made: Made): () => void
  watch(listener: (id: string) => void): () => void
}

/** What is known of a container without asking for it. */
export interface Made { readonly id: string; readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly network: string }

interface OpenOptions {
  readonly client: DockerClient
  readonly owner: string
  readonly clock: Clock
  readonly log: Logger
  /** An instance whose start is under way; created and not started otherwise, it never will be. */
  readonly isStarting: (id: string) => boolean
}

export function openDockerContainers(options: OpenOptions): DockerContainers {
  const { client, owner, clock, log, isStarting } = options
  const known = new Map<string, Inspected>()
  const listeners = new Set<(id: string) => void>()
  const closing = new AbortController()
  const applied = new Map<string, number>()
  let tickets = 0
  let heard = false

  const instanceOf = ({ Config }: Inspected) => Config.Labels[LABELS.instance] ?? ''
  const changed = (id: string) => { for (const listener of listeners) listener(id) }
  const refresh = async (container: string) => {
    const ticket = ++tickets
    const { status, value } = await client.call<Inspected>('GET', `/containers/${container}/json`, { accept: [404], signal: closing.signal })
    const before = status === 404 ? [...known.values()].find(({ Id, Name }) => Id === container || Name === `/${container}`) : value
    // Answers may overtake each other; an older one is not believed.
    if (!before || (applied.get(before.Id) ?? 0) > ticket) return
    applied.set(before.Id, ticket)
    if (status === 404) known.delete(before.Id)
    else if (before.Config.Labels[LABELS.owner] === owner) known.set(before.Id, before)
    changed(instanceOf(before))
  }
  const readAll = async () => {
    const { value } = await client.call<readonly { readonly Id: string; readonly State: string }[]>('GET', '/containers/json', { query: { all: true, filters: ownedBy(owner) }, signal: closing.signal })
    const present = new Map(value.map(({ Id, State }) => [Id, State]))
    for (const id of known.keys()) if (!present.has(id)) await refresh(id)
    for (const [id, state] of present) if (!heard || known.get(id)?.State.Status !== state) await refresh(id)
    for (const id of applied.keys()) if (!known.has(id)) applied.delete(id)
  }
  const follow = async () => {
    const stream = await client.stream('GET', '/events', { query: { filters: JSON.stringify({ type: ['container'], label: [`${LABELS.owner}=${owner}`] }) }, signal: closing.signal })
    // After the stream is open, so that nothing happens unseen in between.
    await readAll()
    heard = true
    const stop = every(clock, REREAD_MS, () => readAll().catch(error => { if (!closing.signal.aborted) log.debug('the containers could not be read again', { error }) }))
    closing.signal.addEventListener('abort', stop, { once: true })
    try {
      await hear(stream)
    } finally {
      stop()
      closing.signal.removeEventListener('abort', stop)
    }
  }
  const hear = async (stream: AsyncIterable<Uint8Array>) => {
    for await (const { Action, Actor } of jsonLines<EngineEvent>(stream)) {
      // Whoever starts it says so, perhaps before the engine does; its end comes before it is started again.
      const status = known.get(Actor.ID)?.State.Status
      const told = isStarting(Actor.Attributes?.[LABELS.instance] ?? '') ? /^(create|start)$/ : status === 'running' ? /^(create|start|unpause)$/ : status === 'paused' ? /^pause$/ : /^$/
      if (ACTIONS.test(Action) && !told.test(Action)) await refresh(Actor.ID)
    }
  }
  const followForever = async () => {
    let waitMs = RECONNECT_MS
    while (!closing.signal.aborted) {
      const before = clock.monotonic()
      try {
        await follow()
      } catch (error) {
        if (!closing.signal.aborted) log.warn('the events of the Docker engine broke off', { error, againInMs: waitMs })
      }
      heard = false
      if (clock.monotonic() - before > RECONNECT_MS_MAX) waitMs = RECONNECT_MS
      await clock.sleep(waitMs, closing.signal).catch(() => {})
      waitMs = Math.min(waitMs * 2, RECONNECT_MS_MAX)
    }
  }
  const following = followForever()

  return {
    async all() {
      if (!heard) await readAll()
      return [...known.values()].map(container => observed(container, isStarting(instanceOf(container))))
    },
    refresh,
    paused(name, paused) {
      const container = [...known.values()].find(({ Name }) => Name === `/${name}`)
      if (!container) return
      const Status = paused ? 'paused' : 'running'
      applied.set(container.Id, ++tickets)
      if (container.State.Status === Status) return
      known.set(container.Id, { ...container, State: { ...container.State, Status } })
      changed(instanceOf(container))
    },
    starting({ id, name, labels, network }) {
      const ticket = ++tickets
      return () => {
        if ((applied.get(id) ?? 0) > ticket) return
        const now = new Date(clock.now()).toISOString()
        applied.set(id, ticket)
        known.set(id, {
          Id: id, Name: `/${name}`, Created: now, Config: { Labels: labels }, HostConfig: { NetworkMode: network }, NetworkSettings: { Networks: {} },
          State: { Status: 'running', ExitCode: 0, OOMKilled: false, Error: '', StartedAt: now, FinishedAt: '' },
        })
        changed(labels[LABELS.instance] ?? '')
      }
    },
    watch(listener) { listeners.add(listener); return () => listeners.delete(listener) },
    async [Symbol.asyncDispose]() {
      listeners.clear()
      closing.abort()
      await following
    },
  }
}

/** Pure. */
export function observed(container: Inspected, starting: boolean): Observed {
  const { Config: { Labels }, State, HostConfig, NetworkSettings } = container
  const address = Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress).find(Boolean)
  const identity = identityOf(Labels)
  return {
    ...identity, host: HostConfig.NetworkMode === 'host' ? '127.0.0.1' : address ?? '',
    ...condition(State, identity.health_checks.length > 0, starting, Date.parse(container.Created)),
  }
}

function condition(state: Inspected['State'], checked: boolean, starting: boolean, createdMs: number): Pick<Observed, 'state' | 'health' | 'reason' | 'since' | 'paused'> {
  const startedMs = Date.parse(state.StartedAt)
  switch (state.Status) {
    case 'created': return starting
      ? { state: 'starting', health: 'unknown', since: createdMs }
      : { state: 'exited', health: 'unknown', since: createdMs, reason: state.Error || 'was created and never started' }
    case 'restarting': return { state: 'starting', health: 'unknown', since: createdMs }
    case 'paused': return { state: 'running', health: 'unhealthy', paused: true, since: startedMs, reason: 'is paused' }
    case 'running': return { state: 'running', since: startedMs, ...ownHealth(state, checked) }
    default: return { state: 'exited', health: 'unknown', since: Date.parse(state.FinishedAt), reason: whyExited(state) }
  }
}

/** The image's HEALTHCHECK, where the breed has no checks. */
function ownHealth({ Health }: Inspected['State'], checked: boolean): Pick<Observed, 'health' | 'reason'> {
  if (checked) return { health: 'unknown' }
  const status = Health?.Status ?? 'none'
  if (status === 'none' || status === 'healthy') return { health: 'healthy' }
  if (status !== 'unhealthy') return { health: 'unknown' }
  return { health: 'unhealthy', reason: `HEALTHCHECK of the image failed: ${Health?.Log?.at(-1)?.Output.trim().slice(0, 200) ?? ''}` }
}

function whyExited({ ExitCode, OOMKilled, Error: error }: Inspected['State']): string {
  if (OOMKilled) return 'was ended because it used more memory than its scale gives'
  if (error) return error
  return ExitCode > 128 && ExitCode < 160 ? `was ended by signal ${ExitCode - 128} (code ${ExitCode})` : `exited with code ${ExitCode}`
}

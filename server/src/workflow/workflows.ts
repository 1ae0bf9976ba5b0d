/** Workflows as the rest of the server sees them: started once the API has an address, asked for runs and what they print. */
import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import type { Workflow } from '@vamp/model/workflow'
import type { WorkflowRun } from '@vamp/model/workflow-run'
import { openKeyedQueue } from '../base/keyed-queue.ts'
import { type Lifecycle, openLifecycle } from '../base/lifecycle.ts'
import type { ContainerDriver } from '../container/container-driver.ts'
import type { EventLog } from '../event/event-log.ts'
import type { Store } from '../store/store.ts'
import { startIntake } from './intake.ts'
import { type LaunchWorld, type RunnerName, resolveLaunch, WORKLOADS } from './launch.ts'
import { workflowReconciler } from './reconciler.ts'
import type { Runner } from './runner.ts'
import { openRuns, type RunNews, type Runs } from './runs.ts'
import { openRunWriter, recordName, type RunWriter } from './run-writer.ts'
import { openTagIndex } from './tag-index.ts'

export interface WorkflowsOptions {
  readonly store: Store
  readonly events: EventLog
  readonly containers: ContainerDriver
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly namespace: string
  readonly trusted: boolean
  /** In place of the real ones. */
  readonly runner?: (name: RunnerName) => Promise<Runner>
}

/** Where the API is, and with which tokens. */
export interface Serving { readonly url: string; readonly containersUrl?: string; readonly lend: ((name: string, secret: string) => void) | undefined }

export interface Asked { readonly who: string; readonly event?: unknown; readonly dry?: boolean }

export interface Workflows extends AsyncDisposable {
  /** From now on they run. */
  serve(serving: Serving): Promise<void>
  /** Begins a run of a stored workflow. Throws `Fault('not_found'|'conflict'|'too_large')`. */
  run(name: string, asked: Asked): Promise<WorkflowRun>
  /** Begins a run of a workflow that is not stored; it is found under `TRIED`. */
  try(workflow: Workflow, asked: Asked): Promise<WorkflowRun>
  /** Newest first. */
  runs(name: string, page: { readonly offset: number; readonly limit: number }): Promise<{ readonly items: readonly WorkflowRun[]; readonly total: number }>
  find(name: string, id: string): Promise<WorkflowRun | undefined>
  stop(name: string, id: string, reason: string): void
  onNews(listener: (news: RunNews) => void): () => void
  wakeAll(): Promise<void>
}

/** The name under which the runs of scripts are that belong to no stored workflow. */
export const TRIED = '~tried'

interface Works { readonly runs: Runs; readonly writer: RunWriter; readonly world: LaunchWorld; wakeAll(): Promise<void> }

export function openWorkflows(options: WorkflowsOptions): Workflows {
  const { store, clock, log } = options
  const lifecycle = openLifecycle({ clock, log })
  let works: Works | undefined
  const working = () => works ?? missing()

  async function begin(workflow: Workflow, { who, event, dry }: Asked, tried: boolean): Promise<WorkflowRun> {
    const { runs, writer, world } = working()
    const name = tried ? TRIED : workflow.name
    if (runs.room(name) === 0) throw new Fault('too_large', `${name} has as many runs waiting as there may be.`)
    const nowMs = clock.now()
    const id = `p${nowMs}-${Math.floor(options.random() * 0x1000000).toString(16)}`
    const run: WorkflowRun = { id, workflow: name, trigger: { by: 'person', who, ...(event === undefined ? {} : { event }) }, key: `${name}:person:${id}`, state: 'waiting', attempts: 0, created: new Date(nowMs).toISOString(), ...(dry ? { dry: true } : {}), log: [], left_out: 0 }
    if (tried) {
      const breed = workflow.breed.is === 'inline' ? workflow.breed.value : (await store.get('breeds', workflow.breed.reference))?.value
      if (!breed) throw new Fault('not_found', 'There is no such breed.')
      const resolved = resolveLaunch({ ...workflow, name }, breed, workflow.scale?.is === 'inline' ? workflow.scale.value : undefined, world)
      if (resolved.is === 'refused') throw new Fault('unsupported', resolved.why)
      runs.define(name, { ...resolved.launch, overlap: 'allow' })
    }
    writer.put(run)
    await writer.flush()
    runs.add([run])
    return run
  }

  return {
    async serve(serving) { works = await start(options, serving, lifecycle) },
    async run(name, asked) {
      const workflow = (await store.get('workflows', name))?.value
      if (!workflow) throw new Fault('not_found', `There is no workflow '${name}'.`)
      const status = (await store.get('workflow-statuses', name))?.value
      if (status?.status !== 'running') throw new Fault('conflict', `The workflow '${name}' is ${status?.status ?? 'starting'}${status?.reason ? `: ${status.reason}` : ''}.`)
      return begin(workflow, asked, false)
    },
    try: (workflow, asked) => begin(workflow, asked, true),
    async runs(name, { offset, limit }) {
      await works?.writer.flush()
      const open = new Map((works?.runs.open(name) ?? []).map(run => [run.id, run]))
      const stored = (await store.list('workflow-runs', { prefix: `${name}/` })).items.map(({ value }) => value).filter(({ id }) => !open.has(id))
      const items = [...stored, ...open.values()].toSorted((a, b) => a.created === b.created ? (a.id < b.id ? 1 : -1) : a.created < b.created ? 1 : -1)
      return { items: items.slice(offset, offset + limit), total: items.length }
    },
    async find(name, id) {
      const open = works?.runs.open(name).find(run => run.id === id)
      if (open) return open
      await works?.writer.flush()
      return (await store.get('workflow-runs', recordName({ workflow: name, id })))?.value
    },
    stop(name, id, reason) { works?.runs.stop(name, reason, run => run.id === id) },
    onNews: listener => works?.runs.onNews(listener) ?? (() => {}),
    wakeAll: async () => { await works?.wakeAll() },
    [Symbol.asyncDispose]: () => lifecycle.close(),
  }
}

function missing(): never {
  throw new Fault('conflict', 'Workflows do not run yet: the server is starting.')
}

async function start(options: WorkflowsOptions, { url, containersUrl, lend }: Serving, lifecycle: Lifecycle): Promise<Works> {
  const { store, events, containers, clock, log, random, namespace, trusted } = options
  const secret = lend ? await secretOf(store) : undefined
  const world: LaunchWorld = { url, containersUrl, namespace, trusted, driver: containers.driver, deployables: containers.deployables, token: workflow => lend && secret !== undefined ? lent(lend, secret, workflow) : undefined }
  const index = openTagIndex()
  const runners = lifecycle.use('runners', openRunners(options))
  const writer = lifecycle.use('run records', openRunWriter({ store, log, sleep: ms => clock.sleep(ms) }))
  const runs: Runs = lifecycle.use('runs', openRuns({ store, writer, runners: runners.get, clock, log, random, ended: run => over(run) }))
  const reconciler = workflowReconciler({ store, events, runs, index, world, clock, log })
  const queue = lifecycle.use('workflows queue', openKeyedQueue({ name: 'workflows', reconciler, clock, log, random }))
  const over = (run: WorkflowRun) => {
    reconciler.ended(run)
    if (run.workflow !== TRIED) queue.wake(run.workflow)
    if (run.state === 'failed') void events.append([{ type: 'workflow', tags: [`workflows:${run.workflow}`, 'workflow:failed', `runs:${run.id}`], value: { sentence: run.reason, limit: run.limit, attempts: run.attempts } }]).catch(error => log.warn('a failed run could not be told', { error }))
  }
  const users = new Map<string, readonly string[]>()
  const wakeAll = async () => {
    const [wanted, remembered] = await Promise.all([store.list('workflows'), store.list('workflow-statuses')])
    users.clear()
    for (const { value } of wanted.items) learn(users, value)
    for (const name of new Set([...wanted.items, ...remembered.items].map(({ name }) => name))) queue.wake(name)
  }
  await runs.restore()
  runs.drop(TRIED, 'the server ended before it ran')
  for (const name of new Set([...(await store.list('workflows')).items].map(({ name }) => name))) await reconciler.reconcile(name, new AbortController().signal).catch(error => log.warn('a workflow cannot be read', { name, error }))
  lifecycle.add('workflow wake-ups', store.watch(({ kind, name }) => {
    if (kind === 'workflows') { queue.wake(name); store.get('workflows', name).then(stored => { if (stored) learn(users, stored.value) }).catch(error => log.warn('a workflow could not be read', { name, error })) }
    if (kind === 'breeds' || kind === 'scales') for (const [workflow, used] of users) if (used.includes(name)) queue.wake(workflow)
  }))
  lifecycle.use('event intake', await startIntake({ store, events, index, clock, log, begun: begun => runs.add(begun), room: name => runs.room(name), dropped: name => { reconciler.dropped(name); queue.wake(name) } }))
  await wakeAll()
  return { runs, writer, world, wakeAll }
}

/** Breeds and scales by which a workflow is known to be affected. */
function learn(users: Map<string, readonly string[]>, { name, breed, scale }: Workflow): void {
  users.set(name, [breed, scale].flatMap(each => each?.is === 'reference' ? [each.reference] : []))
}

/** Kept in the store, so that containers that outlive the server keep their tokens. */
async function secretOf(store: Store): Promise<string> {
  const known = (await store.get('settings', 'workflow-tokens'))?.value['secret']
  if (typeof known === 'string') return known
  const secret = randomBytes(32).toString('hex')
  await store.put('settings', 'workflow-tokens', { secret })
  return secret
}

function lent(lend: (name: string, secret: string) => void, secret: string, workflow: string): string {
  const token = `vamp_${createHmac('sha256', secret).update(workflow).digest('base64url')}`
  lend(`${WORKLOADS}${workflow}`, token)
  return token
}

/** Each is opened when the first run needs it. */
function openRunners(options: WorkflowsOptions): AsyncDisposable & { readonly get: (name: RunnerName) => Promise<Runner> } {
  const { clock, log, containers } = options
  const open = new Map<RunnerName, Promise<Runner>>()
  const make = async (name: RunnerName): Promise<Runner> => {
    if (options.runner) return options.runner(name)
    switch (name) {
      case 'sandbox': return (await import('./sandbox/sandbox-runner.ts')).openSandboxRunner({ clock, log })
      case 'node': return (await import('./node/node-runner.ts')).openNodeRunner({ clock, log })
      case 'container': return (await import('./container/container-runner.ts')).openContainerRunner({ driver: containers, clock, log })
      default: return name satisfies never
    }
  }
  return {
    get(name) {
      const known = open.get(name) ?? make(name)
      open.set(name, known)
      return known
    },
    async [Symbol.asyncDispose]() {
      for (const runner of open.values()) await (await runner)[Symbol.asyncDispose]()
    },
  }
}

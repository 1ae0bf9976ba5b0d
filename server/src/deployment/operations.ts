/**
 * Starts and stops that are under way. They may take long (an image, a grace period), and the deployment goes on meanwhile;
 * nothing of them is remembered beyond this process, because the containers themselves tell what came of them.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import type { ContainerDriver, Workload } from '../container/container-driver.ts'

/** Starts, and likewise stops, at the same time, over all deployments; the others wait. There is at most one per instance. */
const AT_ONCE_MAX = 10
/** Before a stop, pause or resumption that went wrong is tried again. */
const AGAIN_MS = 5000

export interface Refusal { readonly why: string; readonly terminal: boolean }

export type Operation =
  | { readonly do: 'start'; readonly workload: Workload }
  | { readonly do: 'stop'; readonly id: string; readonly graceMs: number }
  | { readonly do: 'pause' | 'resume'; readonly id: string }

export interface Operations extends AsyncDisposable {
  begin(deployment: string, operation: Operation): void
  busy(deployment: string): ReadonlySet<string>
  /** Starts that did not even begin, until they are forgotten. */
  refusals(deployment: string): ReadonlyMap<string, Refusal>
  forget(deployment: string, ids: Iterable<string>): void
}

interface OpenOptions {
  readonly driver: ContainerDriver
  readonly clock: Clock
  readonly log: Logger
  readonly ended: (deployment: string) => void
}

export function openOperations({ driver, clock, log, ended }: OpenOptions): Operations {
  const closing = new AbortController()
  const busy = new Map<string, Set<string>>()
  const refused = new Map<string, Map<string, Refusal>>()
  const lanes = { start: lane(), stop: lane(), pause: lane(), resume: lane() }
  const running = new Set<Promise<void>>()

  const release = (deployment: string, id: string) => {
    const ids = busy.get(deployment)
    ids?.delete(id)
    if (ids?.size === 0) busy.delete(deployment)
    if (!closing.signal.aborted) ended(deployment)
  }
  const start = async (deployment: string, workload: Workload) => {
    try {
      await driver.start(workload, closing.signal)
    } catch (error) {
      if (closing.signal.aborted) return
      const refusal = { why: error instanceof Error ? error.message : String(error), terminal: error instanceof Fault && error.terminal }
      log.warn('an instance could not be started', { deployment, id: workload.id, ...refusal })
      refused.set(deployment, new Map([...refused.get(deployment) ?? [], [workload.id, refusal]]))
    }
    release(deployment, workload.id)
  }
  const act = async (deployment: string, operation: Exclude<Operation, { do: 'start' }>) => {
    const { id } = operation
    try {
      if (operation.do === 'stop') await driver.stop(id, operation.graceMs, closing.signal)
      else await driver[operation.do](id, closing.signal)
      release(deployment, id)
    } catch (error) {
      if (closing.signal.aborted) return
      log.warn(`an instance could not be ${DONE[operation.do]}`, { deployment, id, error })
      clock.after(AGAIN_MS, () => release(deployment, id))
    }
  }

  return {
    begin(deployment, operation) {
      const id = operation.do === 'start' ? operation.workload.id : operation.id
      const ids = busy.get(deployment) ?? new Set()
      if (ids.has(id) || closing.signal.aborted) return
      busy.set(deployment, ids.add(id))
      log.debug('an instance is acted on', { deployment, id, do: operation.do })
      const work = lanes[operation.do](() => operation.do === 'start' ? start(deployment, operation.workload) : act(deployment, operation))
      running.add(work)
      void work.finally(() => running.delete(work))
    },
    busy: deployment => new Set(busy.get(deployment)),
    refusals: deployment => new Map(refused.get(deployment)),
    forget(deployment, ids) {
      const known = refused.get(deployment)
      for (const id of ids) known?.delete(id)
      if (known?.size === 0) refused.delete(deployment)
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Fault('internal', 'the server is closing'))
      await Promise.allSettled(running)
    },
  }
}

const DONE = { stop: 'stopped', pause: 'paused', resume: 'resumed' } as const

/** Runs so many at once, the others in order of arrival. */
function lane(): (action: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = []
  let active = 0
  return async action => {
    if (active >= AT_ONCE_MAX) await new Promise<void>(turn => waiting.push(turn))
    else active++
    try {
      await action()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else active--
    }
  }
}

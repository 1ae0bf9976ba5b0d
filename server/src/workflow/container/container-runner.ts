/** Runs what is no script, through the driver that runs services. A container outlives the server; the next one finds it by its name. */
import { createHash } from 'node:crypto'
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { ContainerDriver, Observed } from '../../container/container-driver.ts'
import type { RunEnd, Runner, RunListener, RunRequest, Running } from '../runner.ts'

const STOP_GRACE_MS = 5000
/** A driver that says nothing is looked at so often. */
const LOOK_EVERY_MS = 2000

export function openContainerRunner({ driver, clock, log }: { readonly driver: ContainerDriver; readonly clock: Clock; readonly log: Logger }): Runner {
  const closing = new AbortController()

  async function follow(id: string, listener: RunListener, signal: AbortSignal): Promise<void> {
    try {
      for await (const { time, stream, line } of driver.logs(id, { follow: true }, signal)) listener.printed([{ time, level: stream === 'stderr' ? 'error' : 'info', line }], 0)
    } catch (error) {
      if (!signal.aborted) log.debug('what a workflow prints cannot be read', { id, error })
    }
  }

  /** When it is over, and how. */
  async function exit(id: string, deployment: string, signal: AbortSignal): Promise<Observed | undefined> {
    const wakers = new Set<() => void>()
    const end = driver.watch(changed => { if (changed === id) for (const wake of wakers) wake() })
    try {
      for (;;) {
        const found = (await driver.observe(deployment)).find(container => container.id === id)
        if (!found || found.state === 'exited' || signal.aborted) return found
        await new Promise<void>(resolve => {
          const cancel = clock.after(LOOK_EVERY_MS, resolve)
          wakers.add(() => { cancel(); resolve() })
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
        wakers.clear()
      }
    } finally {
      end()
    }
  }

  async function run(request: RunRequest, listener: RunListener, stopping: AbortSignal): Promise<RunEnd> {
    const { workload, facts, limits, startedMs = clock.now() } = request
    if (!workload) return { state: 'failed', reason: 'there is nothing to run' }
    const id = containerId(facts.workflow, `${facts.run}/${facts.attempt}`)
    const logs = new AbortController()
    await driver.start({ ...workload, id, digest: facts.run })
    const reading = follow(id, listener, AbortSignal.any([logs.signal, closing.signal]))
    const late = new AbortController()
    const cancel = limits.wallMs > 0 ? clock.after(Math.max(0, startedMs + limits.wallMs - clock.now()), () => late.abort()) : () => {}
    const found = await exit(id, workload.deployment, AbortSignal.any([stopping, late.signal, closing.signal]))
    cancel()
    // Left as it is: the next server goes on with it.
    if (closing.signal.aborted) return { state: 'stopped', reason: 'the server ended' }
    if (found?.state === 'exited') await Promise.race([reading, clock.sleep(1000)])
    logs.abort()
    await driver.stop(id, STOP_GRACE_MS)
    if (stopping.aborted) return { state: 'stopped', reason: String(stopping.reason) }
    // What ended while no server looked has ended in time, as far as anybody knows.
    if (late.signal.aborted && found?.state !== 'exited') return { state: 'failed', limit: 'time', reason: `it was not done after ${limits.wallMs / 1000} s` }
    return found?.reason === 'exited with code 0' ? { state: 'succeeded' } : { state: 'failed', reason: found?.reason ?? 'its container is gone' }
  }

  return {
    start(request, listener): Running {
      const stopping = new AbortController()
      const ended = run(request, listener, stopping.signal).catch((error: unknown): RunEnd => ({ state: 'failed', reason: error instanceof Error ? error.message : String(error) }))
      return { ended, stop: reason => stopping.abort(reason) }
    },
    async [Symbol.asyncDispose]() { closing.abort() },
  }
}

/** Safe as a container's name, and the same for whoever computes it. */
function containerId(workflow: string, run: string): string {
  const readable = workflow.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').slice(0, 40).replaceAll(/^-+|-+$/g, '') || 'x'
  return `workflow-${readable}-${createHash('sha256').update(`${workflow}\n${run}`).digest('hex').slice(0, 10)}`
}

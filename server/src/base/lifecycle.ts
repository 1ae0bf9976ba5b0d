/**
 * What was opened, in order, to be closed in reverse. Every clean-up has a name for the log and a bounded time: one that
 * hangs must not keep the ones below it from running.
 *
 *     await using life = openLifecycle({ clock, log })
 *     const store = life.use('store', await openEmbeddedStore(…))
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'

const CLEANUP_TIMEOUT_MS = 10_000

export interface Lifecycle extends AsyncDisposable {
  /** To be called when all that was added later is closed. */
  add(name: string, close: () => Promise<void> | void, timeoutMs?: number): void
  /** Adds what can dispose itself, and gives it back. */
  use<T extends AsyncDisposable>(name: string, opened: T, timeoutMs?: number): T
  /** Closes everything, once; later calls wait for the same end. Never throws: what fails or hangs is logged. */
  close(): Promise<void>
}

interface Cleanup { readonly name: string; readonly close: () => Promise<void> | void; readonly timeoutMs: number }

export function openLifecycle({ clock, log }: { clock: Clock; log: Logger }): Lifecycle {
  const stack: Cleanup[] = []
  let closing: Promise<void> | undefined

  async function unwind(): Promise<void> {
    for (let next = stack.pop(); next; next = stack.pop()) await run(next)
  }

  async function run({ name, close, timeoutMs }: Cleanup): Promise<void> {
    const started = clock.monotonic()
    let cancel = () => {}
    const late = new Promise<'late'>(resolve => { cancel = clock.after(timeoutMs, () => resolve('late')) })
    try {
      const ended = await Promise.race([Promise.resolve().then(close), late])
      if (ended === 'late') log.warn('closing takes too long, going on without it', { name, timeoutMs })
      else log.debug('closed', { name, ms: Math.round(clock.monotonic() - started) })
    } catch (error) {
      log.error('closing failed', { name, error })
    } finally {
      cancel()
    }
  }

  const close = () => { closing ??= unwind(); return closing }
  return {
    add(name, cleanup, timeoutMs = CLEANUP_TIMEOUT_MS) { stack.push({ name, close: cleanup, timeoutMs }) },
    use(name, opened, timeoutMs = CLEANUP_TIMEOUT_MS) {
      stack.push({ name, close: async () => { await opened[Symbol.asyncDispose]() }, timeoutMs })
      return opened
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

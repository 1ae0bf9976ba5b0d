/**
 * The only place that retries. Reconcilers are woken by name; this decides when each name runs: one run of a name at a time,
 * a bounded number of names at once, back-off after failures, a timer for `again`.
 *
 * There is at most one entry per name, so the memory it takes is bounded by the number of names there are.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import type { KeyedQueue, Outcome, Reconciler } from './reconciler.ts'
import { traced } from './telemetry.ts'

/** Names reconciled at the same time, unless told otherwise. */
const CONCURRENCY = 8
const BACKOFF_FIRST_MS = 250
const BACKOFF_MAX_MS = 60_000
/** A wake-up ends the waiting after a failure, but not below this: a reconciler that writes what wakes it must not spin. */
const BACKOFF_WOKEN_MS = 100
/** Rest that a name may owe before it has to rest: a few runs in a row, as the start of one instance needs, wait for nothing. */
const REST_OWED_MS = 300
/** However much it owes, it rests no longer at a time. */
const REST_MS_MAX = 200
/** A delay from here on is worth a look; a shorter one is how things start. */
const WARN_FROM_MS = 4000

export interface KeyedQueueOptions {
  /** For the log: whose queue it is. */
  readonly name: string
  readonly reconciler: Reconciler
  readonly clock: Clock
  readonly log: Logger
  /** Uniform in [0, 1): spreads retries that failed together. */
  readonly random: () => number
  readonly concurrency?: number
  /**
   * For each run a name owes a rest of so many times as long as the run took, and what it is woken for while it rests is one run: where
   * facts come one by one, as from many instances that start, looking at them must not take the time of what they are about. 0 if not given.
   */
  readonly restShare?: number
}

type State =
  | { readonly is: 'waiting' }
  | { readonly is: 'running'; wokenAgain: boolean }
  | { readonly is: 'sleeping'; readonly until: number; readonly cancel: () => void }
  /** Nothing is to be done; forgotten after its rest. */
  | { readonly is: 'resting'; readonly cancel: () => void }

interface Entry { state: State; failures: number; /** When it will owe no rest any more, by the monotonic clock. */ freeAt: number }

export function openKeyedQueue({ name: queue, reconciler, clock, log, random, concurrency = CONCURRENCY, restShare = 0 }: KeyedQueueOptions): KeyedQueue {
  const entries = new Map<string, Entry>()
  const ready: string[] = []
  const running = new Set<Promise<void>>()
  const closing = new AbortController()

  function enqueue(name: string, entry: Entry): void {
    entry.state = { is: 'waiting' }
    ready.push(name)
    pump()
  }

  function pump(): void {
    while (running.size < concurrency && !closing.signal.aborted) {
      const name = ready.shift()
      const entry = name === undefined ? undefined : entries.get(name)
      if (name === undefined || !entry) return
      const state: State = { is: 'running', wokenAgain: false }
      entry.state = state
      // A turn later, so that a wake-up from inside a commit never runs a reconciler inside that commit.
      const run = Promise.resolve().then(() => reconcile(name, entry)).then(next => {
        running.delete(run)
        settle(name, entry, state.wokenAgain ? woken(entry) : next)
        pump()
      })
      running.add(run)
    }
  }

  /** Milliseconds until the next run, or nothing when there is none. */
  async function reconcile(name: string, entry: Entry): Promise<number | undefined> {
    const began = clock.monotonic()
    try {
      const outcome: Outcome = await traced('reconcile', queue, { 'vamp.name': name }, async () => await reconciler.reconcile(name, closing.signal))
      entry.failures = 0
      return outcome.is === 'again' ? outcome.afterMs : undefined
    } catch (error) {
      return closing.signal.aborted ? undefined : failed(name, entry, error)
    } finally {
      const now = clock.monotonic()
      entry.freeAt = Math.min(now + REST_OWED_MS + REST_MS_MAX, Math.max(now, entry.freeAt) + (now - began) * restShare)
    }
  }

  function failed(name: string, entry: Entry, error: unknown): number | undefined {
    entry.failures++
    if (error instanceof Fault && error.terminal) {
      log.error('reconciliation failed and is not tried again until something changes', { queue, name, error })
      return undefined
    }
    const afterMs = backoffMs(entry.failures, random)
    const facts = { queue, name, failures: entry.failures, afterMs, error }
    if (!(error instanceof Fault) || afterMs >= BACKOFF_MAX_MS / 2) log.error('reconciliation keeps failing', facts)
    else if (afterMs >= WARN_FROM_MS) log.warn('reconciliation failed again', facts)
    else log.info('reconciliation failed, will be tried again', facts)
    return afterMs
  }

  function settle(name: string, entry: Entry, afterMs: number | undefined): void {
    if (closing.signal.aborted) return
    if (afterMs !== undefined) later(name, entry, afterMs)
    else if (owedMs(entry) > 0) entry.state = { is: 'resting', cancel: clock.after(owedMs(entry), () => { entries.delete(name) }) }
    else entries.delete(name)
  }

  const owedMs = (entry: Entry) => entry.freeAt - clock.monotonic()

  /** Never before it has rested. */
  function later(name: string, entry: Entry, afterMs: number): void {
    const waitMs = Math.max(afterMs, owedMs(entry) - REST_OWED_MS)
    if (waitMs > 0) sleep(name, entry, waitMs)
    else enqueue(name, entry)
  }

  function sleep(name: string, entry: Entry, afterMs: number): void {
    entry.state = { is: 'sleeping', until: clock.monotonic() + afterMs, cancel: clock.after(afterMs, () => enqueue(name, entry)) }
  }

  return {
    get size() { return ready.length + running.size },
    wake(name) {
      if (closing.signal.aborted) return
      const entry = entries.get(name)
      if (!entry) {
        const fresh: Entry = { state: { is: 'waiting' }, failures: 0, freeAt: Number.NEGATIVE_INFINITY }
        entries.set(name, fresh)
        return enqueue(name, fresh)
      }
      switch (entry.state.is) {
        case 'waiting': return
        case 'running': entry.state.wokenAgain = true; return
        case 'sleeping': {
          const { cancel, until } = entry.state
          cancel()
          return later(name, entry, Math.min(until - clock.monotonic(), woken(entry)))
        }
        case 'resting': {
          entry.state.cancel()
          return later(name, entry, 0)
        }
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Fault('timeout', 'the server is stopping'))
      for (const { state } of entries.values()) if (state.is === 'sleeping' || state.is === 'resting') state.cancel()
      entries.clear()
      ready.length = 0
      await Promise.all(running)
    },
  }
}

/** Milliseconds from a wake-up to the run. */
function woken(entry: Entry): number {
  return entry.failures > 0 ? BACKOFF_WOKEN_MS : 0
}

/** Doubles from 250 ms to a minute; the upper half of the delay is random ("equal jitter"). */
export function backoffMs(failures: number, random: () => number): number {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures - 1, 30))
  return full / 2 + random() * full / 2
}

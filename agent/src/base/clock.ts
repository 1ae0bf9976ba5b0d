/** Time as an argument. This file is the only place that reads the ambient clock; everything else is handed a `Clock`. */
export interface Clock {
  /** Unix time, milliseconds. */
  now(): number
  /** Milliseconds of a clock that never jumps; for durations. */
  monotonic(): number
  /** Resolves after `ms`, rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Runs `action` once after `ms`; returns what cancels it. Keeps no process alive. */
  after(ms: number, action: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve() }, ms)
    const stop = () => { clearTimeout(timer); reject(signal?.reason) }
    signal?.addEventListener('abort', stop, { once: true })
  }),
  after: (ms, action) => {
    const timer = setTimeout(action, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/**
 * The same, with a time that never goes back: where the clock is set back it goes on as it was, ahead of the clock from then on.
 * The server sees by how much an agent is ahead, and takes it off.
 */
export function steady(clock: Clock): Clock {
  let ahead = Number.NEGATIVE_INFINITY
  return {
    ...clock,
    now() {
      const [wall, monotonic] = [clock.now(), clock.monotonic()]
      ahead = Math.max(ahead, wall - monotonic)
      return Math.max(wall, Math.floor(monotonic + ahead))
    },
  }
}

/**
 * Runs `action` every `ms` after the last one ended; a slow action is never overlapped, and one that fails is told and tried again
 * like any other. Returns what stops it.
 */
export function every(clock: Clock, ms: number, action: () => Promise<void> | void, failed: (error: unknown) => void = warn): () => void {
  let cancel = () => {}
  let stopped = false
  const run = async () => {
    try {
      await action()
    } catch (error) {
      if (!stopped) failed(error)
    }
    arm()
  }
  const arm = () => { if (!stopped) cancel = clock.after(ms, () => { void run() }) }
  arm()
  return () => { stopped = true; cancel() }
}

const warn = (error: unknown) => process.emitWarning(error instanceof Error ? error : String(error))

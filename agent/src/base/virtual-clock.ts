/** A clock that moves only when a test says so. Due timers run in order of time, each followed by a full turn of the event loop. */
import type { Clock } from './clock.ts'

interface Timer { readonly at: number; readonly order: number; readonly action: () => void }

export interface VirtualClock extends Clock {
  /** Moves time forward, running what falls due on the way; resolves when all of it, and what it started without waiting for time, has settled. */
  advance(ms: number): Promise<void>
  /** The wall clock is set, as people and NTP do; nothing falls due by it. */
  set(unixMs: number): void
}

export function virtualClock(start = 1_700_000_000_000): VirtualClock {
  let now = start
  let set = 0
  let order = 0
  const timers = new Set<Timer>()
  const after = (ms: number, action: () => void) => {
    const timer = { at: now + Math.max(0, ms), order: order++, action }
    timers.add(timer)
    return () => { timers.delete(timer) }
  }
  return {
    now: () => now + set,
    set(unixMs) { set = unixMs - now },
    monotonic: () => now - start,
    after,
    sleep: (ms, signal) => new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const cancel = after(ms, () => { signal?.removeEventListener('abort', stop); resolve() })
      const stop = () => { cancel(); reject(signal?.reason) }
      signal?.addEventListener('abort', stop, { once: true })
    }),
    async advance(ms) {
      const end = now + ms
      for (;;) {
        await settle()
        const due = [...timers].filter(timer => timer.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0]
        if (!due) break
        timers.delete(due)
        now = Math.max(now, due.at)
        due.action()
      }
      now = end
      await settle()
    },
  }
}

/** A few full turns of the event loop: promises, immediates and finished small I/O. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise(resolve => setImmediate(resolve))
}

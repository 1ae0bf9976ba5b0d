/** Requests of the last so many milliseconds by key, as two fixed windows of which the older fades: within a few percent, in constant space for each key. */

export interface RateCounters {
  /** Counts one, and returns how many there were in the last `perMs`, this one too. */
  count(key: string, perMs: number, nowMs: number): number
}

/** Clients that are remembered; the one that came first goes first. */
const KEYS_MAX = 100_000

interface Counter { window: number; now: number; before: number }

export function openRateCounters(): RateCounters {
  const counters = new Map<string, Counter>()
  return {
    count(key, perMs, nowMs) {
      const window = Math.floor(nowMs / perMs)
      const counter = counters.get(key) ?? { window, now: 0, before: 0 }
      if (!counters.has(key)) {
        counters.set(key, counter)
        const [oldest] = counters.size > KEYS_MAX ? counters.keys() : []
        if (oldest !== undefined) counters.delete(oldest)
      }
      if (counter.window !== window) {
        counter.before = counter.window === window - 1 ? counter.now : 0
        counter.now = 0
        counter.window = window
      }
      counter.now++
      return counter.now + counter.before * (1 - nowMs / perMs + window)
    },
  }
}

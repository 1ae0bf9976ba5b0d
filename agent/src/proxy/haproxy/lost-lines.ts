/**
 * Lines that HAProxy wrote and nobody received. Every frontend of every process numbers its lines; threads may write them
 * slightly out of order, so a gap counts only when it is still there a second later.
 */
import type { LineCounter } from './log-line.ts'

export interface LostLines extends LineCounter {
  /** Lines found lost since the last call. */
  take(monotonicMs: number): number
}

/** Streams of old processes are forgotten, oldest first. */
const STREAMS_MAX = 65_536
const SETTLE_MS = 1_000

interface Stream { first: number; last: number; received: number }

export function lostLines(): LostLines {
  const streams = new Map<number, Stream>()
  let forgotten = 0
  let reported = 0
  let seen = 0
  let seenAt = Number.NEGATIVE_INFINITY
  const missing = (stream: Stream) => Math.max(0, stream.last - stream.first + 1 - stream.received)
  return {
    count(process, frontend, counter) {
      const key = process * 2 ** 20 + frontend
      const stream = streams.get(key)
      if (!stream) {
        streams.set(key, { first: counter, last: counter, received: 1 })
        const oldest = streams.size > STREAMS_MAX ? streams.entries().next().value : undefined
        if (oldest) {
          forgotten += missing(oldest[1])
          streams.delete(oldest[0])
        }
        return
      }
      stream.received++
      if (counter > stream.last) stream.last = counter
      else if (counter < stream.first) stream.first = counter
    },
    take(monotonicMs) {
      if (monotonicMs - seenAt < SETTLE_MS) return 0
      let now = forgotten
      for (const stream of streams.values()) now += missing(stream)
      const settled = Math.min(seen, now)
      seen = now
      seenAt = monotonicMs
      const fresh = Math.max(0, settled - reported)
      reported += fresh
      return fresh
    },
  }
}

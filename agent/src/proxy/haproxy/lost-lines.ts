/**
 * Lines that HAProxy wrote and nobody received. Every frontend of every process numbers its lines; threads may write them
 * slightly out of order, so a gap counts only when it is still there a second later.
 */
import type { StreamMark } from './log-ledger.ts'
import type { LineCounter } from './log-line.ts'

export interface LostLines {
  /** Counts the lines of a process. */
  of(process: number): LineCounter
  /** A process that has only just begun: whatever its frontends write is theirs from the first line on. */
  know(process: number): void
  /** The newest line of a frontend that was read. */
  upTo(process: number, frontend: number): number | undefined
  /** Lines found lost since the last call. */
  take(monotonicMs: number): number
  /** How far the streams of these processes were read. */
  marks(processes: readonly number[]): readonly StreamMark[]
}

/** Streams of old processes are forgotten, oldest first. */
const STREAMS_MAX = 65_536
const SETTLE_MS = 1_000

interface Stream { first: number; last: number; received: number }

/** `marks`: how far an earlier agent read. */
export function lostLines(marks: readonly StreamMark[] = []): LostLines {
  /** By process, then by the number of the frontend. */
  const processes = new Map<number, (Stream | undefined)[]>()
  let [newest, newestStreams]: [number, (Stream | undefined)[]] = [Number.NaN, []]
  let streams = 0
  let forgotten = 0
  let reported = 0
  let seen = 0
  let seenAt = Number.NEGATIVE_INFINITY
  const missing = (stream: Stream) => Math.max(0, stream.last - stream.first + 1 - stream.received)
  const streamsOf = (process: number) => {
    const own = processes.get(process) ?? []
    processes.set(process, own)
    ;[newest, newestStreams] = [process, own]
    return own
  }
  const forgetOldest = () => {
    for (const [process, oldest] of processes) {
      if (process === newest) return
      processes.delete(process)
      known.delete(process)
      for (const stream of oldest) if (stream) { streams--; forgotten += missing(stream) }
      return
    }
  }
  const known = new Set<number>()
  for (const [process, frontend, first, last] of marks) {
    streamsOf(process)[frontend] = { first, last, received: last - first + 1 }
    streams++
    known.add(process)
  }
  return {
    marks: of => of.flatMap(process => (processes.get(process) ?? []).flatMap((stream, frontend): StreamMark[] => stream ? [[process, frontend, stream.first, stream.last]] : [])),
    know(process) {
      // The number of a process may come back, after a long time.
      for (const stream of processes.get(process) ?? []) if (stream) { streams--; forgotten += missing(stream) }
      processes.delete(process)
      if (process === newest) newest = Number.NaN
      known.add(process)
    },
    upTo: (process, frontend) => processes.get(process)?.[frontend]?.last,
    of: process => ({
      count(frontend, counter) {
        const own = process === newest ? newestStreams : streamsOf(process)
        const stream = own[frontend]
        if (!stream) {
          own[frontend] = { first: known.has(process) ? 0 : counter, last: counter, received: 1 }
          if (++streams > STREAMS_MAX) forgetOldest()
          return
        }
        stream.received++
        if (counter > stream.last) stream.last = counter
        else if (counter < stream.first) stream.first = counter
      },
    }),
    take(monotonicMs) {
      if (monotonicMs - seenAt < SETTLE_MS) return 0
      let now = forgotten
      for (const own of processes.values()) for (const stream of own) if (stream) now += missing(stream)
      const settled = Math.min(seen, now)
      seen = now
      seenAt = monotonicMs
      const fresh = Math.max(0, settled - reported)
      reported += fresh
      return fresh
    },
  }
}

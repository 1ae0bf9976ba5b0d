/**
 * Lines that HAProxy wrote and nobody received. Every frontend of every process numbers its lines; threads may write them
 * slightly out of order, so a gap counts only when it is still there a second later.
 */
import type { StreamMark } from './log-ledger.ts'
import type { LineCounter } from './log-line.ts'

export interface LostLines extends LineCounter {
  /** Lines found lost since the last call. */
  take(monotonicMs: number): number
  /** How far the streams of the newest processes were read. */
  marks(): readonly StreamMark[]
}

/** Streams of old processes are forgotten, oldest first. */
const STREAMS_MAX = 65_536
const SETTLE_MS = 1_000
/** A reload leaves one process behind that still finishes something, seldom two. */
const MARKED_PROCESSES = 4

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
    const known = processes.get(process) ?? []
    processes.set(process, known)
    ;[newest, newestStreams] = [process, known]
    return known
  }
  const forgetOldest = () => {
    for (const [process, oldest] of processes) {
      if (process === newest) return
      processes.delete(process)
      for (const stream of oldest) if (stream) { streams--; forgotten += missing(stream) }
      return
    }
  }
  for (const [process, frontend, first, last] of marks) {
    streamsOf(process)[frontend] = { first, last, received: last - first + 1 }
    streams++
  }
  return {
    marks: () => [...processes].slice(-MARKED_PROCESSES).flatMap(([process, own]) => own.flatMap((stream, frontend): StreamMark[] => stream ? [[process, frontend, stream.first, stream.last]] : [])),
    count(process, frontend, counter) {
      const own = process === newest ? newestStreams : streamsOf(process)
      const stream = own[frontend]
      if (!stream) {
        own[frontend] = { first: counter, last: counter, received: 1 }
        if (++streams > STREAMS_MAX) forgetOldest()
        return
      }
      stream.received++
      if (counter > stream.last) stream.last = counter
      else if (counter < stream.first) stream.first = counter
    },
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

/**
 * What processes print. Each writes to its own files itself, so that logs go on without the server; the server only cuts
 * files that grew too long (copy, then truncate: what is written between the two is lost) and remembers when they grew.
 */
import { closeSync, copyFileSync, mkdirSync, openSync, readdirSync, readSync, realpathSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@vamp/agent/base/clock'
import type { LogLine } from '../container-driver.ts'

const STREAMS = ['stdout', 'stderr'] as const
type Stream = (typeof STREAMS)[number]

/** An instance may hold four times that: two streams, each with one older file. */
const FILE_BYTES_MAX = 4 * 1024 * 1024
/** Ended instances whose logs are kept. */
const ENDED_KEPT_MAX = 100
const LINE_LENGTH_MAX = 16 * 1024
const FOLLOW_POLL_MS = 200
/** Times of growth that are remembered per file; older lines get the time of the oldest. */
const GROWTHS_MAX = 600
/** A file that has been silent is looked at after this share of its silence, so that a thousand silent files cost next to nothing. */
const SILENCE_SHARE = 0.5
const SILENCE_MS_MAX = 8000

interface Growth { readonly size: number; readonly time: number }

/** How much of each stream was read, in bytes. */
export type LogEnds = ReadonlyMap<Stream, number>

export interface LogFiles {
  /** File descriptors for a new process; close them after the start. */
  open(id: string): { readonly stdout: number; readonly stderr: number }
  /** Where its two streams go. */
  files(id: string): readonly string[]
  /** Notes growth (line times are as exact as this is called often) and cuts what is too long. `patient`: those that were silent seldom. */
  tend(ids: Iterable<string>, options?: { readonly patient?: boolean }): void
  read(id: string, options: { readonly tail?: number; readonly since?: number }): { readonly lines: readonly LogLine[]; readonly ends: LogEnds }
  /** The lines after those read, until the signal or until `ended` says so and nothing is left. */
  follow(id: string, after: LogEnds, ended: () => boolean, signal?: AbortSignal): AsyncGenerator<LogLine>
  /** Removes the logs of all but these and the last ended ones. */
  prune(living: ReadonlySet<string>): void
}

export function openLogFiles({ directory, clock, maxBytes = FILE_BYTES_MAX }: { directory: string; clock: Clock; maxBytes?: number }): LogFiles {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  // As the kernel names it.
  const real = realpathSync(directory)
  const growths = new Map<string, Growth[]>()
  const path = (id: string, stream: Stream) => join(real, `${id}.${stream}.log`)
  const older = (file: string) => `${file}.1`

  const noteGrowth = (file: string, { size, mtimeMs }: { size: number; mtimeMs: number }) => {
    const noted = growths.get(file)
    if (!noted) growths.set(file, [{ size, time: mtimeMs }])
    else if (noted.at(-1)?.size !== size) growths.set(file, [...noted.slice(1 - GROWTHS_MAX), { size, time: mtimeMs }])
  }
  const looked = new Map<string, number>()
  const isSilent = (file: string) => {
    const [last, grown] = [looked.get(file), growths.get(file)?.at(-1)?.time]
    return last !== undefined && grown !== undefined && clock.now() - last < Math.min(SILENCE_MS_MAX, (last - grown) * SILENCE_SHARE)
  }
  const timeAt = (file: string, offset: number) => Math.round(growths.get(file)?.find(({ size }) => size >= offset)?.time ?? clock.now())
  const linesOf = (file: string, stream: Stream, from: number, to: number) => {
    const { lines, end } = readLines(file, from, to)
    return { end, lines: lines.map(({ text, offset }): LogLine => ({ time: timeAt(file, offset), stream, line: text.slice(0, LINE_LENGTH_MAX) })) }
  }

  return {
    open(id) {
      // For a stream that is new this is the time of its first growth.
      for (const stream of STREAMS) growths.delete(path(id, stream))
      return { stdout: openSync(path(id, 'stdout'), 'a', 0o600), stderr: openSync(path(id, 'stderr'), 'a', 0o600) }
    },
    files: id => STREAMS.map(stream => path(id, stream)),
    tend(ids, { patient = false } = {}) {
      for (const id of ids) for (const stream of STREAMS) {
        const file = path(id, stream)
        if (patient && isSilent(file)) continue
        looked.set(file, clock.now())
        const stat = statSync(file, { throwIfNoEntry: false })
        if (!stat) continue
        noteGrowth(file, stat)
        if (stat.size <= maxBytes) continue
        copyFileSync(file, older(file))
        truncateSync(file)
        growths.set(older(file), growths.get(file) ?? [])
        growths.delete(file)
      }
    },
    read(id, { tail, since = 0 }) {
      const ends = new Map<Stream, number>()
      const all = STREAMS.flatMap(stream => [older(path(id, stream)), path(id, stream)].flatMap(file => {
        const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
        const from = tail === undefined ? 0 : Math.max(0, size - Math.max(1, tail) * LINE_LENGTH_MAX)
        const { lines, end } = linesOf(file, stream, from, size)
        ends.set(stream, end)
        return lines
      })).filter(({ time }) => time >= since).sort((a, b) => a.time - b.time)
      return { lines: tail === undefined ? all : tail === 0 ? [] : all.slice(-tail), ends }
    },
    async *follow(id, after, ended, signal) {
      const offsets = new Map(after)
      while (!signal?.aborted) {
        const last = ended()
        for (const stream of STREAMS) {
          const file = path(id, stream)
          let offset = offsets.get(stream) ?? 0
          const stat = statSync(file, { throwIfNoEntry: false })
          if (stat) noteGrowth(file, stat)
          const size = stat?.size ?? 0
          if (size < offset) {
            yield* linesOf(older(file), stream, offset, Number.POSITIVE_INFINITY).lines
            offset = 0
          }
          const { lines, end } = linesOf(file, stream, offset, size)
          offsets.set(stream, end)
          yield* lines
        }
        if (last) return
        await clock.sleep(FOLLOW_POLL_MS, signal).catch(() => {})
      }
    },
    prune(living) {
      const ended = new Map<string, number>()
      for (const name of readdirSync(directory)) {
        const id = name.replace(/\.(stdout|stderr)\.log(\.1)?$/, '')
        const time = statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
        if (!living.has(id)) ended.set(id, Math.max(time, ended.get(id) ?? 0))
      }
      const gone = [...ended].sort((a, b) => b[1] - a[1]).slice(ENDED_KEPT_MAX)
      for (const [id] of gone) for (const stream of STREAMS) for (const file of [path(id, stream), older(path(id, stream))]) {
        rmSync(file, { force: true })
        growths.delete(file)
        looked.delete(file)
      }
    },
  }
}

/** Whole lines between two offsets, each with the offset of its end; a start in the middle of a line skips to the next one. */
function readLines(file: string, from: number, to: number): { readonly lines: readonly { readonly text: string; readonly offset: number }[]; readonly end: number } {
  const size = Math.min(to, statSync(file, { throwIfNoEntry: false })?.size ?? 0)
  if (size <= from) return { lines: [], end: from }
  const start = Math.max(0, from - 1)
  const bytes = readRange(file, start, size)
  // The byte before tells whether `from` is the start of a line.
  let at = from === 0 ? 0 : bytes.indexOf(10) + 1
  if (from > 0 && at === 0) return { lines: [], end: from }
  const lines: { text: string; offset: number }[] = []
  for (;;) {
    const newline = bytes.indexOf(10, at)
    if (newline < 0) break
    lines.push({ text: bytes.toString('utf8', at, newline), offset: start + newline + 1 })
    at = newline + 1
  }
  return { lines, end: start + at }
}

function readRange(file: string, start: number, end: number): Buffer {
  const descriptor = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(end - start)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, start))
  } finally {
    closeSync(descriptor)
  }
}
